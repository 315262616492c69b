#include "cli/rule_test.h"

#include <algorithm>
#include <set>

#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

using test::start_record;
using test::start_rule;

class RuleTest : public test::RuleFolder {
 protected:
  /// The failures of the rule with that id, lines joined; "" if it passes.
  std::string failures(const std::string& id) {
    const RuleCatalog rules = catalog();
    const auto entry =
        std::ranges::find(rules.entries, id, [](const CatalogEntry& one) { return one.meta.id; });
    EXPECT_NE(entry, rules.entries.end());
    EXPECT_TRUE(entry->loaded) << entry->error;
    SampleFinder finder(rules);
    result_ = test_rule(rules, *entry, finder.samples_of(*entry));
    std::string text;
    for (const SampleResult& sample : result_.samples) {
      for (const std::string& line : sample.failure) {
        text += line + "\n";
      }
    }
    EXPECT_EQ(text.empty(), result_.passed());
    return text;
  }

  RuleTestResult result_;
};

constexpr const char* kCmd = R"(C:\\cmd.exe)";
constexpr const char* kOther = R"(C:\\other.exe)";

TEST_F(RuleTest, SamplesLieBesideTheRuleOrBelowIt) {
  write("file.yml", start_rule("rule", "{Image|endswith: cmd.exe}"));
  write("rule.hit.ndjson", start_record(kCmd, 1));
  write("file.hit.second.json", start_record(kCmd, 1));
  write("samples/rule.near_miss.ndjson", start_record(kOther, 1));
  write("samples/rule.near_miss.txt", "no sample");
  write("samples/rule.notes.ndjson", "no sample");
  write("samples/rule2.hit.ndjson", "of another rule");
  EXPECT_EQ(failures("rule"), "");
  ASSERT_EQ(result_.samples.size(), 3U);
  EXPECT_EQ(result_.samples[0].sample.path, path("file.hit.second.json"));
  EXPECT_EQ(result_.samples[1].sample.path, path("rule.hit.ndjson"));
  EXPECT_EQ(result_.samples[2].sample.path, path("samples/rule.near_miss.ndjson"));
  EXPECT_FALSE(result_.samples[2].sample.hit);
}

TEST_F(RuleTest, AFileOfSeveralRulesLendsItsNameToNone) {
  write("file.yml", start_rule("one", "{Image: a}") + "---\n" + start_rule("two", "{Image: a}"));
  write("file.hit.ndjson", start_record(kCmd, 1));
  EXPECT_EQ(failures("one"), "");
  EXPECT_TRUE(result_.samples.empty());
}

TEST_F(RuleTest, EachLineMustHit) {
  write("a.yml", start_rule("a", "{Image|endswith: '\\cmd.exe', CommandLine: [y, z]}"));
  write("a.hit.ndjson", start_record(kOther, 1));
  EXPECT_EQ(failures("a"),
            "line 1 does not hit\n"
            "selection: Image is 'C:\\other.exe', wanted '*\\cmd.exe'\n"
            "selection: CommandLine is 'x', wanted 'y' or 'z'\n");
}

TEST_F(RuleTest, AFilterThatHoldsIsNamed) {
  write("a.yml",
        "title: T\nid: a\nlogsource: {product: windows}\ndetection:\n"
        "  selection: {Image|endswith: cmd.exe}\n"
        "  filter_x: {Image: z}\n  filter_y: {ParentImage|endswith: p.exe}\n"
        "  condition: selection and not 1 of filter_*\n");
  write("a.hit.ndjson", start_record(kCmd, 1));
  EXPECT_EQ(failures("a"),
            "line 1 does not hit\n"
            "filter_y: holds, and the condition does not want it: ParentImage is 'C:\\p.exe'\n");
}

TEST_F(RuleTest, ALogSourceThatDoesNotCoverTheRecordIsNamed) {
  write("a.yml",
        "title: T\nid: a\nlogsource: {product: windows, category: dns_query}\ndetection:\n"
        "  selection: {Image: z}\n  condition: selection\n");
  write("a.hit.ndjson", start_record(kCmd, 1));
  EXPECT_EQ(failures("a"),
            "line 1 does not hit\n"
            "the log source (product windows, category dns_query, service any) does not cover the "
            "event: process_creation on windows, channel 'Microsoft-Windows-Sysmon/Operational'\n");
}

TEST_F(RuleTest, NoLineOfANearMissMayHit) {
  write("a.yml", start_rule("a", "{Image|endswith: '\\cmd.exe'}"));
  write("a.near_miss.ndjson", start_record(kOther, 1) + start_record(kCmd, 2));
  EXPECT_EQ(failures("a"), "line 2 hits\nImage is 'C:\\cmd.exe'\n");
}

TEST_F(RuleTest, SamplesThatCannotBeUsedFail) {
  write("a.yml", start_rule("a", "{Image: b}"));
  write("a.near_miss.1.ndjson", "\n");
  write("a.near_miss.2.ndjson", "{\"a\":1}\n");
  write("a.near_miss.3.ndjson", "{\"a\":\n");
  const std::string text = failures("a");
  EXPECT_NE(text.find("cannot be used: it holds no record\n"), std::string::npos) << text;
  EXPECT_NE(text.find("line 1 gives no event: "), std::string::npos) << text;
  EXPECT_NE(text.find("cannot be used: line 1 is no record: "), std::string::npos) << text;
}

constexpr const char* kChain =
    "title: Chain\nid: chain\nname: chain\ncorrelation:\n  type: temporal\n  rules: [parent, "
    "child]\n"
    "  group-by: [process_tree]\n  relation: {child: child}\n  timespan: 1h\n"
    "  condition: parent and child\n";

TEST_F(RuleTest, ACorrelationGetsItsSampleAsAWhole) {
  write("parent.yml", start_rule("parent", "{Image|endswith: cmd.exe}"));
  write("child.yml", start_rule("child", "{Image|endswith: other.exe}"));
  write("chain.yml", kChain);
  write("chain.hit.ndjson", start_record(kCmd, 10) + start_record(kOther, 11, 10));
  write("chain.hit.2_findings.ndjson", start_record(kCmd, 10) + start_record(kOther, 11, 10) +
                                           start_record(kCmd, 20) + start_record(kOther, 21, 20));
  write("chain.near_miss.ndjson", start_record(kCmd, 10) + start_record(kOther, 11, 12));
  EXPECT_EQ(failures("chain"), "");
  ASSERT_EQ(result_.samples.size(), 3U);
  EXPECT_EQ(result_.samples[0].sample.findings, 2U);
  EXPECT_EQ(result_.samples[0].orders, 24U);  // 4! - 1, and the duplicates.
  EXPECT_EQ(result_.samples[1].orders, 2U);
}

TEST_F(RuleTest, ACorrelationThatMakesNoFindingTellsOfItsSteps) {
  write("parent.yml", start_rule("parent", "{Image|endswith: cmd.exe}"));
  write("child.yml", start_rule("child", "{Image|endswith: other.exe}"));
  write("chain.yml", kChain);
  write("chain.hit.ndjson", start_record(kCmd, 10) + start_record(kCmd, 11, 10));
  EXPECT_EQ(failures("chain"),
            "0 findings, not 1\nstep parent: 2 hits\nstep child: no hit\n"
            "the condition needs more steps than were hit\n");
  write("chain.hit.ndjson", start_record(kCmd, 10) + start_record(kOther, 11, 12));
  EXPECT_EQ(failures("chain"),
            "0 findings, not 1\nstep parent: 1 hit\nstep child: 1 hit\n"
            "enough steps were hit; relation, anchor, group-by or timespan keep them apart\n");
  write("chain.hit.ndjson", start_record(kOther, 11, 12));
  EXPECT_EQ(failures("chain"),
            "0 findings, not 1\nstep parent: no hit\nstep child: 1 hit\n"
            "without a hit of the anchor, parent, there is no finding\n");
}

TEST_F(RuleTest, ACorrelationThatHoldsForANearMissTellsBySteps) {
  write("parent.yml", start_rule("parent", "{Image|endswith: cmd.exe}"));
  write("child.yml", start_rule("child", "{Image|endswith: other.exe}"));
  write("chain.yml", kChain);
  write("chain.near_miss.ndjson", start_record(kCmd, 10) + start_record(kOther, 11, 10));
  EXPECT_EQ(failures("chain"), "1 finding, not 0\non pc1, by parent, child\n");
}

TEST(ArrivalOrders, AreAllOfAFewAndSomeOfMany) {
  for (const std::size_t size : {1U, 2U, 3U, 5U}) {
    const auto orders = arrival_orders(size);
    std::size_t factorial = 1;
    for (std::size_t i = 2; i <= size; ++i) {
      factorial *= i;
    }
    EXPECT_EQ(orders.size(), factorial);  // One is the file's own, and one has duplicates.
    EXPECT_EQ(std::set(orders.begin(), orders.end()).size(), orders.size());
    EXPECT_EQ(orders.back().size(), 2 * size);
  }
  const auto many = arrival_orders(40);
  EXPECT_EQ(many.size(), kRandomOrders + 2);
  for (const std::vector<std::size_t>& order : many) {
    EXPECT_EQ(std::set(order.begin(), order.end()).size(), 40U);
  }
  EXPECT_EQ(many, arrival_orders(40));
}

}  // namespace
}  // namespace spoor
