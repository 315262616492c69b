// A correlation along the process tree at one anchor: a function of the host's graph and hits.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/correlation/feeds.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/window.h"
#include "engine/finding/finding.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The hits around an anchor that take part.
struct GatheredHits {
  std::vector<StepTime> times;   ///< Sorted by (order, step).
  std::vector<const Hit*> hits;  ///< Beside `times`.
  std::size_t beyond_limit = 0;  ///< Hits that were counted and not kept.
};

/// A rule of a rule set, with what feeds it.
struct LineageRule {
  const RuleSet* rules = nullptr;
  const Feeds* feeds = nullptr;
  std::size_t index = 0;  ///< Into RuleSet::correlations.

  [[nodiscard]] const CorrelationRule& rule() const { return rules->correlations[index]; }

  [[nodiscard]] FeedNumber feed(std::size_t step) const { return feeds->of_step(index, step); }
};

/// All hits around an anchor that the steps ask for, the anchor's own step apart unless the
/// condition names it. O(processes in scope × steps + hits × log hits).
[[nodiscard]] GatheredHits gather_hits(const HostState& host,
                                       const LineageRule& rule,
                                       ProcessIndex anchor);

/// Does the correlation hold at the anchor?
[[nodiscard]] bool holds_at(const HostState& host, const LineageRule& rule, ProcessIndex anchor);

/// The finding of a correlation that holds at the anchor.
[[nodiscard]] Finding lineage_finding(const HostState& host,
                                      const LineageRule& rule,
                                      ProcessIndex anchor);

}  // namespace spoor
