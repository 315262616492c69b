// What is known of one machine: its processes, the hits at them, the anchors among them, and what
// has to be looked at again because of what came last.
//
// A hit is kept at the node of the graph that its event named. Where two vendors watch a machine a
// process has a node of each (process_graph.h, "Facts and view"): what is asked of a process is
// gathered over its nodes, and its place among marks and matches is its canonical node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/huge_pages.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/hit_store.h"
#include "engine/correlation/pid_actors.h"
#include "engine/correlation/program_runs.h"
#include "engine/correlation/watermark.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

/// A correlation and what it may hold for: a process, or where it joins the runs of a program, a
/// program of the host.
struct MatchPlace {
  CorrelationNumber number = 0;
  ProcessIndex at = kNoProcess;  ///< A ProgramIndex if is_program().

  friend auto operator<=>(const MatchPlace&, const MatchPlace&) = default;
};

/// A hit of a rule that reports by itself.
struct PlainHit {
  std::size_t rule = 0;  ///< Index into RuleSet::detections.
  Uid event;

  friend auto operator<=>(const PlainHit&, const PlainHit&) = default;
};

struct MatchPlaceHash {
  using is_avalanching = void;

  std::size_t operator()(const MatchPlace& place) const {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    const std::uint64_t mixed = ((std::uint64_t{place.number} << 32U) | place.at) * kOdd;
    return mixed ^ (mixed >> 32U);
  }
};

/// Over all hosts: at how many places each correlation was begun and does not hold.
using PartialCounts = boost::unordered_flat_map<CorrelationNumber, std::uint64_t>;

/// Of a firing of a window correlation: never given to another.
using FiringNumber = std::uint64_t;

/// What is kept at a node of the graph.
struct NodeFacts {
  std::vector<std::pair<FeedNumber, HitSet>> hits;
  // Correlations that it may be an anchor of, ascending.
  std::vector<CorrelationNumber> anchored;      ///< Each about one process.
  std::vector<CorrelationNumber> anchored_run;  ///< Each about all runs of a program.
  // Kept only where findings are told as they arise:
  std::vector<PlainHit> plain;        ///< Hits that report by themselves.
  std::vector<FiringNumber> firings;  ///< Firings of window correlations with evidence here.

  [[nodiscard]] HitSet& hits_of(FeedNumber feed);
};

/// How many hits of a kind there were, and in which stretch of time.
struct HitTally {
  std::uint64_t count = 0;
  Timestamp first = 0;  ///< The earliest and the latest of them, if there are any.
  Timestamp last = 0;

  void add(const HitTally& more);

  /// How many they are, if some of them may be within `timespan` of what lies from `from` to `to`;
  /// else 0.
  [[nodiscard]] std::uint64_t within(Timestamp from, Timestamp to, Duration timespan) const {
    return count != 0 && last >= minus(to, timespan) && first <= plus(from, timespan) ? count : 0;
  }
};

struct HostState : OnHugePages<HostState> {
  using Marks = boost::unordered_flat_set<MatchPlace, MatchPlaceHash>;

  // What every event of the host needs comes first: few cache lines.
  ProcessGraph graph;
  bool touched = false;  ///< Something came of it since findings were last told.
  bool watermark_moved = false;
  HostWatermark watermark;

  // Of its graph, as the correlator last counted them.
  std::size_t counted_nodes = 0;
  std::uint64_t counted_bytes = 0;

  // For what survives a restart.
  std::uint32_t row_number = 0;  ///< What its rows are kept under.
  StateSink* sink = nullptr;     ///< Null: nothing does.
  bool is_unsaved = false;       ///< Touched since it was last saved.

  std::string key;       ///< The least of the machine's.
  std::string hostname;  ///< The best name that any event gave.
  boost::unordered_flat_map<ProcessIndex, NodeFacts> facts;
  PidActors pid_actors;
  ProgramRuns programs;                     ///< Of nodes with `anchored_run`.
  Marks marked;                             ///< Where to evaluate a correlation.
  Marks matches;                            ///< Where one holds.
  Marks partial;                            ///< Where one has an anchor and does not hold.
  PartialCounts* partial_counts = nullptr;  ///< Counts these; null: nobody does.
  /// Nodes at which correlations about all runs of their program are to be evaluated: which program
  /// that is, is looked up when they are.
  boost::unordered_flat_set<ProcessIndex> marked_runs;
  /// Processes whose children are to be marked. Not marked at once: a process may have many, and
  /// many hits.
  boost::unordered_flat_set<ProcessIndex> marked_above;
  /// Some process at or below this node's, along claimed edges, has or had a hit. If set for some
  /// node of a process, set for some node of each process above it.
  std::vector<bool> hit_below;
  /// The watermark under which the correlator lists it; kNothingClosed if it does not.
  Timestamp listed_watermark = kNothingClosed;
  Timestamp retained_at = kNothingClosed;  ///< The watermark when processes were last forgotten.
  Timestamp forgotten_until = kNothingClosed;  ///< The time of the last hit that was forgotten.
  HitTally lost;                               ///< Forgotten for want of room.
  HitTally late;                               ///< Came when the watermark had passed them.
  /// When a verdict that may still change is certain: once the watermark has passed.
  std::set<std::pair<Timestamp, MatchPlace>> lineage_due;

  // Kept only where findings are told as they arise.

  /// Nodes of which the graph knows something new.
  boost::unordered_flat_set<ProcessIndex> changed;
  /// Pids that may mean others now, at some time.
  boost::unordered_flat_set<std::uint32_t> changed_pids;
  bool all_pids_changed = false;  ///< Those and all others.
  /// Places that were evaluated since findings were last told, and what was told of whom.
  Marks evaluated;
  boost::unordered_flat_map<MatchPlace, Uid, MatchPlaceHash> told;
  /// What was told under another host key, of what is now this place.
  std::vector<std::pair<Uid, MatchPlace>> told_elsewhere;
  std::map<PlainHit, Uid> told_plain;
  std::set<PlainHit> plain_changed;  ///< To tell of.
  std::set<std::pair<Timestamp, PlainHit>> plain_due;
  std::set<FiringNumber> firings_changed;  ///< To tell of again.

  /// Who did a kept event; kNoProcess if that is not known.
  [[nodiscard]] ProcessIndex process_of(const KeptEvent& event) const {
    return graph.find(pid_actors.actor_of(event));
  }

  /// The hits of a feed at a process, over its nodes, in no particular order.
  [[nodiscard]] std::vector<const HitSet*> hits_at(FeedNumber feed, ProcessIndex process) const;
  /// The first of them in canonical order; null if there are none.
  [[nodiscard]] const Hit* first_hit_at(FeedNumber feed, ProcessIndex process) const;

  /// Some hit is kept at the process.
  [[nodiscard]] bool has_hit(ProcessIndex process) const;
  /// Some process at or below it has or had a hit: hit_below.
  [[nodiscard]] bool has_hit_below(ProcessIndex process) const;

  /// The very node of that key; kNoProcess if it is not known.
  [[nodiscard]] ProcessIndex node_of(const Uid& process) const;
  /// Is the hit kept at the process of that key, to be told again when more is known of it?
  [[nodiscard]] bool has_plain(const Uid& process, const PlainHit& hit) const;

  /// `run`: the correlation is about all runs of the node's program.
  void add_anchor(CorrelationNumber correlation, ProcessIndex node, bool run);

  /// Says whether a correlation has an anchor at the place, and does not hold.
  void set_partial(const MatchPlace& place, bool is_partial);
  /// The host is no more, or is evaluated from scratch.
  void clear_partial();

  // What a new fact may concern.

  /// Marks the anchor that `process` may be.
  void mark(ProcessIndex process);
  /// Marks the anchors at and above `process`, along claimed edges: suspect ones too, for they may
  /// be good tomorrow. O(kAncestorsMax).
  void mark_line(ProcessIndex process);
  /// Marks below `marked_above`.
  void mark_children();
  /// Marks the programs of `marked_runs`, and those that these were runs of so far.
  void mark_programs();
  /// Marks the anchors of which `process` may be a sibling: when mark_children() comes.
  void mark_beside(ProcessIndex process);
  /// If the claimed edges from `above` lead to `process`: whose children each of them has may
  /// change now, for one edge of a cycle is cut.
  void mark_cycle(ProcessIndex above, ProcessIndex process);
  /// Tells everything above that there is a hit below. Stops where that is known.
  void note_hit_below(ProcessIndex process);
  /// Ancestry changed at `process`: what hangs below it joins what is above it.
  void relinked(ProcessIndex process, const Feeds& feeds);
  /// Marks, of nodes whose groups changed, each anchor at the places of all that may have been one
  /// process with it: it may have matched there.
  void mark_regrouped(const std::vector<ProcessIndex>& nodes);
  /// Does all that a change of the graph asks for. `telling`: findings are told as they arise.
  void graph_changed(const GraphChange& change, const Feeds& feeds, bool telling);
  /// Marks what shows one of the `changed`: anchors and plain hits at, above and below it.
  void mark_changed(const Feeds& feeds);

  /// Forgets the hits, anchors and matches of what `stays` no longer knows. Allocates nothing.
  void forget_others(const Feeds& stays);
  /// Goes on with other rules: `following` says for each rule so far what is now its index, if it
  /// still reports by itself.
  void renumber_plain(const std::vector<std::optional<std::size_t>>& following);
  /// The time of the last hit at a process; kNothingClosed if it has none.
  [[nodiscard]] Timestamp last_hit_at(ProcessIndex process) const;
  /// Forgets what is kept at a node that the graph forgets. How many hits that were. `forced`:
  /// before its time, so that what rested on them is to be looked at again.
  std::size_t forget_node(ProcessIndex node, bool forced);
  /// A verdict may change once the watermark has passed `time`.
  void add_due(Timestamp time, const MatchPlace& place);
  /// Takes the first of `lineage_due` out.
  MatchPlace take_due();
  [[nodiscard]] std::string due_key(Timestamp time, const MatchPlace& place) const;
  /// A node was forgotten, or is of no rule any more: so are its rows.
  void erase_rows(ProcessIndex node, const NodeFacts& here) const;
  void erase_told(const MatchPlace& place) const;
  /// What is still to be looked at, for a restart: what forgetting processes marked.
  void save_pending(StateWriter& into) const;
  /// False if the bytes are damaged.
  [[nodiscard]] bool restore_pending(StateReader& from);
  /// All hits that were are here again: marks every anchor, so that it is known what holds.
  void restored(const Feeds& feeds);
  /// Takes in all that is known of the same machine under another key. Everything is to be
  /// evaluated again.
  void absorb(HostState& other, const Feeds& feeds, bool telling);

 private:
  /// Everything may have another place now: what is below what, and which nodes are one process.
  void mark_all(const Feeds& feeds, bool telling);
  void note_changed_pids(const GraphChange& change);
  /// A node that may be an anchor leaves its program.
  void leave_program(ProcessIndex node, const NodeFacts& here);
};

}  // namespace spoor
