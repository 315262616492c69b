// What may go, what goes for want of room, and how memory is given back (docs/decisions/0043).
#include <algorithm>
#include <tuple>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/process_graph/process_store.h"

namespace spoor {

// --- Forgetting one
// ------------------------------------------------------------------------------------------

void ProcessGraph::Store::forget(std::uint32_t process, GraphChange& change) {
  if (!nodes.is_used(process)) {
    return;
  }
  const std::uint32_t pid = nodes[process].pid;
  const bool has_pid = nodes[process].pid_rank != kNoRank;
  forget_members(members(process), false);
  if (has_two_vendors() && has_pid) {
    regroup(pid, change);
  }
  if (has_pid) {
    work_out_ends(pid, change);
  }
}

void ProcessGraph::Store::forget_members(const ProcessMembers& group, bool forced) {
  const bool is_needed = has_children(group);
  timeline.is_valid = false;
  if (!pid_ends.empty()) {
    forget_ends(group);
  }
  for (const ProcessIndex member : group) {
    if (on_forget) {
      on_forget(member, forced);
    }
    // The edge stays, if something is below: whoever had the pid, it is not looked up any more.
    pid_parents.forget(member);
    creators.forget(member);
  }
  for (const ProcessIndex member : group) {
    note(member, NodeChanges::What::all);
  }
  forgotten += group.size();
  may_be_due = true;
  evicted += forced ? group.size() : 0;
  if (is_needed) {
    for (const ProcessIndex member : group) {
      bury(member);
    }
    return;
  }
  part(*group.begin());
  for (const ProcessIndex member : group) {
    nodes[member].is_used = 0;
  }
  node_count -= group.size();
}

void ProcessGraph::Store::bury(std::uint32_t process) {
  ProcessNode& node = nodes[process];
  node.is_tombstone = 1;
  node.command_line = 0;
  node.command_line_rank = kNoRank;
  node.user_rank = kNoRank;
  node.claims = 0;
  Profiles::Row kept{};
  for (const ProcessText which : {ProcessText::image, ProcessText::hashes}) {
    kept[row_place(which)] = text_handle(node, which);
  }
  node.profile = profiles.intern(kept) & kNodeBits;
}

// --- What may go
// ---------------------------------------------------------------------------------------------

void ProcessGraph::Store::queue(std::uint32_t process, std::uint32_t seconds) {
  if (nodes[process].is_queued != 0) {
    return;
  }
  nodes[process].is_queued = 1;
  ended.push_back({.seconds = seconds, .process = process});
  std::ranges::push_heap(ended, std::greater<>());
}

namespace {

/// Finds who may go, from the leaves up.
class Departures {
 public:
  Departures(ProcessGraph::Store& store,
             Timestamp ended_before,
             Timestamp idle_before,
             const ProcessGraph::HeldUntil& held_until)
      : store_(store),
        ended_before_(ended_before),
        idle_before_(idle_before),
        held_until_(held_until) {}

  [[nodiscard]] bool is_due(std::uint32_t process) const {
    const Timestamp ended = end_of(process);
    return (ended != 0 && ended < ended_before_) ||
           store_.last_seen(process) < to_seconds(idle_before_);
  }

  [[nodiscard]] Timestamp end_of(std::uint32_t process) const {
    bool inferred = false;
    return from_node_time(store_.end(process, &inferred));
  }

  /// Until when the caller holds a process; 0: it does not.
  [[nodiscard]] Timestamp held(std::uint32_t process) const {
    const Timestamp until = held_until_ ? held_until_(process) : 0;
    return until >= ended_before_ ? until : 0;
  }

  /// Takes a process that is due and not held. It goes at once, or with the last of its children.
  void consider(std::uint32_t process) {
    if (waiting_.contains(process) || going_.contains(process)) {
      return;
    }
    if (has_only_going(process)) {
      let_go(process);
    }
  }

  [[nodiscard]] std::vector<ProcessIndex> take() { return std::move(order_); }

 private:
  /// Up as long as the last child goes. Not by recursion: a line may be as long as the graph.
  void let_go(std::uint32_t process) {
    while (process != kNilNode) {
      going_.insert(process);
      order_.push_back(process);
      const std::uint32_t parent =
          store_.is_suspect_edge(process) ? kNilNode : store_.claimed_parent(process);
      process = kNilNode;
      if (parent == kNilNode || going_.contains(parent)) {
        return;
      }
      const auto waiting = waiting_.find(parent);
      if (waiting != waiting_.end()) {
        process = --waiting->second == 0 ? parent : kNilNode;
      } else if (!store_.is_tombstone(parent) && is_due(parent) && held(parent) == 0) {
        process = has_only_going(parent) ? parent : kNilNode;
      }
    }
  }

  /// Notes, for one that is due, how many it waits for; true if for none.
  bool has_only_going(std::uint32_t process) {
    std::size_t children = 0;
    for (std::uint32_t child = store_.first_child(process); child != kNilNode;
         child = store_.next_sibling(child)) {
      children += going_.contains(child) || store_.is_suspect_edge(child) ? 0U : 1U;
    }
    if (children != 0) {
      waiting_.emplace(process, children);
    }
    return children == 0;
  }

  ProcessGraph::Store& store_;
  Timestamp ended_before_;
  Timestamp idle_before_;
  const ProcessGraph::HeldUntil& held_until_;
  boost::unordered_flat_map<std::uint32_t, std::size_t> waiting_;  ///< → children that stay so far.
  boost::unordered_flat_set<std::uint32_t> going_;
  std::vector<ProcessIndex> order_;
};

constexpr Duration kNanosPerHour = 3600 * kNanosPerSecond;

}  // namespace

std::vector<ProcessIndex> ProcessGraph::Store::evictable(Timestamp ended_before,
                                                         Timestamp idle_before,
                                                         const HeldUntil& held_until) {
  Departures departures(*this, ended_before, idle_before, held_until);
  std::vector<Ended> again;
  while (!ended.empty() && ended.front().seconds <= to_seconds(ended_before)) {
    std::ranges::pop_heap(ended, std::greater<>());
    const Ended first = ended.back();
    ended.pop_back();
    if (!nodes.is_used(first.process)) {
      continue;
    }
    nodes[first.process].is_queued = 0;
    const std::uint32_t process = canonical(first.process);
    if (is_tombstone(process)) {
      continue;
    }
    const Timestamp end = departures.end_of(process);
    if (end == 0) {
      continue;  // Inferred once, from a start that is now known to be another.
    }
    const Timestamp until = std::max(end, departures.held(process));
    if (until >= ended_before) {
      again.push_back({.seconds = to_seconds(until), .process = first.process});
    } else {
      departures.consider(process);
    }
  }
  for (const Ended& entry : again) {
    queue(entry.process, entry.seconds);
  }
  const std::int64_t hour = idle_before / kNanosPerHour;
  if (hour > idle_hour) {
    idle_hour = hour;
    drop_ends_of_none(ended_before);
    nodes.for_each([&](std::uint32_t process, const ProcessNode& /*node*/) {
      if (canonical(process) == process && !is_tombstone(process) && departures.is_due(process) &&
          departures.held(process) == 0) {
        departures.consider(process);
      }
    });
  }
  return departures.take();
}

// --- For want of room
// ----------------------------------------------------------------------------------------

namespace {

/// Gives up the least needed: those that ended first, the earliest before others, then those unseen
/// for longest; always from the leaves.
class Shedding {
 public:
  explicit Shedding(ProcessGraph::Store& store)
      : store_(store), children_(store.nodes.places(), 0) {
    store_.nodes.for_each([this](std::uint32_t process, const ProcessNode& node) {
      if (node.parent != kNilNode && store_.canonical(node.parent) != store_.canonical(process)) {
        ++children_[store_.canonical(node.parent)];
      }
    });
    store_.nodes.for_each([this](std::uint32_t process, const ProcessNode& /*node*/) {
      if (store_.canonical(process) == process && children_[process] == 0) {
        offer(process);
      }
    });
    std::ranges::make_heap(leaves_, std::greater<>());
  }

  /// Nodes forgotten; 0 if none could be.
  std::size_t shed(std::size_t wanted) {
    std::size_t count = 0;
    while (count < wanted && !leaves_.empty()) {
      std::ranges::pop_heap(leaves_, std::greater<>());
      const std::uint32_t process = std::get<3>(leaves_.back());
      leaves_.pop_back();
      count += shed_one(process);
    }
    return count;
  }

  /// Of what was forgotten.
  [[nodiscard]] std::vector<std::uint32_t>& pids() { return pids_; }

 private:
  /// (did not end, when, key, index)
  using Leaf = std::tuple<bool, std::uint32_t, Uid, std::uint32_t>;

  void offer(std::uint32_t process) {
    const ProcessMembers group = store_.members(process);
    const bool is_pinned = std::ranges::any_of(group, [this](ProcessIndex member) {
      return std::ranges::find(store_.pinned, member) != store_.pinned.end();
    });
    if (is_pinned) {
      return;
    }
    bool inferred = false;
    const std::uint64_t end = store_.end(process, &inferred);
    leaves_.emplace_back(end == 0,
                         end == 0 ? store_.last_seen(process) : to_seconds(from_node_time(end)),
                         store_.nodes[process].key, process);
  }

  std::size_t shed_one(std::uint32_t process) {
    const ProcessMembers group = store_.members(process);
    if (store_.nodes[process].pid_rank != kNoRank) {
      pids_.push_back(store_.nodes[process].pid);
    }
    std::array<std::uint32_t, 4> parents{kNilNode, kNilNode, kNilNode, kNilNode};
    for (std::size_t i = 0; i < group.size(); ++i) {
      const std::uint32_t parent = store_.nodes[group.processes[i]].parent;
      parents[i] = parent == kNilNode ? kNilNode : store_.canonical(parent);
    }
    store_.forget_members(group, true);
    for (const std::uint32_t parent : parents) {
      if (parent != kNilNode && parent != process && --children_[parent] == 0) {
        offer(parent);
        std::ranges::push_heap(leaves_, std::greater<>());
      }
    }
    return group.size();
  }

  ProcessGraph::Store& store_;
  std::vector<std::uint32_t> children_;  ///< By canonical node: claims that name it.
  std::vector<Leaf> leaves_;
  std::vector<std::uint32_t> pids_;
};

constexpr std::size_t kShareShed = 64;

}  // namespace

std::size_t ProcessGraph::Store::shed(std::size_t wanted, GraphChange& change) {
  Shedding shedding(*this);
  const std::size_t count = shedding.shed(wanted);
  regroup_all(shedding.pids(), change);
  work_out_ends_of_all(shedding.pids(), change);
  return count;
}

bool ProcessGraph::Store::make_room(GraphChange& change) {
  // Many at a time, for the search costs as much for one.
  const std::size_t excess = node_count - std::min(node_count, processes_max);
  return shed(excess + 1 + processes_max / kShareShed, change) > excess;
}

// --- Giving memory back
// --------------------------------------------------------------------------------------

void ProcessGraph::Store::sweep_if_due() {
  if (!std::exchange(may_be_due, false)) {
    return;
  }
  constexpr std::size_t kForgottenMin = 16;
  constexpr std::size_t kReplacedBytesMin = std::size_t{64} << 10U;
  constexpr std::size_t kRowsMin = 256;
  const std::size_t rows = profiles.size() + claims.size();
  if (4 * forgotten >= node_count + kForgottenMin ||
      replaced_bytes > texts.text_bytes() / 2 + kReplacedBytesMin ||
      rows > 2 * swept_rows + node_count + kRowsMin) {
    sweep();
  }
}

void ProcessGraph::Store::sweep() {
  drop_bare_tombstones();
  rebuild_children();
  rebuild_pid_lists(std::max<std::size_t>(4, node_count * 2 / 3));
  rebuild_texts();
  nodes.rebuild_free();
  by_key.clear();
  nodes.for_each([this](std::uint32_t process, const ProcessNode& node) {
    by_key.insert(UidHash{}(node.key), process,
                  [this](std::uint32_t number) { return UidHash{}(nodes[number].key); });
  });
  twins.rehash(0);
  forgotten = 0;
  replaced_bytes = 0;
  swept_rows = profiles.size() + claims.size();
}

void ProcessGraph::Store::drop_bare_tombstones() {
  // A tombstone is for what is below it: those above a living node stay. Marked from below, so that
  // a ring of tombstones goes too.
  std::vector<bool> is_needed(nodes.places(), false);
  nodes.for_each([&](std::uint32_t process, const ProcessNode& node) {
    if (node.is_tombstone == 0) {
      need(process, is_needed);
    }
  });
  std::vector<std::uint32_t> bare;
  nodes.for_each([&](std::uint32_t process, const ProcessNode& node) {
    if (node.is_tombstone != 0 && !is_needed[process]) {
      bare.push_back(process);
    }
  });
  for (const std::uint32_t process : bare) {
    part(process);
  }
  timeline.is_valid = false;
  for (const std::uint32_t process : bare) {
    nodes[process].is_used = 0;
    pid_ends.set_end(process, 0);
    note(process, NodeChanges::What::all);
  }
  node_count -= bare.size();
}

void ProcessGraph::Store::need(std::uint32_t process, std::vector<bool>& is_needed) const {
  std::vector<std::uint32_t> open{process};
  while (!open.empty()) {
    const std::uint32_t next = open.back();
    open.pop_back();
    if (is_needed[next]) {
      continue;
    }
    for (const ProcessIndex member : members(next)) {
      is_needed[member] = true;
      if (nodes[member].parent != kNilNode) {
        open.push_back(static_cast<std::uint32_t>(nodes[member].parent));
      }
    }
  }
}

void ProcessGraph::Store::rebuild_children() {
  nodes.for_each([](std::uint32_t /*process*/, ProcessNode& node) { node.first_child = kNilNode; });
  nodes.for_each([this](std::uint32_t process, ProcessNode& node) {
    if (node.parent != kNilNode) {
      node.next_sibling = nodes[node.parent].first_child & kNodeBits;
      nodes[node.parent].first_child = process & kNodeBits;
    }
  });
  std::erase_if(ended, [this](const Ended& entry) { return !nodes.is_used(entry.process); });
  std::ranges::make_heap(ended, std::greater<>());
  ended.shrink_to_fit();
}

void ProcessGraph::Store::rebuild_texts() {
  const TextStore old_texts = std::exchange(texts, {});
  const Profiles old_profiles = std::exchange(profiles, {});
  const Claims old_claims = std::exchange(claims, {});
  const auto moved = [&](TextHandle handle) { return texts.intern(old_texts.view(handle)); };
  // Rows are shared: what is new of one is found again by its old number.
  std::vector<std::uint32_t> new_profiles(old_profiles.size(), 0);
  std::vector<std::uint32_t> new_claims(old_claims.size(), 0);
  const auto moved_row = [&](std::uint32_t number, const auto& from, auto& to, auto& known) {
    if (number != 0 && known[number] == 0) {
      auto row = from[number];
      std::ranges::transform(row, row.begin(), moved);
      known[number] = to.intern(row);
    }
    return known[number];
  };
  nodes.for_each([&](std::uint32_t /*process*/, ProcessNode& node) {
    node.vendor_uid = texts.keep(old_texts.view(node.vendor_uid));
    node.command_line = moved(node.command_line);
    node.profile = moved_row(node.profile, old_profiles, profiles, new_profiles) & kNodeBits;
    node.claims = moved_row(node.claims, old_claims, claims, new_claims) & kNodeBits;
  });
}

std::size_t ProcessGraph::Store::memory_bytes() const {
  return sizeof(Store) + nodes.memory_bytes() + texts.text_bytes() + texts.index_bytes() +
         profiles.memory_bytes() + claims.memory_bytes() + by_key.memory_bytes() +
         by_pid.memory_bytes() + ended.capacity() * sizeof(Ended) + pid_parents.memory_bytes() +
         pid_ends.memory_bytes() + creators.memory_bytes() + timeline.memory_bytes() +
         twins.bucket_count() * (sizeof(std::pair<std::uint32_t, std::uint32_t>) + 1);
}

}  // namespace spoor
