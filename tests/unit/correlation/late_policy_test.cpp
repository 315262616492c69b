// What comes later than its source may: taken along the tree, and left out or judged again by
// correlations in time, as Lateness::policy has it.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

constexpr std::int64_t kT = 1'000'000'000;
const Process kApp{.id = 1, .pid = 4, .image = "C:\\x\\app.exe", .start_s = kT};

const std::string kTwice = std::string(test::kLooksUp) + R"(title: Twice
id: twice
correlation: {type: event_count, rules: [lookup], timespan: 1m, group-by: [QueryName],
  condition: {gte: 2}, generate: true}
)";

const std::string kOnce = std::string(test::kLooksUp) + R"(title: Once
id: once
correlation: {type: event_count, rules: [lookup], timespan: 1m, group-by: [QueryName],
  condition: {eq: 1}, generate: true}
)";

const std::string kChain = std::string(test::kAppActs) + test::kLooksUp + R"(title: Chain
id: chain
correlation: {type: temporal, rules: [app, lookup], timespan: 1m, group-by: [process_tree],
  anchor: app, condition: lookup}
)";

class LatePolicies : public testing::TestWithParam<LatePolicy> {
 protected:
  /// Of the stream: findings of correlations.
  std::vector<Finding> tell(test::CorrelationEngine& engine) {
    std::vector<Finding> told = engine.correlator().updates();
    std::erase_if(told, [](const Finding& finding) { return !finding.rule.correlation; });
    return told;
  }

  std::vector<Finding> look_up(test::CorrelationEngine& engine, std::int64_t second) {
    engine.take(
        make_.act(EventType::dns_query, kApp, kT + second, FieldId::query_name, "drop.example"));
    return tell(engine);
  }

  /// Time passes.
  std::vector<Finding> pass(test::CorrelationEngine& engine, std::int64_t second) {
    engine.take(make_.act(EventType::dns_query, kApp, kT + second, FieldId::query_name, "other"));
    return tell(engine);
  }

  static CorrelatorOptions options() {
    return {.lateness = Lateness{.policy = GetParam()}, .retention = {}};
  }

  [[nodiscard]] static bool revises() { return GetParam() == LatePolicy::revise; }

 private:
  test::EventMaker make_;
};

TEST_P(LatePolicies, ALateEventCompletesAWindowThatWasJudged) {
  const RuleSet rules = test::rules_of(kTwice);
  test::CorrelationEngine engine(rules, options());
  look_up(engine, 10);
  EXPECT_TRUE(pass(engine, 1'000).empty());
  const std::vector<Finding> told = look_up(engine, 5);
  ASSERT_EQ(told.size(), revises() ? 1U : 0U);
  EXPECT_EQ(engine.correlator().window_drops().late_events, revises() ? 0U : 1U);
  if (revises()) {
    EXPECT_EQ(told[0].status, FindingStatus::final);
    EXPECT_EQ(told[0].evidence.size(), 2U);
    EXPECT_EQ(told[0].late, 1U);
    EXPECT_NE(render_ocsf(told[0]).find(R"("late":1)"), std::string::npos);
  }
}

TEST_P(LatePolicies, ALateEventTakesBackWhatWasTold) {
  LoadedRules loaded = load_rules({{.path = "once.yml", .content = kOnce}});  // It warns of eq.
  const RuleSet& rules = loaded.rules;
  test::CorrelationEngine engine(rules, options());
  look_up(engine, 30);
  const std::vector<Finding> told = pass(engine, 1'000);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].status, FindingStatus::final);
  const std::vector<Finding> now = look_up(engine, 20);
  ASSERT_EQ(now.size(), revises() ? 2U : 0U);
  if (!revises()) {
    return;
  }
  // The window of the later event holds two; that of the earlier one.
  const Finding& gone = now[now[0].uid == told[0].uid ? 0 : 1];
  const Finding& instead = now[now[0].uid == told[0].uid ? 1 : 0];
  EXPECT_EQ(gone.uid, told[0].uid);
  EXPECT_EQ(gone.status, FindingStatus::retracted);
  EXPECT_EQ(gone.revision, 2U);
  EXPECT_EQ(instead.status, FindingStatus::final);
  EXPECT_EQ(instead.revision, 1U);
  EXPECT_TRUE(pass(engine, 1'002).empty());
}

TEST_P(LatePolicies, ALateEventAddsEvidence) {
  const RuleSet rules = test::rules_of(kTwice);
  test::CorrelationEngine engine(rules, options());
  look_up(engine, 10);
  look_up(engine, 20);
  const std::vector<Finding> told = pass(engine, 1'000);
  ASSERT_EQ(told.size(), 1U);
  // It completes the window a moment earlier: the finding is the same, for the window begins where
  // it did.
  const std::vector<Finding> now = look_up(engine, 15);
  ASSERT_EQ(now.size(), revises() ? 1U : 0U);
  if (revises()) {
    EXPECT_EQ(now[0].uid, told[0].uid);
    EXPECT_EQ(now[0].revision, 2U);
    EXPECT_EQ(now[0].last_seen, (kT + 15) * kNanosPerSecond);
  }
}

TEST_P(LatePolicies, AlongTheTreeItIsTakenInAnyCase) {
  const RuleSet rules = test::rules_of(kChain);
  test::CorrelationEngine engine(rules, options());
  pass(engine, 10);
  pass(engine, 1'000);
  const std::vector<Finding> told = look_up(engine, 20);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].late, 1U);
  EXPECT_EQ(told[0].evicted, 0U);
}

TEST_P(LatePolicies, WhatIsInTimeIsNotLate) {
  const RuleSet rules =
      test::rules_of(kChain + "---\n" + kTwice.substr(kTwice.find("title: Twice")));
  test::CorrelationEngine engine(rules, options());
  pass(engine, 50);
  look_up(engine, 45);
  look_up(engine, 40);
  std::vector<Finding> told = pass(engine, 1'000);
  ASSERT_FALSE(told.empty());
  for (const Finding& finding : told) {
    EXPECT_EQ(finding.late, 0U) << finding.rule.id;
    EXPECT_EQ(render_ocsf(finding).find(R"("late")"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Both,
                         LatePolicies,
                         testing::Values(LatePolicy::count, LatePolicy::revise),
                         [](const auto& which) {
                           return which.param == LatePolicy::revise ? "Revise" : "Count";
                         });

}  // namespace
}  // namespace spoor
