// Rules as JSON.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/rule/load.h"

namespace spoor {
namespace {

LoadedRules load(const std::string& content, const std::string& path = "rule.json") {
  return load_rules({{.path = path, .content = content}});
}

/// A rule whose selection is as given.
std::string rule_with(const std::string& selection, const std::string& id = "r") {
  return R"({"title":"t","id":")" + id +
         R"(","logsource":{"product":"windows"},"detection":{"s":)" + selection +
         R"(,"condition":"s"}})";
}

TEST(JsonRules, EscapesAreJsons) {
  const LoadedRules loaded =
      load(rule_with(R"({"F":["\u00e9\ud83d\ude00\/\t\"\n", "tab\\x", "*\\*"]})"));
  ASSERT_EQ(loaded.rules.detections.size(), 1U);
  const std::vector<Expr>& tests = loaded.rules.detections[0].condition.children[0].children;
  ASSERT_EQ(tests.size(), 3U);
  EXPECT_EQ(tests[0].test.text, "é😀/\t\"\n");
  EXPECT_EQ(tests[1].test.text, "tab\\x");
  EXPECT_EQ(tests[2].test.text, "*\\*");
}

TEST(JsonRules, TextThatLooksLikeANumberIsText) {
  const LoadedRules loaded = load(rule_with(R"({"F":"4688","G":4688})"));
  ASSERT_EQ(loaded.rules.detections.size(), 1U);
  const std::vector<Expr>& tests = loaded.rules.detections[0].condition.children;
  EXPECT_EQ(tests[0].test.kind, TestKind::pattern);
  EXPECT_EQ(tests[1].test.kind, TestKind::number);
}

TEST(JsonRules, OneSeveralOrAnArray) {
  const std::string one = rule_with(R"({"F":"x"})", "a");
  const std::string two = rule_with(R"({"F":"x"})", "b");
  EXPECT_EQ(load(one).rules.detections.size(), 1U);
  EXPECT_EQ(load(one + "\n" + two).rules.detections.size(), 2U);
  EXPECT_EQ(load("[" + one + ",\n" + two + "]").rules.detections.size(), 2U);
  // By its looks, whatever the name.
  EXPECT_EQ(load("\xEF\xBB\xBF " + one, "rule.yml").rules.detections.size(), 1U);
  // YAML that begins like JSON stays YAML.
  EXPECT_EQ(load("{title: t, id: a, logsource: {product: windows}, "
                 "detection: {s: {F: x}, condition: s}}",
                 "rule.yml")
                .rules.detections.size(),
            1U);
}

TEST(JsonRules, WhatIsWrongIsSaidWhereItIsWrong) {
  struct BadCase {
    const char* json;
    std::uint32_t line;
    std::uint32_t column;
    const char* message;
  };

  const BadCase cases[] = {
      {"{\"a\": 1,\n \"b\" 2}", 2, 6, "':' is expected"},
      {R"({"a": [1 2]})", 1, 10, "',' or ']' is expected"},
      {"{\"a\": \"x\n\"}", 1, 7, "a quote is not closed"},
      {R"({"a": tru})", 1, 7, "a value is expected"},
      {R"({"a": 1)", 1, 8, "',' or '}' is expected"},
      {R"({"a": "\x"})", 1, 9, "unknown escape"},
      {R"({"a": "\u12g4"})", 1, 12, "four hex digits"},
      {"{a: 1}", 1, 2, "a key in quotes"},
      {R"({"a": 1, "a": 2})", 1, 10, "'a' stands twice"},
      {R"("text")", 1, 1, "a rule must be a map"},
      {"{\"a\": \"\xFF\"}", 1, 8, "not UTF-8"},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.json);
    const LoadedRules loaded = load(test.json);
    EXPECT_EQ(loaded.rejected, 1U);
    ASSERT_EQ(loaded.diagnostics.size(), 1U);
    EXPECT_EQ(loaded.diagnostics[0].position.line, test.line);
    EXPECT_EQ(loaded.diagnostics[0].position.column, test.column);
    EXPECT_NE(loaded.diagnostics[0].message.find(test.message), std::string::npos)
        << loaded.diagnostics[0].message;
  }
  const LoadedRules deep = load(std::string(1'000, '['));
  ASSERT_EQ(deep.diagnostics.size(), 1U);
  EXPECT_NE(deep.diagnostics[0].message.find("nested deeper"), std::string::npos);
}

}  // namespace
}  // namespace spoor
