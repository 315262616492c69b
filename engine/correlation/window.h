// Does a condition over steps hold within a timespan? A pure function of the steps' times.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/base/time.h"
#include "engine/event/event.h"
#include "engine/rule/rule.h"

namespace spoor {

/// One hit on the time axis.
struct StepTime {
  OrderKey order;
  std::size_t step = 0;
};

/// What the windows of a group gave.
struct WindowResult {
  /// For each input, in the order given: does it lie in a window in which the condition holds?
  std::vector<bool> included;
  /// For each step: without it, the condition would hold in no window.
  std::vector<bool> required;
  /// For each escalation: does its condition hold in some window in which the condition holds?
  std::vector<bool> escalated;
};

/// Does `condition` hold when exactly the steps flagged in `present` were seen?
[[nodiscard]] bool holds(const StepExpr& condition, const std::vector<bool>& present);

/// Slides a window of `rule.timespan`, inclusive at both ends, over `times` (sorted by order).
/// nullopt if the condition holds in none. Adding a time never makes a result go away (the
/// condition has no `not`). O(n × steps).
[[nodiscard]] std::optional<WindowResult> find_windows(const CorrelationRule& rule,
                                                       const std::vector<StepTime>& times);

}  // namespace spoor
