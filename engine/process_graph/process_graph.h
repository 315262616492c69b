// The process tree of one host.
//
// Nodes are process instances, edges run from parent to child. Events arrive in any order, so a
// child may be seen before its parent: the parent is then created as a placeholder and filled in
// when its own events arrive. What the graph says afterwards is a function of the set of events
// alone: every attribute keeps the best claim made of it (the source of the claim first, then the
// least text), which commutes, and whatever could depend on order (ended by PID reuse, suspect
// edges, cycles) is worked out when asked, from the facts then known.
//
// Facts and view. A node holds what one vendor's events say of one process. Where two vendors watch
// one host, a process has a node of each, and the nodes of one process are a group: same pid, same
// image basename, starts within kClockSlackNs, one node of a vendor. The group is worked out anew
// whenever a fact of its pid's nodes changes, so a late fact can also part what was joined. All
// accessors answer for the group, through whichever member they are asked; what they return
// (parent, children, find) is its canonical member, the one with the least key. A hit is a fact
// about the node that its event named: keep it there, and gather over members().
//
// A parent that an event names by pid, start and image, without a uid (SentinelOne on macOS), has a
// node too, of no vendor. It joins the vendors' node of that process by the same facts, whichever
// comes first, and is never canonical beside one (docs/decisions/0045).
//
// A process start that names neither its process nor the parent by a uid (Windows 4688) makes a
// node of no vendor, too. The parent is whoever had its pid then (docs/decisions/0049). An end that
// names no more than a pid (4689) ends whoever had it (docs/decisions/0061).
//
// Memory is about 90 bytes a process beyond text (bench/graph_bench.cpp). It models Boost.Graph's
// VertexListGraph and BidirectionalGraph (boost_graph.h), so that BGL's algorithms run on it;
// adjacency_list itself costs several times the memory.
//
// Nothing here reads a clock. Not thread-safe: a host belongs to one worker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/event.h"

namespace spoor {

/// Index of a node in its graph. Nodes are never moved; the index of a forgotten one is given to
/// another process by some later apply() (see on_forget).
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

/// What one event did to the graph. All indices are nodes as named, not their canonical members.
struct GraphChange {
  ProcessIndex actor = kNoProcess;
  ProcessIndex parent = kNoProcess;
  ProcessIndex target = kNoProcess;
  /// Ancestry may have changed at this node: it got a parent, or a start time that makes an edge
  /// good or suspect. Four at most: the actor, its parent, the target, the actor's creator.
  std::array<ProcessIndex, 4> relinked{kNoProcess, kNoProcess, kNoProcess, kNoProcess};
  /// Of these something is known that was not known before, or otherwise. The same four.
  std::array<ProcessIndex, 4> changed{kNoProcess, kNoProcess, kNoProcess, kNoProcess};
  /// What was asked for by one of whom something else is known now.
  std::vector<ProcessIndex> created_by_changed;
  /// The parent that the actor no longer has, because a lesser claim replaced it.
  ProcessIndex left_parent = kNoProcess;
  /// Nodes that joined or left a group, with all members of the groups before and after, nodes
  /// whose group may follow another parent now, and those whose end is another by an event that
  /// names its process by pid. Ancestry may have changed at each of them.
  std::vector<ProcessIndex> regrouped;
  /// The claimed parents that those had before, as far as they had any.
  std::vector<ProcessIndex> left_parents;
  /// Pids that a process no longer has, because a better claim gave it another. Of the same four;
  /// 0: none.
  std::array<std::uint32_t, 4> left_pids{};
};

/// The nodes of one process, in the order of their keys, that of no vendor last: the first is the
/// canonical one.
struct ProcessMembers {
  std::array<ProcessIndex, 4> processes{kNoProcess, kNoProcess, kNoProcess, kNoProcess};
  std::size_t count = 0;

  [[nodiscard]] const ProcessIndex* begin() const { return processes.data(); }

  [[nodiscard]] const ProcessIndex* end() const { return processes.data() + count; }

  [[nodiscard]] std::size_t size() const { return count; }
};

/// Which process a bare pid means.
struct ResolvedPid {
  ProcessIndex process = kNoProcess;  ///< Canonical. kNoProcess: none that is known.
  /// Others may be meant too: they lived then, within the slack, or it is not known when.
  bool ambiguous = false;
};

struct PidWork {
  std::uint64_t resolutions = 0;
  std::uint64_t holders = 0;
};

class ProcessGraph {
 public:
  struct Store;  ///< Of this folder.

  /// At `processes_max` nodes the graph forgets the least needed for each new one. At most
  /// kProcessesPerHostMax.
  explicit ProcessGraph(std::size_t processes_max = kProcessesPerHostMax);
  ~ProcessGraph();
  ProcessGraph(ProcessGraph&&) noexcept;
  ProcessGraph& operator=(ProcessGraph&&) noexcept;

  /// Takes in what an event says of processes. Idempotent and commutative. O(1) amortised; where
  /// two vendors watch the host or one names parents without a uid, O(processes of the pid) if a
  /// fact that groups rest on changes.
  GraphChange apply(const Event& event);

  /// Asks early for the memory that apply() will need, one step of the way after the other: beside
  /// millions of processes each is a wait for memory, and other work can be done meanwhile. Changes
  /// nothing, and may be left out. Valid while the graph lives.
  class Expectation {
   public:
    Expectation() = default;

    /// First.
    void fetch_tables() const;
    /// Then, of the process that the event names.
    void fetch_place(const Uid& key) const;
    /// And last.
    void fetch_node(const Uid& key) const;

   private:
    friend class ProcessGraph;

    explicit Expectation(const Store* store) : store_(store) {}

    const Store* store_ = nullptr;  ///< Null: nothing is expected.
  };

  [[nodiscard]] Expectation expectation() const { return Expectation(store_.get()); }

  /// Takes in all facts of another graph: two host keys turned out to be one machine. For each
  /// index of the other the index here, or kNoProcess. Which absorbs which does not show in any
  /// answer. Whatever is held about processes must be looked at anew.
  std::vector<ProcessIndex> absorb(const ProcessGraph& other);

  /// One more than the greatest index in use. Without forget(), the number of nodes.
  [[nodiscard]] std::size_t size() const;
  /// Nodes in use: each of those of one process counts.
  [[nodiscard]] std::size_t node_count() const;
  /// Processes: nodes in use, those of a group counted once.
  [[nodiscard]] std::size_t process_count() const;
  /// The index is in use.
  [[nodiscard]] bool is_known(ProcessIndex process) const;

  /// The process of that identity (canonical), or kNoProcess.
  [[nodiscard]] ProcessIndex find(const Uid& key) const;
  /// Processes that ever had this pid, in (start, key) order.
  [[nodiscard]] std::vector<ProcessIndex> with_pid(std::uint32_t pid) const;
  /// The process that had this pid at `time`: of those that start at most kClockSlackNs later and
  /// had not ended kClockSlackNs before, the last to start. Of what is known now: ask when the
  /// host's watermark has passed `time`.
  [[nodiscard]] ResolvedPid resolve_pid(std::uint32_t pid, Timestamp time) const;
  /// How often it was worked out whom a pid meant, and how many processes were looked at for it:
  /// what that costs, for tests.
  [[nodiscard]] PidWork pid_work() const;

  // --- Groups

  /// The first of members(). The node itself where it has no twin.
  [[nodiscard]] ProcessIndex canonical(ProcessIndex process) const;

  [[nodiscard]] bool is_canonical(ProcessIndex process) const {
    return canonical(process) == process;
  }

  /// The nodes of this process: one, or one for each vendor that knows it and one for those who
  /// only name it.
  [[nodiscard]] ProcessMembers members(ProcessIndex process) const;
  /// The node's own uid as its vendor writes it; text(…, vendor_uid) is the canonical member's.
  [[nodiscard]] std::string_view vendor_uid(ProcessIndex node) const;

  // --- What is known of a process

  /// Of the canonical member.
  [[nodiscard]] const Uid& key(ProcessIndex process) const;
  /// Of this very node.
  [[nodiscard]] const Uid& node_key(ProcessIndex node) const;

  /// Empty if unknown. Valid until the graph next changes.
  [[nodiscard]] std::string_view text(ProcessIndex process, ProcessText which) const;
  [[nodiscard]] std::optional<std::uint32_t> pid(ProcessIndex process) const;

  /// 0 if unknown. To the microsecond.
  [[nodiscard]] Timestamp start(ProcessIndex process) const;

  /// Its end event's time; else, if its pid was given to a later process, that one's start (and
  /// `*inferred` is set, if not null); else 0.
  [[nodiscard]] Timestamp end(ProcessIndex process, bool* inferred = nullptr) const;

  [[nodiscard]] bool start_seen(ProcessIndex process) const;
  [[nodiscard]] bool claimed_by_child(ProcessIndex process) const;
  [[nodiscard]] bool took_part(ProcessIndex process) const;
  /// The time of the latest event that named it, in whole seconds. 0: none had a sure time.
  [[nodiscard]] Timestamp last_seen(ProcessIndex process) const;

  /// The start event's claim about the parent contradicts the parent's own start event.
  [[nodiscard]] bool parent_mismatch(ProcessIndex process) const;

  /// The parent as ancestry sees it: kNoProcess if unknown, or if the edge is suspect (the parent
  /// starts more than kClockSlackNs after the child, or the edge closes a cycle).
  [[nodiscard]] ProcessIndex parent(ProcessIndex process) const;

  /// The parent as claimed, suspect or not. Where members of a group claim several, the best claim
  /// counts: by rank, a parent whose start was seen, the least key.
  [[nodiscard]] ProcessIndex claimed_parent(ProcessIndex process) const;

  [[nodiscard]] bool is_suspect_edge(ProcessIndex child) const;

  /// Who asked for the process, where its start says that this is another than the parent
  /// (CrowdStrike's SourceProcessId, SentinelOne's storyline); else kNoProcess. Ancestry does not
  /// follow it. Where members of a group name several, the first member's counts.
  [[nodiscard]] ProcessIndex creator(ProcessIndex process) const;

  /// The edge to the parent rests on no more than a pid that the start event tells, and another
  /// process may be meant.
  [[nodiscard]] bool is_ambiguous_parent(ProcessIndex child) const;

  // Child list, in no particular order: sort before showing. Suspect edges are included.
  [[nodiscard]] ProcessIndex first_child(ProcessIndex process) const;
  [[nodiscard]] ProcessIndex next_sibling(ProcessIndex process) const;

  // --- Retention

  /// Forgets a process with all its members. Where something below it is still known a tombstone
  /// stays: key, uid, image, hashes, times, the edge to its parent; it goes with the last below it.
  /// Memory is given back in strokes, when a quarter is to be had. An event that names it later
  /// makes it anew. The change tells of other groups that this may have parted or joined.
  GraphChange forget(ProcessIndex process);

  /// Forgets at least `wanted` nodes before their time, as at the bound: those that ended first,
  /// then those unseen for longest, leaves only. Fewer if there are no more. O(nodes).
  /// `give_back`: what they and their texts held is given back at once.
  GraphChange shed(std::size_t wanted, bool give_back = false);

  /// All its members are.
  [[nodiscard]] bool is_tombstone(ProcessIndex process) const;
  /// This very node is one: nothing can be kept about it, for it goes without a word.
  [[nodiscard]] bool is_tombstone_node(ProcessIndex node) const;

  /// Called for each node that is about to be forgotten or turned into a tombstone, by forget() or
  /// by apply() for want of room: what is held about this index must be dropped. `forced`: for want
  /// of room.
  using OnForget = std::function<void(ProcessIndex node, bool forced)>;
  void on_forget(OnForget callback);

  /// Until when a process must stay for the caller's own reasons (hits that may still join): it may
  /// go once `ended_before` is later.
  using HeldUntil = std::function<Timestamp(ProcessIndex process)>;

  /// Processes that may be forgotten, children before parents: those that ended before
  /// `ended_before`, and those that no event named since `idle_before`, if everything below them
  /// goes too. The caller forgets all of them. O(1) amortised for those that ended; idle ones are
  /// looked for, in O(processes), once for each hour that `idle_before` advances.
  [[nodiscard]] std::vector<ProcessIndex> evictable(Timestamp ended_before,
                                                    Timestamp idle_before,
                                                    const HeldUntil& held_until = {});

  // --- What survives a restart (graph_state.cpp)

  /// From now on the graph notes which processes change, for save(). What it knows by now counts as
  /// changed.
  void track_changes();
  /// Writes what changed since the last save(), as rows of that host. O(changes).
  void save(StateSink& sink, std::uint32_t host);
  /// Takes in what was saved, into a graph that knows nothing yet. Every process has the index that
  /// it had. Fails with bad_state if a row is damaged. O(processes).
  [[nodiscard]] Result<void> restore(const StateSource& source, std::uint32_t host);

  // --- Accounting

  /// Mentions refused because the host had its maximum and nothing could be forgotten.
  [[nodiscard]] std::size_t refused() const;
  /// Nodes forgotten for want of room, before their time.
  [[nodiscard]] std::size_t evicted_by_limit() const;
  /// Texts not kept, because those of the host exceed some 2 GiB.
  [[nodiscard]] std::size_t refused_texts() const;
  /// Ends that name a process by its pid, not kept because there were kPidEndsMax.
  [[nodiscard]] std::size_t pid_ends_beyond_limit() const;
  /// Edges whose child claimed itself as its parent.
  [[nodiscard]] std::size_t self_parents() const;

  /// Bytes held, text included.
  [[nodiscard]] std::size_t memory_bytes() const;
  /// Of these, the texts themselves.
  [[nodiscard]] std::size_t text_bytes() const;

 private:
  std::unique_ptr<Store> store_;
};

/// The identity to give a process that is known by its pid alone, where resolve_pid() finds none:
/// (host, pid, unknown).
[[nodiscard]] Uid unknown_process_key(std::string_view host, std::uint32_t pid);

/// The pid by which an event names who acted, where it gives no better name and its time is sure:
/// resolve_pid() at that time tells who it was. None for a process start: that is of a new process,
/// whatever had the pid before.
[[nodiscard]] std::optional<std::uint32_t> bare_pid(const Event& event);

/// The identity of the actor's parent: its key; where it has none but a pid, an exact start and an
/// image, one made of these, the start to the millisecond and the image's basename folded. The same
/// on every host key of a machine. None if one of these is missing, if they are the actor's own, or
/// if the actor has no key.
[[nodiscard]] Uid parent_key(const Event& event);

}  // namespace spoor
