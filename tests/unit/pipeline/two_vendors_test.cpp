// Two vendors on one machine: when their words are of one host, and of one process.

#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr int kBegin = 1'679'479'200;  // 2023-03-22T10:00:00Z.

struct Start {
  int number = 1;
  std::uint32_t pid = 100;
  std::string image = "a.exe";
  int second = 10;
};

std::string padded(std::string record) {
  record.append(RecordParser::kJsonPadding, ' ');
  return record;
}

std::string sysmon(const Start& start) {
  const int time = kBegin + start.second;
  return padded(fmt::format(
      R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},)"
      R"("EventID":1,"EventRecordID":{0},"Channel":"Microsoft-Windows-Sysmon/Operational",)"
      R"("Computer":"PC7.acme.test"}},"EventData":{{"UtcTime":"2023-03-22 10:00:{1:02}.000",)"
      R"("ProcessGuid":"{{000000a0-{2:04x}-{3:04x}-{0:04x}-000000002f00}}","ProcessId":{4},)"
      R"("Image":"C:\\Work\\{5}","CommandLine":"{5}"}}}}}})",
      start.number, start.second, time & 0xFFFF, time >> 16, start.pid, start.image));
}

std::string falcon(const Start& start) {
  return padded(fmt::format(
      R"({{"event_simpleName":"ProcessRollup2","event_platform":"Win","aid":"0a1d","cid":"c1",)"
      R"("id":"e{0}","timestamp":"{1}000","ContextTimeStamp":"{1}.000","TargetProcessId":"77{0}",)"
      R"("ParentProcessId":"1","RawProcessId":"{2}","ProcessStartTime":"{1}.400",)"
      R"("ImageFileName":"\\Device\\HarddiskVolume3\\Work\\{3}","CommandLine":"{3}",)"
      R"("ComputerName":"PC7"}})",
      start.number, kBegin + start.second, start.pid, start.image));
}

std::string online() {
  return padded(fmt::format(
      R"({{"event_simpleName":"AgentOnline","event_platform":"Win","aid":"0a1d","cid":"c1","id":"o",)"
      R"("timestamp":"{0}000","ContextTimeStamp":"{0}.000","ComputerName":"PC7"}})",
      kBegin));
}

class TwoVendors : public testing::Test {
 protected:
  void take(const std::vector<std::string>& records) {
    for (const std::string& record : records) {
      pipeline_.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                     {});
    }
  }

  [[nodiscard]] std::size_t hosts() const { return pipeline_.correlator().host_count(); }

  /// How many nodes the process of Sysmon's first start has.
  [[nodiscard]] std::size_t words() const {
    const ProcessGraph& graph = *pipeline_.correlator().graph("pc7");
    const std::vector<ProcessIndex> found = graph.with_pid(Start().pid);
    return found.size() == 1 ? graph.members(found.front()).size() : 0;
  }

 private:
  RuleSet rules_ = test::rules_of(
      "title: T\nid: t\nlevel: low\nlogsource: {category: process_creation}\n"
      "detection: {s: {Image|endswith: nothing.exe}, condition: s}\n");
  Pipeline pipeline_{rules_, {}};
};

TEST_F(TwoVendors, OneProcessOfTwoSourcesIsOneProcess) {
  take({sysmon({}), online(), falcon({})});
  EXPECT_EQ(hosts(), 1U);
  EXPECT_EQ(words(), 2U);
}

TEST_F(TwoVendors, OneNameAloneJoinsNoHosts) {
  take({sysmon({}), falcon({})});
  EXPECT_EQ(hosts(), 2U);
}

TEST_F(TwoVendors, TwoProcessesSeenByBothJoinHostsOfOneName) {
  const Start second{.number = 2, .pid = 104, .image = "b.exe", .second = 20};
  take({sysmon({}), sysmon(second), falcon({}), falcon(second)});
  EXPECT_EQ(hosts(), 1U);
  EXPECT_EQ(words(), 2U);
}

TEST_F(TwoVendors, OtherProcessesOfThatPidStayApart) {
  take({online(), sysmon({}), falcon({.number = 2, .second = 40}),
        falcon({.number = 3, .image = "other.exe"})});
  EXPECT_EQ(hosts(), 1U);
  EXPECT_EQ(words(), 0U) << "three processes had the pid";
}

TEST_F(TwoVendors, TheOrderDoesNotMatter) {
  take({falcon({}), sysmon({}), online()});
  EXPECT_EQ(hosts(), 1U);
  EXPECT_EQ(words(), 2U);
}

}  // namespace
}  // namespace spoor
