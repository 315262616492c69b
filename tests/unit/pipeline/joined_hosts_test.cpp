// Events that wait for the process graph are judged when their host's watermark has passed, under
// whichever of its machine's keys they came.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr const char* kRule = R"(
title: Below
id: i
spoor: lineage
logsource: {product: windows, category: dns_query}
detection:
  name: {QueryName: d.test}
  known: {ParentImage|endswith: '\setup.exe'}
  condition: name and not known
)";

std::string falcon(const std::string& name, int second, const std::string& fields) {
  const std::string time = "16794792" + std::to_string(second);
  return R"({"event_simpleName":")" + name +
         R"(","event_platform":"Win","aid":"a1d1","cid":"c1","id":"e)" + std::to_string(second) +
         R"(","timestamp":")" + time + R"(000","ContextTimeStamp":")" + time + R"(.000",)" +
         fields + "}";
}

std::string sysmon(int id, int second, const std::string& data) {
  return R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},)"
         R"("EventID":)" +
         std::to_string(id) + R"(,"EventRecordID":)" + std::to_string(second) +
         R"(,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC1"},"EventData":{)"
         R"("UtcTime":"2023-03-22 10:00:)" +
         std::to_string(second) +
         R"(.000","ProcessGuid":"{000000a1-d1a0-641a-0001-000000002f00}","ProcessId":7,"Image":"C:\\a.exe",)" +
         data + "}}}";
}

class Stream {
 public:
  explicit Stream(HostAliases aliases = {})
      : rules_(test::rules_of(kRule)),
        pipeline_(rules_, {.host_aliases = std::move(aliases), .lateness = kLateness}) {}

  void take(std::string record) {
    const std::size_t size = record.size();
    record.append(RecordParser::kJsonPadding, ' ');
    pipeline_.take(std::string_view(record).substr(0, size), {});
  }

  Pipeline& pipeline() { return pipeline_; }

 private:
  static constexpr Lateness kLateness{.agent_stream = kNanosPerSecond,
                                      .batched_export = kNanosPerSecond,
                                      .source_silence = 3'600 * kNanosPerSecond};
  RuleSet rules_;
  Pipeline pipeline_;
};

TEST(JoinedHosts, WaitNoLongerThanOthers) {
  Stream stream;
  stream.take(falcon("AgentOnline", 10, R"("ComputerName":"PC1")"));
  stream.take(falcon("DnsRequest", 20,
                     R"("ContextProcessId":"7","DomainName":"d.test","RequestType":"1")"));
  stream.take(sysmon(22, 21, R"("QueryName":"d.test","QueryStatus":"0")"));
  stream.take(falcon("DnsRequest", 50,
                     R"("ContextProcessId":"8","DomainName":"x.test","RequestType":"1")"));
  stream.take(sysmon(22, 50, R"("QueryName":"x.test","QueryStatus":"0")"));
  ASSERT_EQ(stream.pipeline().correlator().host_count(), 1U);
  EXPECT_EQ(stream.pipeline().updates().size(), 2U);
}

TEST(JoinedHosts, ByConfiguration) {
  for (const bool is_told : {false, true}) {
    Stream stream(is_told ? HostAliases{{"PC1.acme.example", "A1D1"}} : HostAliases{});
    stream.take(falcon("DnsRequest", 20,
                       R"("ContextProcessId":"7","DomainName":"d.test","RequestType":"1")"));
    stream.take(sysmon(22, 21, R"("QueryName":"d.test","QueryStatus":"0")"));
    EXPECT_EQ(stream.pipeline().correlator().host_count(), is_told ? 1U : 2U);
  }
}

// An event that was judged is judged again when more is known of its parent, under another key too.
TEST(JoinedHosts, LearnOfParentsLate) {
  for (const bool by_falcon : {false, true}) {
    Stream stream;
    stream.take(falcon("AgentOnline", 10, R"("ComputerName":"PC1")"));
    if (by_falcon) {
      stream.take(falcon("DnsRequest", 20,
                         R"("ContextProcessId":"7","DomainName":"d.test","RequestType":"1")"));
    } else {
      stream.take(sysmon(22, 20, R"("QueryName":"d.test","QueryStatus":"0")"));
    }
    stream.take(falcon("DnsRequest", 50,
                       R"("ContextProcessId":"8","DomainName":"x.test","RequestType":"1")"));
    stream.take(sysmon(22, 50, R"("QueryName":"x.test","QueryStatus":"0")"));
    ASSERT_EQ(stream.pipeline().updates().size(), 1U) << by_falcon;
    stream.take(
        by_falcon
            ? falcon("ProcessRollup2", 55,
                     R"("TargetProcessId":"7","ParentProcessId":"6","RawProcessId":"7",)"
                     R"("ImageFileName":"\\a.exe","ParentBaseFileName":"setup.exe")")
            : sysmon(
                  1, 55,
                  R"("ParentProcessGuid":"{000000a1-d1a0-641a-0006-000000002f00}","ParentProcessId":6,)"
                  R"("ParentImage":"C:\\setup.exe")"));
    if (by_falcon) {
      stream.take(falcon("ProcessRollup2", 56,
                         R"("TargetProcessId":"6","ParentProcessId":"5","RawProcessId":"6",)"
                         R"("ImageFileName":"\\x\\setup.exe")"));
    }
    const std::vector<Finding> news = stream.pipeline().updates();
    ASSERT_EQ(news.size(), 1U) << by_falcon;
    EXPECT_EQ(news[0].status, FindingStatus::retracted) << by_falcon;
  }
}

}  // namespace
}  // namespace spoor
