// A Sigma correlation that joins events in time, whatever process they are of: counts, values and
// orders within a sliding window, for each group of equal field values.
//
// The other kind, which joins along the process tree, is CorrelationRule (rule.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule_meta.h"

namespace spoor {

enum class WindowCorrelationType : std::uint8_t {
  event_count,
  value_count,
  temporal,
  temporal_ordered,
  value_sum,
  value_avg,
  value_percentile,
  value_median,
};

/// "event_count".
[[nodiscard]] std::string_view to_string(WindowCorrelationType type);

/// May further events take a verdict back?
enum class CorrelationClass : std::uint8_t {
  monotone,      ///< Class M: more events can only make it true.
  non_monotone,  ///< Class N: known for sure only once no event of the window can come any more.
};

/// "M" or "N".
[[nodiscard]] std::string_view to_string(CorrelationClass correlation_class);

/// A rule that a correlation lists.
struct ListedRule {
  std::string name;             ///< As listed: a name or an id.
  bool is_correlation = false;  ///< `index` is one of RuleSet::window_correlations, else of
                                ///< RuleSet::detections.
  std::size_t index = 0;
  SourcePosition position;
};

/// One of the fields that make a group.
struct GroupField {
  std::string name;  ///< As `group-by` names it.
  /// What it is called in the events of each listed rule: an alias resolved, else `name`.
  std::vector<std::string> of_rule;
};

/// One number that the measure of a window is held against.
struct Threshold {
  enum class Comparison : std::uint8_t { gt, gte, lt, lte, eq, neq };
  Comparison comparison = Comparison::gte;
  double number = 0;

  [[nodiscard]] bool holds(double measure) const;
};

/// "gte".
[[nodiscard]] std::string_view to_string(Threshold::Comparison comparison);

/// and/or/not over the listed rules that were seen in a window.
struct SeenExpr {
  enum class Kind : std::uint8_t { all, any, negation, seen };
  Kind kind = Kind::all;
  std::vector<SeenExpr> children;
  std::size_t rule = 0;  ///< kind == seen: index into WindowCorrelation::rules.
};

/// What is measured of a window that ends at an event, and when that is enough:
///  - event_count: the events. value_count: the distinct values of `fields`.
///  - temporal: the distinct listed rules, or `seen` decides. temporal_ordered: whether one event
///    for each listed rule came in the order of the list.
///  - value_*: of the numbers in `fields`; a window without a number never holds.
struct WindowCorrelation {
  RuleMeta meta;
  WindowCorrelationType type = WindowCorrelationType::event_count;
  CorrelationClass correlation_class = CorrelationClass::non_monotone;
  std::vector<ListedRule> rules;
  std::vector<GroupField> group_by;  ///< Empty: all events are one group.
  Duration timespan = 0;
  std::vector<Threshold>
      thresholds;         ///< All must hold. Empty for temporal_ordered and with `seen`.
  bool has_seen = false;  ///< temporal: a condition over rule names takes the place of
                          ///< thresholds.
  SeenExpr seen;
  std::vector<std::string> fields;  ///< Of value_*: one, or for value_count several: a tuple.
  double percentile = 50;           ///< value_percentile and value_median: 0 to 100.
  /// False when only other correlations use it and none of them says `generate: true`.
  bool makes_finding = true;
};

/// Can more events only make it true? As docs: sequences and sets of rules without `not`, at least
/// so many of them.
[[nodiscard]] CorrelationClass class_of(const WindowCorrelation& rule);

/// What the rule detects, as a number (see logic_hash.h). `listed`: the logic hashes of its rules,
/// in their order.
[[nodiscard]] std::string logic_hash(const WindowCorrelation& rule,
                                     const std::vector<std::string>& listed);

}  // namespace spoor
