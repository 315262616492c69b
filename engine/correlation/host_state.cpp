#include "engine/correlation/host_state.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/correlation/state_rows.h"

namespace spoor {

HitSet& NodeFacts::hits_of(FeedNumber feed) {
  const auto known = std::ranges::find(hits, feed, &std::pair<FeedNumber, HitSet>::first);
  return known == hits.end() ? hits.emplace_back(feed, HitSet()).second : known->second;
}

std::vector<const HitSet*> HostState::hits_at(FeedNumber feed, ProcessIndex process) const {
  std::vector<const HitSet*> found;
  for (const ProcessIndex node : graph.members(process)) {
    const auto here = facts.find(node);
    if (here == facts.end()) {
      continue;
    }
    for (const auto& [number, set] : here->second.hits) {
      if (number == feed && !set.hits().empty()) {
        found.push_back(&set);
      }
    }
  }
  return found;
}

const Hit* HostState::first_hit_at(FeedNumber feed, ProcessIndex process) const {
  const Hit* first = nullptr;
  for (const HitSet* set : hits_at(feed, process)) {
    const Hit& hit = set->hits().front();
    first = first == nullptr || hit.event->order < first->event->order ? &hit : first;
  }
  return first;
}

ProcessIndex HostState::node_of(const Uid& process) const {
  const ProcessIndex known = graph.find(process);
  const ProcessMembers nodes = known == kNoProcess ? ProcessMembers{} : graph.members(known);
  const auto* const node = std::ranges::find(
      nodes, process, [this](ProcessIndex member) { return graph.node_key(member); });
  return node == nodes.end() ? kNoProcess : *node;
}

bool HostState::has_plain(const Uid& process, const PlainHit& hit) const {
  const ProcessIndex known = graph.find(process);
  const ProcessMembers nodes = known == kNoProcess ? ProcessMembers{} : graph.members(known);
  return std::ranges::any_of(nodes, [&](ProcessIndex node) {
    const auto here = facts.find(node);
    return here != facts.end() &&
           std::ranges::find(here->second.plain, hit) != here->second.plain.end();
  });
}

void HostState::add_anchor(CorrelationNumber correlation, ProcessIndex node, bool run) {
  NodeFacts& here = facts[node];
  std::vector<CorrelationNumber>& anchored = run ? here.anchored_run : here.anchored;
  const auto place = std::ranges::lower_bound(anchored, correlation);
  if (place == anchored.end() || *place != correlation) {
    anchored.insert(place, correlation);
  }
}

void HostState::set_partial(const MatchPlace& place, bool is_partial) {
  if (partial_counts == nullptr) {
    return;
  }
  if (is_partial && partial.insert(place).second) {
    ++(*partial_counts)[place.number];
  } else if (!is_partial && partial.erase(place) != 0) {
    --(*partial_counts)[place.number];
  }
}

void HostState::clear_partial() {
  for (const MatchPlace& place : partial) {
    --(*partial_counts)[place.number];
  }
  partial.clear();
}

void HostState::mark(ProcessIndex process) {
  const ProcessIndex canonical = graph.canonical(process);
  for (const ProcessIndex node : graph.members(process)) {
    const auto here = facts.find(node);
    if (here == facts.end()) {
      continue;
    }
    for (const CorrelationNumber correlation : here->second.anchored) {
      marked.insert({.number = correlation, .at = canonical});
      if (node != canonical) {
        // It may have been a process of its own, and matched.
        marked.insert({.number = correlation, .at = node});
      }
    }
    if (!here->second.anchored_run.empty()) {
      marked_runs.insert(node);
    }
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
    if (!graph.is_known(process)) {
      continue;
    }
    for (ProcessIndex child = graph.first_child(process); child != kNoProcess;
         child = graph.next_sibling(child)) {
      mark(child);
    }
  }
  marked_above.clear();
}

void HostState::mark_programs() {
  for (const ProcessIndex node : marked_runs) {
    const auto here = facts.find(node);
    if (here == facts.end() || !graph.is_known(node)) {
      continue;
    }
    const ProgramIndex before = programs.place(node, program_of(graph, node));
    for (const CorrelationNumber correlation : here->second.anchored_run) {
      marked.insert({.number = correlation, .at = programs.program(node)});
      if (before != kNoProcess) {
        marked.insert({.number = correlation, .at = before});
      }
    }
  }
  marked_runs.clear();
}

void HostState::mark_beside(ProcessIndex process) {
  const ProcessIndex parent = graph.claimed_parent(process);
  if (parent != kNoProcess) {
    marked_above.insert(parent);
  }
}

void HostState::mark_cycle(ProcessIndex above, ProcessIndex process) {
  process = graph.canonical(process);
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

bool HostState::has_hit(ProcessIndex process) const {
  return std::ranges::any_of(graph.members(process), [this](ProcessIndex node) {
    const auto here = facts.find(node);
    return here != facts.end() && std::ranges::any_of(here->second.hits, [](const auto& entry) {
             return !entry.second.hits().empty();
           });
  });
}

bool HostState::has_hit_below(ProcessIndex process) const {
  return std::ranges::any_of(graph.members(process), [this](ProcessIndex node) {
    return node < hit_below.size() && hit_below[node];
  });
}

void HostState::note_hit_below(ProcessIndex process) {
  hit_below.resize(graph.size(), false);
  bool is_news = true;
  while (process != kNoProcess && is_news) {
    // All of them: they may part again, and it is not said which then has what is below. One that
    // joined when the others were marked is not.
    is_news = false;
    for (const ProcessIndex node : graph.members(process)) {
      is_news = is_news || !hit_below[node];
      hit_below[node] = true;
    }
    process = graph.claimed_parent(process);
  }
}

void HostState::relinked(ProcessIndex process, const Feeds& feeds) {
  mark(process);
  if (feeds.looks_up() || feeds.looks_sideways()) {
    marked_above.insert(process);
  }
  if (feeds.looks_sideways()) {
    mark_beside(process);
    mark_cycle(graph.claimed_parent(process), process);
  }
  if (has_hit_below(process)) {
    note_hit_below(process);
    note_hit_below(graph.claimed_parent(process));
    mark_line(process);
  }
}

void HostState::mark_regrouped(const std::vector<ProcessIndex>& nodes) {
  std::map<std::uint32_t, std::vector<ProcessIndex>> by_pid;  // Those of one process have one.
  for (const ProcessIndex node : nodes) {
    if (const std::optional<std::uint32_t> pid = graph.pid(node)) {
      by_pid[*pid].push_back(node);
    }
  }
  for (const auto& [pid, alike] : by_pid) {
    for (const ProcessIndex node : alike) {
      const auto here = facts.find(node);
      if (here == facts.end()) {
        continue;
      }
      for (const CorrelationNumber correlation : here->second.anchored) {
        for (const ProcessIndex place : alike) {
          marked.insert({.number = correlation, .at = place});
        }
      }
      if (!here->second.anchored_run.empty()) {
        marked_runs.insert(node);
      }
    }
  }
}

void HostState::graph_changed(const GraphChange& change, const Feeds& feeds, bool telling) {
  const auto left = [&](ProcessIndex parent) {
    mark_line(parent);
    if (feeds.looks_sideways()) {
      marked_above.insert(parent);
      if (change.actor != kNoProcess) {
        mark_cycle(parent, change.actor);
      }
    }
  };
  for (const ProcessIndex process : change.relinked) {
    if (process != kNoProcess) {
      relinked(process, feeds);
    }
  }
  for (const ProcessIndex process : change.regrouped) {
    relinked(process, feeds);
  }
  mark_regrouped(change.regrouped);
  if (change.left_parent != kNoProcess) {
    left(change.left_parent);
  }
  for (const ProcessIndex parent : change.left_parents) {
    left(parent);
  }
  for (const ProcessIndex process : change.changed) {
    if (process == kNoProcess) {
      continue;
    }
    if (feeds.joins_runs()) {
      mark(process);  // It may be a run of another program now.
    }
    if (telling) {
      changed.insert(process);
    }
  }
  if (!telling) {
    return;
  }
  changed.insert(change.regrouped.begin(), change.regrouped.end());
  changed.insert(change.created_by_changed.begin(), change.created_by_changed.end());
  note_changed_pids(change);
}

void HostState::note_changed_pids(const GraphChange& change) {
  const auto note = [this](ProcessIndex process) {
    const std::optional<std::uint32_t> pid =
        graph.is_known(process) ? graph.pid(process) : std::nullopt;
    if (pid) {
      changed_pids.insert(*pid);
    }
  };
  std::ranges::for_each(change.changed, note);
  std::ranges::for_each(change.regrouped, note);
  for (const std::uint32_t pid : change.left_pids) {
    if (pid != 0) {
      changed_pids.insert(pid);
    }
  }
}

void HostState::mark_changed(const Feeds& feeds) {
  std::vector<ProcessIndex> stack;
  boost::unordered_flat_set<ProcessIndex> walked;  // In all.
  for (const ProcessIndex process : changed) {
    if (!graph.is_known(process)) {
      continue;
    }
    mark_line(process);
    if (feeds.looks_up() || feeds.looks_sideways()) {
      marked_above.insert(process);
      mark_beside(process);
    }
    // Below, what has hits shows it as an ancestor.
    stack.assign(1, process);
    while (!stack.empty()) {
      const ProcessIndex below = stack.back();
      stack.pop_back();
      // Claims may run in a circle.
      if (!walked.insert(graph.canonical(below)).second) {
        continue;
      }
      mark(below);
      for (const ProcessIndex node : graph.members(below)) {
        const auto here = facts.find(node);
        if (here != facts.end()) {
          plain_changed.insert(here->second.plain.begin(), here->second.plain.end());
          firings_changed.insert(here->second.firings.begin(), here->second.firings.end());
        }
      }
      for (ProcessIndex child = graph.first_child(below); child != kNoProcess;
           child = graph.next_sibling(child)) {
        if (has_hit_below(child)) {
          stack.push_back(child);
        }
      }
    }
  }
  changed.clear();
  changed_pids.clear();
  all_pids_changed = false;
}

void HostState::forget_others(const Feeds& stays) {
  const auto has_no_correlation = [&stays](const MatchPlace& place) {
    return !stays.has_correlation(place.number);
  };
  for (auto& [node, here] : facts) {
    std::erase_if(here.hits, [&](const auto& entry) { return !stays.has_feed(entry.first); });
    std::erase_if(here.anchored,
                  [&](CorrelationNumber number) { return !stays.has_correlation(number); });
    std::erase_if(here.anchored_run,
                  [&](CorrelationNumber number) { return !stays.has_correlation(number); });
  }
  boost::unordered::erase_if(marked, has_no_correlation);
  boost::unordered::erase_if(evaluated, has_no_correlation);
  boost::unordered::erase_if(told,
                             [&](const auto& entry) { return has_no_correlation(entry.first); });
  std::erase_if(lineage_due, [&](const auto& due) { return has_no_correlation(due.second); });
  boost::unordered::erase_if(matches, has_no_correlation);
  boost::unordered::erase_if(partial, has_no_correlation);
}

void HostState::renumber_plain(const std::vector<std::optional<std::size_t>>& following) {
  for (auto& [node, here] : facts) {
    std::erase_if(here.plain, [&](const PlainHit& hit) { return !following[hit.rule]; });
    for (PlainHit& hit : here.plain) {
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
  std::map<PlainHit, Uid> told_now;
  for (const auto& [hit, uid] : told_plain) {
    if (following[hit.rule]) {
      told_now.emplace(PlainHit{.rule = *following[hit.rule], .event = hit.event}, uid);
    }
  }
  told_plain = std::move(told_now);
  std::set<std::pair<Timestamp, PlainHit>> due_now;
  for (const auto& [time, hit] : plain_due) {
    if (following[hit.rule]) {
      due_now.emplace(time, PlainHit{.rule = *following[hit.rule], .event = hit.event});
    }
  }
  plain_due = std::move(due_now);
}

Timestamp HostState::last_hit_at(ProcessIndex process) const {
  Timestamp last = kNothingClosed;
  for (const ProcessIndex node : graph.members(process)) {
    const auto here = facts.find(node);
    if (here == facts.end()) {
      continue;
    }
    for (const auto& [feed, set] : here->second.hits) {
      if (!set.hits().empty()) {
        last = std::max(last, set.hits().back().event->order.time);
      }
    }
  }
  return last;
}

void HitTally::add(const HitTally& more) {
  if (more.count == 0) {
    return;
  }
  first = count == 0 ? more.first : std::min(first, more.first);
  last = count == 0 ? more.last : std::max(last, more.last);
  count += more.count;
}

std::size_t HostState::forget_node(ProcessIndex node, bool forced) {
  std::size_t hits = 0;
  const ProcessIndex canonical = graph.canonical(node);
  const auto here = facts.find(node);
  if (here != facts.end()) {
    for (const auto& [feed, set] : here->second.hits) {
      hits += set.total();
      if (!set.hits().empty()) {
        forgotten_until = std::max(forgotten_until, set.hits().back().event->order.time);
        if (forced) {
          lost.add({.count = set.total(),
                    .first = set.hits().front().event->order.time,
                    .last = set.hits().back().event->order.time});
        }
      }
    }
    for (const CorrelationNumber correlation : here->second.anchored) {
      for (const ProcessIndex process : {node, canonical}) {
        const MatchPlace place{.number = correlation, .at = process};
        marked.erase(place);
        matches.erase(place);
        set_partial(place, false);
        evaluated.erase(place);
        erase_told(place);
        told.erase(place);
      }
    }
    leave_program(node, here->second);
    erase_rows(node, here->second);
    facts.erase(here);
  }
  marked_runs.erase(node);
  marked_above.erase(node);
  changed.erase(node);
  if (forced && hits > 0) {
    const ProcessIndex above = graph.claimed_parent(node);
    mark_line(above);
    if (above != kNoProcess) {
      marked_above.insert(above);
    }
  }
  // Where a tombstone stays, what is below it still has hits.
  if (node < hit_below.size() && graph.first_child(node) == kNoProcess) {
    hit_below[node] = false;
  }
  return hits;
}

std::string HostState::due_key(Timestamp time, const MatchPlace& place) const {
  return lineage_due_key(row_number, time, place.number, place.at,
                         is_program(place.at) ? programs.name(place.at) : "");
}

void HostState::add_due(Timestamp time, const MatchPlace& place) {
  if (lineage_due.emplace(time, place).second && sink != nullptr) {
    sink->put(due_key(time, place), {});
  }
}

MatchPlace HostState::take_due() {
  const auto [time, place] = lineage_due.extract(lineage_due.begin()).value();
  if (sink != nullptr) {
    sink->erase(due_key(time, place));
  }
  return place;
}

void HostState::erase_rows(ProcessIndex node, const NodeFacts& here) const {
  if (sink == nullptr) {
    return;
  }
  for (const auto& [feed, set] : here.hits) {
    sink->erase(step_total_key(row_number, node, feed));
    for (const Hit& hit : set.hits()) {
      sink->erase(step_hit_key(row_number, node, feed, hit.event->order));
    }
  }
}

void HostState::erase_told(const MatchPlace& place) const {
  if (sink != nullptr && told.contains(place)) {
    sink->erase(told_lineage_key(row_number, place.number, place.at,
                                 is_program(place.at) ? programs.name(place.at) : ""));
  }
}

void HostState::save_pending(StateWriter& into) const {
  for (const auto* nodes : {&marked_runs, &marked_above, &changed}) {
    into.number(nodes->size());
    for (const ProcessIndex node : *nodes) {
      into.number(node);
    }
  }
  into.flag(all_pids_changed).number(changed_pids.size());
  for (const std::uint32_t pid : changed_pids) {
    into.number(pid);
  }
  into.number(marked.size());
  for (const MatchPlace& place : marked) {
    into.number(place.number).number(is_program(place.at) ? 0 : std::uint64_t{place.at} + 1);
    into.text(is_program(place.at) ? programs.name(place.at) : "");
  }
}

bool HostState::restore_pending(StateReader& from) {
  constexpr std::uint64_t kItemsMax = std::uint64_t{1} << 32U;
  for (auto* nodes : {&marked_runs, &marked_above, &changed}) {
    for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
      nodes->insert(static_cast<ProcessIndex>(from.number_to(kProgramBit - 1)));
    }
  }
  all_pids_changed = from.flag();
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    changed_pids.insert(static_cast<std::uint32_t>(from.number_to(kNoProcess)));
  }
  for (std::uint64_t left = from.number_to(kItemsMax); left > 0 && from.ok(); --left) {
    const auto number = static_cast<CorrelationNumber>(from.number_to(kNoProcess));
    const std::uint64_t node = from.number_to(kProgramBit);
    const std::string_view program = from.text();
    marked.insert({.number = number,
                   .at = node == 0 ? programs.of(program) : static_cast<ProcessIndex>(node - 1)});
  }
  return from.ok();
}

void HostState::restored(const Feeds& feeds) {
  mark_all(feeds, false);
}

void HostState::leave_program(ProcessIndex node, const NodeFacts& here) {
  const ProgramIndex program = programs.remove(node);
  if (program == kNoProcess) {
    return;
  }
  for (const CorrelationNumber correlation : here.anchored_run) {
    marked.insert({.number = correlation, .at = program});
  }
}

void HostState::absorb(HostState& other, const Feeds& feeds, bool telling) {
  if (other.hostname.size() > hostname.size() ||
      (other.hostname.size() == hostname.size() && other.hostname < hostname)) {
    hostname = other.hostname;
  }
  forgotten_until = std::max(forgotten_until, other.forgotten_until);
  lost.add(other.lost);
  late.add(other.late);
  other.clear_partial();
  watermark.absorb(other.watermark);
  watermark_moved = true;
  all_pids_changed = true;
  pid_actors.absorb(other.pid_actors);
  const std::vector<ProcessIndex> here = graph.absorb(other.graph);
  for (auto& [node, moved] : other.facts) {
    const ProcessIndex now = here[node];
    if (now == kNoProcess) {
      continue;
    }
    for (auto& [feed, set] : moved.hits) {
      facts[now].hits_of(feed).absorb(std::move(set));
    }
    for (const CorrelationNumber correlation : moved.anchored) {
      add_anchor(correlation, now, false);
    }
    for (const CorrelationNumber correlation : moved.anchored_run) {
      add_anchor(correlation, now, true);
    }
    const ProgramIndex program = other.programs.program(node);
    if (program != kNoProcess) {
      // Under the name that it had there: what was told of that program finds its place by it.
      programs.place(now, other.programs.name(program));
    }
    NodeFacts& kept = facts[now];
    kept.plain.insert(kept.plain.end(), moved.plain.begin(), moved.plain.end());
    kept.firings.insert(kept.firings.end(), moved.firings.begin(), moved.firings.end());
  }
  const auto keep_told = [&](const Uid& uid, const MatchPlace& place) {
    const ProcessIndex now =
        is_program(place.at) ? programs.find(other.programs.name(place.at)) : here[place.at];
    if (now != kNoProcess) {
      told_elsewhere.emplace_back(uid, MatchPlace{.number = place.number, .at = now});
    }
  };
  for (const auto& [place, uid] : other.told) {
    keep_told(uid, place);
  }
  for (const auto& [uid, place] : other.told_elsewhere) {
    keep_told(uid, place);
  }
  for (const auto& [hit, uid] : other.told_plain) {
    plain_changed.insert(hit);  // Not all of them are at a process.
  }
  told_plain.merge(other.told_plain);
  plain_changed.merge(other.plain_changed);
  plain_due.merge(other.plain_due);
  firings_changed.merge(other.firings_changed);
  for (const ProcessIndex node : other.changed) {
    if (here[node] != kNoProcess) {
      changed.insert(here[node]);
    }
  }
  mark_all(feeds, telling);
}

void HostState::mark_all(const Feeds& feeds, bool telling) {
  hit_below.assign(graph.size(), false);
  lineage_due.clear();
  for (const auto& [node, kept] : facts) {
    note_hit_below(node);
    mark(node);
    if (feeds.looks_up() || feeds.looks_sideways()) {
      marked_above.insert(node);
      mark_beside(node);
    }
    if (telling) {
      plain_changed.insert(kept.plain.begin(), kept.plain.end());
      firings_changed.insert(kept.firings.begin(), kept.firings.end());
      changed.insert(node);
    }
  }
  for (const Marks* known : {&matches, &partial}) {
    marked.insert(known->begin(), known->end());
  }
}

}  // namespace spoor
