// One test of a rule, made ready: does it hold for the values of an event?
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/matcher/event_values.h"
#include "engine/matcher/pattern.h"
#include "engine/matcher/regex_need.h"
#include "engine/rule/rule.h"

namespace re2 {
class RE2;
}

namespace spoor {

/// Kleene's third value: whatever the graph may still learn decides.
enum class Verdict : std::uint8_t { no = 0, unknown = 1, yes = 2 };

[[nodiscard]] inline Verdict verdict_of(bool holds) {
  return holds ? Verdict::yes : Verdict::no;
}

class Predicate {
 public:
  /// Compiles a test (`expr.kind` is test); its fields get columns. A regular expression that RE2
  /// refuses leaves a predicate with a refusal(), which never holds.
  Predicate(const Expr& expr, ColumnTable& columns);
  ~Predicate();
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;

  /// Why RE2 refuses the expression, in words for the rule's author.
  [[nodiscard]] const std::optional<std::string>& refusal() const { return refusal_; }

  /// Text of which one must be in a folded value that satisfies it (literal.h): looked for before a
  /// regular expression is.
  void require(std::vector<std::string> any_of) { required_ = std::move(any_of); }

  /// Does it hold? Of several forms of a value one is enough, but under a `not` (`negated`) all of
  /// them are needed, the vendor's own text apart: that can satisfy a test and cannot fail one, or
  /// a filter for C:\… would never suppress what CrowdStrike calls \Device\HarddiskVolume3\…. Of
  /// the elements of an array one is enough, always.
  [[nodiscard]] Verdict holds(EventValues& values, bool negated) const;

  /// The first value that satisfies it, or null: for evidence.
  [[nodiscard]] const FieldValue* witness(EventValues& values) const;

  [[nodiscard]] const ValueTest& test() const { return expr_->test; }

  [[nodiscard]] const FieldRef& field() const { return expr_->field; }

  [[nodiscard]] ColumnId column() const { return column_; }

  /// The field that it is compared with; ColumnTable::kNone if it is with none.
  [[nodiscard]] ColumnId reference() const { return reference_; }

  /// kind == pattern.
  [[nodiscard]] const Pattern& pattern() const { return *pattern_; }

  /// kind == regex and not refused.
  [[nodiscard]] const re2::RE2& regex() const { return *regex_; }

  /// What it costs to ask, roughly: a number to sort by.
  [[nodiscard]] int cost() const;

 private:
  [[nodiscard]] bool satisfied_by(FieldValue& value, EventValues& values) const;
  [[nodiscard]] bool matches_regex(FieldValue& value, const EventValues& values) const;
  [[nodiscard]] bool equals_reference(FieldValue& value, EventValues& values) const;
  [[nodiscard]] bool all_forms_satisfy(EventValues& values, std::size_t place) const;

  const Expr* expr_;
  ColumnId column_ = ColumnTable::kNone;
  ColumnId reference_ = ColumnTable::kNone;
  std::optional<Pattern> pattern_;
  std::unique_ptr<re2::RE2> regex_;
  std::optional<std::string> refusal_;
  std::vector<std::string> required_;
  RegexNeed need_;                  ///< Looked for before the regular expression is.
  std::optional<std::size_t> run_;  ///< The regular expression asks only for so many characters.
};

/// If a regular expression only asks for a line of so many characters, how many: `.{1000,}`
/// (SigmaHQ has it) is thousands of instructions to RE2, and slow on just the long values it is
/// for.
[[nodiscard]] std::optional<std::size_t> run_asked_for(std::string_view regex);

/// Has UTF-8 text a line of `count` characters? `across_lines`: the whole text is one line.
[[nodiscard]] bool has_run(std::string_view text, std::size_t count, bool across_lines);

/// The part of an ISO 8601 time ("2023-03-29 22:10:00.5", with T, with or without a zone) as it is
/// written; nullopt for other text.
[[nodiscard]] std::optional<int> part_of_time(std::string_view text, TimePart part);

/// Numbers by value: whole ones exactly, whatever their size. Text that is no JSON number holds
/// nothing.
[[nodiscard]] bool compares(const ValueTest& test, std::string_view value);

}  // namespace spoor
