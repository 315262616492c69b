#include "engine/correlation/host_state.h"

#include <algorithm>

#include "engine/base/limits.h"

namespace spoor {

void HostState::add_anchor(CorrelationNumber correlation, ProcessIndex process) {
  std::vector<CorrelationNumber>& anchored = anchors[process];
  const auto place = std::ranges::lower_bound(anchored, correlation);
  if (place == anchored.end() || *place != correlation) {
    anchored.insert(place, correlation);
  }
}

void HostState::mark(ProcessIndex process) {
  const auto anchor = anchors.find(process);
  if (anchor == anchors.end()) {
    return;
  }
  for (const CorrelationNumber correlation : anchor->second) {
    marked.insert({.number = correlation, .process = process});
  }
}

void HostState::mark_line(ProcessIndex process) {
  for (std::size_t steps = 0; process != kNoProcess && steps <= kAncestorsMax; ++steps) {
    mark(process);
    process = graph.claimed_parent(process);
  }
}

void HostState::mark_children() {
  for (const ProcessIndex process : marked_above) {
    for (ProcessIndex child = graph.first_child(process); child != kNoProcess;
         child = graph.next_sibling(child)) {
      mark(child);
    }
  }
  marked_above.clear();
}

void HostState::mark_beside(ProcessIndex process) {
  const ProcessIndex parent = graph.claimed_parent(process);
  if (parent != kNoProcess) {
    marked_above.insert(parent);
  }
}

void HostState::note_hit_below(ProcessIndex process) {
  hit_below.resize(graph.size(), false);
  while (process != kNoProcess && !hit_below[process]) {
    hit_below[process] = true;
    process = graph.claimed_parent(process);
  }
}

void HostState::relinked(ProcessIndex process, const Feeds& feeds) {
  hit_below.resize(graph.size(), false);
  mark(process);
  if (feeds.looks_up() || feeds.looks_sideways()) {
    marked_above.insert(process);
  }
  if (feeds.looks_sideways()) {
    mark_beside(process);
  }
  if (hit_below[process]) {
    note_hit_below(graph.claimed_parent(process));
    mark_line(process);
  }
}

void HostState::mark_changed(const Feeds& feeds) {
  hit_below.resize(graph.size(), false);
  std::vector<ProcessIndex> stack;
  for (const ProcessIndex process : changed) {
    mark_line(process);
    if (feeds.looks_up() || feeds.looks_sideways()) {
      marked_above.insert(process);
      mark_beside(process);
    }
    // Below, what has hits shows it as an ancestor.
    std::size_t walked = 0;
    stack.assign(1, process);
    while (!stack.empty() && ++walked <= kSubtreeMax) {
      const ProcessIndex below = stack.back();
      stack.pop_back();
      mark(below);
      const auto hits_here = plain_at.find(below);
      if (hits_here != plain_at.end()) {
        plain_changed.insert(hits_here->second.begin(), hits_here->second.end());
      }
      const auto firings_here = firings_at.find(below);
      if (firings_here != firings_at.end()) {
        firings_changed.insert(firings_here->second.begin(), firings_here->second.end());
      }
      for (ProcessIndex child = graph.first_child(below); child != kNoProcess;
           child = graph.next_sibling(child)) {
        if (hit_below[child]) {
          stack.push_back(child);
        }
      }
    }
  }
  changed.clear();
}

void HostState::forget_others(const Feeds& stays) {
  const auto has_no_correlation = [&stays](const AtProcess& place) {
    return !stays.has_correlation(place.number);
  };
  boost::unordered::erase_if(
      hits, [&](const auto& entry) { return !stays.has_feed(entry.first.number); });
  boost::unordered::erase_if(marked, has_no_correlation);
  boost::unordered::erase_if(evaluated, has_no_correlation);
  boost::unordered::erase_if(told,
                             [&](const auto& entry) { return has_no_correlation(entry.first); });
  std::erase_if(lineage_due, [&](const auto& due) { return has_no_correlation(due.second); });
  boost::unordered::erase_if(matches, has_no_correlation);
  boost::unordered::erase_if(anchors, [&stays](auto& entry) {
    std::erase_if(entry.second,
                  [&stays](CorrelationNumber number) { return !stays.has_correlation(number); });
    return entry.second.empty();
  });
}

void HostState::renumber_plain(const std::vector<std::optional<std::size_t>>& following) {
  for (auto& [process, here] : plain_at) {
    std::erase_if(here, [&](const PlainHit& hit) { return !following[hit.rule]; });
    for (PlainHit& hit : here) {
      hit.rule = *following[hit.rule];
    }
  }
  std::set<PlainHit> changed_now;
  for (const PlainHit& hit : plain_changed) {
    if (following[hit.rule]) {
      changed_now.insert({.rule = *following[hit.rule], .event = hit.event});
    }
  }
  plain_changed = std::move(changed_now);
  std::set<std::pair<Timestamp, PlainHit>> due_now;
  for (const auto& [time, hit] : plain_due) {
    if (following[hit.rule]) {
      due_now.emplace(time, PlainHit{.rule = *following[hit.rule], .event = hit.event});
    }
  }
  plain_due = std::move(due_now);
}

}  // namespace spoor
