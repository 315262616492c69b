#include "cli/rule_catalog.h"

#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

using RuleCatalogTest = test::RuleFolder;

TEST_F(RuleCatalogTest, LoadedAndRefusedRulesStandInTheOrderOfTheirFiles) {
  write("b.yml", test::start_rule("b", "{Image: a}"));
  write("a.yml", test::start_rule("a1", "{Image|endwith: a}") + "---\n" +
                     test::start_rule("a2", "{Image|re: '(?=x)'}") + "---\n" +
                     test::start_rule("a3", "{Image: a}"));
  write("c.yml", "title: [");
  write("d.yml", "just text\n");
  const RuleCatalog rules = catalog();
  ASSERT_EQ(rules.entries.size(), 6U);
  EXPECT_EQ(rules.refused, 4U);
  const auto entry = [&rules](std::size_t i) -> const CatalogEntry& { return rules.entries[i]; };
  EXPECT_EQ(entry(0).meta.id, "a1");
  EXPECT_EQ(entry(0).error, "10:21: unknown modifier 'endwith'");
  EXPECT_EQ(entry(1).meta.id, "a2");
  EXPECT_NE(entry(1).error.find("look-around"), std::string::npos) << entry(1).error;
  EXPECT_EQ(rules.detection(entry(1)), nullptr);
  EXPECT_TRUE(entry(2).loaded);
  EXPECT_EQ(rules.detection(entry(2))->meta.id, "a3");
  EXPECT_FALSE(entry(2).meta.logic_hash.empty());
  EXPECT_EQ(log_source_text(entry(2)), "windows/process_creation");
  EXPECT_EQ(entry(3).meta.id, "b");
  EXPECT_FALSE(entry(4).loaded);
  EXPECT_FALSE(entry(4).error.empty());
  EXPECT_EQ(entry(5).meta.file, path("d.yml"));
  EXPECT_FALSE(entry(5).error.empty());
}

TEST_F(RuleCatalogTest, EveryErrorQuotesItsLine) {
  write("a.yml", test::start_rule("a", "{Image|re: '(?=x)'}"));
  const RuleCatalog rules = catalog();
  ASSERT_EQ(rules.loaded.diagnostics.size(), 1U);
  EXPECT_EQ(rules.loaded.diagnostics.front().source_line, "  selection: {Image|re: '(?=x)'}");
}

struct CorrelationCase {
  std::string body;
  std::string correlation_class;
  std::string latency;
  std::string bound;
};

TEST_F(RuleCatalogTest, CorrelationsSayWhenTheyFireAndWhatTheyKeep) {
  const std::string lineage_bound = "100 hits per rule and process";
  const CorrelationCase cases[] = {
      {"type: temporal, group-by: process_tree, timespan: 35d", "M", "at once", lineage_bound},
      {"type: event_count, group-by: [process, User], timespan: 35d, condition: {lte: 3}", "N",
       "35d + lateness", lineage_bound},
      {"type: value_sum, group-by: process, timespan: 90s, condition: {gte: 3, field: Size}", "N",
       "90s + lateness", lineage_bound},
      {"type: temporal, group-by: User, timespan: 1h", "M", "lateness", "100,000 groups"},
      {"type: event_count, group-by: User, timespan: 1h, condition: {gte: 3}", "N", "lateness",
       "100,000 groups, 100,000 events each"},
  };
  for (const CorrelationCase& test : cases) {
    SCOPED_TRACE(test.body);
    write("a.yml", test::start_rule("a", "{Image: a}") +
                       "---\ntitle: C\nid: c\ncorrelation: {rules: a, " + test.body + "}\n");
    const RuleCatalog rules = catalog();
    ASSERT_EQ(rules.refused, 0U);
    const CatalogEntry& entry = rules.entries.at(1);
    EXPECT_EQ(class_text(rules, entry), test.correlation_class);
    EXPECT_EQ(latency_text(rules, entry), test.latency);
    EXPECT_EQ(bound_text(rules, entry), test.bound);
    EXPECT_EQ(latency_text(rules, rules.entries[0]), "");
    EXPECT_EQ(bound_text(rules, rules.entries[0]), "");
  }
}

TEST(RuleCatalogOfBundled, IsWhole) {
  const Result<RuleCatalog> rules = load_catalog({});
  ASSERT_TRUE(rules);
  EXPECT_GE(rules->entries.size(), 20U);
  EXPECT_EQ(rules->refused, 0U);
}

TEST(RuleCatalogOfNothing, Fails) {
  EXPECT_FALSE(load_catalog({"/no/such/folder"}));
}

}  // namespace
}  // namespace spoor
