#include "engine/correlation/correlator.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/finding/render.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

// The anchor is the app; it looks something up, its child is a shell, somewhere below a file is
// written.
const std::string kDetections =
    std::string(test::kAppActs) + test::kLooksUp + test::kStartsShell + test::kWritesFile;

std::string correlation(const std::string& body) {
  return kDetections + R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, lookup, shell, file]
  timespan: 1h
)" + body;
}

const std::string kLineage = correlation(R"(
  group-by: [process_tree]
  anchor: app
  relation: {lookup: self, shell: child, file: descendant}
  condition: lookup and (shell or file)
  escalate: {shell and file: critical}
)");

constexpr std::int64_t kT = 1'000'000'000;
const Process kExplorer{.id = 1, .pid = 100, .image = "C:\\explorer.exe", .start_s = kT};
const Process kApp{.id = 2, .pid = 200, .image = "C:\\x\\app.exe", .start_s = kT + 10};
const Process kCmd{.id = 3, .pid = 300, .image = "C:\\cmd.exe", .start_s = kT + 30};
const Process kGrandchild{.id = 4, .pid = 400, .image = "C:\\tool.exe", .start_s = kT + 40};

using Engine = test::CorrelationEngine;

std::vector<Event> chain(test::EventMaker& make) {
  return {
      make.start(kExplorer, {.id = 9, .pid = 0, .image = "", .start_s = kT - 5}),
      make.start(kApp, kExplorer),
      make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"),
      make.start(kCmd, kApp),
      make.start(kGrandchild, kCmd),
      make.act(EventType::file_event, kGrandchild, kT + 50, FieldId::target_filename, "C:\\a.tmp")};
}

TEST(Correlator, JoinsWhatHappenedInOneLineage) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  Engine engine(rules);
  for (const Event& event : chain(make)) {
    engine.take(event);
  }
  const std::vector<Finding> findings = engine.findings();
  ASSERT_EQ(findings.size(), 1U);
  const Finding& finding = findings[0];
  EXPECT_EQ(finding.level, "critical");
  ASSERT_TRUE(finding.anchor);
  EXPECT_EQ(finding.processes[*finding.anchor].image, kApp.image);
  ASSERT_EQ(finding.evidence.size(), 4U);
  EXPECT_EQ(finding.evidence[0].step, "app");
  EXPECT_EQ(finding.evidence[1].step, "lookup");
  EXPECT_TRUE(finding.evidence[1].required);
  EXPECT_EQ(finding.evidence[2].step, "shell");
  EXPECT_FALSE(finding.evidence[2].required);  // The file would have been enough.
  EXPECT_EQ(finding.evidence[3].step, "file");
  ASSERT_EQ(finding.processes.size(), 5U);
  EXPECT_EQ(finding.processes[0].knowledge, Knowledge::missing);
  EXPECT_EQ(finding.processes[1].image, kExplorer.image);
  EXPECT_EQ(finding.processes[4].parent, 3U);
}

TEST(Correlator, EveryOrderOfArrivalGivesTheSameBytes) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  const std::vector<Event> events = chain(make);
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  std::string want;
  do {
    Engine engine(rules);
    for (const std::size_t i : order) {
      engine.take(events[i]);
      engine.correlator().settle();  // Whenever one looks, the end is the same.
    }
    want = want.empty() ? engine.text() : want;
    ASSERT_FALSE(want.empty());
    ASSERT_EQ(engine.text(), want);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Correlator, RemovingARequiredEventRemovesTheFinding) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  std::vector<Event> events = chain(make);
  events.erase(events.begin() + 2);  // The look-up.
  Engine engine(rules);
  for (const Event& event : events) {
    engine.take(event);
  }
  EXPECT_TRUE(engine.findings().empty());
}

TEST(Correlator, ALateParentEdgeJoins) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  std::vector<Event> events = chain(make);
  Engine engine(rules);
  // Without cmd's start there is no edge from it to the app, and the shell itself is not known.
  for (const std::size_t i : {1U, 2U, 4U, 5U}) {
    engine.take(events[i]);
  }
  EXPECT_TRUE(engine.findings().empty());
  engine.take(events[3]);
  EXPECT_EQ(engine.findings().size(), 1U);
}

TEST(Correlator, AParentNamedWithoutAUidJoins) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  const auto name = [&make](Event event, const Process& parent) {
    event.source = Source::sentinelone;
    event.parent = make.mention(parent, true);
    event.parent.key = {};
    event.parent.vendor_uid = {};
    return event;
  };
  Event app_start = make.start(kApp, kApp);
  Event cmd_start = make.start(kCmd, kCmd);
  for (Event* start : {&app_start, &cmd_start}) {
    start->source = Source::sentinelone;
    start->parent.clear();
  }
  const std::vector<Event> events = {
      app_start, cmd_start,
      name(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"),
           kExplorer),
      name(make.act(EventType::file_event, kCmd, kT + 50, FieldId::target_filename, "C:\\a.tmp"),
           kApp)};
  std::vector<std::size_t> order = {0, 1, 2, 3};
  std::string want;
  do {
    Engine engine(rules);
    for (const std::size_t i : order) {
      engine.take(events[i]);
      engine.correlator().settle();
    }
    want = want.empty() ? engine.text() : want;
    ASSERT_EQ(engine.text(), want);
    const std::vector<Finding> findings = engine.findings();
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].level, "critical");  // The shell and the file.
    ASSERT_EQ(findings[0].processes.size(), 3U);
    EXPECT_EQ(findings[0].processes[0].image, kExplorer.image);
    EXPECT_EQ(findings[0].processes[0].uid, "");
    EXPECT_EQ(findings[0].processes[0].knowledge, Knowledge::claimed);
    EXPECT_EQ(findings[0].processes[1].uid, "{guid-2}");
    EXPECT_EQ(findings[0].processes[1].knowledge, Knowledge::known);
    EXPECT_TRUE(findings[0].processes[1].other_uids.empty());
  } while (std::ranges::next_permutation(order).found);
}

struct RelationCase {
  const char* relation;
  bool self;
  bool child;
  bool grandchild;
  bool parent;
};

TEST(Correlator, RelationsSayWhereAStepMayHappen) {
  const RelationCase cases[] = {
      {"self", true, false, false, false},      {"child", false, true, false, false},
      {"descendant", false, true, true, false}, {"self_or_descendant", true, true, true, false},
      {"parent", false, false, false, true},
  };
  for (const RelationCase& test : cases) {
    const RuleSet rules = test::rules_of(correlation(fmt::format(R"(
  group-by: [process_tree]
  anchor: app
  relation: {{file: {}}}
  condition: file
)",
                                                                 test.relation)));
    const std::pair<Process, bool> places[] = {{kApp, test.self},
                                               {kCmd, test.child},
                                               {kGrandchild, test.grandchild},
                                               {kExplorer, test.parent}};
    for (const auto& [process, want] : places) {
      for (const bool hit_first : {false, true}) {
        test::EventMaker make;
        Engine engine(rules);
        const Event file =
            make.act(EventType::file_event, process, kT + 60, FieldId::target_filename, "a.tmp");
        if (hit_first) {
          engine.take(file);
          engine.correlator().settle();
        }
        engine.take(make.start(kGrandchild, kCmd));
        engine.take(make.start(kCmd, kApp));
        engine.take(make.start(kApp, kExplorer));
        engine.correlator().settle();
        if (!hit_first) {
          engine.take(file);
        }
        EXPECT_EQ(engine.findings().size(), want ? 1U : 0U)
            << test.relation << " " << process.image << " " << hit_first;
      }
    }
  }
}

const Process kSibling{.id = 5, .pid = 500, .image = "C:\\tool.exe", .start_s = kT + 20};

TEST(Correlator, ASiblingIsAnotherChildOfTheParent) {
  const RuleSet rules = test::rules_of(correlation(R"(
  group-by: [process_tree]
  relation: {file: sibling}
  condition: file
)"));
  test::EventMaker make;
  const auto write = [&make](const Process& process) {
    return make.act(EventType::file_event, process, kT + 60, FieldId::target_filename, "a.tmp");
  };
  const auto found = [&](const std::vector<Event>& events) {
    Engine engine(rules);
    for (const Event& event : events) {
      engine.take(event);
      engine.correlator().settle();  // So that each has to be told to whom it matters.
    }
    return !engine.findings().empty();
  };
  const Event app = make.start(kApp, kExplorer);
  const Event sibling = make.start(kSibling, kExplorer);
  EXPECT_TRUE(found({app, sibling, write(kSibling)}));
  EXPECT_TRUE(found({write(kSibling), sibling, app}));
  EXPECT_TRUE(found({app, write(kSibling), sibling}));
  EXPECT_TRUE(found({sibling, write(kSibling), app}));
  EXPECT_FALSE(found({app, sibling, write(kApp)}));
  EXPECT_FALSE(found({app, sibling, write(kExplorer)}));
  EXPECT_FALSE(found({app, make.start(kSibling, kApp), write(kSibling)}));
  EXPECT_FALSE(found({app, write(kSibling)}));
  // A better claim gives the sibling another parent.
  const Event moved = make.start(kSibling, kCmd);
  EXPECT_EQ(found({app, sibling, write(kSibling), moved}),
            found({moved, write(kSibling), sibling, app}));
}

TEST(Correlator, ASiblingInACycleIsNone) {
  const RuleSet rules = test::rules_of(correlation(R"(
  group-by: [process_tree]
  relation: {file: sibling}
  condition: file
)"));
  const Process above{.id = 6, .pid = 600, .image = "C:\\above.exe", .start_s = kT + 10};
  const Process middle{.id = 7, .pid = 700, .image = "C:\\middle.exe", .start_s = kT + 10};
  const Process sibling{.id = 8, .pid = 800, .image = "C:\\tool.exe", .start_s = kT + 10};
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kApp, middle));
  engine.take(make.start(sibling, middle));
  engine.take(make.start(middle, above));
  engine.take(make.act(EventType::file_event, sibling, kT + 60, FieldId::target_filename, "a.tmp"));
  EXPECT_EQ(engine.findings().size(), 1U);
  // sibling → middle → above → sibling: no edge of it is ancestry.
  engine.take(make.start(above, sibling));
  EXPECT_EQ(engine.findings().size(), 0U);
  engine.correlator().settle_all();
  EXPECT_EQ(engine.findings().size(), 0U);
  // A better claim breaks it.
  engine.take(make.start(above, kExplorer));
  EXPECT_EQ(engine.findings().size(), 1U);
}

const std::string kCount = std::string(kDetections) + R"(
title: Count
id: 20000000-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [file]
  group-by: [process_tree]
  timespan: 1h
  condition: {gte: 3}
)";

/// Without those of the detections that no correlation lists.
std::vector<Finding> counted(Engine& engine) {
  std::vector<Finding> findings = engine.findings();
  std::erase_if(findings, [](const Finding& finding) { return !finding.rule.correlation; });
  return findings;
}

TEST(Correlator, OfACountEachHitIsEvidence) {
  const RuleSet rules = test::rules_of(kCount);
  test::EventMaker make;
  Engine engine(rules);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(counted(engine).empty());
    engine.take(
        make.act(EventType::file_event, kApp, kT + 20 + i, FieldId::target_filename, "a.tmp"));
  }
  const std::vector<Finding> findings = counted(engine);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].evidence.size(), 3U);
  EXPECT_EQ(findings[0].evidence_total, 3U);
}

TEST(Correlator, ACountSeesWhatIsKeptOfAProcess) {
  const RuleSet rules = test::rules_of(kCount);
  test::EventMaker make;
  Engine engine(rules);
  for (std::int64_t i = 0; i < 150; ++i) {
    engine.take(
        make.act(EventType::file_event, kApp, kT + 20 + i, FieldId::target_filename, "a.tmp"));
  }
  const std::vector<Finding> findings = counted(engine);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].evidence.size(), kEvidencePerMatchMax);
  EXPECT_EQ(findings[0].evidence_total, 150U);
}

TEST(Correlator, AbsenceEndsWhenWhatIsMissedComes) {
  const RuleSet rules = test::rules_of(correlation(R"(
  group-by: [process_tree]
  relation: {lookup: self, shell: child}
  condition: lookup and not shell
)"));
  test::EventMaker make;
  const Event app = make.start(kApp, kExplorer);
  const Event lookup =
      make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example");
  const Event shell = make.start(kCmd, kApp);
  Engine engine(rules);
  engine.take(app);
  engine.take(lookup);
  EXPECT_TRUE(engine.findings().empty()) << "a shell may come as long as the input goes on";
  engine.correlator().finish();
  EXPECT_EQ(engine.findings().size(), 1U);
  engine.take(shell);
  EXPECT_TRUE(engine.findings().empty());
}

TEST(Correlator, GroupByProcessKeepsToOneProcess) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process]\n  condition: lookup and file\n"));
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kApp, kExplorer));
  engine.take(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"));
  engine.take(make.start(kCmd, kApp));
  engine.take(make.act(EventType::file_event, kCmd, kT + 50, FieldId::target_filename, "a.tmp"));
  EXPECT_TRUE(engine.findings().empty());
  engine.take(make.act(EventType::file_event, kApp, kT + 51, FieldId::target_filename, "a.tmp"));
  EXPECT_EQ(engine.findings().size(), 1U);
}

TEST(Correlator, OutsideTheTimespanNothingJoins) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process]\n  condition: lookup and file\n"));
  for (const std::int64_t gap : {3600, 3601}) {
    test::EventMaker make;
    Engine engine(rules);
    engine.take(make.start(kApp, kExplorer));
    engine.take(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"));
    engine.take(
        make.act(EventType::file_event, kApp, kT + 20 + gap, FieldId::target_filename, "a.tmp"));
    EXPECT_EQ(engine.findings().size(), gap == 3600 ? 1U : 0U);
  }
}

TEST(Correlator, APidGivenAgainIsAnotherProcess) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process]\n  condition: lookup and file\n"));
  Process reused = kApp;
  reused.id = 77;
  reused.start_s = kT + 100;
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kApp, kExplorer));
  engine.take(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"));
  engine.take(make.start(reused, kExplorer));
  engine.take(make.act(EventType::file_event, reused, kT + 110, FieldId::target_filename, "a.tmp"));
  EXPECT_TRUE(engine.findings().empty());
}

TEST(Correlator, ASuspectEdgeDoesNotJoin) {
  const RuleSet rules = test::rules_of(kLineage);
  test::EventMaker make;
  Engine engine(rules);
  Process early_child = kCmd;
  early_child.start_s = kApp.start_s - 10;  // Before its "parent".
  engine.take(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"));
  engine.take(make.start(early_child, kApp));
  EXPECT_TRUE(engine.findings().empty());
}

TEST(Correlator, ARuleThatNoCorrelationUsesReportsByItself) {
  const RuleSet rules = test::rules_of(R"(
title: Look-up
id: 10000000-0000-4000-8000-000000000002
level: medium
logsource: {product: windows, category: dns_query}
detection:
  selection: {QueryName: drop.example}
  condition: selection
)");
  test::EventMaker make;
  Engine engine(rules);
  const Event lookup =
      make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example");
  engine.take(lookup);
  engine.take(lookup, true);
  engine.take(make.start(kApp, kExplorer));  // Who it was may become known later.
  const std::vector<Finding> findings = engine.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].level, "medium");
  EXPECT_EQ(findings[0].processes.size(), 2U);
}

TEST(Correlator, TheUidIsOfRuleLogicHostAndAnchor) {
  test::EventMaker make;
  const std::vector<Event> events = chain(make);
  const auto uid_with = [&events](const std::string& yaml) {
    const RuleSet rules = test::rules_of(yaml);
    Engine engine(rules);
    for (const Event& event : events) {
      engine.take(event);
    }
    return engine.findings().at(0).uid;
  };
  std::string retitled = kLineage;
  retitled.replace(retitled.find("title: Chain"), 12, "title: Other");
  std::string changed = kLineage;
  changed.replace(changed.find("timespan: 1h"), 12, "timespan: 2h");
  EXPECT_EQ(uid_with(kLineage), uid_with(retitled));
  EXPECT_NE(uid_with(kLineage), uid_with(changed));
}

TEST(Correlator, EvidenceIsBoundedAndTheRestIsTold) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process]\n  condition: lookup and file\n"));
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.start(kApp, kExplorer));
  engine.take(make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example"));
  constexpr std::size_t kFiles = 3 * kEvidencePerMatchMax;
  for (std::size_t i = 0; i < kFiles; ++i) {
    engine.take(make.act(EventType::file_event, kApp, kT + 30 + static_cast<std::int64_t>(i),
                         FieldId::target_filename, "a.tmp"));
  }
  const Finding finding = std::move(engine.findings().at(0));
  EXPECT_EQ(finding.evidence.size(), kEvidencePerMatchMax);
  EXPECT_EQ(finding.evidence_total, kFiles + 2);
  // Of the files, and of what the app did at all.
  EXPECT_EQ(engine.correlator().hits_beyond_limit(), 2 * (kFiles - kHitsPerStepMax) + 2);
}

// --- Marks against everything
// ----------------------------------------------------------------------------------------

/// Few processes and few times, so that everything that can go wrong does: parents that change,
/// starts that move an edge in and out of ancestry, cycles, hits before anchors.
std::vector<Event> random_history(std::mt19937_64& random, test::EventMaker& make) {
  const auto pick = [&random](std::uint64_t below) { return random() % below; };
  const auto process = [&] {
    const std::uint64_t id = 1 + pick(7);
    const char* images[] = {"C:\\x\\app.exe", "C:\\cmd.exe", "C:\\other.exe"};
    return Process{.id = id,
                   .pid = static_cast<std::uint32_t>(id),
                   .image = images[id % 3],
                   .start_s = kT + static_cast<std::int64_t>(id * 2 + pick(4))};
  };
  std::vector<Event> events;
  for (int i = 0; i < 14; ++i) {
    const auto time = kT + static_cast<std::int64_t>(20 + pick(3600));
    switch (pick(4)) {
      case 0:
      case 1: events.push_back(make.start(process(), process())); break;
      case 2:
        events.push_back(
            make.act(EventType::dns_query, process(), time, FieldId::query_name, "drop.example"));
        break;
      default:
        events.push_back(
            make.act(EventType::file_event, process(), time, FieldId::target_filename, "a.tmp"));
        break;
    }
  }
  return events;
}

TEST(Correlator, HowFarDownALineageReachesDoesNotDependOnArrival) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process_tree]\n  anchor: app\n  condition: file\n"));
  for (const std::size_t levels : {kAncestorsMax, kAncestorsMax + 1}) {
    test::EventMaker make;
    std::vector<Event> events{make.start(kApp, kExplorer)};
    Process last = kApp;
    for (std::size_t level = 1; level <= levels; ++level) {
      const Process next{
          .id = 1'000 + level, .pid = 0, .image = "C:\\t.exe", .start_s = last.start_s + 1};
      events.push_back(make.start(next, last));
      last = next;
    }
    events.push_back(
        make.act(EventType::file_event, last, kT + 1'000, FieldId::target_filename, "C:\\a.tmp"));
    Engine forwards(rules);
    for (const Event& event : events) {
      forwards.take(event);
      forwards.correlator().settle();
    }
    Engine backwards(rules);
    std::ranges::reverse(events);
    for (const Event& event : events) {
      backwards.take(event);
      backwards.correlator().settle();
    }
    EXPECT_EQ(forwards.findings().size(), levels == kAncestorsMax ? 1U : 0U);
    EXPECT_EQ(forwards.text(), backwards.text());
  }
}

TEST(Correlator, AHandleThatTellsAStartTimeJudgesTheEdgeAgain) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [process_tree]\n  anchor: app\n  condition: file\n"));
  test::EventMaker make;
  const Process child{.id = 8, .pid = 800, .image = "C:\\t.exe", .start_s = 0};
  Event start = make.start(child, kApp);
  start.time = (kT + 40) * kNanosPerSecond;
  Event handle =
      make.act(EventType::process_access, kExplorer, kT + 60, FieldId::granted_access, "0x1000");
  handle.target = make.mention({.id = 8, .pid = 800, .image = "C:\\t.exe", .start_s = kT - 100});
  Engine engine(rules);
  engine.take(make.start(kApp, kExplorer));
  engine.take(start);
  engine.take(
      make.act(EventType::file_event, child, kT + 50, FieldId::target_filename, "C:\\a.tmp"));
  EXPECT_EQ(engine.findings().size(), 1U);
  engine.take(handle);
  EXPECT_TRUE(engine.findings().empty());  // It started before the app: the edge is suspect.
}

TEST(Correlator, AnEventThatCarriagesDateDifferentlyIsOneFinding) {
  const RuleSet rules = test::rules_of(kDetections);
  test::EventMaker make;
  Event utc = make.act(EventType::dns_query, kApp, kT + 20, FieldId::query_name, "drop.example");
  Event local = utc;  // NXLog gives other channels' times in the local zone.
  local.time += 7'200 * kNanosPerSecond;
  Engine utc_first(rules);
  utc_first.take(utc);
  utc_first.take(local, true);
  Engine local_first(rules);
  local_first.take(local);
  local_first.take(utc, true);
  EXPECT_EQ(utc_first.findings().size(), 2U);  // The app acts, and it looks up.
  EXPECT_EQ(utc_first.text(), local_first.text());
}

TEST(Correlator, MatchesBeyondTheLimitAreCountedOnce) {
  const RuleSet rules = test::rules_of(kDetections);
  test::EventMaker make;
  std::vector<Event> events;
  for (std::size_t i = 0; i <= kMatchesPerRuleMax; ++i) {
    events.push_back(make.act(EventType::dns_query, kExplorer, kT + static_cast<std::int64_t>(i),
                              FieldId::query_name, "drop.example"));
  }
  Engine engine(rules);
  for (const bool duplicate : {false, true}) {
    for (const Event& event : events) {
      engine.take(event, duplicate);
    }
  }
  EXPECT_EQ(engine.correlator().match_count(), kMatchesPerRuleMax);
  EXPECT_EQ(engine.correlator().stats().matches_beyond_limit, 1U);
}

TEST(Correlator, MarkingAnchorsFindsWhatEvaluatingAllFinds) {
  const std::string bodies[] = {
      "  group-by: [process_tree]\n  anchor: app\n  relation: {lookup: self, shell: child, file: "
      "descendant}\n  condition: lookup and (shell or file)\n",
      "  group-by: [process_tree]\n  anchor: app\n  condition: lookup and file\n",
      "  group-by: [process_tree]\n  anchor: shell\n  relation: {lookup: parent, file: "
      "self_or_descendant}\n  condition: lookup and file\n",
      "  group-by: [process]\n",
  };
  std::size_t found = 0;
  for (const std::string& body : bodies) {
    const RuleSet rules = test::rules_of(correlation(body));
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      std::mt19937_64 random(seed);
      test::EventMaker make;
      std::vector<Event> events = random_history(random, make);
      std::string want;
      for (int round = 0; round < 4; ++round) {
        Engine engine(rules);
        for (const Event& event : events) {
          engine.take(event);
          if (random() % 3 == 0) {
            engine.correlator().settle();
          }
        }
        const std::string marked = engine.text();
        engine.correlator().settle_all();
        ASSERT_EQ(marked, engine.text()) << "seed " << seed << " round " << round << body;
        want = round == 0 ? marked : want;
        ASSERT_EQ(marked, want) << "seed " << seed << " round " << round << body;
        found += marked.empty() ? 0U : 1U;
        std::ranges::shuffle(events, random);
      }
    }
  }
  EXPECT_GT(found, 200U);  // Or the test would prove nothing.
}

}  // namespace
}  // namespace spoor
