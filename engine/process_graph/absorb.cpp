// All that one graph knows, told to another. Every step takes the better of two claims, as apply()
// does, so it does not matter which graph absorbs which.
#include <algorithm>

#include "engine/process_graph/process_store.h"
#include "engine/process_graph/text_edit.h"

namespace spoor {

std::vector<ProcessIndex> ProcessGraph::Store::absorb(const Store& other) {
  std::vector<ProcessIndex> places(other.nodes.places(), kNoProcess);
  const std::size_t limit =
      std::exchange(processes_max, kNilNode);  // First all, then the least go.
  GraphChange change;
  std::vector<std::uint32_t> pids;
  other.nodes.for_each([&](std::uint32_t theirs, const ProcessNode& node) {
    const std::uint32_t ours =
        materialise(node.key, static_cast<Vendor>(static_cast<unsigned>(node.vendor)), change);
    if (ours == kNilNode) {
      return;
    }
    places[theirs] = ours;
    take_facts(ours, other, theirs, pids);
  });
  other.nodes.for_each([&](std::uint32_t theirs, const ProcessNode& node) {
    if (node.parent != kNilNode && node.parent_rank != kNoRank && places[theirs] != kNoProcess &&
        places[node.parent] != kNoProcess) {
      link(places[theirs], places[node.parent], node.parent_rank);
    }
  });
  for (const ProcessIndex ours : places) {
    if (ours != kNoProcess) {
      queue_ended_by_reuse(ours);
    }
  }
  other.pid_parents.for_each([&](std::uint32_t theirs, const PidParent& claim) {
    if (places[theirs] != kNoProcess) {
      pid_parents.take(places[theirs], claim);
    }
  });
  other.creators.for_each([&](std::uint32_t theirs, const Uid& creator) {
    if (places[theirs] != kNoProcess) {
      creators.take(places[theirs], creator);
    }
  });
  other.pid_ends.for_each([&](const PidEnd& end) {
    pid_ends.take(end);
    pids.push_back(end.pid);
  });
  regroup_all(pids, change);
  work_out_ends_of_all(pids, change);
  for (const ProcessIndex ours : places) {
    if (ours != kNoProcess) {
      note(ours, NodeChanges::What::all);
    }
  }
  pid_parents.for_each(
      [&](std::uint32_t child, const PidParent& /*claim*/) { relink_by_pid(child, change); });
  processes_max = limit;
  if (node_count > processes_max) {
    make_room(change);
    std::ranges::replace_if(
        places, [this](ProcessIndex ours) { return !nodes.is_used(ours); }, kNoProcess);
  }
  refused += other.refused;
  evicted += other.evicted;
  self_parents += other.self_parents;
  sweep_if_due();
  return places;
}

void ProcessGraph::Store::take_facts(std::uint32_t ours,
                                     const Store& other,
                                     std::uint32_t theirs,
                                     std::vector<std::uint32_t>& pids) {
  const ProcessNode& node = other.nodes[theirs];
  TextEdit edit(*this, ours);
  for (std::size_t i = 0; i < kProcessTextCount; ++i) {
    const auto which = static_cast<ProcessText>(i);
    edit.offer(which, other.own_text(theirs, which), other.text_rank(node, which));
  }
  edit.commit();
  fill_start(ours, node.start, node.start_rank);
  Filled filled;
  if (node.pid_rank != kNoRank) {
    fill_pid(ours, node.pid, node.pid_rank, filled);
  }
  // Whoever told the pid: a start or an image may be what the other adds.
  if (nodes[ours].pid_rank != kNoRank) {
    pids.push_back(nodes[ours].pid);
  }
  if (filled.old_pid) {
    pids.push_back(*filled.old_pid);
  }
  fill_end(ours, node.end);
  ProcessNode& known = nodes[ours];
  known.start_seen |= node.start_seen;
  timeline.is_valid = false;
  known.claimed_by_child |= node.claimed_by_child;
  known.took_part |= node.took_part;
  known.last_seen = std::max(known.last_seen, node.last_seen);
}

void ProcessGraph::Store::regroup_all(std::vector<std::uint32_t>& pids, GraphChange& change) {
  if (!has_two_vendors()) {
    return;
  }
  std::ranges::sort(pids);
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  for (const std::uint32_t pid : pids) {
    regroup(pid, change);
  }
}

}  // namespace spoor
