#include "engine/correlation/window.h"

#include <algorithm>

namespace spoor {
namespace {

/// Calls `visit(first, last, present)` for each maximal window [times[first], times[last)) that
/// starts at a hit.
template <typename Visit>
void slide(const CorrelationRule& rule, const std::vector<StepTime>& times, Visit visit) {
  std::vector<std::size_t> counts(rule.steps.size(), 0);
  std::vector<bool> present(rule.steps.size(), false);
  std::size_t last = 0;
  for (std::size_t first = 0; first < times.size(); ++first) {
    // Compare by difference: a timespan may reach beyond the last representable time.
    while (last < times.size() &&
           times[last].order.time - times[first].order.time <= rule.timespan) {
      present[times[last].step] = ++counts[times[last].step] > 0;
      ++last;
    }
    visit(first, last, present);
    const std::size_t leaving = times[first].step;
    present[leaving] = --counts[leaving] > 0;
  }
}

bool holds_without(const CorrelationRule& rule,
                   const std::vector<StepTime>& times,
                   std::size_t step) {
  bool found = false;
  slide(rule, times, [&](std::size_t /*first*/, std::size_t /*last*/, std::vector<bool> present) {
    present[step] = false;
    found = found || holds(rule.condition, present);
  });
  return found;
}

}  // namespace

bool holds(const StepExpr& condition, const std::vector<bool>& present) {
  const auto child_holds = [&present](const StepExpr& child) { return holds(child, present); };
  switch (condition.kind) {
    case StepExpr::Kind::step: return present[condition.step];
    case StepExpr::Kind::all: return std::ranges::all_of(condition.children, child_holds);
    case StepExpr::Kind::any: return std::ranges::any_of(condition.children, child_holds);
  }
  return false;
}

std::optional<WindowResult> find_windows(const CorrelationRule& rule,
                                         const std::vector<StepTime>& times) {
  WindowResult result;
  result.included.assign(times.size(), false);
  result.escalated.assign(rule.escalations.size(), false);
  bool found = false;
  std::size_t included_until = 0;
  slide(rule, times, [&](std::size_t first, std::size_t last, const std::vector<bool>& present) {
    if (!holds(rule.condition, present)) {
      return;
    }
    found = true;
    for (std::size_t i = std::max(first, included_until); i < last; ++i) {
      result.included[i] = true;
    }
    included_until = std::max(included_until, last);
    for (std::size_t i = 0; i < rule.escalations.size(); ++i) {
      result.escalated[i] = result.escalated[i] || holds(rule.escalations[i].condition, present);
    }
  });
  if (!found) {
    return std::nullopt;
  }
  for (std::size_t step = 0; step < rule.steps.size(); ++step) {
    result.required.push_back(!holds_without(rule, times, step));
  }
  return result;
}

}  // namespace spoor
