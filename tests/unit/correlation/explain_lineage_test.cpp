#include "engine/correlation/explain_lineage.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "engine/correlation/correlator.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

const std::string kRules =
    std::string(test::kAppActs) + test::kLooksUp + test::kWritesFile + R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, lookup, file]
  timespan: 1h
  group-by: [process_tree]
  anchor: app
  relation: {lookup: self, file: descendant}
)";

constexpr std::int64_t kT = 1'000'000'000;
constexpr std::size_t kLookup = 1;
constexpr std::size_t kFile = 2;
const Process kExplorer{.id = 1, .pid = 100, .image = "C:\\explorer.exe", .start_s = kT};
const Process kApp{.id = 2, .pid = 200, .image = "C:\\x\\app.exe", .start_s = kT + 10};
const Process kCmd{.id = 3, .pid = 300, .image = "C:\\cmd.exe", .start_s = kT + 30};
const Process kNobody{.id = 9, .pid = 0, .image = "", .start_s = kT - 5};

class ExplainLineage : public testing::Test {
 protected:
  explicit ExplainLineage(const std::string& condition = "condition: lookup and file")
      : rules_(test::rules_of(kRules + "  " + condition + "\n")), engine_(rules_) {}

  void take(const std::vector<Event>& events) {
    for (const Event& event : events) {
      engine_.take(event);
    }
    engine_.correlator().finish();
    engine_.correlator().settle();
  }

  Event lookup(const Process& process, std::int64_t time_s) {
    return make_.act(EventType::dns_query, process, time_s, FieldId::query_name, "drop.example");
  }

  Event file(const Process& process, std::int64_t time_s) {
    return make_.act(EventType::file_event, process, time_s, FieldId::target_filename, "C:\\a.tmp");
  }

  [[nodiscard]] const ProcessGraph& graph() const { return *engine_.correlator().graph("pc042"); }

  /// The nearest anchor.
  AnchorExplained explain() {
    const std::vector<AnchorExplained> anchors =
        explain_anchors(*engine_.correlator().host_state("pc042"),
                        engine_.correlator().lineage_rule(0), kAllClosed, 3, &anchors_);
    return anchors.empty() ? AnchorExplained() : anchors.front();
  }

  [[nodiscard]] std::string relation_of(const AnchorExplained& anchor, std::size_t step) const {
    return relation_text(graph(), anchor.steps[step].process, anchor.anchors);
  }

  test::EventMaker make_;
  RuleSet rules_;
  test::CorrelationEngine engine_;
  std::size_t anchors_ = 0;
};

TEST_F(ExplainLineage, AnAnchorThatHoldsHasItsEvidence) {
  take({make_.start(kApp, kExplorer), make_.start(kCmd, kApp), lookup(kApp, kT + 20),
        file(kCmd, kT + 40)});
  const AnchorExplained anchor = explain();
  EXPECT_TRUE(anchor.holds);
  EXPECT_EQ(anchors_, 1U);
  EXPECT_EQ(anchor.window, (kT + 20) * kNanosPerSecond);
  for (const StepExplained& step : anchor.steps) {
    EXPECT_EQ(step.state, StepState::seen);
    EXPECT_FALSE(step.missing);
    EXPECT_NE(step.hit, nullptr);
  }
  EXPECT_EQ(relation_of(anchor, kFile), "a child of the anchor");
  EXPECT_EQ(engine_.findings().size(), 1U);
}

TEST_F(ExplainLineage, AStepThatNobodyHitIsMissing) {
  take({make_.start(kApp, kExplorer), lookup(kApp, kT + 20)});
  const AnchorExplained anchor = explain();
  EXPECT_FALSE(anchor.holds);
  EXPECT_EQ(anchor.steps[kLookup].state, StepState::seen);
  EXPECT_EQ(anchor.steps[kFile].state, StepState::no_hit);
  EXPECT_TRUE(anchor.steps[kFile].missing);
}

TEST_F(ExplainLineage, AStepOutOfTheTimespanSaysByHowMuch) {
  take({make_.start(kApp, kExplorer), make_.start(kCmd, kApp), lookup(kApp, kT + 20),
        file(kCmd, kT + 20 + 3600 + 7)});
  const AnchorExplained anchor = explain();
  EXPECT_FALSE(anchor.holds);
  // Both windows have one step: the earlier is told of.
  EXPECT_EQ(anchor.steps[kLookup].state, StepState::seen);
  EXPECT_EQ(anchor.steps[kFile].state, StepState::out_of_window);
  EXPECT_TRUE(anchor.steps[kFile].missing);
  EXPECT_EQ(anchor.steps[kFile].off, 7 * kNanosPerSecond);
}

TEST_F(ExplainLineage, AMissingParentPartsTheTree) {
  take({make_.start(kApp, kExplorer), lookup(kApp, kT + 20), file(kCmd, kT + 40)});
  const AnchorExplained anchor = explain();
  EXPECT_EQ(anchor.steps[kFile].state, StepState::elsewhere);
  EXPECT_EQ(relation_of(anchor, kFile), "in another tree: what started cmd.exe (300) is unknown");
  const std::vector<std::string> unknown = unknown_above(graph(), anchor.anchor);
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_EQ(unknown[0],
            "ancestor explorer.exe (100): its start was not seen, nor is it known what started it");
}

TEST_F(ExplainLineage, AnotherRelationIsNamed) {
  // The file is written by the app itself, not below it; the look-up by its parent.
  take({make_.start(kExplorer, kNobody), make_.start(kApp, kExplorer), make_.start(kCmd, kExplorer),
        lookup(kCmd, kT + 35), file(kApp, kT + 40)});
  const AnchorExplained anchor = explain();
  EXPECT_EQ(anchor.steps[kFile].state, StepState::elsewhere);
  EXPECT_EQ(relation_of(anchor, kFile), "the anchor itself");
  EXPECT_EQ(anchor.steps[kLookup].state, StepState::elsewhere);
  EXPECT_EQ(relation_of(anchor, kLookup), "a sibling of the anchor");
}

TEST_F(ExplainLineage, ASuspectEdgeIsNamed) {
  const Process early{.id = 3, .pid = 300, .image = "C:\\cmd.exe", .start_s = kT + 2};
  take({make_.start(kApp, kExplorer), make_.start(early, kApp), lookup(kApp, kT + 20),
        file(early, kT + 40)});
  const AnchorExplained anchor = explain();
  EXPECT_EQ(anchor.steps[kFile].state, StepState::elsewhere);
  EXPECT_EQ(
      relation_of(anchor, kFile),
      "no relative of the anchor: cmd.exe (300) is said to be started by app.exe (200), which "
      "starts later or closes a circle");
}

TEST_F(ExplainLineage, TheNearestAnchorComesFirst) {
  const Process other{.id = 7, .pid = 700, .image = "C:\\y\\app.exe", .start_s = kT + 5};
  take({make_.start(other, kExplorer), make_.start(kApp, kExplorer), lookup(kApp, kT + 20)});
  EXPECT_EQ(process_name(graph(), explain().anchor), "app.exe (200)");
  EXPECT_EQ(anchors_, 2U);
}

TEST_F(ExplainLineage, ArrivalDoesNotMatter) {
  const std::vector<Event> events = {make_.start(kApp, kExplorer), make_.start(kCmd, kApp),
                                     lookup(kApp, kT + 20),        lookup(kApp, kT + 9000),
                                     file(kCmd, kT + 5000),        file(kCmd, kT + 14000)};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same orders in every run.
  std::string first;
  for (int round = 0; round < 20; ++round) {
    test::CorrelationEngine engine(rules_);
    for (const std::size_t index : order) {
      engine.take(events[index]);
    }
    Correlator& correlator = engine.correlator();
    correlator.finish();
    const AnchorExplained anchor =
        explain_anchors(*correlator.host_state("pc042"), correlator.lineage_rule(0), kAllClosed, 3)
            .front();
    std::string text = std::to_string(*anchor.window);
    for (const StepExplained& step : anchor.steps) {
      text += " " + std::string(to_string(step.state)) + " " + std::to_string(step.off) + " " +
              std::to_string(step.hit == nullptr ? 0 : step.hit->event->order.time);
    }
    first = first.empty() ? text : first;
    EXPECT_EQ(text, first);
    std::ranges::shuffle(order, random);
  }
}

class ExplainNegation : public ExplainLineage {
 protected:
  ExplainNegation() : ExplainLineage("condition: lookup and not file") {}
};

TEST_F(ExplainNegation, WhatIsThereAndNotWantedIsTold) {
  take({make_.start(kApp, kExplorer), make_.start(kCmd, kApp), lookup(kApp, kT + 20),
        file(kCmd, kT + 20)});
  const AnchorExplained anchor = explain();
  EXPECT_FALSE(anchor.holds);
  EXPECT_EQ(anchor.steps[kFile].state, StepState::not_wanted);
  EXPECT_FALSE(anchor.steps[kFile].missing);
}

TEST_F(ExplainNegation, WhatIsAbsentAsWantedIsNotMissing) {
  take({make_.start(kApp, kExplorer), lookup(kApp, kT + 20)});
  const AnchorExplained anchor = explain();
  EXPECT_TRUE(anchor.holds);
  EXPECT_EQ(anchor.steps[kFile].state, StepState::absent);
}

}  // namespace
}  // namespace spoor
