// A rule may test a vendor's own name for what a field of the table shows, too. The event is parsed
// again, whole, before anybody explains or judges it once more: the name must be there then as
// well.

#include <string>

#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

struct Case {
  const char* name;
  const char* field;
  const char* value;
  const char* record;
};

constexpr Case kCases[] = {
    {"SentinelOne", "indicator.name", "PenetrationFramework",
     R"({"agent.uuid":"a1","endpoint.os":"windows","endpoint.name":"PC1","event.id":"01_1","event.time":1679492452900,)"
     R"("event.type":"Behavioral Indicators","event.category":"indicators","src.process.uid":"8A77","src.process.pid":6712,)"
     R"("src.process.image.path":"C:\\app.exe","indicator.name":"PenetrationFramework","indicator.category":"Post Exploitation"})"},
    {"CrowdStrike", "ImageFileName", R"(\Device\HarddiskVolume3\app.exe)",
     R"({"event_simpleName":"ProcessRollup2","aid":"0f","cid":"c1","event_platform":"Win","id":"e1","TargetProcessId":"11",)"
     R"("ParentProcessId":"10","ImageFileName":"\\Device\\HarddiskVolume3\\app.exe","CommandLine":"app",)"
     R"("ProcessStartTime":"1678785210.5","timestamp":"1678785210500"})"},
};

/// The fields that the one finding says its rule held by.
std::vector<std::string> explained(const Case& test, const std::string& more) {
  const RuleSet rules = test::rules_of(
      std::string("title: T\nid: i\nspoor: lineage\nlogsource: {product: windows}\n") +
      "detection:\n  named: {" + test.field + ": '" + test.value + "'}\n" + more + "\n");
  Pipeline pipeline(rules, {});
  std::string record = test.record;
  const std::size_t size = record.size();
  record.append(RecordParser::kJsonPadding, ' ');
  pipeline.take(std::string_view(record).substr(0, size), {});
  std::vector<std::string> fields;
  for (const Finding& finding : pipeline.findings()) {
    for (const FindingEvidence& evidence : finding.evidence) {
      for (const auto& matched : evidence.matched) {
        fields.push_back(matched.name);
      }
    }
  }
  return fields;
}

TEST(NamedExtra, ExplainsTheHit) {
  for (const Case& test : kCases) {
    EXPECT_EQ(explained(test, "  condition: named"), std::vector<std::string>{test.field})
        << test.name;
  }
}

// Whether an ancestor is what the rule does not want is known at the end only: it is judged anew.
TEST(NamedExtra, IsThereWhenARuleIsJudgedAgain) {
  for (const Case& test : kCases) {
    EXPECT_EQ(
        explained(
            test,
            "  filter: {ParentImage|endswith: '\\setup.exe'}\n  condition: named and not filter"),
        std::vector<std::string>{test.field})
        << test.name;
  }
}

}  // namespace
}  // namespace spoor
