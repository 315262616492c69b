#include "engine/rule/logic_hash.h"

#include <algorithm>
#include <bit>

#include "engine/base/uid.h"

namespace spoor {
namespace {

std::string hash_of(const UidBuilder& builder) {
  return to_string(builder.finish());
}

/// and, or: the order of operands does not matter.
void add_sorted(UidBuilder& builder, std::vector<std::string> children) {
  std::ranges::sort(children);
  builder.add(std::uint64_t{children.size()});
  for (const std::string& child : children) {
    builder.add(child);
  }
}

std::string hash_of(const ValueTest& test) {
  UidBuilder builder;
  builder.add(static_cast<std::uint64_t>(test.kind));
  if (test.kind == TestKind::pattern) {
    for (const PatternPiece& piece : test.pattern) {
      builder.add(static_cast<std::uint64_t>(piece.kind)).add(piece.literal);
    }
  } else {
    builder.add(test.text);
  }
  const unsigned flags = (test.regex_ignore_case ? 1U : 0U) | (test.regex_multiline ? 2U : 0U) |
                         (test.regex_dotall ? 4U : 0U) | (test.cased ? 8U : 0U);
  builder.add(std::uint64_t{flags});
  // Only where they say something, so that rules without them keep their hashes.
  if (test.comparison != Comparison::equal || test.time_part != TimePart::none) {
    builder.add(static_cast<std::uint64_t>(test.comparison));
    builder.add(static_cast<std::uint64_t>(test.time_part));
  }
  if (test.affix != Affix::whole) {
    builder.add(static_cast<std::uint64_t>(test.affix));
  }
  return hash_of(builder);
}

std::string hash_of(const Expr& expr) {
  UidBuilder builder;
  builder.add(static_cast<std::uint64_t>(expr.kind));
  if (expr.kind == Expr::Kind::test) {
    return hash_of(builder.add(expr.field.name).add(hash_of(expr.test)));
  }
  std::vector<std::string> children;
  for (const Expr& child : expr.children) {
    children.push_back(hash_of(child));
  }
  add_sorted(builder, std::move(children));
  return hash_of(builder);
}

std::string hash_of(const StepExpr& expr, const std::vector<std::string>& steps) {
  if (expr.kind == StepExpr::Kind::step) {
    return steps[expr.step];
  }
  UidBuilder builder;
  builder.add(static_cast<std::uint64_t>(expr.kind));
  std::vector<std::string> children;
  for (const StepExpr& child : expr.children) {
    children.push_back(hash_of(child, steps));
  }
  add_sorted(builder, std::move(children));
  return hash_of(builder);
}

void add_measure(const CorrelationRule& rule,
                 const std::vector<std::string>& steps,
                 UidBuilder& builder) {
  builder.add(to_string(rule.type)).add(std::uint64_t{rule.anchor_takes_part ? 1U : 0U});
  std::vector<std::string> thresholds;
  for (const Threshold& threshold : rule.thresholds) {
    thresholds.push_back(std::string(to_string(threshold.comparison)) +
                         std::to_string(std::bit_cast<std::uint64_t>(threshold.number)));
  }
  add_sorted(builder, std::move(thresholds));
  builder.add(std::uint64_t{rule.fields.size()});
  for (const std::string& field : rule.fields) {
    builder.add(field);
  }
  builder.add(std::bit_cast<std::uint64_t>(rule.percentile));
  if (rule.type == WindowCorrelationType::temporal_ordered) {
    for (const std::string& step : steps) {
      builder.add(step);
    }
  }
}

/// The fields that split the hits, for each step.
void add_split(const CorrelationRule& rule,
               const std::vector<std::string>& steps,
               UidBuilder& builder) {
  std::vector<std::string> split;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    UidBuilder one;
    one.add(steps[step]);
    for (const GroupField& field : rule.split_by) {
      one.add(field.of_rule[step]);
    }
    split.push_back(hash_of(one));
  }
  add_sorted(builder.add("split"), std::move(split));
}

}  // namespace

std::string logic_hash(const DetectionRule& rule) {
  return hash_of(UidBuilder()
                     .add("detection")
                     .add(rule.log_source.product)
                     .add(rule.log_source.category)
                     .add(rule.log_source.service)
                     .add(hash_of(rule.condition)));
}

std::string logic_hash(const CorrelationRule& rule, const std::vector<DetectionRule>& detections) {
  std::vector<std::string> steps;
  for (const CorrelationStep& step : rule.steps) {
    steps.push_back(hash_of(UidBuilder()
                                .add(detections[step.rule].meta.logic_hash)
                                .add(static_cast<std::uint64_t>(step.relation))));
  }
  UidBuilder builder;
  builder.add("temporal").add(static_cast<std::uint64_t>(rule.group_by)).add(steps[rule.anchor]);
  builder.add(static_cast<std::uint64_t>(rule.timespan)).add(hash_of(rule.condition, steps));
  std::vector<std::string> escalations;
  for (const Escalation& escalation : rule.escalations) {
    escalations.push_back(hash_of(escalation.condition, steps) +
                          std::string(to_string(escalation.level)));
  }
  add_sorted(builder, std::move(escalations));
  add_sorted(builder, steps);
  // Only where it says something, so that rules without it keep their hashes.
  if (!has_step_condition(rule)) {
    add_measure(rule, steps, builder);
  }
  if (!rule.split_by.empty()) {
    add_split(rule, steps, builder);
  }
  return hash_of(builder);
}

}  // namespace spoor
