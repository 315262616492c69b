#include "engine/correlation/program_runs.h"

#include <algorithm>
#include <map>
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

TEST(ProgramRuns, ANodeIsARunOfOneProgram) {
  ProgramRuns programs;
  EXPECT_EQ(programs.place(1, "a"), kNoProcess);
  const ProgramIndex a = programs.program(1);
  EXPECT_TRUE(is_program(a));
  EXPECT_FALSE(is_program(1));
  EXPECT_FALSE(is_program(kNoProcess));
  EXPECT_EQ(programs.place(2, "a"), kNoProcess);
  EXPECT_EQ(programs.place(2, "a"), a) << "again";
  EXPECT_EQ(programs.runs(a), (std::set<ProcessIndex>{1, 2}));
  EXPECT_EQ(programs.place(2, "b"), a);
  EXPECT_EQ(programs.name(programs.program(2)), "b");
  EXPECT_EQ(programs.runs(a), (std::set<ProcessIndex>{1}));
  EXPECT_EQ(programs.remove(1), a);
  EXPECT_EQ(programs.remove(1), kNoProcess);
}

TEST(ProgramRuns, ANumberIsGivenToAnotherOnlyWhenRecycled) {
  ProgramRuns programs;
  programs.place(1, "a");
  const ProgramIndex a = programs.program(1);
  programs.place(1, "b");
  EXPECT_EQ(programs.find("a"), a);
  programs.place(2, "a");
  programs.recycle();
  EXPECT_EQ(programs.find("a"), a) << "it has a run again";
  programs.remove(2);
  programs.recycle();
  programs.recycle();
  EXPECT_EQ(programs.find("a"), kNoProcess);
  programs.place(3, "c");
  EXPECT_EQ(programs.program(3), a);
  programs.place(4, "d");
  EXPECT_NE(programs.program(4), a);
}

// The app writes its file on one day and looks its server up on another.

std::string correlation(const std::string& body) {
  return std::string(test::kAppActs) + test::kLooksUp + test::kStartsShell + test::kWritesFile +
         R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, lookup, shell, file]
  anchor: app
  timespan: 35d
)" + body;
}

const std::string kRuns = correlation(R"(
  group-by: [program_tree]
  relation: {lookup: self, shell: child, file: self}
  condition: file and lookup
  escalate: {shell: critical}
)");

constexpr std::int64_t kT = 1'679'000'000;
constexpr std::int64_t kDay = 86'400;
const Process kExplorer{.id = 1, .pid = 100, .image = "C:\\explorer.exe", .start_s = kT};
const Process kFirst{.id = 2, .pid = 200, .image = "C:\\x\\app.exe", .start_s = kT + 10};
const Process kSecond{.id = 3, .pid = 300, .image = "C:\\X\\App.exe", .start_s = kT + 8 * kDay};
const Process kElsewhere{.id = 4, .pid = 400, .image = "C:\\y\\app.exe", .start_s = kT + 9 * kDay};
const Process kShell{.id = 5, .pid = 500, .image = "C:\\cmd.exe", .start_s = kT + 8 * kDay + 40};

Event write(test::EventMaker& make, const Process& process, std::int64_t time_s) {
  return make.act(EventType::file_event, process, time_s, FieldId::target_filename, "C:\\a.tmp");
}

Event lookup(test::EventMaker& make, const Process& process, std::int64_t time_s) {
  return make.act(EventType::dns_query, process, time_s, FieldId::query_name, "drop.example");
}

std::vector<Event> two_runs(test::EventMaker& make) {
  return {make.start(kFirst, kExplorer), write(make, kFirst, kT + 20),
          make.start(kSecond, kExplorer), lookup(make, kSecond, kT + 8 * kDay + 30),
          make.start(kShell, kSecond)};
}

TEST(ProgramCorrelation, JoinsTheRunsOfAProgramInAnyOrder) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  const std::vector<Event> events = two_runs(make);
  std::vector<std::size_t> order = {0, 1, 2, 3, 4};
  std::string want;
  do {
    test::CorrelationEngine engine(rules);
    for (const std::size_t i : order) {
      engine.take(events[i]);
      engine.correlator().settle();
    }
    ASSERT_EQ(engine.findings().size(), 1U);
    want = want.empty() ? engine.text() : want;
    ASSERT_EQ(engine.text(), want);
  } while (std::ranges::next_permutation(order).found);
}

TEST(ProgramCorrelation, IsShownAtTheRunThatDidMost) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  test::CorrelationEngine engine(rules);
  engine.take(two_runs(make));
  const std::vector<Finding> findings = engine.findings();
  ASSERT_EQ(findings.size(), 1U);
  const Finding& finding = findings[0];
  EXPECT_EQ(finding.level, "critical");
  ASSERT_TRUE(finding.anchor);
  EXPECT_EQ(finding.processes[*finding.anchor].pid, "300");
  EXPECT_EQ(finding.group,
            (std::vector<std::pair<std::string, std::string>>{{"program", kSecond.image}}));
  ASSERT_EQ(finding.evidence.size(), 4U);
  EXPECT_EQ(finding.evidence[0].step, "file");
  EXPECT_EQ(finding.evidence[1].step, "app") << "of the run that did most";
  EXPECT_EQ(finding.evidence[3].step, "shell");
}

TEST(ProgramCorrelation, ItsIdIsTheProgramsWhicheverRunsTookPart) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  test::CorrelationEngine all(rules);
  all.take(two_runs(make));
  test::CorrelationEngine one(rules);
  one.take(write(make, kFirst, kT + 20));
  one.take(lookup(make, kFirst, kT + 30));
  ASSERT_EQ(one.findings().size(), 1U);
  EXPECT_EQ(one.findings()[0].uid, all.findings()[0].uid);
}

TEST(ProgramCorrelation, AnotherPathIsAnotherProgram) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  test::CorrelationEngine engine(rules);
  engine.take(write(make, kFirst, kT + 20));
  engine.take(lookup(make, kElsewhere, kT + 9 * kDay + 30));
  EXPECT_TRUE(engine.findings().empty());
}

TEST(ProgramCorrelation, OtherWindowsAreApart) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  test::CorrelationEngine engine(rules);
  engine.take(write(make, kFirst, kT + 20));
  engine.take(lookup(make, kFirst, kT + 21 + 35 * kDay));
  EXPECT_TRUE(engine.findings().empty());
}

TEST(ProgramCorrelation, WithoutTheTreeEveryStepIsOfARun) {
  const RuleSet rules =
      test::rules_of(correlation("  group-by: [program]\n  condition: file and lookup\n"));
  test::EventMaker make;
  test::CorrelationEngine engine(rules);
  engine.take(make.start(kShell, kSecond));
  engine.take(write(make, kFirst, kT + 20));
  engine.take(lookup(make, kShell, kT + 8 * kDay + 50));
  EXPECT_TRUE(engine.findings().empty());
  engine.take(lookup(make, kSecond, kT + 8 * kDay + 50));
  EXPECT_EQ(engine.findings().size(), 1U);
}

/// What was told last of each finding that still holds, by uid.
std::map<Uid, std::string> told_of(test::CorrelationEngine& engine,
                                   std::map<Uid, std::string> told = {}) {
  for (Finding finding : engine.correlator().updates()) {
    if (finding.status == FindingStatus::retracted) {
      told.erase(finding.uid);
      continue;
    }
    finding.revision = 1;
    finding.status = FindingStatus::final;
    told.insert_or_assign(finding.uid, render_ocsf(finding));
  }
  return told;
}

TEST(ProgramCorrelation, AnImageThatIsLearnedLateMovesTheRun) {
  // The anchor asks for no image: the first run is a program of its own until it is known.
  const RuleSet rules = test::rules_of(std::string(test::kLooksUp) + test::kWritesFile + R"(title: C
id: c
correlation:
  type: temporal
  rules: [lookup, file]
  group-by: [program]
  timespan: 35d
  anchor: lookup
  condition: file
)");
  Process nameless = kFirst;
  nameless.image.clear();
  test::EventMaker make;
  const Event file = write(make, nameless, kT + 20);
  const Event look = lookup(make, nameless, kT + 30);
  const Event later = lookup(make, kSecond, kT + 8 * kDay);
  const Event start = make.start(kFirst, kExplorer);

  test::CorrelationEngine stream(rules, {.lateness = Lateness{}});
  for (const Event* event : {&file, &look, &later}) {
    stream.take(*event);
  }
  std::map<Uid, std::string> told = told_of(stream);
  EXPECT_EQ(told.size(), 1U);
  const Uid before = told.begin()->first;
  stream.take(start);
  told = told_of(stream, told);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.begin()->first, before);

  for (const bool settles : {false, true}) {
    test::CorrelationEngine replay(rules);
    for (const Event* event : {&start, &later, &look, &file}) {
      replay.take(*event);
      if (settles) {
        replay.correlator().settle();
      }
    }
    const std::vector<Finding> findings = replay.findings();
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].uid, told.begin()->first);
    EXPECT_EQ(render_ocsf(findings[0]), told.begin()->second);
  }
}

TEST(ProgramCorrelation, AJoinedHostRenamesIt) {
  const RuleSet rules = test::rules_of(kRuns);
  test::EventMaker make;
  test::CorrelationEngine engine(rules, {.lateness = Lateness{}});
  engine.take(two_runs(make));
  std::map<Uid, std::string> told = told_of(engine);
  const Uid before = told.begin()->first;
  engine.correlator().alias_host("pc042", "aaa");
  told = told_of(engine, told);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.begin()->first, before);
  EXPECT_EQ(told.begin()->first, engine.findings()[0].uid);
}

}  // namespace
}  // namespace spoor
