// Fields that a vendor leaves out are answered from the process graph, and the answer does not
// depend on what arrived first. CrowdStrike names a parent only by its number.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "engine/rule/load.h"

namespace spoor {
namespace {

std::string rule(const std::string& id, const std::string& detection) {
  return "title: " + id + "\nid: " + id +
         "\nspoor: lineage\nlevel: high\nlogsource: {product: windows, category: "
         "process_creation}\ndetection:\n" +
         detection + "---\n";
}

/// A process start as the Falcon Data Replicator has it.
std::string start(int process, int parent, const std::string& image, int second) {
  const std::string number = std::to_string(process);
  std::string record =
      R"({"event_simpleName":"ProcessRollup2","aid":"0f","cid":"c1","event_platform":"Win","id":"e)" +
      number + R"(","TargetProcessId":")" + number + R"(","ParentProcessId":")" +
      std::to_string(parent) + R"(","ImageFileName":"\\Device\\HarddiskVolume3\\)" + image +
      R"(","CommandLine":")" + image + R"( -run","ProcessStartTime":"16787852)" +
      std::to_string(second) + R"(.5","timestamp":"16787852)" + std::to_string(second) + R"(500"})";
  record.append(RecordParser::kJsonPadding, ' ');
  return record;
}

std::vector<std::string> ids_found(const RuleSet& rules, const std::vector<std::string>& records) {
  Pipeline pipeline(rules, {});
  for (const std::string& record : records) {
    pipeline.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                  {});
  }
  std::vector<std::string> ids;
  for (const Finding& finding : pipeline.findings()) {
    ids.push_back(finding.rule.id);
  }
  std::ranges::sort(ids);
  return ids;
}

TEST(LineageFields, AreTheSameInEveryOrderOfArrival) {
  const LoadedRules loaded = load_rules(
      {{.path = "rules.yml",
        .content = rule("parent",
                        "  s: {Image|endswith: '\\c.exe', ParentImage: 'C:\\b.exe'}\n"
                        "  condition: s\n") +
                   rule("parent-command",
                        "  s: {ParentCommandLine|contains: 'b.exe -run'}\n"
                        "  condition: s\n") +
                   rule("grandparent",
                        "  s: {GrandParentImage|endswith: '\\a.exe'}\n"
                        "  condition: s\n") +
                   rule("filtered",
                        "  s: {Image|endswith: '\\c.exe'}\n"
                        "  f: {ParentImage|endswith: '\\b.exe'}\n"
                        "  condition: s and not f\n") +
                   rule("unfiltered",
                        "  s: {Image|endswith: '\\c.exe'}\n"
                        "  f: {ParentImage|endswith: '\\x.exe'}\n"
                        "  condition: s and not f\n") +
                   rule("orphan",
                        "  s: {Image|endswith: '\\a.exe', ParentImage: null}\n"
                        "  condition: s\n") +
                   rule("ancestor",
                        "  s: {Image|endswith: '\\c.exe', Ancestor.Image|endswith: '\\a.exe'}\n"
                        "  condition: s\n")}});
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    ADD_FAILURE() << render(diagnostic);
  }
  std::vector<std::string> records = {start(11, 10, "a.exe", 10), start(12, 11, "b.exe", 20),
                                      start(13, 12, "c.exe", 30)};
  const std::vector<std::string> want = {"ancestor", "grandparent",    "orphan",
                                         "parent",   "parent-command", "unfiltered"};
  std::ranges::sort(records);
  do {
    EXPECT_EQ(ids_found(loaded.rules, records), want);
    std::vector<std::string> twice = records;
    twice.insert(twice.end(), records.begin(), records.end());
    EXPECT_EQ(ids_found(loaded.rules, twice), want);
  } while (std::ranges::next_permutation(records).found);
}

TEST(LineageFields, TheParentsUidIsOneOfThem) {
  const LoadedRules loaded = load_rules(
      {{.path = "rules.yml",
        .content = "title: uid\nid: uid\nlevel: high\nlogsource: {product: windows, category: "
                   "dns_query}\ndetection:\n  s: {QueryName: a.test, ParentProcessGuid: '12'}\n"
                   "  condition: s\n"}});
  std::string look_up =
      R"({"event_simpleName":"DnsRequest","aid":"0f","cid":"c1","event_platform":"Win","id":"d1",)"
      R"("ContextProcessId":"13","DomainName":"a.test","ContextTimeStamp":"1678785240.5",)"
      R"("timestamp":"1678785240500"})";
  look_up.append(RecordParser::kJsonPadding, ' ');
  std::vector<std::string> records = {start(12, 11, "b.exe", 20), start(13, 12, "c.exe", 30),
                                      look_up};
  std::ranges::sort(records);
  do {
    EXPECT_EQ(ids_found(loaded.rules, records), std::vector<std::string>{"uid"});
  } while (std::ranges::next_permutation(records).found);
}

TEST(LineageFields, WhatNeverArrivesIsAbsent) {
  const LoadedRules loaded = load_rules({{.path = "rules.yml",
                                          .content = rule("filtered",
                                                          "  s: {Image|endswith: '\\c.exe'}\n"
                                                          "  f: {ParentImage|endswith: '\\b.exe'}\n"
                                                          "  condition: s and not f\n")}});
  EXPECT_EQ(ids_found(loaded.rules, {start(13, 12, "c.exe", 30)}),
            std::vector<std::string>{"filtered"});
}

}  // namespace
}  // namespace spoor
