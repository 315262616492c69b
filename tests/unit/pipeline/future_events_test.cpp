// An event that claims a time which has not come yet blinds nobody: it moves no watermark.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/memory_state.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr std::int64_t kBegin = 1'679'443'200;            // 2023-03-22T00:00:00Z, in seconds.
constexpr std::int64_t kFuture = 4'070'908'800 - kBegin;  // 2099
constexpr std::int64_t kHour = 3'600;

const std::string kRules =
    "title: App\nid: app\nname: app\nlogsource: {category: process_creation}\n"
    "detection: {s: {Image|endswith: '\\app.exe'}, condition: s}\n---\n"
    "title: A\nid: a\nname: a\nlogsource: {category: dns_query}\n"
    "detection: {s: {QueryName: a.test}, condition: s}\n---\n"
    "title: B\nid: b\nname: b\nlogsource: {category: dns_query}\n"
    "detection: {s: {QueryName: b.test}, condition: s}\n---\n"
    "title: By app\nid: by_app\nlogsource: {category: dns_query}\nspoor: lineage\n"
    "detection: {s: {ParentImage|endswith: '\\app.exe'}, condition: s}\n---\n"
    "title: Chain\nid: chain\ncorrelation: {type: temporal, rules: [app, a, b], anchor: app,\n"
    "  group-by: [process_tree], timespan: 1d, condition: a and b}\n---\n"
    "title: Absent\nid: absent\ncorrelation: {type: temporal, rules: [app, a, b], anchor: app,\n"
    "  group-by: [process_tree], timespan: 1h, condition: a and not b}\n---\n"
    "title: Count\nid: count\ncorrelation: {type: event_count, rules: [a, b],\n"
    "  group-by: [Computer], timespan: 1h, condition: {gte: 2}}\n";

std::string falcon(const std::string& name,
                   std::int64_t process,
                   std::int64_t second,
                   const std::string& more,
                   const std::string& host = "0a1d") {
  static std::uint64_t event = 0;
  return fmt::format(
      R"({{"event_simpleName":"{0}","event_platform":"Win","aid":"{5}","ComputerName":"{5}",)"
      R"("cid":"c1","id":"e{1}","timestamp":"{2}000","ContextTimeStamp":"{2}.000",)"
      R"("TargetProcessId":"{3}",{4}}})",
      name, ++event, kBegin + second, process, more, host);
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

std::string lookup(std::int64_t process,
                   std::int64_t second,
                   const std::string& name,
                   const std::string& host = "0a1d") {
  return falcon("DnsRequest", process, second,
                fmt::format(R"("ContextProcessId":"{}","DomainName":"{}")", process, name), host);
}

/// What was told last of the findings of each rule.
using Told = std::map<std::string, std::string>;

struct Received {
  std::string record;
  std::int64_t second = 0;  ///< After kBegin.
};

void take(Pipeline& pipeline, const Received& received) {
  std::string record = received.record;
  record.append(RecordParser::kJsonPadding, ' ');
  pipeline.take(std::string_view(record).substr(0, received.record.size()),
                {.received = (kBegin + received.second) * kNanosPerSecond});
}

void add(const std::vector<Finding>& findings, Told& told) {
  for (const Finding& finding : findings) {
    told[finding.rule.id] = to_string(finding.status);
  }
}

class FutureEvents : public testing::Test {
 protected:
  [[nodiscard]] Told streamed(const std::vector<Received>& records) const {
    Pipeline pipeline(rules_, {.lateness = Lateness{}});
    Told told;
    for (const Received& record : records) {
      take(pipeline, record);
      add(pipeline.updates(), told);
    }
    add(pipeline.last_updates(), told);
    return told;
  }

  [[nodiscard]] Told replayed(const std::vector<Received>& records) const {
    Pipeline pipeline(rules_, {});
    for (const Received& record : records) {
      take(pipeline, record);
    }
    Told told;
    add(pipeline.findings(), told);
    return told;
  }

  RuleSet rules_ = test::rules_of(kRules);
};

TEST_F(FutureEvents, OneOfTheHostOrOfAnotherHidesNothing) {
  const std::vector<Received> clean{{start(1, 0, 0, "app.exe"), 0},
                                    {lookup(1, 100, "a.test"), 100},
                                    {lookup(1, 400, "b.test"), 400}};
  const Told want = streamed(clean);
  ASSERT_TRUE(want.contains("chain"));
  ASSERT_TRUE(want.contains("count"));
  ASSERT_FALSE(want.contains("absent"));
  for (const std::string host : {"0a1d", "0ther"}) {
    std::vector<Received> with_one = clean;
    with_one.insert(with_one.begin() + 2, {lookup(9, kFuture, "z.test", host), 200});
    EXPECT_EQ(streamed(with_one), want) << host;
    EXPECT_EQ(replayed(with_one), want) << host;
  }
}

TEST_F(FutureEvents, AreThoseOfMoreThanFiveMinutesLater) {
  Pipeline pipeline(rules_, {.lateness = Lateness{}});
  take(pipeline, {lookup(1, 300, "z.test"), 0});
  static_cast<void>(pipeline.updates());
  EXPECT_EQ(pipeline.accounting().time_suspect(), 0U);
  const std::optional<WatermarkRange> before = pipeline.correlator().watermarks();
  ASSERT_TRUE(before);
  take(pipeline, {lookup(1, 301, "z.test"), 0});
  static_cast<void>(pipeline.updates());
  EXPECT_EQ(pipeline.accounting().time_suspect(), 1U);
  EXPECT_EQ(pipeline.correlator().watermarks()->newest, before->newest);
}

TEST_F(FutureEvents, AreNoneWhereNobodyKnowsWhenTheyWereReceived) {
  Pipeline pipeline(rules_, {.lateness = Lateness{}});
  take(pipeline, {lookup(1, kFuture, "z.test"), -kBegin});
  EXPECT_EQ(pipeline.accounting().time_suspect(), 0U);
}

TEST_F(FutureEvents, AreMatchedAndStandInTheTree) {
  const std::vector<Received> records{{start(1, 0, 0, "app.exe"), 0},
                                      {start(2, 1, 100, "tool.exe"), 100},
                                      {lookup(2, kFuture, "z.test"), 200}};
  const Told told = streamed(records);
  EXPECT_TRUE(told.contains("by_app"));
  EXPECT_EQ(told, replayed(records));
}

TEST_F(FutureEvents, AreJudgedAtOnceForThereIsNoTimeToWaitFor) {
  Pipeline pipeline(rules_, {.lateness = Lateness{}});
  Told told;
  take(pipeline, {start(1, 0, kFuture, "app.exe"), 0});
  take(pipeline, {start(2, 1, kFuture + 1, "tool.exe"), 1});
  take(pipeline, {lookup(2, kFuture + 2, "z.test"), 2});
  add(pipeline.updates(), told);
  EXPECT_FALSE(pipeline.correlator().watermarks()) << "the host has none";
  EXPECT_TRUE(told.contains("by_app"));
}

TEST_F(FutureEvents, AreJudgedAgainWhenMoreIsKnown) {
  Pipeline pipeline(rules_, {.lateness = Lateness{}});
  take(pipeline, {start(2, 1, 5, "tool.exe"), 5});
  take(pipeline, {lookup(2, kFuture, "z.test"), 10});
  EXPECT_TRUE(pipeline.updates().empty());
  take(pipeline, {start(1, 0, 3, "app.exe"), 20});
  Told told;
  add(pipeline.updates(), told);
  EXPECT_TRUE(told.contains("by_app"));
}

TEST_F(FutureEvents, AreStillOfTheFutureAfterARestart) {
  test::MemoryState state;
  {
    Pipeline pipeline(rules_, {.lateness = Lateness{}});
    ASSERT_TRUE(pipeline.open_state(state, state));
    take(pipeline, {lookup(7, 0, "z.test"), 0});
    take(pipeline, {start(2, 1, 5, "tool.exe"), 5});
    take(pipeline, {lookup(2, kFuture, "z.test"), 10});
    EXPECT_TRUE(pipeline.updates().empty());
    pipeline.save();
    state.commit();
  }
  Pipeline pipeline(rules_, {.lateness = Lateness{}});
  ASSERT_TRUE(pipeline.open_state(state, state));
  // What its parent is becomes known: it is judged again, from the record that was kept.
  take(pipeline, {start(1, 0, 3, "app.exe"), 20});
  Told told;
  add(pipeline.updates(), told);
  EXPECT_TRUE(told.contains("by_app"));
  ASSERT_TRUE(pipeline.correlator().watermarks());
  EXPECT_LT(pipeline.correlator().watermarks()->newest, (kBegin + kHour) * kNanosPerSecond);
}

TEST_F(FutureEvents, TheirProcessesAreNotForgottenAtOnce) {
  std::vector<Received> records{{start(1, 0, 0, "app.exe"), 0},
                                {lookup(1, 100, "a.test"), 100},
                                {start(2, 1, kFuture, "tool.exe"), 110}};
  for (std::int64_t second = 120; second < 2 * kHour; second += 60) {
    records.push_back({lookup(1, second, "z.test"), second});
  }
  records.push_back({lookup(2, 2 * kHour, "b.test"), 2 * kHour});
  const Told told = streamed(records);
  EXPECT_TRUE(told.contains("chain"));
  EXPECT_EQ(told, replayed(records));
}

}  // namespace
}  // namespace spoor
