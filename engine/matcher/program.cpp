#include "engine/matcher/program.h"

#include <algorithm>
#include <numeric>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"

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
  }
  building_ = nullptr;
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

Verdict Program::evaluate(const ProgramNode& node,
                          bool negated,
                          EventValues& values,
                          EvaluationCost& cost) const {
  switch (node.kind) {
    case Expr::Kind::test: ++cost.tests; return predicates_[node.predicate].holds(values, negated);
    case Expr::Kind::negation: {
      const Verdict inner = evaluate(node.children.front(), !negated, values, cost);
      return static_cast<Verdict>(2 - static_cast<int>(inner));
    }
    case Expr::Kind::all: {
      Verdict verdict = Verdict::yes;
      for (const std::uint32_t child : node.order) {
        verdict = std::min(verdict, evaluate(node.children[child], negated, values, cost));
        if (verdict == Verdict::no) {
          break;
        }
      }
      return verdict;
    }
    case Expr::Kind::any: {
      Verdict verdict = Verdict::no;
      for (const std::uint32_t child : node.order) {
        verdict = std::max(verdict, evaluate(node.children[child], negated, values, cost));
        if (verdict == Verdict::yes) {
          break;
        }
      }
      return verdict;
    }
  }
  return Verdict::no;
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
