// Which process a bare pid means, and the edges to parents that are known by no more than that.
//
// Whom the pid meant may turn out otherwise with every fact about a process that had it, so such an
// edge is worked out anew when one changes: a function of the facts, as groups are. Whoever names
// the parent better is believed instead.
#include <algorithm>
#include <iterator>
#include <limits>

#include "engine/process_graph/process_store.h"

namespace spoor {

const PidTimeline& ProcessGraph::Store::timeline_of(std::uint32_t pid) const {
  if (timeline.is_valid && timeline.pid == pid) {
    return timeline;
  }
  timeline.is_valid = true;
  timeline.pid = pid;
  timeline.holders.clear();
  timeline.starts.clear();
  for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& node) {
    if (node.start_seen != 0 && node.start != 0) {
      timeline.starts.push_back({.start = node.start, .node = process});
    }
    if (canonical(process) == process) {
      timeline.holders.push_back(
          {.start = start(process), .end = told_end(members(process)), .process = process});
    }
  });
  // The lists have the newest first, which mostly started last.
  std::ranges::reverse(timeline.starts);
  std::ranges::reverse(timeline.holders);
  const auto is_before = [this](const PidTimeline::Holder& a, const PidTimeline::Holder& b) {
    return a.start != b.start ? a.start < b.start : nodes[b.process].key < nodes[a.process].key;
  };
  if (!std::ranges::is_sorted(timeline.starts, {}, &PidTimeline::SeenStart::start)) {
    std::ranges::sort(timeline.starts, {}, &PidTimeline::SeenStart::start);
  }
  if (!std::ranges::is_sorted(timeline.holders, is_before)) {
    std::ranges::sort(timeline.holders, is_before);
  }
  std::uint64_t latest = 0;
  for (PidTimeline::Holder& holder : timeline.holders) {
    latest = std::max(latest, holder.end);
    holder.latest_end = latest;
  }
  return timeline;
}

bool ProcessGraph::Store::is_replaced(const PidTimeline& known,
                                      const PidTimeline::Holder& holder,
                                      std::uint64_t before) const {
  const ProcessMembers group = members(holder.process);
  auto next =
      std::ranges::upper_bound(known.starts, holder.start, {}, &PidTimeline::SeenStart::start);
  for (; next != known.starts.end() && next->start < before; ++next) {
    if (replaces(group, holder.start, next->node)) {
      return true;
    }
  }
  return false;
}

ResolvedPid ProcessGraph::Store::resolve_pid(std::uint32_t pid,
                                             std::uint64_t time,
                                             std::uint32_t except) const {
  ++pid_work.resolutions;
  const PidTimeline& known = timeline_of(pid);
  // Who ended before that time is out.
  const std::uint64_t since = time - std::min(time, kPidSlack);
  const auto after =
      std::ranges::lower_bound(known.starts, since, {}, &PidTimeline::SeenStart::start);
  const std::uint64_t last_seen_start = after == known.starts.begin() ? 0 : std::prev(after)->start;
  const auto has_ended = [&](const PidTimeline::Holder& holder) {
    if (holder.end != 0 || holder.start == 0) {
      return holder.end != 0 && holder.end < since;
    }
    return holder.start < last_seen_start &&
           (holder.start + kGroupReach < last_seen_start || is_replaced(known, holder, since));
  };
  ResolvedPid resolved;
  auto next =
      std::ranges::upper_bound(known.holders, time + kPidSlack, {}, &PidTimeline::Holder::start);
  while (next != known.holders.begin() && !resolved.ambiguous) {
    --next;
    if (next->start != 0 && next->start + kGroupReach < last_seen_start &&
        next->latest_end < since) {
      // So early all have ended but those of which no start is known.
      next = std::ranges::upper_bound(known.holders.begin(), next, std::uint64_t{0}, {},
                                      &PidTimeline::Holder::start);
      if (next == known.holders.begin()) {
        break;
      }
      --next;
    }
    ++pid_work.holders;
    if (next->process == except || has_ended(*next)) {
      continue;
    }
    resolved.ambiguous = resolved.process != kNoProcess;
    if (resolved.process == kNoProcess) {
      resolved.process = next->process;
    }
  }
  return resolved;
}

void ProcessGraph::Store::begin_facts(std::uint32_t process) {
  touched = {};
  touch(process);
}

void ProcessGraph::Store::touch(std::uint32_t process) {
  if (pid_parents.empty() || nodes[process].pid_rank == kNoRank) {
    return;
  }
  for (const ProcessIndex member : members(process)) {
    const ProcessNode& node = nodes[member];
    touched.add(node.start, node.end);
    touched.add(node.start, pid_ends.end_of(member));
  }
}

void ProcessGraph::Store::take_pid_parent(std::uint32_t child,
                                          const PidParent& claim,
                                          GraphChange& change) {
  if (pid_parents.take(child, claim)) {
    note(child, NodeChanges::What::numbers);
    relink_by_pid(child, change);
  }
}

void ProcessGraph::Store::relink_by_pid(std::uint32_t child, GraphChange& change) {
  const ProcessNode& node = nodes[child];
  const PidParent* claim = pid_parents.find(child);
  if (claim == nullptr || (node.parent != kNilNode && node.parent_rank != kNoRank)) {
    return;  // Another claim names it better.
  }
  const ResolvedPid resolved = resolve_pid(claim->pid, claim->time, canonical(child));
  const std::uint32_t parent = resolved.process == kNoProcess ? kNilNode : resolved.process;
  if (node.parent == parent) {
    return;
  }
  tell_one(child, change);
  note(child, NodeChanges::What::numbers);
  if (node.parent != kNilNode) {
    unlink(child);
  }
  if (parent != kNilNode) {
    link(child, parent, kNoRank);
  }
}

void ProcessGraph::Store::relink_children_of(std::uint32_t pid,
                                             const PidSpan& span,
                                             GraphChange& change) {
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  if (!span.is_all) {
    from = span.from - std::min(span.from, kPidSlack);
    // Whoever had the pid by then had ended when one started that is none of theirs.
    const PidTimeline& known = timeline_of(pid);
    const auto next = std::ranges::upper_bound(known.starts, span.last_start + kGroupReach, {},
                                               &PidTimeline::SeenStart::start);
    to = next == known.starts.end() ? to : std::max(next->start, span.last_end) + kPidSlack;
  }
  pid_parents.for_each_of(pid, from, to,
                          [&](std::uint32_t child) { relink_by_pid(child, change); });
}

bool ProcessGraph::Store::is_ambiguous_parent(std::uint32_t process) const {
  const std::uint32_t edge = edge_of(process);
  const PidParent* claim = edge == kNilNode ? nullptr : pid_parents.find(edge);
  return claim != nullptr && nodes[edge].parent_rank == kNoRank &&
         resolve_pid(claim->pid, claim->time, canonical(edge)).ambiguous;
}

}  // namespace spoor
