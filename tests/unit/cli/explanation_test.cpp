#include "cli/explanation.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/explanation_view.h"
#include "engine/finding/terminal.h"
#include "tests/support/parsing.h"
#include "tests/support/rules.h"
#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

using test::start_record;
using test::start_rule;

constexpr const char* kCmd = R"(C:\\cmd.exe)";
constexpr const char* kOther = R"(C:\\other.exe)";

const std::string kCount = start_rule("cmd", "{Image|endswith: cmd.exe}") + R"(---
title: Many
id: many
correlation:
  type: event_count
  rules: [cmd]
  group-by: [Computer]
  timespan: 10m
  condition: {gte: 3}
)";

const std::string kOrdered = start_rule("cmd", "{Image|endswith: cmd.exe}") + "---\n" +
                             start_rule("tool", "{Image|endswith: tool.exe}") + R"(---
title: Both
id: both
correlation:
  type: temporal
  rules: [cmd, tool]
  group-by: [Computer]
  timespan: 10m
)";

Explanation explain(const std::string& rules,
                    const std::string& called,
                    const std::vector<std::string>& records) {
  const RuleSet loaded = load_rules({{.path = "rules.yml", .content = rules}}).rules;
  const Result<RuleChoice> choice = choose_rule(loaded, called);
  EXPECT_TRUE(choice) << (choice ? "" : choice.error().message);
  RuleExplainer explainer(with_listed(loaded, *choice));
  for (const std::string& record : records) {
    const std::string bytes = test::padded(record);
    explainer.pipeline().take(std::string_view(bytes).substr(0, record.size()), {});
  }
  return explainer.explain("");
}

std::string error_of(const std::string& rules, const std::string& called) {
  const RuleSet loaded = load_rules({{.path = "rules.yml", .content = rules}}).rules;
  const Result<RuleChoice> choice = choose_rule(loaded, called);
  return choice ? "" : choice.error().message;
}

TEST(ChooseRule, GoesByIdNameTitleOrTheBeginningOfAnId) {
  for (const char* called :
       {"many", "Many", "MANY", "man", "cmd", "Title of cmd", "title OF cmd"}) {
    EXPECT_EQ(error_of(kCount, called), "") << called;
  }
}

TEST(ChooseRule, SaysWhatThereIs) {
  EXPECT_EQ(error_of(kCount, "mny"),
            "no rule has the id, name or title 'mny'; did you mean 'many'?");
  EXPECT_EQ(error_of(kCount, "of cm"),
            "no rule has the id, name or title 'of cm'; there is cmd (cmd)");
  EXPECT_NE(error_of(kCount, "entirely else").find("spoor rules list"), std::string::npos);
  EXPECT_NE(error_of(kCount, "").find("no rule"), std::string::npos);
  const std::string two =
      start_rule("ab1", "{Image: a}") + "---\n" + start_rule("ab2", "{Image: a}");
  EXPECT_EQ(error_of(two, "ab"), "'ab' may be any of several rules: ab1 (ab1), ab2 (ab2)");
}

TEST(Explain, ADetectionThatHits) {
  const Explanation told = explain(start_rule("cmd", "{Image|endswith: cmd.exe}"), "cmd",
                                   {start_record(kCmd, 7), start_record(kOther, 8)});
  EXPECT_TRUE(told.completed);
  EXPECT_EQ(told.verdict, "completed on 1 host: 1 finding");
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].process, "cmd.exe (7)");
  ASSERT_EQ(told.detections.size(), 1U);
  EXPECT_EQ(told.detections[0].events, 2U);
  EXPECT_EQ(told.detections[0].hits, 1U);
  ASSERT_EQ(told.detections[0].first_hits.size(), 1U);
  EXPECT_EQ(told.detections[0].first_hits[0].process, "cmd.exe (7)");
  EXPECT_TRUE(told.detections[0].nearest.empty());
}

TEST(Explain, ADetectionThatDoesNotNamesTheNearestAndItsTest) {
  const Explanation told =
      explain(start_rule("cmd", R"({Image|endswith: cmd.exe, CommandLine: y})"), "cmd",
              {start_record(kOther, 7), start_record(kCmd, 8), start_record(kCmd, 8)});
  EXPECT_FALSE(told.completed);
  EXPECT_EQ(told.detections[0].events, 2U);          // The duplicate is no event of its own.
  ASSERT_EQ(told.detections[0].nearest.size(), 1U);  // The other satisfies nothing.
  EXPECT_EQ(told.detections[0].nearest[0].event.process, "cmd.exe (8)");
  EXPECT_EQ(told.detections[0].nearest[0].failed,
            std::vector<std::string>{"selection: CommandLine is 'x', wanted 'y'"});
}

TEST(Explain, ADetectionOfAnotherLogSourceSaysSo) {
  std::string rule = start_rule("dns", "{QueryName: a}");
  rule.replace(rule.find("process_creation"), 16, "dns_query");
  const Explanation told = explain(rule, "dns", {start_record(kCmd, 7)});
  EXPECT_EQ(told.verdict, "did not complete: no event is of its log source, windows/dns_query");
}

TEST(Explain, AnUnknownAncestorIsNamed) {
  // The record tells the parent's image, but not its parent's.
  const std::string rule =
      start_rule("grand", R"({Image|endswith: cmd.exe, GrandParentImage|endswith: word.exe})");
  const Explanation told = explain(rule, "grand", {start_record(kCmd, 7)});
  ASSERT_EQ(told.detections[0].nearest.size(), 1U);
  EXPECT_EQ(told.detections[0].nearest[0].failed,
            std::vector<std::string>{"selection: GrandParentImage is unknown: so is what started "
                                     "p.exe (4), wanted '*word.exe'"});
}

TEST(Explain, AnAncestorThatTheTreeKnowsIsShown) {
  const std::string rule =
      start_rule("grand", R"({Image|endswith: cmd.exe, GrandParentImage|endswith: word.exe})");
  const Explanation told =
      explain(rule, "grand", {start_record(kOther, 5, 4), start_record(kCmd, 7, 5)});
  ASSERT_FALSE(told.detections[0].nearest.empty());
  EXPECT_EQ(told.detections[0].nearest[0].failed,
            std::vector<std::string>{"selection: GrandParentImage is 'C:\\p.exe' (by the process "
                                     "tree), wanted '*word.exe'"});
}

TEST(Explain, ACountSaysHowFarItCame) {
  const Explanation told = explain(kCount, "many", {start_record(kCmd, 7), start_record(kCmd, 8)});
  EXPECT_FALSE(told.completed);
  EXPECT_EQ(told.verdict,
            "did not complete: the nearest group reaches 2, wanted event_count gte 3 within 10m");
  ASSERT_EQ(told.groups.size(), 1U);
  EXPECT_EQ(told.groups[0].measure, 2);
  EXPECT_EQ(told.groups[0].group[0].second, "pc1");
  EXPECT_FALSE(told.groups[0].holds);
}

TEST(Explain, ACountThatHolds) {
  const Explanation told = explain(
      kCount, "many", {start_record(kCmd, 7), start_record(kCmd, 8), start_record(kCmd, 9)});
  EXPECT_TRUE(told.completed);
  EXPECT_TRUE(told.groups[0].holds);
}

TEST(Explain, AMissingListedRuleIsNamed) {
  const Explanation told = explain(kOrdered, "both", {start_record(kCmd, 7)});
  EXPECT_FALSE(told.completed);
  ASSERT_EQ(told.groups.size(), 1U);
  EXPECT_EQ(told.groups[0].seen, std::vector<std::string>{"cmd"});
  EXPECT_EQ(told.groups[0].missing, std::vector<std::string>{"tool"});
}

TEST(Explain, ASequenceSaysWhatDoesNotFollow) {
  std::string rules = kOrdered;
  rules.replace(rules.find("type: temporal"), 14, "type: temporal_ordered");
  const Explanation told = explain(rules, "both", {start_record(kCmd, 7)});
  EXPECT_EQ(told.verdict, "did not complete: in the nearest group there does not follow tool");
  EXPECT_EQ(told.wanted, "cmd then tool, within 10m");
}

TEST(Explain, AListedCorrelationThatDidNotFireIsNamed) {
  const std::string rules = kCount + R"(---
title: Outer
id: outer
correlation:
  type: temporal
  rules: [many, cmd]
  group-by: [Computer]
  timespan: 10m
)";
  const Explanation none = explain(rules, "outer", {start_record(kOther, 7)});
  EXPECT_EQ(none.verdict,
            "did not complete: none of the rules that it lists fired; explain many by itself");
  const Explanation some = explain(rules, "outer", {start_record(kCmd, 7)});
  EXPECT_EQ(some.verdict, "did not complete: the nearest group lacks many");
  const Explanation all = explain(
      rules, "outer", {start_record(kCmd, 7), start_record(kCmd, 8), start_record(kCmd, 9)});
  EXPECT_TRUE(all.completed);
}

TEST(Explain, HitsWithoutAGroupAreCounted) {
  std::string rules = kCount;
  rules.replace(rules.find("[Computer]"), 10, "[NoSuchField]");
  const Explanation told = explain(rules, "many", {start_record(kCmd, 7)});
  EXPECT_EQ(told.detections[0].without_group, 1U);
  EXPECT_EQ(told.verdict,
            "did not complete: all hits of the rules that it lists lack a field of group-by, or "
            "their time");
}

TEST(Explain, OrderDoesNotShow) {
  std::vector<std::string> records = {start_record(kCmd, 7), start_record(kOther, 8),
                                      start_record(kCmd, 9, 7), start_record(kOther, 10, 9)};
  const std::string first = explanation_json(explain(kOrdered, "both", records));
  std::ranges::sort(records);
  do {
    EXPECT_EQ(explanation_json(explain(kOrdered, "both", records)), first);
  } while (std::ranges::next_permutation(records).found);
}

TEST(Explain, TextFitsTheTerminal) {
  const Explanation told =
      explain(start_rule("cmd", R"({Image|endswith: cmd.exe, CommandLine: y})"), "cmd",
              {start_record(kCmd, 8)});
  const std::string text = explanation_text(told, {.color = false, .width = 60});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    EXPECT_LE(columns_of(std::string_view(text).substr(begin, end - begin)), 60U);
    begin = end + 1;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("CommandLine is 'x', wanted 'y'"), std::string::npos) << text;
}

TEST(Explain, ARecordCannotForgeLines) {
  const Explanation told =
      explain(start_rule("cmd", R"({Image|endswith: cmd.exe, CommandLine: y})"), "cmd",
              {start_record(R"(C:\\a\nFORGED\u001b[31m\\cmd.exe)", 8)});
  const std::string text = explanation_text(told, {.color = false, .width = 100});
  EXPECT_EQ(text.find("\nFORGED"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace spoor
