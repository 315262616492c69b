// A stream forgets what nothing can join any more, and nothing else.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr std::int64_t kBegin = 1'679'443'200;  // 2023-03-22T00:00:00Z, in seconds.

std::string falcon(const std::string& name,
                   std::int64_t number,
                   std::int64_t second,
                   const std::string& more) {
  static std::uint64_t event = 0;
  std::string record = fmt::format(
      R"({{"event_simpleName":"{0}","event_platform":"Win","aid":"0a1d","cid":"c1","id":"e{1}",)"
      R"("timestamp":"{2}000","ContextTimeStamp":"{2}.000","TargetProcessId":"{3}",{4}}})",
      name, ++event, kBegin + second, number, more);
  record.append(RecordParser::kJsonPadding, ' ');
  return record;
}

std::string start(std::int64_t number,
                  std::int64_t parent,
                  std::int64_t second,
                  const std::string& image) {
  return falcon("ProcessRollup2", number, second,
                fmt::format(R"("ParentProcessId":"{}","RawProcessId":"{}","ProcessStartTime":)"
                            R"("{}.000","ImageFileName":"\\Device\\HarddiskVolume3\\W\\{}",)"
                            R"("CommandLine":"{}")",
                            parent, 1'000 + number, kBegin + second, image, image));
}

std::string end(std::int64_t number, std::int64_t second) {
  return falcon("EndOfProcess", number, second,
                fmt::format(R"("RawProcessId":"{}")", 1'000 + number));
}

std::string lookup(std::int64_t number, std::int64_t second, const std::string& name) {
  return falcon("DnsRequest", number, second,
                fmt::format(R"("ContextProcessId":"{}","DomainName":"{}")", number, name));
}

constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDay = 24 * kHour;

class RetentionTest : public testing::Test {
 protected:
  void take(const std::string& record) {
    pipeline_.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                   {});
    for (const Finding& finding : pipeline_.updates()) {
      told_.insert(finding.rule.id + " " + std::string(to_string(finding.status)));
      ++counts_[finding.rule.id];
      revisions_[finding.rule.id] = finding.revision;
    }
  }

  /// Processes that come and go, one every two minutes.
  void pass(std::int64_t from, std::int64_t until) {
    for (std::int64_t second = from; second < until; second += 120) {
      const std::int64_t number = 100'000 + second;
      take(start(number, 1, second, "busy.exe"));
      take(end(number, second + 60));
    }
  }

  /// Two busy hours a day, in which process 2 is there.
  void live(std::int64_t from_day, std::int64_t until_day) {
    for (std::int64_t day = from_day; day < until_day; ++day) {
      pass(day * kDay + kHour, day * kDay + 3 * kHour);
      take(lookup(2, day * kDay + 3 * kHour, "c.test"));
    }
  }

  void end_input() {
    for (const Finding& finding : pipeline_.last_updates()) {
      told_.insert(finding.rule.id + " " + std::string(to_string(finding.status)));
    }
  }

  [[nodiscard]] std::size_t processes() const { return pipeline_.correlator().process_count(); }

  [[nodiscard]] const std::set<std::string>& told() const { return told_; }

  /// How often something was told of findings of the rule.
  [[nodiscard]] std::size_t told_count(const std::string& rule) { return counts_[rule]; }

  [[nodiscard]] std::uint32_t last_revision(const std::string& rule) { return revisions_[rule]; }

 private:
  RuleSet rules_ = test::rules_of(
      "title: A\nid: a\nname: a\nlogsource: {category: dns_query}\n"
      "detection: {s: {QueryName: a.test}, condition: s}\n---\n"
      "title: B\nid: b\nname: b\nlogsource: {category: dns_query}\n"
      "detection: {s: {QueryName: b.test}, condition: s}\n---\n"
      "title: Child\nid: child\nspoor: lineage\nlogsource: {category: process_creation}\n"
      "detection: {s: {ParentImage|endswith: '\\app.exe'}, condition: s}\n---\n"
      "title: Both\nid: both\nlevel: high\ncorrelation: {type: temporal, rules: [a, b],\n"
      "  group-by: [process_tree], timespan: 10d, condition: a and b}\n---\n"
      "title: Runs\nid: runs\nlevel: high\ncorrelation: {type: temporal, rules: [a, b],\n"
      "  group-by: [program], timespan: 10d, condition: a and b}\n");
  Pipeline pipeline_{rules_, {.lateness = Lateness{}}};
  std::set<std::string> told_;
  std::map<std::string, std::size_t> counts_;
  std::map<std::string, std::uint32_t> revisions_;
};

TEST_F(RetentionTest, ProcessesThatEndedAreForgottenAfterAnHour) {
  take(start(1, 1, 0, "services.exe"));
  pass(0, kDay);
  // One hour of one process every two minutes, and what waits for the watermark and the next look.
  EXPECT_LT(processes(), 60U);
  EXPECT_GT(processes(), 25U);
}

TEST_F(RetentionTest, WhatMayStillJoinStays) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(lookup(2, 20, "a.test"));
  take(start(3, 2, 30, "helper.exe"));
  take(end(2, 40));
  pass(60, 2 * kDay);
  // The helper lives on under a process that ended two days ago.
  take(lookup(3, 2 * kDay, "b.test"));
  EXPECT_TRUE(told().contains("both provisional"));
}

TEST_F(RetentionTest, BeyondTheTimespanItGoes) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(lookup(2, 20, "a.test"));
  take(end(2, 40));
  pass(60, kHour);
  const std::size_t before = processes();
  pass(11 * kDay, 11 * kDay + kHour);
  EXPECT_LE(processes(), before) << "ten days are over";
  EXPECT_TRUE(told().empty());
}

TEST_F(RetentionTest, AFindingWhoseEvidenceIsForgottenIsNotTakenBack) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(lookup(2, 20, "a.test"));
  take(start(3, 2, 30, "helper.exe"));
  take(lookup(3, 40, "b.test"));
  take(end(3, 50));
  pass(60, kHour);
  EXPECT_TRUE(told().contains("both final") || told().contains("both provisional"));
  // The app lives on; the helper, and what it did, is forgotten. Then the app does it once more.
  live(1, 10);
  pass(10 * kDay, 10 * kDay + 2 * kHour);
  EXPECT_TRUE(told().contains("both final"));
  const std::size_t revisions = told_count("both");
  take(lookup(2, 10 * kDay + 2 * kHour, "a.test"));
  pass(10 * kDay + 2 * kHour, 10 * kDay + 3 * kHour);
  EXPECT_FALSE(told().contains("both retracted"));
  EXPECT_EQ(told_count("both"), revisions) << "and nothing is new";
}

TEST_F(RetentionTest, AProgramThatIsForgottenComesAgainAsALaterRevision) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(lookup(2, 20, "a.test"));
  take(lookup(2, 30, "b.test"));
  take(end(2, 40));
  pass(60, kHour);
  pass(12 * kDay, 12 * kDay + 2 * kHour);
  const std::uint32_t revision = last_revision("runs");
  EXPECT_GE(revision, 1U);
  EXPECT_LT(processes(), 100U) << "the run is forgotten";
  EXPECT_FALSE(told().contains("runs retracted"));
  // Two months later another run, and another program that gets the forgotten one's place.
  pass(60 * kDay, 60 * kDay + kHour);
  take(start(5, 1, 60 * kDay + kHour, "other.exe"));
  take(lookup(5, 60 * kDay + kHour + 1, "a.test"));
  pass(60 * kDay + kHour, 60 * kDay + 2 * kHour);
  EXPECT_FALSE(told().contains("runs retracted"));
  take(start(6, 1, 60 * kDay + 2 * kHour, "app.exe"));
  take(lookup(6, 60 * kDay + 2 * kHour + 1, "a.test"));
  take(lookup(6, 60 * kDay + 2 * kHour + 2, "b.test"));
  EXPECT_EQ(last_revision("runs"), revision + 1);
}

TEST_F(RetentionTest, WhatIsToldAgainAfterLongIsALaterRevision) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(lookup(2, 20, "a.test"));
  take(lookup(2, 40, "b.test"));
  live(0, 30);
  const std::uint32_t revision = last_revision("both");
  EXPECT_GE(revision, 1U);
  take(lookup(2, 30 * kDay, "a.test"));
  take(lookup(2, 30 * kDay + 10, "b.test"));
  EXPECT_GT(last_revision("both"), revision);
}

TEST_F(RetentionTest, WhatLeantOnForgottenProcessesIsNotTakenBackAtTheEnd) {
  take(start(1, 1, 0, "services.exe"));
  take(start(2, 1, 10, "app.exe"));
  take(start(3, 2, 20, "helper.exe"));
  take(end(3, 30));
  take(end(2, 40));
  pass(60, 3 * kHour);
  EXPECT_LT(processes(), 60U) << "they are forgotten";
  ASSERT_TRUE(told().contains("child final"));
  end_input();
  EXPECT_FALSE(told().contains("child retracted"));
}

}  // namespace
}  // namespace spoor
