#include "engine/correlation/window.h"

#include <algorithm>
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

/// Does `time` lie in the window that starts at `first`?
bool in_window(const CorrelationRule& rule, const StepTime& first, const StepTime& time) {
  return !(time.order < first.order) && time.order.time - first.order.time <= rule.timespan;
}

/// Every window that starts at a hit, without one step if asked so. False if the condition holds in
/// none.
bool try_windows(const CorrelationRule& rule,
                 const std::vector<StepTime>& times,
                 std::optional<std::size_t> without,
                 WindowResult& result) {
  result.included.assign(times.size(), false);
  result.escalated.assign(rule.escalations.size(), false);
  bool found = false;
  for (const StepTime& first : times) {
    std::vector<bool> present(rule.steps.size(), false);
    for (const StepTime& time : times) {
      present[time.step] =
          present[time.step] || (in_window(rule, first, time) && time.step != without);
    }
    if (!holds(rule.condition, present)) {
      continue;
    }
    found = true;
    for (std::size_t i = 0; i < times.size(); ++i) {
      result.included[i] = result.included[i] || in_window(rule, first, times[i]);
    }
    for (std::size_t i = 0; i < rule.escalations.size(); ++i) {
      result.escalated[i] = result.escalated[i] || holds(rule.escalations[i].condition, present);
    }
  }
  return found;
}

/// All of it by brute force, nothing incremental.
std::optional<WindowResult> brute_force(const CorrelationRule& rule,
                                        const std::vector<StepTime>& times) {
  WindowResult result;
  if (!try_windows(rule, times, std::nullopt, result)) {
    return std::nullopt;
  }
  for (std::size_t without = 0; without < rule.steps.size(); ++without) {
    WindowResult ignored;
    result.required.push_back(!try_windows(rule, times, without, ignored));
  }
  return result;
}

TEST(Window, SlidingGivesWhatBruteForceGives) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 5000; ++round) {
    const CorrelationRule rule = rule_with_timespan(static_cast<Duration>(1 + random() % 12));
    std::vector<StepTime> times;
    std::set<std::pair<std::uint64_t, std::uint64_t>> taken;
    for (std::uint64_t i = random() % 9; i > 0; --i) {
      const std::uint64_t time = random() % 30;
      const std::uint64_t number = random() % 4;
      if (taken.emplace(time, number).second) {
        times.push_back(at(static_cast<Timestamp>(time), number));
      }
    }
    std::ranges::sort(times, {}, &StepTime::order);
    const auto fast = find_windows(rule, times);
    const auto slow = brute_force(rule, times);
    ASSERT_EQ(fast.has_value(), slow.has_value()) << "round " << round;
    if (fast) {
      ASSERT_EQ(fast->included, slow->included) << "round " << round;
      ASSERT_EQ(fast->required, slow->required) << "round " << round;
      ASSERT_EQ(fast->escalated, slow->escalated) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace spoor
