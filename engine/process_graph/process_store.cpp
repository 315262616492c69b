#include "engine/process_graph/process_store.h"

#include <algorithm>
#include <charconv>

#include "engine/process_graph/text_edit.h"

namespace spoor {

std::optional<std::uint32_t> read_pid(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid, base);
  if (error != std::errc{} || text.empty() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return pid;
}

// --- Nodes
// --------------------------------------------------------------------------------------------------

std::uint32_t ProcessGraph::Store::find_node(const Uid& key) const {
  const std::uint32_t known = by_key.find(UidHash{}(key), [&](std::uint32_t number) {
    return nodes.is_used(number) && nodes[number].key == key;
  });
  return known == SlotTable::kNone ? kNilNode : known;
}

std::uint32_t ProcessGraph::Store::materialise(const Uid& key, Vendor vendor, GraphChange& change) {
  if (key.is_none()) {
    return kNilNode;
  }
  std::uint32_t process = find_node(key);
  if (process == kNilNode) {
    const bool has_room = node_count < processes_max || make_room(change);
    process = has_room ? nodes.take() : kNilNode;
    if (process == kNilNode) {
      ++refused;
      return kNilNode;
    }
    ++node_count;
    nodes[process].key = key;
    note(process, NodeChanges::What::all);
    by_key.insert(UidHash{}(key), process,
                  [this](std::uint32_t number) { return UidHash{}(nodes[number].key); });
  }
  ProcessNode& node = nodes[process];
  if (node.is_tombstone != 0) {
    node.is_tombstone = 0;
    note(process, NodeChanges::What::numbers);
  }
  const auto number = static_cast<unsigned>(vendor);
  // An identity named by two vendors is the lesser's, whoever comes first.
  if (node.vendor == 0 || number < node.vendor) {
    node.vendor = number & kVendorBits;
    timeline.is_valid = false;
    note(process, NodeChanges::What::numbers);
  }
  vendors |= 1U << number;
  return process;
}

// --- Claims
// -------------------------------------------------------------------------------------------------

Filled ProcessGraph::Store::fill(std::uint32_t process,
                                 const ProcessMention& mention,
                                 unsigned rank,
                                 TextEdit& edit) {
  Filled filled;
  edit.offer(ProcessText::vendor_uid, mention.vendor_uid, rank);
  filled.image = edit.offer(ProcessText::image, mention.image, rank);
  edit.offer(ProcessText::command_line, mention.command_line, rank);
  edit.offer(ProcessText::user, mention.user, rank);
  if (const std::optional<std::uint32_t> pid = read_pid(mention.pid)) {
    fill_pid(process, *pid, rank, filled);
  }
  // A start derived from a uid is as good whoever mentions the process; the start event's own time
  // is better.
  const unsigned start_rank =
      mention.start_is_exact ? rank : static_cast<unsigned>(ClaimRank::child_claim);
  filled.start = fill_start(process, to_node_time(mention.start), start_rank);
  return filled;
}

bool ProcessGraph::Store::fill_start(std::uint32_t process, std::uint64_t start, unsigned rank) {
  ProcessNode& node = nodes[process];
  const std::uint64_t known = node.start;
  if (start == 0 || !improves(rank, start, node.start_rank, known)) {
    return false;
  }
  node.start = start & kTimeBits;
  node.start_rank = rank & kRankBits;
  timeline.is_valid = false;
  // A start that is told better counts for the group.
  return known != start || node.is_grouped != 0;
}

void ProcessGraph::Store::fill_pid(std::uint32_t process,
                                   std::uint32_t pid,
                                   unsigned rank,
                                   Filled& filled) {
  ProcessNode& node = nodes[process];
  if (!improves(rank, pid, node.pid_rank, node.pid)) {
    return;
  }
  const bool is_listed = node.pid_rank != kNoRank;
  const bool is_same = is_listed && node.pid == pid;
  node.pid_rank = rank & kRankBits;
  if (is_same) {
    return;
  }
  filled.pid = true;
  timeline.is_valid = false;
  if (is_listed) {
    filled.old_pid = node.pid;  // Two pids claimed for one process.
    leave_pid_list(process);
  }
  node.pid = pid;
  enter_pid_list(process);
}

void ProcessGraph::Store::leave_pid_list(std::uint32_t process) {
  const std::uint32_t after = nodes[process].next_with_pid;
  std::uint32_t& head = by_pid.head(nodes[process].pid);
  if (head == process) {
    head = after;
    return;
  }
  std::uint32_t before = head;
  while (nodes[before].next_with_pid != process) {
    before = nodes[before].next_with_pid;
  }
  nodes[before].next_with_pid = after & kNodeBits;
}

void ProcessGraph::Store::enter_pid_list(std::uint32_t process) {
  if (by_pid.is_full()) {
    rebuild_pid_lists(std::max<std::size_t>(4, node_count));
    return;  // It is in, having its pid.
  }
  std::uint32_t& head = by_pid.head(nodes[process].pid);
  nodes[process].next_with_pid = head & kNodeBits;
  head = process;
  by_pid.count_one();
}

void ProcessGraph::Store::rebuild_pid_lists(std::size_t places) {
  by_pid.reset(places);
  nodes.for_each([this](std::uint32_t process, ProcessNode& node) {
    if (node.pid_rank != kNoRank) {
      std::uint32_t& head = by_pid.head(node.pid);
      node.next_with_pid = head & kNodeBits;
      head = process;
      by_pid.count_one();
    }
  });
}

bool ProcessGraph::Store::link(std::uint32_t child, std::uint32_t parent, unsigned rank) {
  if (child == parent) {
    ++self_parents;
    return false;
  }
  ProcessNode& node = nodes[child];
  if (node.parent == parent) {
    node.parent_rank = std::min<unsigned>(node.parent_rank, rank) & kRankBits;
    return false;
  }
  if (node.parent != kNilNode) {
    // The process's own start event knows best. Two of equal rank that name two parents: the lesser
    // key stands, whichever came first.
    if (!improves(rank, nodes[parent].key, node.parent_rank, nodes[node.parent].key)) {
      return false;
    }
    unlink(child);
  }
  node.parent = parent & kNodeBits;
  node.parent_rank = rank & kRankBits;
  node.next_sibling = nodes[parent].first_child & kNodeBits;
  nodes[parent].first_child = child & kNodeBits;
  return true;
}

void ProcessGraph::Store::unlink(std::uint32_t child) {
  ProcessNode& node = nodes[child];
  ProcessNode& parent = nodes[node.parent];
  if (parent.first_child == child) {
    parent.first_child = node.next_sibling & kNodeBits;
  } else {
    std::uint32_t before = parent.first_child;
    while (nodes[before].next_sibling != child) {
      before = nodes[before].next_sibling;
    }
    nodes[before].next_sibling = node.next_sibling & kNodeBits;
  }
  node.next_sibling = kNilNode;
  node.parent = kNilNode;
}

bool ProcessGraph::Store::fill_end(std::uint32_t process, std::uint64_t end) {
  ProcessNode& node = nodes[process];
  if (end == 0 || (node.end != 0 && node.end <= end)) {
    return false;
  }
  node.end = end & kTimeBits;
  timeline.is_valid = false;
  queue(process, to_seconds(from_node_time(end)));
  return true;
}

bool ProcessGraph::Store::has_children(const ProcessMembers& group) const {
  return std::ranges::any_of(group, [&](ProcessIndex member) {
    for (std::uint32_t i = nodes[member].first_child; i != kNilNode; i = nodes[i].next_sibling) {
      if (nodes[i].is_used != 0 && std::ranges::find(group, i) == group.end()) {
        return true;
      }
    }
    return false;
  });
}

void ProcessGraph::Store::queue_ended_by_reuse(std::uint32_t process) {
  const ProcessNode& node = nodes[process];
  if (node.pid_rank == kNoRank || node.start == 0) {
    return;
  }
  const auto replaces = [](const ProcessNode& later, const ProcessNode& earlier) {
    return later.start_seen != 0 && earlier.start != 0 && earlier.end == 0 &&
           later.start > earlier.start;
  };
  for_each_with_pid(node.pid, [&](std::uint32_t other, const ProcessNode& other_node) {
    if (replaces(node, other_node)) {
      queue(other, to_seconds(from_node_time(node.start)));
    } else if (replaces(other_node, node)) {
      queue(process, to_seconds(from_node_time(other_node.start)));
    }
  });
}

void ProcessGraph::Store::follow_up(std::uint32_t process,
                                    const Filled& filled,
                                    GraphChange& change) {
  if (filled.start || filled.pid || filled.start_seen) {
    queue_ended_by_reuse(process);
  }
  const bool may_regroup = filled.start || filled.pid || filled.image;
  const bool may_relink = may_regroup || filled.start_seen || filled.end;
  const auto work_out = [&](std::uint32_t pid) {
    if (may_regroup && has_two_vendors()) {
      regroup(pid, change);
    }
    if (may_regroup) {
      work_out_ends(pid, change);
    }
    if (may_relink && !pid_parents.empty()) {
      touch(process);
      relink_children_of(pid, touched, change);
    }
  };
  if (filled.old_pid) {
    touched.is_all = true;
    work_out(*filled.old_pid);
  }
  if (nodes[process].pid_rank != kNoRank) {
    work_out(nodes[process].pid);
  }
}

// --- Texts
// --------------------------------------------------------------------------------------------------

TextHandle ProcessGraph::Store::text_handle(const ProcessNode& node, ProcessText which) const {
  switch (which) {
    case ProcessText::vendor_uid: return node.vendor_uid;
    case ProcessText::command_line: return node.command_line;
    case ProcessText::claimed_parent_image:
    case ProcessText::claimed_parent_command_line: return claims[node.claims][row_place(which)];
    default: return profiles[node.profile][row_place(which)];
  }
}

unsigned ProcessGraph::Store::kept_rank(const ProcessNode& node, ProcessText which) {
  switch (which) {
    case ProcessText::vendor_uid: return node.uid_rank;
    case ProcessText::image: return node.image_rank;
    case ProcessText::command_line: return node.command_line_rank;
    case ProcessText::user: return node.user_rank;
    default: return kNoRank;
  }
}

unsigned ProcessGraph::Store::text_rank(const ProcessNode& node, ProcessText which) const {
  const unsigned kept = kept_rank(node, which);
  // The others come from start events alone.
  return kept == kNoRank && text_handle(node, which) != 0
             ? static_cast<unsigned>(ClaimRank::own_start)
             : kept;
}

}  // namespace spoor
