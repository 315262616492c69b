// An anchor with more processes below it than one walk takes.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

constexpr std::int64_t kT = 1'000'000'000;
const Process kApp{.id = 1, .pid = 4, .image = "C:\\x\\app.exe", .start_s = kT};

std::string chain(const std::string& step, const std::string& rule) {
  return std::string(test::kAppActs) + rule + R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, )" +
         step + R"(]
  group-by: [process_tree]
  anchor: app
  timespan: 35d
  condition: )" +
         step + "\n";
}

Process child(std::uint64_t number, const std::string& image) {
  return {.id = 10 + number,
          .pid = static_cast<std::uint32_t>(10 + number),
          .image = image,
          .start_s = kT + 1 + static_cast<std::int64_t>(number)};
}

/// The app and so many children.
std::vector<Event> family(test::EventMaker& make, std::size_t count, const std::string& image) {
  std::vector<Event> events{make.start(kApp, {.id = 2, .pid = 2, .image = "", .start_s = kT - 9})};
  for (std::size_t i = 0; i < count; ++i) {
    events.push_back(make.start(child(i, image), kApp));
  }
  return events;
}

TEST(ManyBelow, AHitIsNotHiddenBehindOthersWithoutAny) {
  const RuleSet rules = test::rules_of(chain("lookup", test::kLooksUp));
  test::EventMaker make;
  std::vector<Event> events = family(make, kSubtreeMax + 10, "C:\\x\\tool.exe");
  const std::size_t middle = events.size() / 2;
  const Process who = child(5, "C:\\x\\tool.exe");
  events.insert(events.begin() + static_cast<std::ptrdiff_t>(middle),
                make.act(EventType::dns_query, who, kT + 20, FieldId::query_name, "drop.example"));
  for (const bool is_reversed : {false, true}) {
    if (is_reversed) {
      std::ranges::reverse(events);
    }
    test::CorrelationEngine engine(rules);
    engine.take(events);
    EXPECT_EQ(engine.findings().size(), 1U) << (is_reversed ? "reversed" : "in order");
    EXPECT_EQ(engine.correlator().stats().subtrees_beyond_limit, 0U);
  }
}

TEST(ManyBelow, WhatIsBeyondTheBoundDoesNotDependOnTheOrderAndIsTold) {
  const RuleSet rules = test::rules_of(chain("shell", test::kStartsShell));
  test::EventMaker make;
  std::vector<Event> events = family(make, kSubtreeMax + 10, "C:\\x\\cmd.exe");
  std::string first;
  for (const bool is_reversed : {false, true}) {
    if (is_reversed) {
      std::ranges::reverse(events);
    }
    test::CorrelationEngine engine(rules);
    engine.take(events);
    const std::vector<Finding> findings = engine.findings();
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings.front().evidence_total, kSubtreeMax + 10 + 1);
    EXPECT_GT(engine.correlator().stats().subtrees_beyond_limit, 0U);
    first = is_reversed ? first : engine.text();
    EXPECT_TRUE(engine.text() == first);
  }
}

}  // namespace
}  // namespace spoor
