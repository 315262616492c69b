#include "engine/correlation/window.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace spoor {
namespace {

StepExpr step(std::size_t number) {
  return {.kind = StepExpr::Kind::step, .children = {}, .step = number};
}

StepExpr both(std::vector<StepExpr> children) {
  return {.kind = StepExpr::Kind::all, .children = std::move(children), .step = 0};
}

StepExpr either(std::vector<StepExpr> children) {
  return {.kind = StepExpr::Kind::any, .children = std::move(children), .step = 0};
}

/// Steps 0 and (1 or 2); step 3 is not needed, and escalates.
CorrelationRule rule_with_timespan(Duration timespan) {
  CorrelationRule rule;
  rule.steps.resize(4);
  rule.condition = both({step(0), either({step(1), step(2)})});
  rule.escalations.push_back({.condition = step(3), .level = Level::critical});
  rule.timespan = timespan;
  return rule;
}

StepTime at(Timestamp time, std::size_t step_number) {
  return {.order = {.time = time,
                    .rank = 0,
                    .uid = {.high = 0, .low = static_cast<std::uint64_t>(time) * 8 + step_number}},
          .step = step_number};
}

TEST(Window, IsInclusiveAtBothEnds) {
  const CorrelationRule rule = rule_with_timespan(10);
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(10, 1)}));
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(11, 1)}));
}

TEST(Window, OrderWithinItDoesNotMatter) {
  const CorrelationRule rule = rule_with_timespan(10);
  EXPECT_TRUE(find_windows(rule, {at(0, 2), at(9, 0)}));
}

TEST(Window, NothingGivesNothing) {
  EXPECT_FALSE(find_windows(rule_with_timespan(10), {}));
}

TEST(Window, TellsWhatIsRequired) {
  const CorrelationRule rule = rule_with_timespan(10);
  const auto one_way = find_windows(rule, {at(0, 0), at(1, 1), at(2, 3)});
  ASSERT_TRUE(one_way);
  EXPECT_EQ(one_way->required, (std::vector<bool>{true, true, false, false}));
  const auto two_ways = find_windows(rule, {at(0, 0), at(1, 1), at(2, 2)});
  ASSERT_TRUE(two_ways);
  EXPECT_EQ(two_ways->required, (std::vector<bool>{true, false, false, false}));
}

TEST(Window, EscalatesOnlyWithinAMatchingWindow) {
  const CorrelationRule rule = rule_with_timespan(10);
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(1, 1), at(10, 3)})->escalated[0]);
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(1, 1), at(50, 3)})->escalated[0]);
}

TEST(Window, EvidenceIsTheUnionOfMatchingWindows) {
  const CorrelationRule rule = rule_with_timespan(10);
  const auto result = find_windows(rule, {at(0, 0), at(5, 1), at(12, 0), at(15, 3), at(40, 0)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->included, (std::vector<bool>{true, true, true, true, false}));
}

// --- Class N ---

using Type = WindowCorrelationType;
using Comparison = Threshold::Comparison;

StepExpr without(StepExpr operand) {
  return {.kind = StepExpr::Kind::negation, .children = {std::move(operand)}, .step = 0};
}

/// Step 0 and not step 1.
CorrelationRule absence(Duration timespan) {
  CorrelationRule rule;
  rule.steps.resize(3);
  rule.condition = both({step(0), without(step(1))});
  rule.correlation_class = CorrelationClass::non_monotone;
  rule.timespan = timespan;
  return rule;
}

/// All steps are counted.
CorrelationRule count_rule(Type type, std::vector<Threshold> thresholds, Duration timespan = 10) {
  CorrelationRule rule;
  rule.type = type;
  rule.steps.resize(3);
  rule.anchor_takes_part = true;
  rule.thresholds = std::move(thresholds);
  rule.timespan = timespan;
  rule.correlation_class = class_of(rule);
  return rule;
}

StepTime valued(Timestamp time, std::vector<std::string> values) {
  StepTime hit = at(time, 0);
  hit.values = std::move(values);
  return hit;
}

TEST(Window, AbsenceHoldsWhereTheRestIsAndItIsNot) {
  const CorrelationRule rule = absence(10);
  EXPECT_TRUE(find_windows(rule, {at(0, 0)}));
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(10, 1)}));
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(11, 1)}));
  EXPECT_TRUE(find_windows(rule, {at(0, 1), at(1, 0)}));  // It came before.
  EXPECT_FALSE(find_windows(rule, {at(0, 1)}));
}

TEST(Window, HitsOfOneTimeAreInOneWindow) {
  EXPECT_FALSE(find_windows(absence(10), {at(5, 0), at(5, 1)}));
  EXPECT_FALSE(find_windows(absence(0), {at(5, 0), at(5, 1)}));
  const CorrelationRule exactly_one =
      count_rule(Type::event_count, {{.comparison = Comparison::eq, .number = 1}});
  EXPECT_FALSE(find_windows(exactly_one, {at(5, 0), at(5, 1)}));
}

TEST(Window, WhatMayBeTakenBackWaitsUntilTheWindowIsClosed) {
  const CorrelationRule rule = absence(10);
  EXPECT_FALSE(find_windows(rule, {at(0, 0)}, 0));
  EXPECT_FALSE(find_windows(rule, {at(0, 0)}, 10));  // One at 10 may still come.
  EXPECT_TRUE(find_windows(rule, {at(0, 0)}, 11));
  const auto first_only = find_windows(rule, {at(0, 0), at(5, 0)}, 12);
  ASSERT_TRUE(first_only);
  EXPECT_EQ(first_only->included, (std::vector<bool>{true, true}));
  EXPECT_TRUE(find_windows(rule, {at(kAllClosed, 0)}));
  EXPECT_FALSE(find_windows(rule, {at(kAllClosed - 5, 0)}, kAllClosed - 1));
  // More events can only make this one true, so it need not wait.
  EXPECT_TRUE(find_windows(rule_with_timespan(10), {at(0, 0), at(1, 1)}, 0));
}

TEST(Window, TimesAsFarApartAsCanBe) {
  constexpr Timestamp kFirst = std::numeric_limits<Timestamp>::min();
  EXPECT_FALSE(find_windows(rule_with_timespan(10), {at(kFirst, 0), at(kAllClosed, 1)}));
  EXPECT_TRUE(find_windows(absence(10), {at(kFirst, 0), at(kAllClosed, 1)}));
}

TEST(Window, WithoutARequiredStepTheRuleHoldsNowhere) {
  const auto result = find_windows(absence(10), {at(0, 0), at(5, 2), at(20, 1)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->required, (std::vector<bool>{true, false, false}));
  EXPECT_EQ(result->included, (std::vector<bool>{true, true, false}));
}

// --- Counts, values, sequences ---

TEST(Window, CountsEvents) {
  const CorrelationRule rule =
      count_rule(Type::event_count, {{.comparison = Comparison::gte, .number = 3}});
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(5, 0), at(10, 1)}));
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(5, 0), at(11, 1)}));
  EXPECT_FALSE(find_windows(rule, {}));
  const auto result = find_windows(rule, {at(0, 0), at(1, 0), at(2, 0), at(3, 1), at(50, 0)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->included, (std::vector<bool>{true, true, true, true, false}));
  EXPECT_EQ(result->required, (std::vector<bool>{true, false, false}));
}

TEST(Window, AnEventOfTwoStepsCountsOnce) {
  const CorrelationRule rule =
      count_rule(Type::event_count, {{.comparison = Comparison::gte, .number = 2}});
  StepTime again = at(0, 0);
  again.step = 1;
  EXPECT_FALSE(find_windows(rule, {at(0, 0), again}));
  EXPECT_TRUE(find_windows(rule, {at(0, 0), again, at(3, 0)}));
}

TEST(Window, EqualIsJudgedInEveryWindow) {
  const CorrelationRule two =
      count_rule(Type::event_count, {{.comparison = Comparison::eq, .number = 2}});
  EXPECT_TRUE(find_windows(two, {at(0, 0), at(1, 0), at(2, 0)}));  // In that which starts at 1.
  EXPECT_FALSE(find_windows(two, {at(0, 0)}));
  const CorrelationRule none =
      count_rule(Type::event_count, {{.comparison = Comparison::eq, .number = 0}});
  EXPECT_FALSE(find_windows(none, {}));
  EXPECT_FALSE(find_windows(none, {at(0, 0), at(30, 0)}));
}

TEST(Window, CountsDistinctValues) {
  CorrelationRule rule =
      count_rule(Type::value_count, {{.comparison = Comparison::gt, .number = 2}});
  rule.fields = {"X"};
  EXPECT_TRUE(find_windows(rule, {valued(0, {"a"}), valued(1, {"b", "a"}), valued(10, {"c"})}));
  EXPECT_FALSE(find_windows(rule, {valued(0, {"a"}), valued(1, {"b"}), valued(11, {"c"})}));
  EXPECT_FALSE(find_windows(rule, {valued(0, {"a"}), valued(1, {}), valued(2, {"a"})}));
  rule.thresholds = {{.comparison = Comparison::eq, .number = 0}};
  EXPECT_TRUE(find_windows(rule, {valued(0, {})}));
  EXPECT_FALSE(find_windows(rule, {valued(0, {"a"})}));
}

bool holds_for(Type type, Threshold threshold, const std::vector<std::string>& values) {
  CorrelationRule rule = count_rule(type, {threshold});
  rule.fields = {"X"};
  return find_windows(rule, {valued(0, values)}).has_value();
}

TEST(Window, MeasuresNumbers) {
  const Threshold is_three{.comparison = Comparison::eq, .number = 3};
  const Threshold is_two{.comparison = Comparison::eq, .number = 2};
  EXPECT_TRUE(holds_for(Type::value_sum, is_three, {"1", "2", "x", ""}));
  EXPECT_TRUE(holds_for(Type::value_avg, is_two, {"1", "2", "3", "no"}));
  EXPECT_TRUE(holds_for(Type::value_median, is_two, {"0", "3", "1", "9"}));
  EXPECT_FALSE(holds_for(Type::value_sum, {.comparison = Comparison::lt, .number = 3}, {"x"}));
  // A running sum would have lost the 1.
  CorrelationRule rule = count_rule(Type::value_sum, {{.comparison = Comparison::eq, .number = 1}});
  rule.fields = {"X"};
  EXPECT_TRUE(find_windows(rule, {valued(0, {"1e30"}), valued(5, {"1"}), valued(12, {"0"})}));
  CorrelationRule ninth =
      count_rule(Type::value_percentile, {{.comparison = Comparison::eq, .number = 9}});
  ninth.fields = {"X"};
  ninth.percentile = 90;
  EXPECT_TRUE(find_windows(ninth, {valued(0, {"0", "10"})}));
}

TEST(Window, SequencesAreInTheOrderOfTheList) {
  const CorrelationRule rule = count_rule(Type::temporal_ordered, {});
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(5, 1), at(10, 2)}));
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(5, 1), at(11, 2)}));
  EXPECT_FALSE(find_windows(rule, {at(0, 0), at(5, 2), at(10, 1)}));
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(2, 0), at(5, 2), at(8, 1), at(12, 2)}));
  EXPECT_TRUE(find_windows(rule, {at(5, 0), at(5, 1), at(5, 2)}));  // By uid.
  const auto result = find_windows(rule, {at(0, 1), at(1, 0), at(2, 1), at(3, 2), at(4, 0)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->included, (std::vector<bool>{true, true, true, true, true}));
  EXPECT_EQ(result->required, (std::vector<bool>{true, true, true}));
}

TEST(Window, OneEventStandsForOnePlaceOfASequence) {
  CorrelationRule rule = count_rule(Type::temporal_ordered, {});
  rule.steps.resize(2);
  StepTime again = at(0, 0);
  again.step = 1;
  EXPECT_FALSE(find_windows(rule, {at(0, 0), again}));
  EXPECT_TRUE(find_windows(rule, {at(0, 0), again, at(4, 1)}));
}

TEST(Window, AnAnchorApartIsNoPlaceOfASequence) {
  CorrelationRule rule = count_rule(Type::temporal_ordered, {});
  rule.anchor = 1;
  rule.anchor_takes_part = false;
  EXPECT_TRUE(find_windows(rule, {at(0, 0), at(10, 2)}));
}

TEST(Window, OnlyHitsOfOneGroupMeet) {
  CorrelationRule rule = rule_with_timespan(10);
  StepTime first = at(0, 0);
  StepTime second = at(1, 1);
  first.group = "a";
  second.group = "b";
  EXPECT_FALSE(find_windows(rule, {first, second}));
  StepTime third = at(3, 1);
  third.group = "a";
  const auto result = find_windows(rule, {first, second, third});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->included, (std::vector<bool>{true, false, true}));
}

// --- Against brute force ---

/// The hits of one window.
using Hits = std::vector<StepTime>;

std::vector<std::size_t> places_of(const CorrelationRule& rule) {
  std::vector<std::size_t> places;
  for (std::size_t number = 0; number < rule.steps.size(); ++number) {
    if (number != rule.anchor || rule.anchor_takes_part) {
      places.push_back(number);
    }
  }
  return places;
}

/// Every choice of events.
bool has_sequence(const CorrelationRule& rule,
                  const Hits& hits,
                  std::size_t place,
                  OrderKey behind) {
  const std::vector<std::size_t> places = places_of(rule);
  if (place == places.size()) {
    return true;
  }
  return std::ranges::any_of(hits, [&](const StepTime& hit) {
    return hit.step == places[place] && (place == 0 || behind < hit.order) &&
           has_sequence(rule, hits, place + 1, hit.order);
  });
}

std::optional<double> measure_by_hand(const CorrelationRule& rule, const Hits& hits) {
  std::set<OrderKey> events;
  std::set<std::size_t> steps;
  std::set<std::string> distinct;
  std::vector<double> numbers;
  for (const StepTime& hit : hits) {
    steps.insert(hit.step);
    if (events.insert(hit.order).second) {
      for (const std::string& value : hit.values) {
        distinct.insert(value);
        numbers.push_back(std::stod(value));
      }
    }
  }
  switch (rule.type) {
    case Type::event_count: return static_cast<double>(events.size());
    case Type::temporal: return static_cast<double>(steps.size());
    case Type::value_count: return static_cast<double>(distinct.size());
    default: break;
  }
  if (numbers.empty()) {
    return std::nullopt;
  }
  std::ranges::sort(numbers);
  double sum = 0;
  for (const double number : numbers) {
    sum += number;
  }
  const auto count = static_cast<double>(numbers.size());
  if (rule.type == Type::value_sum || rule.type == Type::value_avg) {
    return rule.type == Type::value_sum ? sum : sum / count;
  }
  const double place = rule.percentile / 100 * (count - 1);
  const double below = numbers[static_cast<std::size_t>(std::floor(place))];
  const double above = numbers[static_cast<std::size_t>(std::ceil(place))];
  return below + (place - std::floor(place)) * (above - below);
}

std::vector<bool> present_in(const CorrelationRule& rule, const Hits& hits) {
  std::vector<bool> present(rule.steps.size(), false);
  for (const StepTime& hit : hits) {
    present[hit.step] = true;
  }
  return present;
}

bool holds_by_hand(const CorrelationRule& rule, const Hits& hits) {
  if (has_step_condition(rule)) {
    return holds(rule.condition, present_in(rule, hits));
  }
  if (rule.type == Type::temporal_ordered) {
    return has_sequence(rule, hits, 0, {});
  }
  const std::optional<double> measured = measure_by_hand(rule, hits);
  return measured && std::ranges::all_of(rule.thresholds, [&](const Threshold& threshold) {
           return threshold.holds(*measured);
         });
}

/// Every window, without one step if asked so. False if the rule holds in none.
bool try_windows(const CorrelationRule& rule,
                 const std::vector<StepTime>& times,
                 Timestamp closed_until,
                 std::optional<std::size_t> without_step,
                 WindowResult& result) {
  result.included.assign(times.size(), false);
  result.escalated.assign(rule.escalations.size(), false);
  bool found = false;
  for (const StepTime& first : times) {
    const Timestamp end = first.order.time + rule.timespan;
    const bool judged = rule.correlation_class == CorrelationClass::monotone || end < closed_until;
    if (first.step == without_step || !judged) {
      continue;
    }
    const auto is_in = [&](const StepTime& time) {
      return time.step != without_step && time.group == first.group &&
             time.order.time >= first.order.time && time.order.time <= end;
    };
    Hits hits;
    std::ranges::copy_if(times, std::back_inserter(hits), is_in);
    if (!holds_by_hand(rule, hits)) {
      continue;
    }
    found = true;
    for (std::size_t i = 0; i < times.size(); ++i) {
      result.included[i] = result.included[i] || is_in(times[i]);
    }
    for (std::size_t i = 0; i < rule.escalations.size(); ++i) {
      result.escalated[i] =
          result.escalated[i] || holds(rule.escalations[i].condition, present_in(rule, hits));
    }
  }
  return found;
}

/// All of it by brute force, nothing incremental.
std::optional<WindowResult> brute_force(const CorrelationRule& rule,
                                        const std::vector<StepTime>& times,
                                        Timestamp closed_until) {
  WindowResult result;
  if (!try_windows(rule, times, closed_until, std::nullopt, result)) {
    return std::nullopt;
  }
  for (std::size_t number = 0; number < rule.steps.size(); ++number) {
    WindowResult ignored;
    result.required.push_back(!try_windows(rule, times, closed_until, number, ignored));
  }
  return result;
}

CorrelationRule random_rule(std::mt19937_64& random) {
  CorrelationRule rule = rule_with_timespan(static_cast<Duration>(random() % 13));
  rule.type = static_cast<Type>(random() % 8);
  rule.anchor = random() % 4;
  rule.anchor_takes_part = random() % 2 == 0;
  if (random() % 4 == 0) {
    rule.escalations.push_back({.condition = without(step(2)), .level = Level::low});
  }
  if (rule.type == Type::temporal && random() % 2 == 0) {
    const std::size_t number = random() % 4;
    rule.condition = random() % 2 == 0 ? both({step(number), without(either({step(0), step(3)}))})
                                       : without(step(number));
  }
  const bool counts =
      rule.type != Type::temporal_ordered && (rule.type != Type::temporal || random() % 2 == 0);
  if (counts) {
    for (std::size_t i = 1 + random() % 2; i > 0; --i) {
      rule.thresholds.push_back({.comparison = static_cast<Comparison>(random() % 6),
                                 .number = static_cast<double>(random() % 9) / 2});
    }
    rule.condition = {};
  }
  rule.percentile = static_cast<double>(random() % 101);
  rule.correlation_class = class_of(rule);
  return rule;
}

TEST(Window, SlidingGivesWhatBruteForceGives) {
  std::mt19937_64 random(7);
  std::size_t found = 0;
  for (int round = 0; round < 20'000; ++round) {
    const CorrelationRule rule = random_rule(random);
    const std::uint64_t groups = 1 + random() % 2;
    std::vector<StepTime> times;
    std::set<std::pair<OrderKey, std::size_t>> taken;
    for (std::uint64_t i = random() % 9; i > 0; --i) {
      // Events of two steps: of one order key, they have the same values.
      const std::uint64_t event = random() % 40;
      StepTime hit = at(static_cast<Timestamp>(event / 2), 0);
      hit.order.uid.low = event;
      hit.step = random() % 4;
      hit.group = std::to_string(event % groups);
      for (std::uint64_t value = 0; value < event % 3; ++value) {
        hit.values.push_back(std::to_string((event * 7 + value) % 5));
      }
      if (taken.emplace(hit.order, hit.step).second) {
        times.push_back(hit);
      }
    }
    std::ranges::sort(times, {},
                      [](const StepTime& hit) { return std::pair(hit.order, hit.step); });
    const Timestamp closed_until =
        random() % 2 == 0 ? kAllClosed : static_cast<Timestamp>(random() % 40);
    const auto fast = find_windows(rule, times, closed_until);
    const auto slow = brute_force(rule, times, closed_until);
    ASSERT_EQ(fast.has_value(), slow.has_value()) << "round " << round;
    if (fast) {
      ++found;
      ASSERT_EQ(fast->included, slow->included) << "round " << round;
      ASSERT_EQ(fast->required, slow->required) << "round " << round;
      ASSERT_EQ(fast->escalated, slow->escalated) << "round " << round;
    }
  }
  EXPECT_GT(found, 5'000U);
}

}  // namespace
}  // namespace spoor
