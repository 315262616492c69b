#include "cli/can_fire.h"

#include <algorithm>
#include <vector>

#include "engine/matcher/source_support.h"

namespace spoor {
namespace {

bool fires(const DetectionRule& rule, std::optional<Source> source) {
  return source ? !never_fires(rule, *source) : can_fire(rule);
}

/// Can the steps that can fire satisfy the condition?
bool fires(const StepExpr& expr, const std::vector<bool>& steps) {
  if (expr.kind == StepExpr::Kind::step) {
    return steps[expr.step];
  }
  if (expr.kind == StepExpr::Kind::negation) {
    return true;  // That something is not there is always possible.
  }
  const auto one = [&steps](const StepExpr& child) { return fires(child, steps); };
  if (expr.kind == StepExpr::Kind::all) {
    return std::ranges::all_of(expr.children, one);
  }
  return std::ranges::any_of(expr.children, one);
}

bool fires(const CorrelationRule& rule, const RuleSet& rules, std::optional<Source> source) {
  std::vector<bool> steps;
  steps.reserve(rule.steps.size());
  for (const CorrelationStep& step : rule.steps) {
    steps.push_back(fires(rules.detections[step.rule], source));
  }
  if (!steps[rule.anchor]) {
    return false;
  }
  if (has_step_condition(rule)) {
    return fires(rule.condition, steps);
  }
  const bool is_sequence = rule.type == WindowCorrelationType::temporal_ordered;
  // Of counts any of the steps will do for a guess: they depend on the events.
  std::vector<bool> counted;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    if (step != rule.anchor || rule.anchor_takes_part) {
      counted.push_back(steps[step]);
    }
  }
  return is_sequence ? std::ranges::count(counted, false) == 0
                     : std::ranges::count(counted, true) != 0;
}

/// Any of the rules that it lists will do for a guess: counts and orders depend on the events.
bool fires(const WindowCorrelation& rule, const RuleSet& rules, std::optional<Source> source) {
  return std::ranges::any_of(rule.rules, [&](const ListedRule& listed) {
    return listed.is_correlation ? fires(rules.window_correlations[listed.index], rules, source)
                                 : fires(rules.detections[listed.index], source);
  });
}

}  // namespace

bool can_fire(const RuleCatalog& catalog, const CatalogEntry& entry, std::optional<Source> source) {
  if (const DetectionRule* detection = catalog.detection(entry)) {
    return fires(*detection, source);
  }
  if (const WindowCorrelation* correlation = catalog.window_correlation(entry)) {
    return fires(*correlation, catalog.loaded.rules, source);
  }
  const CorrelationRule* correlation = catalog.correlation(entry);
  return correlation != nullptr && fires(*correlation, catalog.loaded.rules, source);
}

}  // namespace spoor
