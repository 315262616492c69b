// What is counted of each rule while the engine runs: hits, and correlations that were begun.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/correlation/correlator.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;
using Engine = test::CorrelationEngine;

const std::string kChain = test::app_looks_up_within("1h");
const std::string kWindow = R"(title: Often
id: 20000000-0000-4000-8000-000000000002
level: high
correlation:
  type: event_count
  rules: [lookup]
  group-by: [QueryName]
  timespan: 1h
  condition: {gte: 3}
)";
const std::string kRules = std::string(test::kAppActs) + test::kLooksUp + kChain;

constexpr std::int64_t kT = 1'000'000'000;
const Process kNone{.id = 9, .pid = 0, .image = "", .start_s = kT - 5};
const Process kOne{.id = 1, .pid = 100, .image = "C:\\x\\app.exe", .start_s = kT};
const Process kOther{.id = 2, .pid = 200, .image = "C:\\y\\app.exe", .start_s = kT + 10};

Event lookup(test::EventMaker& make, const Process& process, std::int64_t time) {
  return make.act(EventType::dns_query, process, time, FieldId::query_name, "drop.example");
}

std::uint64_t partial(Engine& engine) {
  engine.correlator().settle();
  const std::uint64_t count = engine.correlator().partial_matches(0);
  engine.correlator().settle_all();
  EXPECT_EQ(engine.correlator().partial_matches(0), count) << "as evaluated from scratch";
  return count;
}

TEST(RuleCounts, APartialMatchIsAnAnchorForWhichItDoesNotHold) {
  const RuleSet rules = test::rules_of(kRules);
  test::EventMaker make;
  Engine engine(rules);
  EXPECT_EQ(partial(engine), 0U);
  engine.take(make.start(kOne, kNone));
  engine.take(make.start(kOther, kNone));
  EXPECT_EQ(partial(engine), 2U);
  const Event event = lookup(make, kOne, kT + 20);
  engine.take(event);
  EXPECT_EQ(partial(engine), 1U) << "that one is a match";
  engine.retract(event, "lookup");
  EXPECT_EQ(partial(engine), 2U) << "and is none any more";
}

TEST(RuleCounts, PartialMatchesGoWithTheirProcesses) {
  const RuleSet rules = test::rules_of(kRules);
  test::EventMaker make;
  Engine engine(rules, {.processes_max = 64});
  engine.take(make.start(kOne, kNone));
  EXPECT_EQ(partial(engine), 1U);
  for (std::uint64_t i = 0; i < 200; ++i) {
    engine.take(make.start({.id = 100 + i,
                            .pid = static_cast<std::uint32_t>(1'000 + i),
                            .image = "C:\\tool.exe",
                            .start_s = kT + 100 + static_cast<std::int64_t>(i)},
                           kNone));
  }
  ASSERT_GT(engine.correlator().evicted_processes(), 0U);
  EXPECT_EQ(partial(engine), 0U);
}

TEST(RuleCounts, PartialMatchesGoWithTheirRule) {
  const RuleSet rules = test::rules_of(kRules);
  const RuleSet without = test::rules_of(std::string(test::kAppActs) + test::kLooksUp);
  const RuleSet again = test::rules_of(kRules);
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kOne, kNone));
  ASSERT_EQ(partial(engine), 1U);
  engine.correlator().replace_rules(without);
  engine.correlator().settle();
  engine.correlator().replace_rules(again);
  EXPECT_EQ(partial(engine), 0U) << "it starts afresh";
  EXPECT_EQ(engine.correlator().hits_of(0), 1U) << "the detection stayed";
}

TEST(RuleCounts, HitsOfEachDetectionAreCountedOnce) {
  const RuleSet rules = test::rules_of(kRules + "---\n" + kWindow);
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kOne, kNone));
  const Event event = lookup(make, kOne, kT + 20);
  engine.take(event);
  engine.take(event, true);
  EXPECT_EQ(engine.correlator().hits_of(0), 2U) << "the app acts twice";
  EXPECT_EQ(engine.correlator().hits_of(1), 1U);
  engine.correlator().finish();
  EXPECT_EQ(engine.correlator().groups_of(0), 1U);
}

TEST(RuleCounts, EventsAreLateOnceTheWatermarkHasPassedThem) {
  const RuleSet rules = test::rules_of(kRules);
  test::EventMaker make;
  Engine engine(rules, {.lateness = Lateness{.agent_stream = 30 * kNanosPerSecond}});
  EXPECT_FALSE(engine.correlator().watermarks());
  engine.take(make.start(kOne, kNone));
  engine.take(lookup(make, kOne, kT + 100));
  EXPECT_EQ(engine.correlator().stats().late_events, 0U);
  const Event event = lookup(make, kOne, kT + 69);
  engine.take(event);
  engine.take(event, true);
  engine.take(lookup(make, kOne, kT + 71));
  EXPECT_EQ(engine.correlator().stats().late_events, 1U);
  static_cast<void>(engine.correlator().updates());
  const std::optional<WatermarkRange> range = engine.correlator().watermarks();
  ASSERT_TRUE(range);
  EXPECT_EQ(range->oldest, (kT + 70) * kNanosPerSecond);
  EXPECT_EQ(range->newest, range->oldest);
}

}  // namespace
}  // namespace spoor
