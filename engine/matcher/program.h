// All detections made ready: their trees over predicates that they share.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "engine/matcher/event_values.h"
#include "engine/matcher/literal.h"
#include "engine/matcher/predicate.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"

namespace spoor {

using PredicateId = std::uint32_t;

/// A node of a rule's tree.
struct ProgramNode {
  Expr::Kind kind = Expr::Kind::all;
  PredicateId predicate = 0;          ///< kind == test.
  std::vector<ProgramNode> children;  ///< In the rule's order: for evidence.
  std::vector<std::uint32_t> order;   ///< Indices of children, the cheap ones first.
};

/// What evaluating cost, in a unit that does not depend on the machine.
struct EvaluationCost {
  std::size_t tests = 0;  ///< Predicates asked.
};

class Program {
 public:
  /// Compiles every detection of `rules`, which must outlive it. A rule of which RE2 refuses an
  /// expression is reported in `diagnostics` (if not null) and is not usable.
  Program(const RuleSet& rules, bool by_name, std::vector<Diagnostic>* diagnostics);

  [[nodiscard]] std::size_t size() const { return roots_.size(); }

  [[nodiscard]] bool usable(std::size_t rule) const { return usable_[rule]; }

  [[nodiscard]] const ProgramNode& root(std::size_t rule) const { return roots_[rule]; }

  [[nodiscard]] const Predicate& predicate(PredicateId id) const { return predicates_[id]; }

  /// Literals of which one must be in a value for the test to hold; see literal.h.
  [[nodiscard]] const std::vector<Literal>& literals(PredicateId id) const { return literals_[id]; }

  /// Guess: the part of the events in which the test holds.
  [[nodiscard]] double rate(PredicateId id) const { return rates_[id]; }

  [[nodiscard]] const ColumnTable& columns() const { return columns_; }

  /// Does the rule hold for the values? Children are asked in the order of their cost, until the
  /// verdict stands.
  [[nodiscard]] Verdict evaluate(std::size_t rule, EventValues& values, EvaluationCost& cost) const;

  /// Does the rule fail whatever the event says in other fields? `column`: none of ancestors or
  /// keywords. If it is there with one value and no vendor's text beside it, which may not change,
  /// then the answer is the same for every event of this value.
  [[nodiscard]] bool is_refuted(std::size_t rule, ColumnId column, EventValues& values) const;

  /// The slow twin: in the rule's order, and nothing is left out.
  [[nodiscard]] Verdict evaluate_plainly(std::size_t rule, EventValues& values) const {
    return evaluate_plainly(roots_[rule], false, values);
  }

  /// Evaluates a part of a rule, which is not under a `not`.
  [[nodiscard]] Verdict evaluate_plainly(const ProgramNode& node, EventValues& values) const {
    return evaluate_plainly(node, false, values);
  }

 private:
  ProgramNode compile(const Expr& expr, const DetectionRule& rule);
  PredicateId predicate_of(const Expr& expr);
  int cost_of(const ProgramNode& node) const;

  /// A node as it is evaluated: those of a rule stand in one row, a node before its children, the
  /// cheap ones first. What most tests need stands in the node itself: a rule is evaluated once in
  /// a while, and what it needs is then in nobody's cache.
  struct Step {
    Expr::Kind kind = Expr::Kind::all;
    bool is_simple = false;  ///< A test of a literal, in what is said in full here.
    bool is_set = false;     ///< Several tests of one field, of which one is enough: a set.
    bool cased = false;
    Pattern::Form form = Pattern::Form::general;
    std::uint32_t end = 0;  ///< Behind the last of its children.
    PredicateId predicate = 0;
    ColumnId column = 0;
    std::uint32_t literal = 0;  ///< Where it begins in literal_text_; of a set, which it is.
    std::uint32_t size = 0;
  };

  /// Literals that a value equals, or ends with as a whole file name. Lists of images are long.
  struct LiteralSet {
    struct Member {
      std::uint64_t hash = 0;  ///< Of the value, or of its file name.
      PredicateId predicate = 0;
    };

    std::vector<Member> members;  ///< Sorted.
  };

  /// What a regular expression said of the event in hand, plainly and under a `not`: rules share
  /// expressions. Mutable, like all of a matcher's scratch memory.
  struct Said {
    std::uint64_t generation = 0;
    Verdict verdict = Verdict::no;
  };

  void lay_out(const ProgramNode& node);
  void lay_out_set(ColumnId column, Pattern::Form form, const std::vector<PredicateId>& tests);
  Verdict test_set(const Step& step, bool negated, EventValues& values) const;
  Verdict ask(const Step& step, bool negated, EventValues& values) const;
  [[nodiscard]] bool fits(const Step& step, std::string_view text) const;
  Verdict test(const Step& step, bool negated, EventValues& values) const;
  template <typename Ask>
  Verdict evaluate(std::uint32_t at, bool negated, const Ask& ask) const;
  Verdict evaluate_plainly(const ProgramNode& node, bool negated, EventValues& values) const;

  ColumnTable columns_;
  std::deque<Predicate> predicates_;
  std::vector<std::vector<Literal>> literals_;  ///< By predicate.
  std::vector<double> rates_;                   ///< By predicate.
  std::vector<ProgramNode> roots_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> first_step_;  ///< By rule.
  std::string literal_text_;
  std::vector<LiteralSet> sets_;
  mutable std::vector<std::array<Said, 2>> said_;  ///< By predicate.
  std::vector<bool> usable_;
  struct Building;
  Building* building_ = nullptr;  ///< Only in the constructor.
};

}  // namespace spoor
