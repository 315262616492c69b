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

void HostState::note_hit_below(ProcessIndex process) {
  hit_below.resize(graph.size(), false);
  while (process != kNoProcess && !hit_below[process]) {
    hit_below[process] = true;
    process = graph.claimed_parent(process);
  }
}

void HostState::mark_beside(ProcessIndex process) {
  const ProcessIndex parent = graph.claimed_parent(process);
  if (parent != kNoProcess) {
    marked_above.insert(parent);
  }
}

void HostState::mark_cycle(ProcessIndex above, ProcessIndex process) {
  std::vector<ProcessIndex> walked;
  while (above != kNoProcess && above != process && walked.size() < kAncestorsMax) {
    walked.push_back(above);
    above = graph.claimed_parent(above);
  }
  if (above == process) {
    marked_above.insert(process);
    marked_above.insert(walked.begin(), walked.end());
  }
}

void HostState::relinked(ProcessIndex process, bool looks_up, bool looks_sideways) {
  hit_below.resize(graph.size(), false);
  mark(process);
  if (looks_up || looks_sideways) {
    marked_above.insert(process);
  }
  if (looks_sideways) {
    mark_beside(process);
    mark_cycle(graph.claimed_parent(process), process);
  }
  if (hit_below[process]) {
    note_hit_below(graph.claimed_parent(process));
    mark_line(process);
  }
}

void HostState::forget_others(const Feeds& stays) {
  const auto has_no_correlation = [&stays](const AtProcess& place) {
    return !stays.has_correlation(place.number);
  };
  boost::unordered::erase_if(
      hits, [&](const auto& entry) { return !stays.has_feed(entry.first.number); });
  boost::unordered::erase_if(marked, has_no_correlation);
  boost::unordered::erase_if(matches, has_no_correlation);
  boost::unordered::erase_if(anchors, [&stays](auto& entry) {
    std::erase_if(entry.second,
                  [&stays](CorrelationNumber number) { return !stays.has_correlation(number); });
    return entry.second.empty();
  });
}

}  // namespace spoor
