// Which process a bare pid means, and the edges to parents that are known by no more than that.
//
// Whom the pid meant may turn out otherwise with every fact about a process that had it, so such an
// edge is worked out anew when one changes: a function of the facts, as groups are. Whoever names
// the parent better is believed instead.
#include <algorithm>

#include "engine/process_graph/process_store.h"

namespace spoor {

ResolvedPid ProcessGraph::Store::resolve_pid(std::uint32_t pid,
                                             std::uint64_t time,
                                             std::uint32_t except) const {
  constexpr std::uint64_t kSlack = kClockSlackNs / 1000;
  ResolvedPid resolved;
  for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& node) {
    if (canonical(process) != process || process == except) {
      return;
    }
    const std::uint64_t started = start(process);
    if (started > time + kSlack) {
      return;
    }
    bool is_inferred = false;
    const std::uint64_t ended_at = end(process, &is_inferred);
    if (ended_at != 0 && ended_at + kSlack < time) {
      return;
    }
    resolved.ambiguous = resolved.process != kNoProcess;
    const bool is_better =
        resolved.process == kNoProcess || started > start(resolved.process) ||
        (started == start(resolved.process) && node.key < nodes[resolved.process].key);
    if (is_better) {
      resolved.process = process;
    }
  });
  return resolved;
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

void ProcessGraph::Store::relink_children_of(std::uint32_t pid, GraphChange& change) {
  pid_parents.for_each_of(pid, [&](std::uint32_t child) { relink_by_pid(child, change); });
}

bool ProcessGraph::Store::is_ambiguous_parent(std::uint32_t process) const {
  const std::uint32_t edge = edge_of(process);
  const PidParent* claim = edge == kNilNode ? nullptr : pid_parents.find(edge);
  return claim != nullptr && nodes[edge].parent_rank == kNoRank &&
         resolve_pid(claim->pid, claim->time, canonical(edge)).ambiguous;
}

}  // namespace spoor
