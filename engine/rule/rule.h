// What a rule says: the meaning of a Sigma file, without the YAML.
//
// A detection is a tree over field tests; a correlation is a set of rules with a lineage and a
// timespan. Everything here is plain data, filled by load.h and read by the matcher and the
// correlator.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/event/field.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule_meta.h"
#include "engine/rule/window_correlation.h"

namespace spoor {

/// A field as a rule names it: one of ours, or a vendor's name looked up in Event::extra.
struct FieldRef {
  std::string name;
  std::optional<FieldId> id;
  /// A keyword: not one field, but any value of the event. `name` is empty.
  bool keyword = false;
  /// "Ancestor.Image": the field of any ancestor of the acting process. `id` is that field.
  bool ancestor = false;
};

/// How one value is compared. Sigma's modifiers come down to these.
enum class TestKind : std::uint8_t {
  pattern,    ///< Text with wildcards, compared with the whole value.
  regex,      ///< RE2, unanchored search.
  number,     ///< A number, or a part of a time, compared with the rule's number.
  null,       ///< The field is absent, null or an empty array.
  exists,     ///< The field is there, whatever its value.
  cidr,       ///< An address within a network.
  field_ref,  ///< Text compared with another field's.
};

/// A Sigma text pattern after escapes are resolved: literal pieces and wildcards.
struct PatternPiece {
  enum class Kind : std::uint8_t {
    literal,
    any_run,   ///< *
    any_one,   ///< ? One code point.
    any_dash,  ///< windash: one of - / – — ―.
  };
  Kind kind = Kind::literal;
  std::string literal;  ///< Folded, unless the test is `cased`.
};

/// Of a number: `equal` holds for text in JSON's number grammar, too.
enum class Comparison : std::uint8_t { equal, greater, greater_equal, less, less_equal };

/// What of a time is compared, as the time is written, in whatever zone.
enum class TimePart : std::uint8_t { none, minute, hour, day, week, month, year };

/// An IP network. IPv4 is kept as ::ffff:a.b.c.d.
struct Network {
  std::array<std::uint8_t, 16> address{};
  std::uint8_t prefix_bits = 128;  ///< Of the sixteen bytes.
  bool is_v4 = false;
};

/// How a field reference compares.
enum class Affix : std::uint8_t { whole, contains, starts, ends };

/// One comparison of one field with one value.
struct ValueTest {
  TestKind kind = TestKind::pattern;
  std::vector<PatternPiece> pattern;  ///< kind == pattern.
  std::string text;    ///< The value as written; for regex the expression; for evidence.
  bool cased = false;  ///< kind == pattern or field_ref: letters of another case differ.
  double number = 0;   ///< kind == number.
  std::optional<std::int64_t>
      integer;  ///< kind == number: its exact value, if it is whole and fits.
  Comparison comparison = Comparison::equal;  ///< kind == number.
  TimePart time_part = TimePart::none;        ///< kind == number.
  bool regex_ignore_case = false;
  bool regex_multiline = false;
  bool regex_dotall = false;
  bool expected = true;        ///< kind == exists.
  Network network;             ///< kind == cidr.
  FieldRef reference;          ///< kind == field_ref.
  Affix affix = Affix::whole;  ///< kind == field_ref.
  SourcePosition position;
};

/// A node of the detection tree.
struct Expr {
  enum class Kind : std::uint8_t {
    all,       ///< Every child. Empty: true.
    any,       ///< Some child. Empty: false.
    negation,  ///< Not its one child.
    test,      ///< A field test.
  };
  Kind kind = Kind::all;
  std::vector<Expr> children;
  FieldRef field;  ///< kind == test.
  ValueTest test;  ///< kind == test.
  std::string
      selection;  ///< The named selection that this node is the root of, or empty; for evidence.
};

/// Sigma's logsource. Empty parts say nothing.
struct LogSource {
  std::string product;
  std::string category;
  std::string service;

  friend bool operator==(const LogSource&, const LogSource&) = default;
};

struct DetectionRule {
  RuleMeta meta;
  LogSource log_source;
  Expr condition;                    ///< With those of its filters.
  std::vector<std::string> filters;  ///< Sigma filters that apply, by id or title.
  /// False when only correlations use it and none says `generate: true`: it then makes no finding
  /// of its own.
  bool makes_finding = true;
};

/// Which processes around the anchor a step may have happened in.
enum class Relation : std::uint8_t {
  self,
  child,
  descendant,
  self_or_descendant,
  parent,
  sibling,  ///< The other children of the anchor's parent.
};

[[nodiscard]] std::string_view to_string(Relation relation);

/// One listed rule of a correlation.
struct CorrelationStep {
  std::string name;      ///< As the correlation lists it (name or id).
  std::size_t rule = 0;  ///< Index into RuleSet::detections.
  Relation relation = Relation::self_or_descendant;
  SourcePosition position;
};

/// and/or/not over step names.
struct StepExpr {
  enum class Kind : std::uint8_t { all, any, step, negation };
  Kind kind = Kind::all;
  std::vector<StepExpr> children;
  std::size_t step = 0;  ///< Index into CorrelationRule::steps.
};

/// Does it hold when exactly the steps flagged in `present` were seen?
[[nodiscard]] bool holds(const StepExpr& condition, const std::vector<bool>& present);

/// Is the step named in it?
[[nodiscard]] bool mentions(const StepExpr& condition, std::size_t step);

struct Escalation {
  StepExpr condition;
  Level level = Level::high;
};

enum class GroupBy : std::uint8_t {
  process,       ///< The anchor.
  process_tree,  ///< The anchor and what is around it.
  program,       ///< The anchors of a host that run one program: its runs.
  program_tree,  ///< They and what is around each of them.
};

/// The word of a rule.
[[nodiscard]] std::string_view to_string(GroupBy group_by);
/// What the word means, if it is one.
[[nodiscard]] std::optional<GroupBy> lineage_key(std::string_view word);

/// Does every step happen in an anchor itself?
[[nodiscard]] inline bool is_of_anchor(GroupBy group_by) {
  return group_by == GroupBy::process || group_by == GroupBy::program;
}

/// Is it about all runs of a program on a host, and not about one process?
[[nodiscard]] inline bool joins_runs(GroupBy group_by) {
  return group_by == GroupBy::program || group_by == GroupBy::program_tree;
}

/// A correlation grouped by lineage: about one process, its anchor, and the hits around it; or
/// about all anchors that run one program, and the hits around any of them. What a window of these
/// hits has to show:
///  - temporal: steps that satisfy `condition`; with thresholds, so many distinct steps.
///  - temporal_ordered: one event for each step that takes part, in the order of the list.
///  - event_count: distinct events. value_count: distinct values of `fields`.
///  - value_*: of the numbers in `fields`; a window without a number never holds.
struct CorrelationRule {
  RuleMeta meta;
  WindowCorrelationType type = WindowCorrelationType::temporal;
  CorrelationClass correlation_class = CorrelationClass::monotone;
  GroupBy group_by = GroupBy::process_tree;
  /// Fields beside the lineage key: only hits of equal values meet in a window. A hit that lacks
  /// one of them takes no part. `of_rule` is by step.
  std::vector<GroupField> split_by;
  std::vector<CorrelationStep> steps;
  std::size_t anchor = 0;  ///< Index into `steps`.
  /// Do the hits of the anchor's step take part in the windows? If not they only say which process
  /// it is.
  bool anchor_takes_part = false;
  StepExpr condition;                 ///< temporal without thresholds.
  std::vector<Threshold> thresholds;  ///< All must hold.
  std::vector<std::string> fields;    ///< Of value_*: one, or for value_count several: a tuple.
  double percentile = 50;             ///< value_percentile and value_median: 0 to 100.
  std::vector<Escalation> escalations;
  Duration timespan = 0;
};

/// Can more events only make it true? Sequences and sets of rules without `not`, and at least so
/// many events, values or rules. A level that may be taken back makes the rule class N, too.
[[nodiscard]] CorrelationClass class_of(const CorrelationRule& rule);

/// Is `condition` what a window is held against, and not a number or an order?
[[nodiscard]] bool has_step_condition(const CorrelationRule& rule);

/// Is each of the anchor's own hits in a window evidence, as it is counted? Else the first says
/// enough, for the step may hold for everything that the process does.
[[nodiscard]] bool counts_anchor(const CorrelationRule& rule);

/// What a load gave. Immutable afterwards.
struct RuleSet {
  std::vector<DetectionRule> detections;  ///< Sorted by (id, file).
  std::vector<CorrelationRule> correlations;
  /// Correlations in time that know no lineage. A rule comes behind those that it lists.
  std::vector<WindowCorrelation> window_correlations;
};

}  // namespace spoor
