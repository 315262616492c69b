// Does what a lineage correlation asks for hold within a timespan? A pure function of the hits
// around an anchor.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/correlation/watermark.h"
#include "engine/event/event.h"
#include "engine/rule/rule.h"

namespace spoor {

/// One hit on the time axis.
struct StepTime {
  OrderKey order;
  std::size_t step = 0;
  std::string group{};                ///< Only hits of one group meet in a window.
  std::vector<std::string> values{};  ///< What CorrelationRule::fields say of the event.
};

/// What the windows gave.
struct WindowResult {
  /// For each input, in the order given: does it lie in a window in which the condition holds?
  std::vector<bool> included;
  /// For each step: without its hits the rule would hold in no window. So of a count over several
  /// steps a step is required if the hits of the others are too few; that single hits of it may be
  /// spared is not told.
  std::vector<bool> required;
  /// For each escalation: does its condition hold in some window in which the condition holds?
  std::vector<bool> escalated;
};

/// Slides a window of `rule.timespan` over `times` (sorted by order, then step): one for each time
/// t at which there is a hit, from t to t + timespan, both included. nullopt if the rule holds in
/// none.
///
/// Of a class M rule every window is judged as it is: adding a time never makes a result go away.
/// Of a class N rule a window is judged only once it is closed, that is once it ends before
/// `closed_until`: no hit of that time or an earlier one comes any more.
///
/// Hits of one event count as one event; those of one time stand in canonical order. O(n × steps)
/// for each step, × log n for values.
[[nodiscard]] std::optional<WindowResult> find_windows(const CorrelationRule& rule,
                                                       const std::vector<StepTime>& times,
                                                       Timestamp closed_until = kAllClosed);

/// A window as the rule sees it. Views are valid during the call.
struct WindowLook {
  Timestamp start = 0;
  std::span<const StepTime* const> hits;         ///< Of one group, in their order.
  const std::vector<bool>* present = nullptr;    ///< By step: has it a hit in the window?
  std::optional<double> measure = std::nullopt;  ///< What thresholds are held against.
  bool holds = false;
};

/// Shows every window that find_windows() judges, those in which the rule does not hold, too: for
/// who asks why it does not.
void look_at_windows(const CorrelationRule& rule,
                     const std::vector<StepTime>& times,
                     Timestamp closed_until,
                     const std::function<void(const WindowLook&)>& look);

}  // namespace spoor
