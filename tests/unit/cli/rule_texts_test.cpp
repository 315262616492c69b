#include "cli/rule_texts.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

constexpr const char* kFile = R"(# Licence.
title: Shell
id: shell
name: shell
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\cmd.exe'}, condition: s}
---
title: Name
id: name
name: name
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName: a.test}, condition: s}
--- # The two.
title: Both
id: both
correlation: {type: temporal, rules: [shell, name], group-by: [Computer], timespan: 1m}
)";

/// A rule as a finding names it: with the logic hash that it has when it is loaded.
ReportRule named(const std::string& id, const std::string& content = kFile) {
  const LoadedRules loaded = load_rules({{.path = "rules.yml", .content = content}});
  ReportRule rule;
  rule.id = id;
  for (const DetectionRule& detection : loaded.rules.detections) {
    rule.logic_hash = detection.meta.id == id ? detection.meta.logic_hash : rule.logic_hash;
  }
  for (const WindowCorrelation& correlation : loaded.rules.window_correlations) {
    rule.logic_hash = correlation.meta.id == id ? correlation.meta.logic_hash : rule.logic_hash;
  }
  EXPECT_FALSE(rule.logic_hash.empty()) << id;
  return rule;
}

RuleTexts texts() {
  return RuleTexts(std::vector<RuleFile>{{.path = "rules.yml", .content = kFile}});
}

TEST(DocumentAt, IsWhatStandsBetweenTheMarks) {
  const std::string_view content = "a: 1\n---\nb: 2\nc: 3\r\n\n--- {d: 4}\n---";
  EXPECT_EQ(document_at(content, 1), "a: 1\n");
  EXPECT_EQ(document_at(content, 3), "b: 2\nc: 3\n");
  EXPECT_EQ(document_at(content, 4), "b: 2\nc: 3\n");
  EXPECT_EQ(document_at(content, 6), "--- {d: 4}\n");
  EXPECT_EQ(document_at("", 1), "");
  EXPECT_EQ(document_at("a: 1", 7), "a: 1\n");
}

TEST(RuleTexts, OfADetectionItsOwnDocument) {
  const std::optional<std::string> text = texts().find(named("name"));
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("title: Name\n")) << *text;
  EXPECT_TRUE(text->ends_with("condition: s}\n")) << *text;
  EXPECT_EQ(text->find("---"), std::string::npos);
  EXPECT_TRUE(texts().find(named("shell"))->starts_with("# Licence.\ntitle: Shell\n"));
}

/// What comes out is what went in: the same rules, which detect the same.
TEST(RuleTexts, OfACorrelationWhatItListsToo) {
  const std::optional<std::string> text = texts().find(named("both"));
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("title: Both\n")) << *text;
  const LoadedRules loaded = load_rules({{.path = "rules.yml", .content = *text}});
  EXPECT_TRUE(loaded.diagnostics.empty() || loaded.rejected == 0);
  EXPECT_EQ(loaded.documents, 3U);
  EXPECT_EQ(named("both", *text).logic_hash, named("both").logic_hash);
}

TEST(RuleTexts, ARuleThatDetectsSomethingElseByNowIsAnother) {
  ReportRule rule = named("name");
  rule.logic_hash.back() = rule.logic_hash.back() == '0' ? '1' : '0';
  EXPECT_EQ(texts().find(rule), std::nullopt);
  rule.id = "nobody";
  EXPECT_EQ(texts().find(rule), std::nullopt);
}

TEST(RuleTexts, TheBundledOnesAreAtHand) {
  const Result<RuleTexts> bundled = RuleTexts::read({});
  ASSERT_TRUE(bundled);
  ReportRule rule;
  rule.id = "312b61ee-52bf-4c3b-9b4c-6adea0091488";
  EXPECT_EQ(bundled->find(rule), std::nullopt);  // Not without its hash.
  EXPECT_FALSE(RuleTexts::read({"/nowhere"}));
}

}  // namespace
}  // namespace spoor
