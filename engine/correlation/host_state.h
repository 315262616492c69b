// What is known of one machine: its processes, the hits at them, the anchors among them, and what
// has to be looked at again because of what came last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/correlation/feeds.h"
#include "engine/correlation/hit_store.h"
#include "engine/correlation/watermark.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

/// A feed or a correlation, and a process.
struct AtProcess {
  std::uint32_t number = 0;
  ProcessIndex process = kNoProcess;

  friend auto operator<=>(const AtProcess&, const AtProcess&) = default;
};

/// A hit of a rule that reports by itself.
struct PlainHit {
  std::size_t rule = 0;  ///< Index into RuleSet::detections.
  Uid event;

  friend auto operator<=>(const PlainHit&, const PlainHit&) = default;
};

struct AtProcessHash {
  using is_avalanching = void;

  std::size_t operator()(const AtProcess& place) const {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    const std::uint64_t mixed = ((std::uint64_t{place.number} << 32U) | place.process) * kOdd;
    return mixed ^ (mixed >> 32U);
  }
};

/// Of a firing of a window correlation: never given to another.
using FiringNumber = std::uint64_t;

struct HostState {
  using Marks = boost::unordered_flat_set<AtProcess, AtProcessHash>;

  std::string key;
  std::string hostname;  ///< The best name that any event gave.
  ProcessGraph graph;
  boost::unordered_flat_map<AtProcess, HitSet, AtProcessHash> hits;  ///< By feed.
  boost::unordered_flat_map<ProcessIndex, std::vector<CorrelationNumber>>
      anchors;    ///< → correlations, ascending.
  Marks marked;   ///< Correlations to evaluate at a process.
  Marks matches;  ///< Correlations that hold at a process.
  /// Processes whose children are to be marked. Not marked at once: a process may have many, and
  /// many hits.
  boost::unordered_flat_set<ProcessIndex> marked_above;
  /// Some process at or below this one, along claimed edges, has or had a hit. If set for a
  /// process, set for all above it.
  std::vector<bool> hit_below;
  HostWatermark watermark;
  bool watermark_moved = false;
  /// Processes of which the graph knows something new. Kept only where findings are told as they
  /// arise.
  boost::unordered_flat_set<ProcessIndex> changed;
  /// Places that were evaluated since findings were last told, and what was told of whom. The same.
  Marks evaluated;
  boost::unordered_flat_map<AtProcess, Uid, AtProcessHash> told;
  /// (rule, event) of hits that report by themselves, by acting process; and those to tell of.
  boost::unordered_flat_map<ProcessIndex, std::vector<PlainHit>> plain_at;
  std::set<PlainHit> plain_changed;
  /// Firings of window correlations with evidence at a process, and those to tell of again.
  boost::unordered_flat_map<ProcessIndex, std::vector<FiringNumber>> firings_at;
  std::set<FiringNumber> firings_changed;
  /// When a verdict that may still change is final: once the watermark has passed.
  std::set<std::pair<Timestamp, AtProcess>> lineage_due;
  std::set<std::pair<Timestamp, PlainHit>> plain_due;

  /// The hits of a feed at a process; null if there are none.
  [[nodiscard]] const HitSet* hits_at(FeedNumber feed, ProcessIndex process) const {
    const auto found = hits.find({.number = feed, .process = process});
    return found == hits.end() ? nullptr : &found->second;
  }

  void add_anchor(CorrelationNumber correlation, ProcessIndex process);

  // What a new fact may concern.

  /// Marks the anchor that `process` may be.
  void mark(ProcessIndex process);
  /// Marks the anchors at and above `process`, along claimed edges: suspect ones too, for they may
  /// be good tomorrow. O(kAncestorsMax).
  void mark_line(ProcessIndex process);
  /// Marks below `marked_above`.
  void mark_children();
  /// Marks the anchors of which `process` may be a sibling: when mark_children() comes.
  void mark_beside(ProcessIndex process);
  /// Tells everything above that there is a hit below. Stops where that is known.
  void note_hit_below(ProcessIndex process);
  /// Ancestry changed at `process`: what hangs below it joins what is above it.
  void relinked(ProcessIndex process, const Feeds& feeds);

  /// Marks what shows a process that changed(): anchors and plain hits at, above and below it.
  void mark_changed(const Feeds& feeds);

  /// Forgets the hits, anchors and matches of what `stays` no longer knows. Allocates nothing.
  void forget_others(const Feeds& stays);
  /// Goes on with other rules: `following` says for each rule so far what is now its index, if it
  /// still reports by itself.
  void renumber_plain(const std::vector<std::optional<std::size_t>>& following);
};

}  // namespace spoor
