#include "engine/matcher/witness.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace spoor {
namespace {

/// A test for what is not there has no witness.
bool needs_field(const ValueTest& test) {
  return test.kind != TestKind::null && !(test.kind == TestKind::exists && !test.expected);
}

/// The fewest tests that say the same: repeats go.
void sort_unique(std::vector<PredicateId>& ids) {
  std::ranges::sort(ids);
  // Not std::ranges::unique: clang 14 cannot read what libstdc++ 12 returns of it.
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

/// The witnesses of the parts that all must hold.
void collect_witnesses(const Program& program,
                       const ProgramNode& node,
                       std::vector<Witness>& witnesses) {
  if (node.kind == Expr::Kind::all) {
    for (const ProgramNode& child : node.children) {
      collect_witnesses(program, child, witnesses);
    }
    return;
  }
  Witness one = find_witness(program, node);
  if (one.exists) {
    witnesses.push_back(std::move(one));
  }
}

/// Calls `look(predicate, negated)` for each test.
template <typename Look>
void for_each_test(const Program& program,
                   const ProgramNode& node,
                   bool negated,
                   const Look& look) {
  if (node.kind == Expr::Kind::test) {
    look(program.predicate(node.predicate), negated);
  }
  const bool negates = node.kind == Expr::Kind::negation;
  for (const ProgramNode& child : node.children) {
    for_each_test(program, child, negates != negated, look);
  }
}

/// May the node's verdict be this one by tests of the field alone, whatever others say?
bool may_be(const Program& program, const ProgramNode& node, bool verdict, ColumnId column) {
  const auto child_may_be = [&](const ProgramNode& child) {
    return may_be(program, child, verdict, column);
  };
  switch (node.kind) {
    case Expr::Kind::test: {
      const Predicate& predicate = program.predicate(node.predicate);
      return predicate.column() == column && predicate.reference() == ColumnTable::kNone;
    }
    case Expr::Kind::negation: return may_be(program, node.children.front(), !verdict, column);
    case Expr::Kind::all:
      return verdict ? std::ranges::all_of(node.children, child_may_be)
                     : std::ranges::any_of(node.children, child_may_be);
    case Expr::Kind::any:
      return verdict ? std::ranges::any_of(node.children, child_may_be)
                     : std::ranges::all_of(node.children, child_may_be);
  }
  return false;
}

}  // namespace

bool may_be_refuted(const Program& program, const ProgramNode& node, ColumnId column) {
  const FieldRef& field = program.columns().field(column);
  if (field.ancestor || field.keyword || !may_be(program, node, false, column)) {
    return false;
  }
  bool excludes = false;
  for_each_test(program, node, false, [&](const Predicate& predicate, bool negated) {
    excludes = excludes || (negated && predicate.column() == column);
  });
  return excludes;
}

ColumnId find_refuting_column(const Program& program, const ProgramNode& node) {
  std::map<ColumnId, std::size_t> tests;
  for_each_test(program, node, false,
                [&](const Predicate& predicate, bool /*negated*/) { ++tests[predicate.column()]; });
  ColumnId best = ColumnTable::kNone;
  std::size_t most = 0;
  for (const auto& [column, count] : tests) {
    if (count > most && may_be_refuted(program, node, column)) {
      best = column;
      most = count;
    }
  }
  return best;
}

std::vector<Witness> find_witnesses(const Program& program, const ProgramNode& node) {
  // In one event of so many all may be there: then evaluating the rule costs no more than to look
  // for more.
  constexpr double kRare = 0.002;
  // What is in most events, or is looked for by many texts, is no help beside a better one.
  constexpr double kCommon = 0.6;
  constexpr std::size_t kManyTests = 300;
  std::vector<Witness> witnesses;
  collect_witnesses(program, node, witnesses);
  std::ranges::stable_sort(witnesses, [](const Witness& a, const Witness& b) {
    return std::pair(a.rate, a.any_of.size()) < std::pair(b.rate, b.any_of.size());
  });
  std::vector<Witness> wanted;
  double rate = 1;
  for (Witness& witness : witnesses) {
    const bool helps = wanted.empty() || (rate > kRare && witness.rate < kCommon &&
                                          witness.any_of.size() <= kManyTests);
    if (helps && wanted.size() < kWitnessesMax) {
      rate *= witness.rate;
      wanted.push_back(std::move(witness));
    }
  }
  return wanted;
}

Witness find_witness(const Program& program, const ProgramNode& node) {
  switch (node.kind) {
    case Expr::Kind::negation: return {};
    case Expr::Kind::test: {
      const Predicate& predicate = program.predicate(node.predicate);
      if (!needs_field(predicate.test())) {
        return {};
      }
      return {.exists = true, .any_of = {node.predicate}, .rate = program.rate(node.predicate)};
    }
    case Expr::Kind::all: {
      Witness best;
      for (const ProgramNode& child : node.children) {
        Witness one = find_witness(program, child);
        const bool better =
            one.exists && (!best.exists || one.rate < best.rate ||
                           (one.rate == best.rate && one.any_of.size() < best.any_of.size()));
        if (better) {
          best = std::move(one);
        }
      }
      return best;
    }
    case Expr::Kind::any: {
      Witness together{.exists = true, .any_of = {}, .rate = 0};
      for (const ProgramNode& child : node.children) {
        const Witness one = find_witness(program, child);
        if (!one.exists) {
          return {};
        }
        together.any_of.insert(together.any_of.end(), one.any_of.begin(), one.any_of.end());
        together.rate += one.rate;
      }
      sort_unique(together.any_of);
      together.rate = std::min(together.rate, 1.0);
      return together;
    }
  }
  return {};
}

std::string witness_text(const Program& program, const ProgramNode& node) {
  const Witness witness = find_witness(program, node);
  if (!witness.exists) {
    return "-";
  }
  if (witness.any_of.empty()) {
    return "never holds";
  }
  std::set<std::string> fields;
  for (const PredicateId id : witness.any_of) {
    const FieldRef& field = program.predicate(id).field();
    fields.insert(field.keyword ? "any value" : field.name);
  }
  std::string names;
  for (const std::string& name : fields) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  if (witness.any_of.size() > 1) {
    return "any of " + std::to_string(witness.any_of.size()) + " tests of " + names;
  }
  const std::vector<Literal>& literals = program.literals(witness.any_of.front());
  if (literals.empty()) {
    return names + " is there";
  }
  std::string texts;
  for (const Literal& literal : literals) {
    texts.append(texts.empty() ? "" : " or ").append(literal.text);
  }
  switch (literals.front().place) {
    case LiteralPlace::whole: return names + " is " + texts;
    case LiteralPlace::starts: return names + " starts with " + texts;
    case LiteralPlace::ends: return names + " ends with " + texts;
    case LiteralPlace::anywhere: return names + " contains " + texts;
  }
  return names;
}

}  // namespace spoor
