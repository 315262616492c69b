// The index of literals finds what is there and nothing else, and what it looks for on behalf of a
// rule is there whenever the rule holds.
#include "engine/matcher/literal_index.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/matcher/witness.h"
#include "tests/support/random_rules.h"

namespace spoor {
namespace {

using test::Dice;

bool is_in(const Literal& literal, std::string_view value) {
  switch (literal.place) {
    case LiteralPlace::whole: return value == literal.text;
    case LiteralPlace::starts: return value.starts_with(literal.text);
    case LiteralPlace::ends: return value.ends_with(literal.text);
    case LiteralPlace::anywhere: return value.find(literal.text) != std::string_view::npos;
  }
  return false;
}

/// Few letters, so that literals hold each other and their pieces repeat; some are no UTF-8.
std::string random_bytes(Dice& dice, std::size_t length) {
  static constexpr char kLetters[] = {'a', 'b', 'a', 'b', '\\', '/', '\0', '\xC3', '\xA9', '\xFF'};
  std::string text;
  while (text.size() < length) {
    text += dice.of(kLetters);
  }
  return text;
}

/// Cut, joined and repeated literals, with something between.
std::string random_value(Dice& dice, const std::vector<Literal>& literals) {
  std::string value = dice.chance(30) ? random_bytes(dice, dice.below(5)) : "";
  for (std::size_t parts = dice.below(4); parts > 0; --parts) {
    const std::string& text = dice.of(literals).text;
    value += dice.chance(70) ? text : text.substr(0, dice.below(text.size()));
    value += dice.chance(30) ? random_bytes(dice, dice.below(4)) : "";
  }
  return value;
}

TEST(LiteralIndex, FindsExactlyWhatIsThere) {
  std::size_t found_count = 0;
  for (std::size_t seed = 0; seed < 300; ++seed) {
    Dice dice(seed);
    // From one alone to more than the smallest bitmap has bits.
    const std::size_t count = seed % 10 == 0 ? 1 : seed % 10 == 1 ? 600 : 1 + dice.below(60);
    std::vector<Literal> literals;
    LiteralIndex index;
    for (std::uint32_t number = 0; number < count; ++number) {
      const bool again = !literals.empty() && dice.chance(10);
      Literal literal = {
          .text = again ? dice.of(literals).text : random_bytes(dice, 1 + dice.below(20)),
          .place = static_cast<LiteralPlace>(dice.below(4))};
      index.add(literal, number);
      if (dice.chance(5)) {
        index.add(literal, number);  // The same of the same rule.
      }
      literals.push_back(std::move(literal));
    }
    index.build();
    EXPECT_FALSE(index.empty());
    for (std::size_t round = 0; round < 60; ++round) {
      // A buffer of its own size, so that a sanitizer sees what is read behind it.
      const std::string made = random_value(dice, literals);
      const std::vector<char> value(made.begin(), made.end());
      const std::string_view view(value.data(), value.size());
      std::set<std::uint32_t> found;
      index.scan(view, [&](std::uint32_t number) { found.insert(number); });
      std::set<std::uint32_t> wanted;
      for (std::uint32_t number = 0; number < count; ++number) {
        if (is_in(literals[number], view)) {
          wanted.insert(number);
        }
      }
      ASSERT_EQ(found, wanted) << "seed " << seed << " value [" << escape_for_terminal(made) << "]";
      found_count += found.size();
    }
  }
  EXPECT_GT(found_count, 10'000U);
}

TEST(LiteralIndex, OfNothingFindsNothing) {
  LiteralIndex index;
  index.build();
  EXPECT_TRUE(index.empty());
  for (const char* value : {"", "a", "abcdef"}) {
    index.scan(value, [](std::uint32_t number) { ADD_FAILURE() << number; });
  }
}

TEST(LiteralIndex, ManyLiteralsOfOneGram) {
  // As many as share every piece: the longest chains there can be.
  LiteralIndex index;
  for (std::uint32_t number = 0; number < 300; ++number) {
    index.add({.text = std::string(4 + number, 'a'), .place = LiteralPlace::anywhere}, number);
  }
  index.build();
  std::set<std::uint32_t> found;
  index.scan(std::string(100, 'a'), [&](std::uint32_t number) { found.insert(number); });
  EXPECT_EQ(found.size(), 97U);
  EXPECT_EQ(*found.rbegin(), 96U);
}

// --- Literals of rules
// -------------------------------------------------------------------------------------------------

/// Is one of the test's literals in one of its field's values?
bool literals_are_there(const std::vector<Literal>& literals,
                        ColumnId column,
                        EventValues& values) {
  const std::size_t count =
      values.presence(column) == Presence::there ? values.full_count(column) : 0;
  for (std::size_t place = 0; place < count; ++place) {
    const std::string_view folded = EventValues::folded(values.value(column, place));
    if (std::ranges::any_of(literals, [&](const auto& one) { return is_in(one, folded); })) {
      return true;
    }
  }
  return false;
}

/// Does one of the witness's tests hold, and has each of those that hold its literal? Counts those
/// that have literals.
testing::AssertionResult finds_the_rule(const Witness& witness,
                                        const Program& program,
                                        EventValues& values,
                                        std::size_t& with_literals) {
  bool found = false;
  for (const PredicateId id : witness.any_of) {
    const Predicate& predicate = program.predicate(id);
    if (predicate.holds(values, false) != Verdict::yes) {
      continue;
    }
    found = true;
    const std::vector<Literal>& literals = program.literals(id);
    with_literals += literals.empty() ? 0U : 1U;
    if (!literals.empty() && !literals_are_there(literals, predicate.column(), values)) {
      return testing::AssertionFailure() << "no literal of " << predicate.test().text;
    }
  }
  return found ? testing::AssertionSuccess()
               : testing::AssertionFailure() << "no test of the witness holds";
}

TEST(RequiredLiterals, AreThereWhenTheTestHolds) {
  std::size_t held = 0;
  std::size_t with_literals = 0;
  for (std::size_t seed = 0; seed < 30; ++seed) {
    Dice dice(5'000 + seed);
    const LoadedRules loaded = test::random_rules(dice, 40, false);
    const Program program(loaded.rules, false, nullptr);
    EventValues values(program.columns(), seed % 2 == 0);
    test::EventMixer mixer(dice);
    std::vector<Witness> witnesses;
    for (std::size_t rule = 0; rule < program.size(); ++rule) {
      witnesses.push_back(find_witness(program, program.root(rule)));
    }
    for (std::size_t i = 0; i < 150; ++i) {
      const Event event = mixer.event_for(loaded.rules, false);
      values.reset(event, nullptr);
      for (std::size_t rule = 0; rule < program.size(); ++rule) {
        if (!witnesses[rule].exists || program.evaluate_plainly(rule, values) != Verdict::yes) {
          continue;
        }
        ++held;
        ASSERT_TRUE(finds_the_rule(witnesses[rule], program, values, with_literals))
            << loaded.rules.detections[rule].meta.file << " of seed " << 5'000 + seed << "\n"
            << test::describe_fields(event);
      }
    }
  }
  EXPECT_GT(held, 5'000U);
  EXPECT_GT(with_literals, 2'000U);
}

TEST(RequiredLiterals, OfARegularExpressionAreInWhateverItFinds) {
  // Apart from rules, because there few expressions match what an event holds.
  Dice dice(77);
  std::size_t matched = 0;
  for (std::size_t round = 0; round < 4'000; ++round) {
    Expr expr;
    expr.kind = Expr::Kind::test;
    expr.field = {.name = "Image", .id = FieldId::image};
    expr.test.kind = TestKind::regex;
    expr.test.text = test::random_regex(dice, 4);
    expr.test.regex_ignore_case = dice.chance(30);
    expr.test.regex_dotall = dice.chance(20);
    ColumnTable columns(false);
    const Predicate predicate(expr, columns);
    ASSERT_FALSE(predicate.refusal()) << expr.test.text;
    const std::vector<Literal> literals = required_literals(predicate);
    if (literals.empty()) {
      continue;
    }
    EventValues values(columns, false);
    test::EventMixer mixer(dice);
    for (std::size_t i = 0; i < 20; ++i) {
      Event event;
      event.set(FieldId::image, mixer.keep(dice.chance(60) ? mixer.value_for(expr.test)
                                                           : test::random_text(dice, 4)));
      values.reset(event, nullptr);
      if (predicate.holds(values, false) != Verdict::yes) {
        continue;
      }
      ++matched;
      ASSERT_TRUE(literals_are_there(literals, predicate.column(), values))
          << expr.test.text << " in [" << event.field(FieldId::image) << "]";
    }
  }
  EXPECT_GT(matched, 2'000U);
}

}  // namespace
}  // namespace spoor
