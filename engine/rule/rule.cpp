#include "engine/rule/rule.h"

#include <algorithm>
#include <array>

namespace spoor {
namespace {

constexpr std::array<std::string_view, 5> kLevels = {"informational", "low", "medium", "high",
                                                     "critical"};

bool has_negation(const StepExpr& condition) {
  return condition.kind == StepExpr::Kind::negation ||
         std::ranges::any_of(condition.children, has_negation);
}

bool is_at_least(const Threshold& threshold) {
  return threshold.comparison == Threshold::Comparison::gt ||
         threshold.comparison == Threshold::Comparison::gte;
}

}  // namespace

std::string_view to_string(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == text) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

std::string_view to_string(Relation relation) {
  switch (relation) {
    case Relation::self: return "self";
    case Relation::child: return "child";
    case Relation::descendant: return "descendant";
    case Relation::self_or_descendant: return "self_or_descendant";
    case Relation::parent: return "parent";
    case Relation::sibling: return "sibling";
  }
  return "self";
}

std::string_view to_string(GroupBy group_by) {
  switch (group_by) {
    case GroupBy::process: return "process";
    case GroupBy::process_tree: return "process_tree";
    case GroupBy::program: return "program";
    case GroupBy::program_tree: break;
  }
  return "program_tree";
}

std::optional<GroupBy> lineage_key(std::string_view word) {
  for (const GroupBy group_by :
       {GroupBy::process, GroupBy::process_tree, GroupBy::program, GroupBy::program_tree}) {
    if (to_string(group_by) == word) {
      return group_by;
    }
  }
  return std::nullopt;
}

bool holds(const StepExpr& condition, const std::vector<bool>& present) {
  const auto child_holds = [&present](const StepExpr& child) { return holds(child, present); };
  switch (condition.kind) {
    case StepExpr::Kind::step: return present[condition.step];
    case StepExpr::Kind::all: return std::ranges::all_of(condition.children, child_holds);
    case StepExpr::Kind::any: return std::ranges::any_of(condition.children, child_holds);
    case StepExpr::Kind::negation: return !holds(condition.children.front(), present);
  }
  return false;
}

bool mentions(const StepExpr& condition, std::size_t step) {
  if (condition.kind == StepExpr::Kind::step) {
    return condition.step == step;
  }
  return std::ranges::any_of(condition.children,
                             [step](const StepExpr& child) { return mentions(child, step); });
}

CorrelationClass class_of(const CorrelationRule& rule) {
  const bool of_values = rule.type != WindowCorrelationType::temporal &&
                         rule.type != WindowCorrelationType::temporal_ordered &&
                         rule.type != WindowCorrelationType::event_count &&
                         rule.type != WindowCorrelationType::value_count;
  const bool may_lose_level =
      std::ranges::any_of(rule.escalations, has_negation, &Escalation::condition);
  const bool monotone = !of_values && !may_lose_level && !has_negation(rule.condition) &&
                        std::ranges::all_of(rule.thresholds, is_at_least);
  return monotone ? CorrelationClass::monotone : CorrelationClass::non_monotone;
}

bool has_step_condition(const CorrelationRule& rule) {
  return rule.type == WindowCorrelationType::temporal && rule.thresholds.empty();
}

bool counts_anchor(const CorrelationRule& rule) {
  return rule.anchor_takes_part && !has_step_condition(rule);
}

}  // namespace spoor
