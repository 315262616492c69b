// What a process is, told by the nodes that are it.
#include <algorithm>
#include <tuple>

#include "engine/base/text.h"
#include "engine/process_graph/process_store.h"

namespace spoor {
namespace {

/// A vendor's key is the better name of a process.
bool is_before(const ProcessNode& a, const ProcessNode& b) {
  return is_named_only(a) == is_named_only(b) ? a.key < b.key : is_named_only(b);
}

}  // namespace

ProcessMembers ProcessGraph::Store::members(std::uint32_t process) const {
  ProcessMembers group;
  group.processes[group.count++] = process;
  if (nodes[process].is_grouped != 0) {
    for (std::uint32_t twin = twins.at(process); twin != process; twin = twins.at(twin)) {
      // Four at most: put in order by insertion.
      std::size_t place = group.count++;
      for (; place > 0 && is_before(nodes[twin], nodes[group.processes[place - 1]]); --place) {
        group.processes[place] = group.processes[place - 1];
      }
      group.processes[place] = twin;
    }
  }
  return group;
}

std::uint32_t ProcessGraph::Store::canonical(std::uint32_t process) const {
  return nodes[process].is_grouped == 0 ? process : members(process).processes[0];
}

bool ProcessGraph::Store::is_tombstone(std::uint32_t process) const {
  return std::ranges::all_of(
      members(process), [this](ProcessIndex member) { return nodes[member].is_tombstone != 0; });
}

std::string_view ProcessGraph::Store::text(std::uint32_t process, ProcessText which) const {
  if (nodes[process].is_grouped == 0 || which == ProcessText::vendor_uid) {
    return own_text(canonical(process), which);
  }
  std::string_view best;
  unsigned best_rank = kNoRank;
  for (const ProcessIndex member : members(process)) {
    const std::string_view value = own_text(member, which);
    const unsigned rank = text_rank(nodes[member], which);
    if (!value.empty() && improves(rank, value, best_rank, best)) {
      best = value;
      best_rank = rank;
    }
  }
  return best;
}

bool ProcessGraph::Store::start_seen(std::uint32_t process) const {
  return std::ranges::any_of(members(process),
                             [this](ProcessIndex member) { return nodes[member].start_seen != 0; });
}

std::uint64_t ProcessGraph::Store::start(std::uint32_t process) const {
  if (nodes[process].is_grouped == 0) {
    return nodes[process].start;
  }
  std::uint64_t best = 0;
  unsigned best_rank = kNoRank;
  for (const ProcessIndex member : members(process)) {
    const std::uint64_t start = nodes[member].start;
    if (improves(nodes[member].start_rank, start, best_rank, best)) {
      best = start;
      best_rank = nodes[member].start_rank;
    }
  }
  return best;
}

std::uint64_t ProcessGraph::Store::told_end(const ProcessMembers& group) const {
  std::uint64_t seen = 0;
  for (const ProcessIndex member : group) {
    const std::uint64_t end = nodes[member].end;
    seen = seen == 0 || (end != 0 && end < seen) ? end : seen;
  }
  return seen == 0 ? told_by_pid(group) : seen;
}

bool ProcessGraph::Store::replaces(const ProcessMembers& group,
                                   std::uint64_t own_start,
                                   std::uint32_t other) const {
  const ProcessNode& node = nodes[other];
  if (node.start_seen == 0 || node.start <= own_start ||
      std::ranges::find(group, other) != group.end()) {
    return false;
  }
  // Another vendor's word of about the same time may be of this very process, not yet joined for
  // want of an image.
  return node.start > own_start + kPidSlack || std::ranges::any_of(group, [&](ProcessIndex member) {
           return nodes[member].vendor == node.vendor;
         });
}

std::uint64_t ProcessGraph::Store::end(std::uint32_t process, bool* inferred) const {
  const ProcessMembers group = members(process);
  const std::uint64_t told = told_end(group);
  const std::uint64_t own_start = start(process);
  if (told != 0 || nodes[process].pid_rank == kNoRank || own_start == 0) {
    return told;
  }
  std::uint64_t next_start = 0;
  for_each_with_pid(nodes[process].pid, [&](std::uint32_t other, const ProcessNode& node) {
    if (replaces(group, own_start, other)) {
      next_start = next_start == 0 ? node.start : std::min<std::uint64_t>(next_start, node.start);
    }
  });
  *inferred = next_start != 0;
  return next_start;
}

std::uint32_t ProcessGraph::Store::last_seen(std::uint32_t process) const {
  std::uint32_t latest = 0;
  for (const ProcessIndex member : members(process)) {
    latest = std::max(latest, nodes[member].last_seen);
  }
  return latest;
}

bool ProcessGraph::Store::parent_mismatch(std::uint32_t process) const {
  const std::uint32_t parent = nodes[process].parent;
  if (parent == kNilNode || nodes[parent].start_seen == 0) {
    return false;
  }
  // Within one vendor's word: another may write the same path in another way.
  const auto contradicts = [&](ProcessText claim, ProcessText fact) {
    const std::string_view claimed = own_text(process, claim);
    const std::string_view known = own_text(parent, fact);
    return !claimed.empty() && !known.empty() && fold(claimed) != fold(known);
  };
  return contradicts(ProcessText::claimed_parent_image, ProcessText::image) ||
         contradicts(ProcessText::claimed_parent_command_line, ProcessText::command_line);
}

// --- Edges
// --------------------------------------------------------------------------------------------------

std::uint32_t ProcessGraph::Store::edge_of(std::uint32_t process) const {
  if (nodes[process].is_grouped == 0) {
    return nodes[process].parent == kNilNode ? kNilNode : process;
  }
  const ProcessMembers group = members(process);
  std::uint32_t best = kNilNode;
  std::tuple<unsigned, bool, Uid> best_claim;
  for (const ProcessIndex member : group) {
    const ProcessNode& node = nodes[member];
    const std::uint32_t parent = node.parent == kNilNode ? kNilNode : canonical(node.parent);
    if (parent == kNilNode || parent == *group.begin()) {
      continue;
    }
    const std::tuple claim(static_cast<unsigned>(node.parent_rank), !start_seen(parent),
                           nodes[parent].key);
    if (best == kNilNode || claim < best_claim) {
      best = member;
      best_claim = claim;
    }
  }
  return best;
}

std::uint32_t ProcessGraph::Store::claimed_parent(std::uint32_t process) const {
  const std::uint32_t edge = edge_of(process);
  return edge == kNilNode ? kNilNode : canonical(nodes[edge].parent);
}

std::uint32_t ProcessGraph::Store::creator(std::uint32_t process) const {
  if (creators.empty()) {
    return kNilNode;
  }
  const std::uint32_t own = canonical(process);
  const std::uint32_t parent = claimed_parent(process);
  for (const ProcessIndex member : members(process)) {
    const std::uint32_t named = find_node(creators.find(member));
    if (named != kNilNode && canonical(named) != own && canonical(named) != parent) {
      return canonical(named);
    }
  }
  return kNilNode;
}

bool ProcessGraph::Store::is_suspect_edge(std::uint32_t child) const {
  const std::uint32_t parent = claimed_parent(child);
  if (parent == kNilNode) {
    return false;
  }
  const std::uint64_t parent_start = start(parent);
  const std::uint64_t child_start = start(child);
  if (parent_start != 0 && child_start != 0) {
    constexpr std::uint64_t kSlack = kClockSlackNs / 1000;
    if (parent_start > child_start + kSlack) {
      return true;
    }
    if (parent_start < child_start) {
      return false;
    }
  }
  // Every cycle has an edge whose parent does not start before its child, or of which that is
  // unknown. Cutting exactly those edges breaks every cycle, in a way that does not depend on which
  // edge arrived last.
  return closes_cycle(child);
}

bool ProcessGraph::Store::closes_cycle(std::uint32_t child) const {
  const std::uint32_t origin = canonical(child);
  std::uint32_t walk = claimed_parent(child);
  for (std::size_t steps = 0; walk != kNilNode && steps < kAncestorsMax; ++steps) {
    if (walk == origin) {
      return true;
    }
    walk = claimed_parent(walk);
  }
  return false;
}

std::uint32_t ProcessGraph::Store::first_child(std::uint32_t process) const {
  return child_of_members(process, kNilNode);
}

std::uint32_t ProcessGraph::Store::next_sibling(std::uint32_t process) const {
  const std::uint32_t edge = edge_of(process);
  if (edge == kNilNode) {
    return kNilNode;
  }
  const std::uint32_t next = child_from(nodes[edge].next_sibling);
  return next != kNilNode ? next : child_of_members(nodes[edge].parent, nodes[edge].parent);
}

std::uint32_t ProcessGraph::Store::child_from(std::uint32_t node) const {
  // A group is a child once: where the claim that counts is made.
  while (node != kNilNode && (nodes[node].is_used == 0 || edge_of(node) != node)) {
    node = nodes[node].next_sibling;
  }
  return node == kNilNode ? kNilNode : canonical(node);
}

std::uint32_t ProcessGraph::Store::child_of_members(std::uint32_t process,
                                                    std::uint32_t after) const {
  bool is_passed = after == kNilNode;
  for (const ProcessIndex member : members(process)) {
    if (is_passed) {
      const std::uint32_t child = child_from(nodes[member].first_child);
      if (child != kNilNode) {
        return child;
      }
    }
    is_passed = is_passed || member == after;
  }
  return kNilNode;
}

}  // namespace spoor
