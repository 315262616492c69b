// The process tree of one host.
//
// Nodes are process instances, edges run from parent to child. Events arrive in any order, so a
// child may be seen before its parent: the parent is then created as a placeholder and filled in
// when its own events arrive. What the graph says afterwards is a function of the set of events
// alone: every attribute keeps the best claim made of it (the source of the claim first, then the
// least text), which commutes, and whatever could depend on order (ended by PID reuse, suspect
// edges, cycles) is worked out when asked, from the facts then known.
//
// Storage is a slab of nodes with child lists. It models Boost.Graph's VertexListGraph and
// BidirectionalGraph (boost_graph.h), so that BGL's algorithms run on it; adjacency_list itself
// costs several times the memory.
//
// Nothing here reads a clock. Not thread-safe: a host belongs to one worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/event.h"

namespace spoor {

/// Index of a node in its graph. Stable: nodes are never moved.
using ProcessIndex = std::uint32_t;
inline constexpr ProcessIndex kNoProcess = 0xFFFFFFFFU;

/// Who said it. Lower is better.
enum class ClaimRank : std::uint8_t {
  own_start,    ///< The process's own start event.
  own_event,    ///< Another event it took part in.
  child_claim,  ///< What a child's start event says of its parent.
  none = 0xFF,
};

/// The text attributes of a process.
enum class ProcessText : std::uint8_t {
  vendor_uid,
  image,
  command_line,
  user,
  integrity_level,
  hashes,
  current_directory,
  /// What its own start event says of its parent; kept on the child, for when the parent's own
  /// event contradicts.
  claimed_parent_image,
  claimed_parent_command_line,
  count
};

inline constexpr std::size_t kProcessTextCount = static_cast<std::size_t>(ProcessText::count);

/// What one event did to the graph.
struct GraphChange {
  ProcessIndex actor = kNoProcess;
  ProcessIndex parent = kNoProcess;
  ProcessIndex target = kNoProcess;
  /// Ancestry may have changed at this node: it got a parent, or a start time that makes an edge
  /// good or suspect. Three at most: the actor, its parent, the target.
  std::array<ProcessIndex, 3> relinked{kNoProcess, kNoProcess, kNoProcess};
  /// Of these something is known that was not known before, or otherwise. The same three.
  std::array<ProcessIndex, 3> changed{kNoProcess, kNoProcess, kNoProcess};
  /// The parent that the actor no longer has, because a lesser claim replaced it.
  ProcessIndex left_parent = kNoProcess;
};

class ProcessGraph {
 public:
  ProcessGraph();
  ~ProcessGraph();
  ProcessGraph(ProcessGraph&&) noexcept;
  ProcessGraph& operator=(ProcessGraph&&) noexcept;

  /// Takes in what an event says of processes. Idempotent and commutative. O(1) amortised.
  GraphChange apply(const Event& event);

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  /// The process of that identity, or kNoProcess.
  [[nodiscard]] ProcessIndex find(const Uid& key) const;
  /// Processes that ever had this pid, in (start, key) order.
  [[nodiscard]] std::vector<ProcessIndex> with_pid(std::uint32_t pid) const;

  [[nodiscard]] const Uid& key(ProcessIndex process) const { return nodes_[process].key; }

  /// Empty if unknown. Valid as long as the graph.
  [[nodiscard]] std::string_view text(ProcessIndex process, ProcessText which) const;
  [[nodiscard]] std::optional<std::uint32_t> pid(ProcessIndex process) const;

  /// 0 if unknown.
  [[nodiscard]] Timestamp start(ProcessIndex process) const { return nodes_[process].start; }

  /// Its end event's time; else, if its pid was given to a later process, that one's start (and
  /// `*inferred` is set, if not null); else 0.
  [[nodiscard]] Timestamp end(ProcessIndex process, bool* inferred = nullptr) const;

  [[nodiscard]] bool start_seen(ProcessIndex process) const { return nodes_[process].start_seen; }

  [[nodiscard]] bool claimed_by_child(ProcessIndex process) const {
    return nodes_[process].claimed_by_child;
  }

  [[nodiscard]] bool took_part(ProcessIndex process) const { return nodes_[process].took_part; }

  /// The start event's claim about the parent contradicts the parent's own start event.
  [[nodiscard]] bool parent_mismatch(ProcessIndex process) const;

  /// The parent as ancestry sees it: kNoProcess if unknown, or if the edge is suspect (the parent
  /// starts more than kClockSlackNs after the child, or the edge closes a cycle).
  [[nodiscard]] ProcessIndex parent(ProcessIndex process) const;

  /// The parent as claimed, suspect or not.
  [[nodiscard]] ProcessIndex claimed_parent(ProcessIndex process) const {
    return nodes_[process].parent;
  }

  [[nodiscard]] bool is_suspect_edge(ProcessIndex child) const;

  // Child list, in no particular order: sort before showing. Suspect edges are included.
  [[nodiscard]] ProcessIndex first_child(ProcessIndex process) const {
    return nodes_[process].first_child;
  }

  [[nodiscard]] ProcessIndex next_sibling(ProcessIndex process) const {
    return nodes_[process].next_sibling;
  }

  /// Processes refused because the host had kProcessesPerHostMax; their events are still matched.
  [[nodiscard]] std::size_t refused() const { return refused_; }

  /// Edges whose child claimed itself as its parent.
  [[nodiscard]] std::size_t self_parents() const { return self_parents_; }

  /// Bytes held, text included.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  using TextIndex = std::uint32_t;

  struct Node {
    Uid key;
    Timestamp start = 0;
    Timestamp end_seen = 0;
    std::array<TextIndex, kProcessTextCount> texts{};
    ProcessIndex parent = kNoProcess;
    ProcessIndex first_child = kNoProcess;
    // Both lists are linked both ways, so that leaving one costs the same however long it is.
    ProcessIndex next_sibling = kNoProcess;
    ProcessIndex previous_sibling = kNoProcess;
    ProcessIndex next_with_pid = kNoProcess;
    ProcessIndex previous_with_pid = kNoProcess;
    std::uint32_t pid = 0;
    std::array<ClaimRank, kProcessTextCount> ranks{};
    ClaimRank start_rank = ClaimRank::none;
    ClaimRank pid_rank = ClaimRank::none;
    ClaimRank parent_rank = ClaimRank::none;
    bool start_seen = false;
    bool claimed_by_child = false;
    bool took_part = false;
  };

  struct Index;  // Hash tables, kept out of this header.

  ProcessIndex materialise(const ProcessMention& mention);
  /// Takes a mention's claims. True if the start time changed. `changed` is set if anything did.
  bool fill(ProcessIndex process, const ProcessMention& mention, ClaimRank rank, bool& changed);
  /// True if the text is another one than before.
  bool fill_text(Node& node, ProcessText which, std::string_view value, ClaimRank rank);
  bool fill_start(Node& node, const ProcessMention& mention, ClaimRank rank);
  bool fill_pid(ProcessIndex process, std::string_view pid, ClaimRank rank);
  void leave_pid_list(ProcessIndex process);
  /// True if the parent edge is new or another one than before.
  bool link(ProcessIndex child, ProcessIndex parent, ClaimRank rank);
  void unlink(ProcessIndex child);
  [[nodiscard]] bool closes_cycle(ProcessIndex child) const;
  [[nodiscard]] TextIndex intern(std::string_view text);

  std::vector<Node> nodes_;
  std::unique_ptr<Index> index_;
  std::size_t refused_ = 0;
  std::size_t self_parents_ = 0;
};

}  // namespace spoor
