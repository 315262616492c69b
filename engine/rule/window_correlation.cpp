#include "engine/rule/window_correlation.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::array<std::string_view, 8> kTypes = {"event_count",      "value_count", "temporal",
                                                    "temporal_ordered", "value_sum",   "value_avg",
                                                    "value_percentile", "value_median"};

constexpr std::array<std::string_view, 6> kComparisons = {"gt", "gte", "lt", "lte", "eq", "neq"};

bool has_negation(const SeenExpr& expr) {
  return expr.kind == SeenExpr::Kind::negation || std::ranges::any_of(expr.children, has_negation);
}

void add_sorted(UidBuilder& builder, std::vector<std::string> parts) {
  std::ranges::sort(parts);
  builder.add(std::uint64_t{parts.size()});
  for (const std::string& part : parts) {
    builder.add(part);
  }
}

std::string hash_of(const SeenExpr& expr, const std::vector<std::string>& listed) {
  if (expr.kind == SeenExpr::Kind::seen) {
    return listed[expr.rule];
  }
  UidBuilder builder;
  builder.add(static_cast<std::uint64_t>(expr.kind));
  std::vector<std::string> children;
  for (const SeenExpr& child : expr.children) {
    children.push_back(hash_of(child, listed));
  }
  add_sorted(builder, std::move(children));
  return to_string(builder.finish());
}

}  // namespace

std::string_view to_string(WindowCorrelationType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

std::string_view to_string(CorrelationClass correlation_class) {
  return correlation_class == CorrelationClass::monotone ? "M" : "N";
}

std::string_view to_string(Threshold::Comparison comparison) {
  return kComparisons[static_cast<std::size_t>(comparison)];
}

bool Threshold::holds(double measure) const {
  switch (comparison) {
    case Comparison::gt: return measure > number;
    case Comparison::gte: return measure >= number;
    case Comparison::lt: return measure < number;
    case Comparison::lte: return measure <= number;
    case Comparison::eq: return measure == number;
    case Comparison::neq: return measure != number;
  }
  return false;
}

CorrelationClass class_of(const WindowCorrelation& rule) {
  const bool of_rules = rule.type == WindowCorrelationType::temporal ||
                        rule.type == WindowCorrelationType::temporal_ordered;
  const bool at_least = std::ranges::all_of(rule.thresholds, [](const Threshold& threshold) {
    return threshold.comparison == Threshold::Comparison::gt ||
           threshold.comparison == Threshold::Comparison::gte;
  });
  const bool monotone = of_rules && at_least && !(rule.has_seen && has_negation(rule.seen));
  return monotone ? CorrelationClass::monotone : CorrelationClass::non_monotone;
}

std::string logic_hash(const WindowCorrelation& rule, const std::vector<std::string>& listed) {
  // A rule with the fields that make its group: an alias renames them for that rule alone.
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < rule.rules.size(); ++i) {
    UidBuilder one;
    one.add(listed[i]);
    for (const GroupField& field : rule.group_by) {
      one.add(field.of_rule[i]);
    }
    rules.push_back(to_string(one.finish()));
  }
  UidBuilder builder;
  builder.add("window").add(to_string(rule.type));
  builder.add(static_cast<std::uint64_t>(rule.timespan));
  builder.add(std::uint64_t{rule.group_by.size()});
  std::vector<std::string> thresholds;
  for (const Threshold& threshold : rule.thresholds) {
    thresholds.push_back(std::string(to_string(threshold.comparison)) +
                         std::to_string(std::bit_cast<std::uint64_t>(threshold.number)));
  }
  add_sorted(builder, std::move(thresholds));
  builder.add(rule.has_seen ? hash_of(rule.seen, rules) : std::string());
  builder.add(std::uint64_t{rule.fields.size()});
  for (const std::string& field : rule.fields) {
    builder.add(field);
  }
  builder.add(std::bit_cast<std::uint64_t>(rule.percentile));
  if (rule.type == WindowCorrelationType::temporal_ordered) {
    for (const std::string& one : rules) {
      builder.add(one);
    }
  } else {
    add_sorted(builder, rules);
  }
  return to_string(builder.finish());
}

}  // namespace spoor
