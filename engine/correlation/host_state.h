// What is known of one machine: its processes, the hits at them, the anchors among them, and what
// has to be looked at again because of what came last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/correlation/feeds.h"
#include "engine/correlation/hit_store.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

/// A feed or a correlation, and a process.
struct AtProcess {
  std::uint32_t number = 0;
  ProcessIndex process = kNoProcess;

  friend bool operator==(const AtProcess&, const AtProcess&) = default;
};

struct AtProcessHash {
  using is_avalanching = void;

  std::size_t operator()(const AtProcess& place) const {
    constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
    const std::uint64_t mixed = ((std::uint64_t{place.number} << 32U) | place.process) * kOdd;
    return mixed ^ (mixed >> 32U);
  }
};

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
  /// Tells everything above that there is a hit below. Stops where that is known.
  void note_hit_below(ProcessIndex process);
  /// Marks the anchors of which `process` may be a sibling.
  void mark_beside(ProcessIndex process);
  /// If claims lead from `above` up to `process`, an edge between them makes or breaks a cycle: all
  /// edges of it become suspect or good, and siblings with them. O(kAncestorsMax).
  void mark_cycle(ProcessIndex above, ProcessIndex process);
  /// Ancestry changed at `process`: what hangs below it joins what is above it. `looks_up`: some
  /// step is at the anchor's parent; `looks_sideways`: at a sibling.
  void relinked(ProcessIndex process, bool looks_up, bool looks_sideways);

  /// Forgets the hits, anchors and matches of what `stays` no longer knows. Allocates nothing.
  void forget_others(const Feeds& stays);
};

}  // namespace spoor
