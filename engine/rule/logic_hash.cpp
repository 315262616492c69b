#include "engine/rule/logic_hash.h"

#include <algorithm>

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
  return hash_of(builder);
}

}  // namespace spoor
