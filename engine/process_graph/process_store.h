// Inside ProcessGraph: the facts, the indices to find them, and the groups worked out from them.
// Private to this folder. Split by subject: process_store.cpp takes facts in, grouping.cpp joins
// vendors' nodes, process_view.cpp answers, retention.cpp forgets.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/process_graph/creators.h"
#include "engine/process_graph/pid_ends.h"
#include "engine/process_graph/pid_parents.h"
#include "engine/process_graph/pid_timeline.h"
#include "engine/process_graph/process_graph.h"
#include "engine/process_graph/process_node.h"
#include "engine/process_graph/row_store.h"
#include "engine/process_graph/slot_table.h"
#include "engine/process_graph/text_store.h"

namespace spoor {

/// "4876" or "0x154c"; Windows writes both.
[[nodiscard]] std::optional<std::uint32_t> read_pid(std::string_view text);

/// A better claim: from a better source or, from the same, the lesser value. Any order of arrival
/// ends at the least.
template <typename Value>
[[nodiscard]] bool improves(unsigned rank,
                            const Value& value,
                            unsigned known_rank,
                            const Value& known) {
  return rank < known_rank || (rank == known_rank && value < known);
}

inline constexpr std::size_t kProfileTexts = 5;
inline constexpr std::size_t kClaimTexts = 2;

[[nodiscard]] constexpr bool is_claim_text(ProcessText which) {
  return which == ProcessText::claimed_parent_image ||
         which == ProcessText::claimed_parent_command_line;
}

/// Texts that many processes have in common, kept as a row.
[[nodiscard]] constexpr bool is_profile_text(ProcessText which) {
  return which != ProcessText::vendor_uid && which != ProcessText::command_line &&
         !is_claim_text(which);
}

/// The place of such a text in its row.
[[nodiscard]] constexpr std::size_t row_place(ProcessText which) {
  switch (which) {
    case ProcessText::user: return 1;
    case ProcessText::integrity_level: return 2;
    case ProcessText::hashes: return 3;
    case ProcessText::current_directory: return 4;
    case ProcessText::claimed_parent_command_line: return 1;
    default: return 0;  // image, claimed_parent_image
  }
}

/// Heads of the lists of processes by pid; several pids may share one.
class PidHeads {
 public:
  [[nodiscard]] std::uint32_t& head(std::uint32_t pid) { return heads_[place_of(pid)]; }

  [[nodiscard]] std::uint32_t head(std::uint32_t pid) const {
    return heads_.empty() ? kNilNode : heads_[place_of(pid)];
  }

  [[nodiscard]] bool is_full() const { return count_ >= 2 * heads_.size(); }

  void count_one() { ++count_; }

  void reset(std::size_t places) {
    heads_ = std::vector<std::uint32_t>(places, kNilNode);
    count_ = 0;
  }

  [[nodiscard]] std::size_t memory_bytes() const { return heads_.capacity() * sizeof(heads_[0]); }

 private:
  [[nodiscard]] std::size_t place_of(std::uint32_t pid) const {
    const std::uint64_t hash = (pid ^ table_seed()) * 0x9E3779B97F4A7C15ULL;
    return ((hash >> 32U) * heads_.size()) >> 32U;
  }

  std::vector<std::uint32_t> heads_;
  std::size_t count_ = 0;
};

/// What a mention changed.
struct Filled {
  bool start = false;
  bool pid = false;
  bool image = false;
  bool start_seen = false;
  bool end = false;
  std::optional<std::uint32_t> old_pid;
};

/// Which nodes changed since they were last saved.
class NodeChanges {
 public:
  /// As bits. When a process was last seen changes most often and is saved apart.
  enum class What : std::uint8_t { none = 0, seen = 1, numbers = 3, all = 7 };

  void note(std::uint32_t node, What what) {
    if (what == What::none) {
      return;
    }
    if (node >= noted_.size()) {
      noted_.resize(node + 1, 0);
    }
    if (noted_[node] == 0) {
      nodes_.push_back(node);
    }
    noted_[node] |= static_cast<std::uint8_t>(what);
  }

  /// Calls `look(node, what)` for each, and forgets them.
  template <typename Look>
  void take(Look look) {
    for (const std::uint32_t node : nodes_) {
      look(node, static_cast<What>(std::exchange(noted_[node], std::uint8_t{0})));
    }
    nodes_.clear();
  }

  std::string counters;  ///< As they were last saved.

 private:
  std::vector<std::uint32_t> nodes_;
  std::vector<std::uint8_t> noted_;  ///< By node.
};

class TextEdit;

struct ProcessGraph::Store : OnHugePages<Store> {
  explicit Store(std::size_t max) : processes_max(max) {}

  using Profiles = RowStore<kProfileTexts>;
  using Claims = RowStore<kClaimTexts>;

  // --- Facts (process_store.cpp)

  [[nodiscard]] std::uint32_t find_node(const Uid& key) const;
  /// Made if there is none. kNilNode if there is no key or no room.
  std::uint32_t materialise(const Uid& key, Vendor vendor, GraphChange& change);
  Filled fill(std::uint32_t process, const ProcessMention& mention, unsigned rank, TextEdit& edit);
  /// True if the start may be another than before, the node's or its group's.
  bool fill_start(std::uint32_t process, std::uint64_t start, unsigned rank);
  void fill_pid(std::uint32_t process, std::uint32_t pid, unsigned rank, Filled& filled);
  void leave_pid_list(std::uint32_t process);
  void enter_pid_list(std::uint32_t process);
  void rebuild_pid_lists(std::size_t places);
  /// True if the parent edge is new or another one than before.
  bool link(std::uint32_t child, std::uint32_t parent, unsigned rank);
  void unlink(std::uint32_t child);
  /// True if it ended earlier than was known.
  bool fill_end(std::uint32_t process, std::uint64_t end);
  /// Shows evictable() who ended because this process has its pid, or that this one did.
  void queue_ended_by_reuse(std::uint32_t process);
  /// Does what changed facts of a node ask for: groups, and who has ended.
  void follow_up(std::uint32_t process, const Filled& filled, GraphChange& change);

  [[nodiscard]] TextHandle text_handle(const ProcessNode& node, ProcessText which) const;

  /// What this node alone says.
  [[nodiscard]] std::string_view own_text(std::uint32_t process, ProcessText which) const {
    return texts.view(text_handle(nodes[process], which));
  }

  /// Of the texts whose rank a node keeps; kNoRank for the others.
  [[nodiscard]] static unsigned kept_rank(const ProcessNode& node, ProcessText which);
  [[nodiscard]] unsigned text_rank(const ProcessNode& node, ProcessText which) const;

  /// Calls `look(index, node)` for the nodes in use of that pid.
  template <typename Look>
  void for_each_with_pid(std::uint32_t pid, Look look) const {
    for (std::uint32_t i = by_pid.head(pid); i != kNilNode; i = nodes[i].next_with_pid) {
      const ProcessNode& node = nodes[i];
      if (node.is_used != 0 && node.pid == pid) {
        look(i, node);
      }
    }
  }

  /// Some node outside the group claims one of it as its parent, whether that claim counts or not.
  [[nodiscard]] bool has_children(const ProcessMembers& group) const;

  // --- Parents known by pid alone (pid_parents.cpp)

  /// Whom a pid meant at a time (a node's), `except` (canonical) apart.
  [[nodiscard]] ResolvedPid resolve_pid(std::uint32_t pid,
                                        std::uint64_t time,
                                        std::uint32_t except) const;
  void take_pid_parent(std::uint32_t child, const PidParent& claim, GraphChange& change);
  /// Works the edge of such a claim out anew.
  void relink_by_pid(std::uint32_t child, GraphChange& change);
  /// The same of all that claim a parent of that pid at a time which the change can concern.
  void relink_children_of(std::uint32_t pid, const PidSpan& span, GraphChange& change);
  /// As it is now; until a fact changes.
  [[nodiscard]] const PidTimeline& timeline_of(std::uint32_t pid) const;
  /// Its pid was given to another, whose start was seen before that time.
  [[nodiscard]] bool is_replaced(const PidTimeline& known,
                                 const PidTimeline::Holder& holder,
                                 std::uint64_t before) const;
  /// Before facts of a process change, and of no other up to follow_up().
  void begin_facts(std::uint32_t process);
  /// What is known of it, and of its group, changes or has changed.
  void touch(std::uint32_t process);
  /// The edge that counts is of such a claim, and another may be meant.
  [[nodiscard]] bool is_ambiguous_parent(std::uint32_t process) const;

  // --- Ends known by pid alone (pid_ends.cpp)

  void take_pid_end(const PidEnd& end, GraphChange& change);
  /// Works out anew whose the ends of that pid are. True if some process ended otherwise.
  bool work_out_ends(std::uint32_t pid, GraphChange& change);
  void work_out_ends_of_all(const std::vector<std::uint32_t>& pids, GraphChange& change);
  /// When a group ended by these; 0: none is its.
  [[nodiscard]] std::uint64_t told_by_pid(const ProcessMembers& group) const;
  /// With a process that is forgotten go its ends.
  void forget_ends(const ProcessMembers& group);
  /// Drops the ends from before that time of processes that nobody knows.
  void drop_ends_of_none(Timestamp before);

  // --- Groups (grouping.cpp)

  [[nodiscard]] bool has_two_vendors() const { return (vendors & (vendors - 1U)) != 0; }

  /// Works out anew which nodes of that pid are one process.
  void regroup(std::uint32_t pid, GraphChange& change);
  void regroup_all(std::vector<std::uint32_t>& pids, GraphChange& change);
  void part(std::uint32_t process);
  void join(const std::vector<std::uint32_t>& group);
  void tell_regrouped(const std::vector<std::uint32_t>& changed, GraphChange& change) const;
  void tell_one(std::uint32_t process, GraphChange& change) const;
  /// What was asked for by those of whom something new is known.
  void tell_created(GraphChange& change) const;
  /// Grouped nodes below it may follow another parent when this one becomes better known.
  void tell_children(std::uint32_t process, GraphChange& change) const;

  // --- View (process_view.cpp)

  [[nodiscard]] ProcessMembers members(std::uint32_t process) const;
  [[nodiscard]] std::uint32_t canonical(std::uint32_t process) const;
  [[nodiscard]] bool is_tombstone(std::uint32_t process) const;
  [[nodiscard]] std::string_view text(std::uint32_t process, ProcessText which) const;
  [[nodiscard]] bool start_seen(std::uint32_t process) const;
  [[nodiscard]] std::uint64_t start(std::uint32_t process) const;
  /// By an end of its own or one that names its pid; 0: none was told.
  [[nodiscard]] std::uint64_t told_end(const ProcessMembers& group) const;
  /// The start of that node shows that a group which started then has its pid no more.
  [[nodiscard]] bool replaces(const ProcessMembers& group,
                              std::uint64_t own_start,
                              std::uint32_t other) const;
  [[nodiscard]] std::uint64_t end(std::uint32_t process, bool* inferred) const;
  [[nodiscard]] std::uint32_t last_seen(std::uint32_t process) const;
  /// Of this node alone.
  [[nodiscard]] bool parent_mismatch(std::uint32_t process) const;
  /// The member whose claim of a parent counts; kNilNode if none claims one.
  [[nodiscard]] std::uint32_t edge_of(std::uint32_t process) const;
  [[nodiscard]] std::uint32_t claimed_parent(std::uint32_t process) const;
  [[nodiscard]] bool is_suspect_edge(std::uint32_t child) const;
  [[nodiscard]] std::uint32_t creator(std::uint32_t process) const;
  [[nodiscard]] bool closes_cycle(std::uint32_t child) const;
  [[nodiscard]] std::uint32_t first_child(std::uint32_t process) const;
  [[nodiscard]] std::uint32_t next_sibling(std::uint32_t process) const;
  /// The first child at or behind `node` in its list.
  [[nodiscard]] std::uint32_t child_from(std::uint32_t node) const;
  /// The first child of the members behind `after`, of all if that is kNilNode.
  [[nodiscard]] std::uint32_t child_of_members(std::uint32_t process, std::uint32_t after) const;

  // --- Another graph (absorb.cpp)

  std::vector<ProcessIndex> absorb(const Store& other);
  void take_facts(std::uint32_t ours,
                  const Store& other,
                  std::uint32_t theirs,
                  std::vector<std::uint32_t>& pids);

  // --- Retention (retention.cpp)

  void forget(std::uint32_t process, GraphChange& change);
  void forget_members(const ProcessMembers& group, bool forced);
  void bury(std::uint32_t process);
  void queue(std::uint32_t process, std::uint32_t seconds);
  [[nodiscard]] std::vector<ProcessIndex> evictable(Timestamp ended_before,
                                                    Timestamp idle_before,
                                                    const HeldUntil& held_until);
  /// Forgets the least needed. How many.
  std::size_t shed(std::size_t wanted, GraphChange& change);
  /// The same, a batch of them. False if nothing can go.
  bool make_room(GraphChange& change);
  void sweep_if_due();
  /// Gives back what forgotten processes and replaced texts hold. No index in use changes.
  void sweep();
  void drop_bare_tombstones();
  void need(std::uint32_t process, std::vector<bool>& is_needed) const;
  void rebuild_children();
  void rebuild_texts();
  [[nodiscard]] std::size_t memory_bytes() const;

  // --- What survives a restart (graph_state.cpp)

  void note(std::uint32_t process, NodeChanges::What what) const {
    if (changes != nullptr) {
      changes->note(process, what);
    }
  }

  void track_changes();
  void save(StateSink& sink, std::uint32_t host);
  void save_node(std::uint32_t process,
                 NodeChanges::What what,
                 std::uint32_t host,
                 StateSink& sink) const;
  [[nodiscard]] bool restore_last_seen(std::uint32_t block, StateReader& value);
  [[nodiscard]] bool restore_node(std::uint32_t process, StateReader& value);
  [[nodiscard]] bool restore_texts(std::uint32_t process, StateReader& value);
  [[nodiscard]] bool restore_counters(StateReader& value);
  [[nodiscard]] Result<void> restore(const StateSource& source, std::uint32_t host);
  /// Lists and groups of what was restored.
  void restore_indices();

  // What an event of a known process needs comes first: few cache lines.
  PiecedSlotTable by_key;
  NodeSlab nodes;
  /// Bytes of these: the number of pieces and where they are.
  static constexpr std::size_t kFirst = sizeof(PiecedSlotTable) + sizeof(NodeSlab);
  std::array<std::uint32_t, 4> pinned{kNilNode, kNilNode, kNilNode, kNilNode};  ///< Of this event.
  unsigned vendors = 0;     ///< A bit for each that named a process.
  bool may_be_due = false;  ///< A sweep: something was replaced, added or forgotten.

  std::size_t node_count = 0;
  std::size_t processes_max;
  TextStore texts;
  Profiles profiles;
  Claims claims;
  PidHeads by_pid;
  /// Nodes with twins of other vendors, as rings: each → the next of its group.
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> twins;

  /// A process whose end is known, at its end.
  struct Ended {
    std::uint32_t seconds = 0;
    std::uint32_t process = 0;
    friend auto operator<=>(const Ended&, const Ended&) = default;
  };

  PidParents pid_parents;
  PidEnds pid_ends;
  Creators creators;
  mutable PidTimeline timeline;  ///< Whoever changes what it is of says so: is_valid.
  PidSpan touched;               ///< By the facts that are being taken.
  mutable PidWork pid_work;

  std::vector<Ended> ended;    ///< A heap, the earliest first.
  std::int64_t idle_hour = 0;  ///< Of `idle_before` when idle processes were last looked for.
  OnForget on_forget;
  std::unique_ptr<NodeChanges> changes;  ///< Null: nobody wants to know.
  std::size_t grouped_away = 0;          ///< Nodes in use that are not canonical.

  // What a sweep could give back.
  std::size_t forgotten = 0;
  std::size_t replaced_bytes = 0;
  std::size_t swept_rows = 0;  ///< Rows that the last sweep left.

  std::size_t refused = 0;
  std::size_t evicted = 0;
  std::size_t self_parents = 0;
};

}  // namespace spoor
