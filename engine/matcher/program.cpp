#include "engine/matcher/program.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"
#include "engine/matcher/text_search.h"

namespace spoor {
namespace {

/// What a test says, as bytes: tests that say the same are one predicate.
void append_text(std::string_view text, std::string& key) {
  key.append(std::to_string(text.size())).append(":").append(text);
}

std::string key_of(const Expr& expr, ColumnId column) {
  const ValueTest& test = expr.test;
  std::string key = std::to_string(column);
  const auto flag = [&key](bool set) { key.push_back(set ? '1' : '0'); };
  key.push_back(static_cast<char>('a' + static_cast<int>(test.kind)));
  flag(test.cased);
  flag(test.expected);
  flag(test.regex_ignore_case);
  flag(test.regex_multiline);
  flag(test.regex_dotall);
  key.push_back(static_cast<char>('a' + static_cast<int>(test.comparison)));
  key.push_back(static_cast<char>('a' + static_cast<int>(test.time_part)));
  key.push_back(static_cast<char>('a' + static_cast<int>(test.affix)));
  if (test.kind == TestKind::pattern) {
    for (const PatternPiece& piece : test.pattern) {
      key.push_back(static_cast<char>('a' + static_cast<int>(piece.kind)));
      append_text(piece.literal, key);
    }
  } else {
    append_text(test.text, key);
  }
  append_text(test.kind == TestKind::field_ref ? test.reference.name : "", key);
  return key;
}

/// Fewer tests than that are asked one by one.
constexpr std::size_t kSetMin = 4;

/// What is looked up of a text in a set of that form.
std::string_view set_key(Pattern::Form form, std::string_view text) {
  return form == Pattern::Form::equals ? text : text.substr(text.rfind('\\') + 1);
}

/// Of which form of set may a test be? Of none if it asks for more than a whole folded value or
/// file name.
std::optional<Pattern::Form> set_form(const ProgramNode& node, const Program& program) {
  if (node.kind != Expr::Kind::test) {
    return std::nullopt;
  }
  const Predicate& predicate = program.predicate(node.predicate);
  if (predicate.test().kind != TestKind::pattern || predicate.test().cased ||
      predicate.field().ancestor) {
    return std::nullopt;
  }
  const Pattern& pattern = predicate.pattern();
  if (pattern.form() == Pattern::Form::equals ||
      (pattern.form() == Pattern::Form::ends && pattern.literal().rfind('\\') == 0)) {
    return pattern.form();
  }
  return std::nullopt;
}

}  // namespace

struct Program::Building {
  boost::unordered_flat_map<std::string, PredicateId, SeededTextHash, std::equal_to<>> known;
  std::vector<Diagnostic>* diagnostics = nullptr;
  bool usable = true;
};

Program::Program(const RuleSet& rules, bool by_name, std::vector<Diagnostic>* diagnostics)
    : columns_(by_name) {
  Building building;
  building.diagnostics = diagnostics;
  building_ = &building;
  roots_.reserve(rules.detections.size());
  for (const DetectionRule& rule : rules.detections) {
    building.usable = true;
    roots_.push_back(compile(rule.condition, rule));
    usable_.push_back(building.usable);
    first_step_.push_back(static_cast<std::uint32_t>(steps_.size()));
    lay_out(roots_.back());
  }
  building_ = nullptr;
  said_.resize(predicates_.size());
}

ProgramNode Program::compile(const Expr& expr, const DetectionRule& rule) {
  ProgramNode node;
  node.kind = expr.kind;
  if (expr.kind == Expr::Kind::test) {
    node.predicate = predicate_of(expr);
    const std::optional<std::string>& refused = predicates_[node.predicate].refusal();
    if (refused) {
      building_->usable = false;
      if (building_->diagnostics != nullptr) {
        building_->diagnostics->push_back({.severity = Severity::error,
                                           .file = rule.meta.file,
                                           .position = expr.test.position,
                                           .message = *refused,
                                           .hint = "",
                                           .source_line = ""});
      }
    }
    return node;
  }
  node.children.reserve(expr.children.size());
  for (const Expr& child : expr.children) {
    node.children.push_back(compile(child, rule));
  }
  node.order.resize(node.children.size());
  std::iota(node.order.begin(), node.order.end(), 0U);
  std::vector<int> costs;
  costs.reserve(node.children.size());
  for (const ProgramNode& child : node.children) {
    costs.push_back(cost_of(child));
  }
  std::ranges::stable_sort(node.order, {}, [&costs](std::uint32_t child) { return costs[child]; });
  return node;
}

PredicateId Program::predicate_of(const Expr& expr) {
  const ColumnId column = columns_.add(expr.field);
  const auto next = static_cast<PredicateId>(predicates_.size());
  const auto [known, is_new] = building_->known.try_emplace(key_of(expr, column), next);
  if (is_new) {
    predicates_.emplace_back(expr, columns_);
    literals_.push_back(required_literals(predicates_.back()));
    if (expr.test.kind == TestKind::regex) {
      std::vector<std::string> texts;
      for (const Literal& literal : literals_.back()) {
        texts.push_back(literal.text);
      }
      predicates_.back().require(std::move(texts));
    }
    rates_.push_back(literal_rate(predicates_.back(), literals_.back()));
  }
  return known->second;
}

int Program::cost_of(const ProgramNode& node) const {
  if (node.kind == Expr::Kind::test) {
    return predicates_[node.predicate].cost();
  }
  int cost = 1;
  for (const ProgramNode& child : node.children) {
    cost += cost_of(child);
  }
  return cost;
}

void Program::lay_out_set(ColumnId column,
                          Pattern::Form form,
                          const std::vector<PredicateId>& tests) {
  Step step;
  step.kind = Expr::Kind::test;
  step.is_set = true;
  step.form = form;
  step.column = column;
  step.literal = static_cast<std::uint32_t>(sets_.size());
  step.end = static_cast<std::uint32_t>(steps_.size() + 1);
  steps_.push_back(step);
  LiteralSet& set = sets_.emplace_back();
  for (const PredicateId test : tests) {
    const std::string& literal = predicates_[test].pattern().literal();
    set.members.push_back({.hash = SeededTextHash()(set_key(form, literal)), .predicate = test});
  }
  std::ranges::sort(set.members, [](const auto& a, const auto& b) {
    return std::tie(a.hash, a.predicate) < std::tie(b.hash, b.predicate);
  });
}

/// As Predicate::holds() of each of them: the first that holds, if one does.
Verdict Program::test_set(const Step& step, bool negated, EventValues& values) const {
  const EventValues::Slot& slot = values.slot(step.column);
  if (slot.presence != Presence::there) {
    return slot.presence == Presence::unknown ? Verdict::unknown : Verdict::no;
  }
  const LiteralSet& set = sets_[step.literal];
  const auto any_fits = [&](std::size_t begin, std::size_t end) {
    for (std::size_t place = begin; place < end; ++place) {
      const std::string_view text = EventValues::folded(values.value(step.column, place));
      const std::uint64_t hash = SeededTextHash()(set_key(step.form, text));
      auto member = std::ranges::lower_bound(set.members, hash, {}, &LiteralSet::Member::hash);
      for (; member != set.members.end() && member->hash == hash; ++member) {
        const Predicate& predicate = predicates_[member->predicate];
        if (predicate.pattern().matches(text) &&
            (!negated || predicate.holds(values, true) == Verdict::yes)) {
          return true;
        }
      }
    }
    return false;
  };
  const std::size_t first = slot.first_count;
  return verdict_of(any_fits(0, first) ||
                    (!negated && any_fits(first, values.full_count(step.column))));
}

void Program::lay_out(const ProgramNode& node) {
  const std::size_t place = steps_.size();
  Step step;
  step.kind = node.kind;
  step.predicate = node.predicate;
  if (node.kind == Expr::Kind::test) {
    const Predicate& predicate = predicates_[node.predicate];
    step.column = predicate.column();
    step.cased = predicate.test().cased;
    step.is_simple = predicate.test().kind == TestKind::pattern &&
                     predicate.pattern().form() != Pattern::Form::general &&
                     !predicate.field().ancestor;
    if (step.is_simple) {
      step.form = predicate.pattern().form();
      step.literal = static_cast<std::uint32_t>(literal_text_.size());
      step.size = static_cast<std::uint32_t>(predicate.pattern().literal().size());
      literal_text_.append(predicate.pattern().literal());
    }
  }
  steps_.push_back(step);
  // Of an `or`, the tests that sets take.
  std::map<std::pair<ColumnId, Pattern::Form>, std::vector<PredicateId>> sets;
  if (node.kind == Expr::Kind::any) {
    for (const std::uint32_t child : node.order) {
      const std::optional<Pattern::Form> form = set_form(node.children[child], *this);
      if (form) {
        const PredicateId test = node.children[child].predicate;
        sets[{predicates_[test].column(), *form}].push_back(test);
      }
    }
    std::erase_if(sets, [](const auto& set) { return set.second.size() < kSetMin; });
    for (const auto& [key, tests] : sets) {
      lay_out_set(key.first, key.second, tests);
    }
  }
  for (const std::uint32_t child : node.order) {
    const std::optional<Pattern::Form> form = set_form(node.children[child], *this);
    const bool in_set =
        form && sets.contains({predicates_[node.children[child].predicate].column(), *form});
    if (!in_set) {
      lay_out(node.children[child]);
    }
  }
  steps_[place].end = static_cast<std::uint32_t>(steps_.size());
}

bool Program::fits(const Step& step, std::string_view text) const {
  const std::string_view literal(literal_text_.data() + step.literal, step.size);
  switch (step.form) {
    case Pattern::Form::equals: return text == literal;
    case Pattern::Form::starts: return text.starts_with(literal);
    case Pattern::Form::ends: return text.ends_with(literal);
    case Pattern::Form::contains: return holds_text(text, literal);
    case Pattern::Form::anything: return true;
    case Pattern::Form::general: break;
  }
  return false;
}

Verdict Program::ask(const Step& step, bool negated, EventValues& values) const {
  const Predicate& predicate = predicates_[step.predicate];
  if (predicate.test().kind != TestKind::regex) {
    return predicate.holds(values, negated);
  }
  // Whether the field is there is asked in any case: a verdict leans on what its fields lean on.
  static_cast<void>(values.presence(step.column));
  Said& said = said_[step.predicate][negated ? 1 : 0];
  if (said.generation != values.generation()) {
    said.generation = values.generation();
    said.verdict = predicate.holds(values, negated);
  }
  return said.verdict;
}

/// As Predicate::holds(), which is asked where it is not simple.
Verdict Program::test(const Step& step, bool negated, EventValues& values) const {
  if (!step.is_simple) {
    return ask(step, negated, values);
  }
  const EventValues::Slot& slot = values.slot(step.column);
  if (slot.presence != Presence::there) {
    return slot.presence == Presence::unknown ? Verdict::unknown : Verdict::no;
  }
  const auto any_fits = [&](std::size_t begin, std::size_t end) {
    for (std::size_t place = begin; place < end; ++place) {
      FieldValue& value = values.value(step.column, place);
      if (fits(step, step.cased ? value.text : EventValues::folded(value))) {
        return true;
      }
    }
    return false;
  };
  const std::size_t first = slot.first_count;
  if (any_fits(0, first)) {
    // Under a `not` the other forms have a say, too.
    return negated ? predicates_[step.predicate].holds(values, negated) : Verdict::yes;
  }
  return verdict_of(!negated && any_fits(first, values.full_count(step.column)));
}

/// `ask(step, negated)` answers tests.
template <typename Ask>
Verdict Program::evaluate(std::uint32_t at, bool negated, const Ask& ask) const {
  const Step& step = steps_[at];
  switch (step.kind) {
    case Expr::Kind::test: return ask(step, negated);
    case Expr::Kind::negation: {
      const Verdict inner = evaluate(at + 1, !negated, ask);
      return static_cast<Verdict>(2 - static_cast<int>(inner));
    }
    case Expr::Kind::all: {
      Verdict verdict = Verdict::yes;
      for (std::uint32_t child = at + 1; child < step.end; child = steps_[child].end) {
        verdict = std::min(verdict, evaluate(child, negated, ask));
        if (verdict == Verdict::no) {
          break;
        }
      }
      return verdict;
    }
    case Expr::Kind::any: {
      Verdict verdict = Verdict::no;
      for (std::uint32_t child = at + 1; child < step.end; child = steps_[child].end) {
        verdict = std::max(verdict, evaluate(child, negated, ask));
        if (verdict == Verdict::yes) {
          break;
        }
      }
      return verdict;
    }
  }
  return Verdict::no;
}

Verdict Program::evaluate(std::size_t rule, EventValues& values, EvaluationCost& cost) const {
  return evaluate(first_step_[rule], false, [&](const Step& step, bool negated) {
    ++cost.tests;
    return step.is_set ? test_set(step, negated, values) : test(step, negated, values);
  });
}

bool Program::is_refuted(std::size_t rule, ColumnId column, EventValues& values) const {
  // Kleene's logic: what is not known of the other fields may be anything.
  const Verdict verdict = evaluate(first_step_[rule], false, [&](const Step& step, bool negated) {
    if (step.column != column) {
      return Verdict::unknown;
    }
    if (step.is_set) {
      return test_set(step, negated, values);
    }
    const bool leans_on_other = predicates_[step.predicate].reference() != ColumnTable::kNone;
    return leans_on_other ? Verdict::unknown : test(step, negated, values);
  });
  return verdict == Verdict::no;
}

Verdict Program::evaluate_plainly(const ProgramNode& node,
                                  bool negated,
                                  EventValues& values) const {
  if (node.kind == Expr::Kind::test) {
    return predicates_[node.predicate].holds(values, negated);
  }
  if (node.kind == Expr::Kind::negation) {
    const Verdict inner = evaluate_plainly(node.children.front(), !negated, values);
    return static_cast<Verdict>(2 - static_cast<int>(inner));
  }
  const bool all = node.kind == Expr::Kind::all;
  Verdict verdict = all ? Verdict::yes : Verdict::no;
  for (const ProgramNode& child : node.children) {
    const Verdict one = evaluate_plainly(child, negated, values);
    verdict = all ? std::min(verdict, one) : std::max(verdict, one);
  }
  return verdict;
}

}  // namespace spoor
