// A correlation along the process tree at one place: a function of the host's graph and hits.
//
// A place is a process that is an anchor, or a program: then it is about all anchors that run it.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/correlation/build_finding.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/window.h"
#include "engine/finding/finding.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The hits around an anchor that take part.
struct GatheredHits {
  std::vector<StepTime> times;   ///< Sorted by (order, step, process).
  std::vector<const Hit*> hits;  ///< Beside `times`.
  std::size_t beyond_limit = 0;  ///< Hits that were counted and not kept, or lie …
  /// … in processes below the anchors that were too many: kSubtreeMax with hits.
  std::size_t beyond_subtree = 0;
};

/// A rule of a rule set, with what feeds it.
struct LineageRule {
  const RuleSet* rules = nullptr;
  const Feeds* feeds = nullptr;
  std::size_t index = 0;  ///< Into RuleSet::correlations.

  [[nodiscard]] const CorrelationRule& rule() const { return rules->correlations[index]; }

  [[nodiscard]] FeedNumber feed(std::size_t step) const { return feeds->of_step(index, step); }
};

/// The anchors of a place: processes (canonical) with a hit of the anchor's step, by start and uid.
/// O(runs × log runs).
[[nodiscard]] std::vector<ProcessIndex> anchors_at(const HostState& host,
                                                   const LineageRule& rule,
                                                   ProcessIndex at);

/// All hits around the anchors that the steps ask for, the anchor's own step apart unless the
/// condition names it. O(processes in scope × steps + hits × log hits).
[[nodiscard]] GatheredHits gather_hits(const HostState& host,
                                       const LineageRule& rule,
                                       std::span<const ProcessIndex> anchors);

/// Hits of a window, each with its step.
using StepEvidence = std::set<std::pair<std::size_t, const Hit*>>;

/// Of the anchors of a place the one that a finding is shown at.
struct Chief {
  ProcessIndex anchor = kNoProcess;
  StepEvidence evidence;  ///< What of it is at and around that anchor.
};

/// The anchor at and around which most steps have evidence, of those the last. `anchors` as
/// anchors_at() gives them, at least one. O(processes in scope × steps + hits × log hits).
[[nodiscard]] Chief find_chief(const HostState& host,
                               const LineageRule& rule,
                               std::span<const ProcessIndex> anchors,
                               StepEvidence evidence);

/// What an evaluation of a place says.
struct LineageVerdict {
  bool holds = false;
  bool has_anchor = false;  ///< There is a hit that it may hold for.
  /// Class N: when the next window is closed, which is not judged yet. The verdict may be another
  /// once `closed_until` is greater.
  std::optional<Timestamp> next_close;
  std::size_t beyond_subtree = 0;  ///< GatheredHits::beyond_subtree.
};

/// Does the correlation hold at the place? Of class N by the windows that are closed:
/// find_windows().
[[nodiscard]] LineageVerdict evaluate_at(const HostState& host,
                                         const LineageRule& rule,
                                         ProcessIndex at,
                                         Timestamp closed_until);

/// Of whom and where a match at the place is, without evidence.
[[nodiscard]] MatchView lineage_match(const HostState& host,
                                      const LineageRule& rule,
                                      ProcessIndex at);

/// The finding of a correlation that holds at the place. Its process is the anchor; of several runs
/// the one at and around which most of the steps were seen, of those the last.
[[nodiscard]] Finding lineage_finding(const HostState& host,
                                      const LineageRule& rule,
                                      ProcessIndex at,
                                      Timestamp closed_until);

}  // namespace spoor
