#include "engine/rule/load.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/rule/document.h"

namespace spoor {
namespace {

LoadedRules load(const std::string& yaml) {
  return load_rules({{.path = "r.yml", .content = yaml}});
}

/// A rule around the lines of a selection, which start in line 6.
std::string rule_with(const std::string& selection, const std::string& condition = "selection") {
  return "title: T\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {category: "
         "dns_query}\ndetection:\n  selection:\n" +
         selection + "  condition: " + condition + "\n";
}

struct BadCase {
  const char* name;
  std::string yaml;
  std::uint32_t line;
  std::uint32_t column;
  const char* message;  ///< Part of it.
  const char* hint;     ///< Part of it.
};

TEST(LoadRules, WhatIsWrongIsSaidWhereItIsWrong) {
  const std::string head =
      "title: T\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {category: dns_query}\n";
  const BadCase cases[] = {
      {"unknown modifier", rule_with("    Image|endwith: x\n"), 6, 11, "unknown modifier 'endwith'",
       "endswith"},
      {"encoded wildcard", rule_with("    Image|contains|base64: x\n"), 6, 28,
       "a wildcard cannot be encoded", "behind base64"},
      {"exists with text", rule_with("    Image|exists: 'true'\n"), 6, 19, "needs true or false",
       "without quotes"},
      {"network with host bits", rule_with("    Image|cidr: 10.0.0.1/8\n"), 6, 17,
       "bits set behind its prefix", "10.0.0.0/8"},
      {"no address", rule_with("    Image|cidr: localhost/8\n"), 6, 17, "is no IP address", ""},
      {"comparison with text", rule_with("    Image|gt: '5'\n"), 6, 15, "a number is compared",
       "without quotes"},
      {"windash behind re", rule_with("    Image|re|windash: x\n"), 6, 14, "'windash' changes text",
       ""},
      {"cidr not first", rule_with("    Image|contains|cidr: x\n"), 6, 20,
       "'cidr' must be the first", ""},
      {"placeholder without values", rule_with("    Image|expand: '%x%'\n"), 6, 19,
       "no values are known for the placeholder %x%", "--placeholders"},
      {"reference with a wildcard", rule_with("    Image|fieldref: 'a*'\n"), 6, 21,
       "without wildcards", ""},
      {"keyword null", rule_with("    '': null\n"), 6, 9, "a keyword cannot be null", ""},
      {"re not first", rule_with("    Image|contains|re: x\n"), 6, 20, "'re' must be the first",
       ""},
      {"flag without re", rule_with("    Image|i: x\n"), 6, 11, "only behind 're'", "|re|i"},
      {"number with contains", rule_with("    Image|contains: 5\n"), 6, 21, "need text", "'5'"},
      {"null with contains", rule_with("    Image|contains: null\n"), 6, 21, "null with a modifier",
       ""},
      {"nested map", rule_with("    Image: {a: b}\n"), 6, 12, "found a map", ""},
      {"list in a list", rule_with("    Image: [[a]]\n"), 6, 13, "found a list", ""},
      {"list in a selection", head + "detection:\n  selection: [[a]]\n  condition: selection\n", 5,
       15, "must be a map, a text", ""},
      {"empty selection", head + "detection:\n  selection: {}\n  condition: selection\n", 5, 14,
       "empty selection", ""},
      {"unknown selection", rule_with("    Image: x\n", "selektion"), 7, 14,
       "no selection is named 'selektion'", "selection"},
      {"unknown selection, later", rule_with("    Image: x\n", "selection and not filtr"), 7, 32,
       "no selection is named 'filtr'", ""},
      {"selector without match", rule_with("    Image: x\n", "1 of filter_*"), 7, 19,
       "no selection matches", ""},
      {"hidden selections are not 'them'",
       head + "detection:\n  _s: {Image: x}\n  condition: 1 of them\n", 6, 19,
       "no selection matches", ""},
      {"open parenthesis", rule_with("    Image: x\n", "(selection"), 7, 24, "not closed", ""},
      {"missing operand", rule_with("    Image: x\n", "selection and"), 7, 27,
       "ends where a name is expected", ""},
      {"missing operator", rule_with("    Image: x\n", "selection selection"), 7, 24,
       "expected 'and' or 'or'", ""},
      {"pipe", rule_with("    Image: x\n", "selection | count() > 5"), 7, 24, "aggregations",
       "correlation"},
      {"2 of", rule_with("    Image: x\n", "2 of sel*"), 7, 14, "'2 of' is not supported", ""},
      {"quoted condition", rule_with("    Image: x\n", "'nope'"), 7, 15,
       "no selection is named 'nope'", ""},
      {"no condition", head + "detection:\n  selection: {Image: x}\n", 4, 1, "no 'condition'", ""},
      {"no detection", head, 1, 1, "no 'detection'", ""},
      {"no log source", "title: T\nid: i\ndetection: {s: {a: b}, condition: s}\n", 1, 1,
       "no 'logsource'", ""},
      {"no title", "id: i\nlogsource: {category: x}\ndetection: {s: {a: b}, condition: s}\n", 1, 1,
       "no 'title'", ""},
      {"no id", "title: T\nlogsource: {category: x}\ndetection: {s: {a: b}, condition: s}\n", 1, 1,
       "no 'id'", "UUID"},
      {"bad level", "level: hihg\n" + rule_with("    Image: x\n"), 1, 8, "unknown level", "high"},
      {"slip in the log source",
       "title: T\nid: i\nlogsource: {categroy: x}\ndetection: {s: {a: b}, condition: s}\n", 3, 13,
       "unknown key 'categroy'", "category"},
      {"duplicate key", rule_with("    Image: x\n    Image: y\n"), 7, 5,
       "'Image' stands twice; first in line 6", ""},
      {"alias", "a: &x 1\nb: *x\n", 1, 4, "anchors are not allowed", ""},
      // yaml-cpp stops at the colon: a key of a flow list may not run over two lines.
      {"not YAML", "title: [a\nb: }\n", 2, 2, "not YAML", ""},
      {"anchor cycle", "a: &x [*x]\n", 1, 4, "anchors are not allowed", ""},
      {"alias alone", "a: 1\nb: *x\n", 2, 4, "", ""},
      {"tag", "title: !!binary x\n", 1, 8, "tags are not allowed", ""},
      {"open quote", "title: T\nid: 'i\nlevel: high\n", 2, 5, "a quote is not closed", ""},
      {"quoted key", rule_with("    'Image|endwith': x\n"), 6, 12, "unknown modifier 'endwith'",
       ""},
      {"folded condition", rule_with("    Image: x\n", ">-\n    selection and\n    nope"), 9, 5,
       "no selection is named 'nope'", ""},
      {"condition over two lines", rule_with("    Image: x\n", "selection and\n    (selection"), 8,
       15, "not closed", ""},
      {"pipe without spaces", rule_with("    Image: x\n", "selection|count() > 5"), 7, 14,
       "aggregations", "correlation"},
      {"empty list with a modifier", rule_with("    Image|contains: []\n"), 6, 21,
       "null with a modifier", ""},
      {"number out of range", rule_with("    Image: 1e999\n"), 6, 12, "out of range", ""},
      {"generate outside of a correlation", "generate: true\n" + rule_with("    Image: x\n"), 1, 1,
       "stands under 'correlation'", ""},
      {"log source of nothing",
       "title: T\nid: i\nlogsource: {definition: x}\ndetection: {s: {a: b}, condition: s}\n", 3, 1,
       "neither product, category nor service", ""},
      {"filter of no rules",
       "filter: {f: {a: b}, condition: not f}\n" + rule_with("    Image: x\n"), 1, 1,
       "'filter' lists no 'rules'", "any"},
      {"behind a byte order mark", "\xEF\xBB\xBFlevel: hihg\n" + rule_with("    Image: x\n"), 1, 8,
       "unknown level", "high"},
      {"duplicate key in the second document",
       rule_with("    Image: x\n") + "---\ntitle: U\ntitle: V\n", 10, 1,
       "'title' stands twice; first in line 9", ""},
      {"in the second document",
       rule_with("    Image: x\n") + "---\ntitle: U\nid: 2\nlogsource: {category: x}\ndetection: "
                                     "{s: {a|bad: b}, condition: s}\n",
       12, 19, "unknown modifier 'bad'", ""},
      {"not a map", "- a\n", 1, 1, "a rule must be a map", ""},
      {"Latin-1", "title: caf\xE9\n", 1, 11, "not UTF-8", ""},
      {"NUL", std::string("title: a\0b\n", 11), 1, 9, "not UTF-8", ""},
      {"filter without a condition",
       "title: T\nlogsource: {product: x}\nfilter: {rules: any, f: {a: b}}\n", 3, 1,
       "'filter' has no 'condition'", ""},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.name);
    const LoadedRules loaded = load(test.yaml);
    std::vector<Diagnostic> errors;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      if (diagnostic.severity == Severity::error) {
        errors.push_back(diagnostic);
      }
    }
    ASSERT_EQ(errors.size(), 1U) << (errors.empty() ? "no error" : errors[1].message);
    EXPECT_EQ(loaded.rejected, 1U);
    EXPECT_EQ(errors[0].position.line, test.line) << render(errors[0]);
    EXPECT_EQ(errors[0].position.column, test.column) << render(errors[0]);
    EXPECT_NE(errors[0].message.find(test.message), std::string::npos) << errors[0].message;
    EXPECT_NE(errors[0].hint.find(test.hint), std::string::npos) << errors[0].hint;
  }
}

TEST(LoadRules, AllProblemsAtOnceAndTheGoodRulesLoad) {
  const std::string bad = rule_with("    Image|endwith: x\n    Name|containz: y\n", "nope");
  std::string good = rule_with("    Image: x\n");
  good.replace(good.find("11111111-1111"), 13, "22222222-1111");
  const LoadedRules loaded =
      load_rules({{.path = "bad.yml", .content = bad}, {.path = "good.yml", .content = good}});
  EXPECT_EQ(loaded.diagnostics.size(), 3U);
  EXPECT_EQ(loaded.rules.detections.size(), 1U);
  EXPECT_EQ(loaded.documents, 2U);
  EXPECT_EQ(loaded.rejected, 1U);
}

TEST(LoadRules, ADiagnosticShowsTheLineAndACaret) {
  const LoadedRules loaded = load(rule_with("    Image|endwith: x\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(render(loaded.diagnostics[0]),
            "r.yml:6:11: error: unknown modifier 'endwith'\n"
            "    6 |     Image|endwith: x\n"
            "      |           ^\n"
            "      hint: did you mean 'endswith'?\n");
}

TEST(LoadRules, WarningsDoNotKeepARuleFromLoading) {
  std::string yaml = rule_with("    Image: x\n");
  yaml += "tittle: T\n";
  yaml.insert(yaml.find("  condition"), "  unused: {Image: y}\n");
  const LoadedRules loaded = load(yaml);
  EXPECT_EQ(loaded.rules.detections.size(), 1U);
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_EQ(loaded.diagnostics[0].severity, Severity::warning);
  EXPECT_NE(loaded.diagnostics[0].message.find("'unused' is not used"), std::string::npos);
  EXPECT_NE(loaded.diagnostics[1].hint.find("title"), std::string::npos);
}

TEST(LoadRules, AKeyOfOnesOwnIsNoSlip) {
  EXPECT_TRUE(load("simulation: x\nregression_tests_path: y\n" + rule_with("    Image: x\n"))
                  .diagnostics.empty());
}

TEST(LoadRules, EveryDuplicateKeyIsReported) {
  const LoadedRules loaded = load("title: T\ntitle: U\ntitle: V\n");
  EXPECT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_EQ(loaded.rejected, 1U);
}

TEST(LoadRules, ADocumentMayEndWithDots) {
  std::string second = rule_with("    Image: y\n");
  second.replace(second.find("11111111-1111"), 13, "22222222-1111");
  const LoadedRules loaded = load(rule_with("    Image: x\n") + "...\n" + second);
  EXPECT_TRUE(loaded.diagnostics.empty());
  EXPECT_EQ(loaded.rules.detections.size(), 2U);
}

TEST(LoadRules, ABadDocumentDoesNotHideTheOnesAroundIt) {
  std::string second = rule_with("    Image: y\n");
  second.replace(second.find("11111111-1111"), 13, "22222222-1111");
  const LoadedRules loaded = load(rule_with("    Image: x\n") + "---\ntitle: [\n---\n" + second);
  EXPECT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.rules.detections.size(), 2U);
}

TEST(LoadRules, ManyProblemsOfAFileAreCutShort) {
  std::string fields;
  for (int i = 0; i < 3'000; ++i) {
    fields += fmt::format("    F{}|bad: x\n", i);
  }
  const LoadedRules loaded = load(rule_with(fields));
  ASSERT_EQ(loaded.diagnostics.size(), kProblemsShownMax + 1);
  EXPECT_EQ(loaded.rejected, 1U);
}

TEST(LoadRules, ASelectorOfManyStarsCostsNothing) {
  const std::string stars = "1 of *a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  std::string yaml = rule_with("    Image: x\n", stars);
  yaml.replace(yaml.find("selection:"), 10, std::string(200, 'a') + ":");
  EXPECT_EQ(load(yaml).rejected, 1U);
}

TEST(LoadRules, AConditionMayNotGrowWithoutBound) {
  std::string fields = "    Image: [x";
  std::string condition = "selection";
  for (int i = 0; i < 1'000; ++i) {
    fields += ", x";
    condition += " or selection";
  }
  const LoadedRules loaded = load(rule_with(fields + "]\n", condition));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_NE(loaded.diagnostics[0].message.find("tests"), std::string::npos);
}

TEST(LoadRules, ADiagnosticCannotDriveTheTerminal) {
  const std::string text = render({.severity = Severity::error,
                                   .file = "a\x1B[2J.yml",
                                   .position = {.line = 1, .column = 2},
                                   .message = "m\x1B",
                                   .hint = "h\x1B",
                                   .source_line = "\x1B[31mx"});
  EXPECT_EQ(text.find('\x1B'), std::string::npos) << text;
}

/// A folder of its own, gone at the end.
class RuleFolder : public testing::Test {
 public:
  RuleFolder() { std::filesystem::create_directories(folder_ / ".hidden" / "sub"); }

  ~RuleFolder() override { std::filesystem::remove_all(folder_); }

  RuleFolder(const RuleFolder&) = delete;
  RuleFolder& operator=(const RuleFolder&) = delete;

 protected:
  std::string write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  // Nothing of the clock in the name: a process that starts later may have read it earlier.
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("spoor_rules_{}", getpid());
};

TEST_F(RuleFolder, RuleFilesAreReadOnceAndHiddenOnesNot) {
  const std::string rule = write("a.yml", rule_with("    Image: x\n"));
  write("b.txt", "no rule");
  write(".c.yml", "no rule");
  write(".hidden/sub/d.yml", "no rule");
  const Result<LoadedRules> loaded = load_rule_paths({folder_.string(), rule});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE(loaded->diagnostics.empty());
  EXPECT_EQ(loaded->rules.detections.size(), 1U);
}

TEST_F(RuleFolder, AnOversizeFileDoesNotKeepItsNeighboursFromLoading) {
  write("a.yml", rule_with("    Image: x\n"));
  write("b.yml", std::string(kRuleBytesMax + 1, '#'));
  write("c.yml", std::string(kRuleBytesMax, '#'));
  const Result<LoadedRules> loaded = load_rule_paths({folder_.string()});
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->diagnostics.size(), 1U);
  EXPECT_NE(loaded->diagnostics[0].file.find("b.yml"), std::string::npos);
  EXPECT_EQ(loaded->rules.detections.size(), 1U);
}

TEST_F(RuleFolder, APathThatIsNotThereIsAnError) {
  EXPECT_FALSE(load_rule_paths({(folder_ / "nothing").string()}));
}

TEST(LoadRules, WhatYamlCppNeverGetsPastIsRefused) {
  for (const char* yaml : {",", ", a: b", "}", "]", "a: 1\n},\n", "---\n, x\n---\n,\n"}) {
    const LoadedRules loaded = load(yaml);
    EXPECT_FALSE(loaded.diagnostics.empty()) << yaml;
    EXPECT_EQ(loaded.rejected, loaded.documents) << yaml;
  }
}

TEST(LoadRules, APitOfBracketsIsRefusedAtOnce) {
  const LoadedRules loaded = load(std::string(100'000, '['));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_EQ(loaded.rejected, 1U);
}

TEST(LoadRules, TwoRulesMayNotShareAnId) {
  const LoadedRules loaded =
      load(rule_with("    Image: x\n") + "---\n" + rule_with("    Image: y\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);
  EXPECT_NE(loaded.diagnostics[0].message.find("taken by r.yml:1"), std::string::npos)
      << loaded.diagnostics[0].message;
  EXPECT_EQ(loaded.rules.detections.size(), 1U);
}

// --- Correlations ---

constexpr const char* kSteps = R"(title: A
id: 00000000-0000-4000-8000-00000000000a
name: step_a
logsource: {category: dns_query}
detection: {s: {QueryName: a}, condition: s}
---
title: B
id: 00000000-0000-4000-8000-00000000000b
name: step_b
logsource: {category: dns_query}
detection: {s: {QueryName: b}, condition: s}
---
title: Broken
id: 00000000-0000-4000-8000-00000000000c
name: broken
logsource: {category: dns_query}
detection: {s: {QueryName|bad: b}, condition: s}
---
title: Chain
id: 00000000-0000-4000-8000-00000000000d
)";

std::string chain(const std::string& body) {
  return std::string(kSteps) + "correlation:\n" + body;
}

TEST(LoadCorrelation, TheWholeOfIt) {
  const LoadedRules loaded =
      load(chain("  type: temporal\n  rules: [step_b, 00000000-0000-4000-8000-00000000000a]\n  "
                 "group-by: [process_tree]\n"
                 "  anchor: step_b\n  relation: {00000000-0000-4000-8000-00000000000a: child}\n  "
                 "timespan: 35d\n"
                 "  condition: 00000000-0000-4000-8000-00000000000a or step_b\n  escalate: "
                 "{step_b: critical}\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);  // That of the broken rule.
  ASSERT_EQ(loaded.rules.correlations.size(), 1U);
  const CorrelationRule& rule = loaded.rules.correlations[0];
  EXPECT_EQ(rule.group_by, GroupBy::process_tree);
  EXPECT_EQ(rule.steps[rule.anchor].name, "step_b");
  EXPECT_EQ(loaded.rules.detections[rule.steps[0].rule].meta.name, "step_b");
  EXPECT_EQ(rule.steps[1].relation, Relation::child);
  EXPECT_EQ(rule.timespan, *parse_timespan("35d"));
  EXPECT_EQ(rule.escalations.at(0).level, Level::critical);
  EXPECT_FALSE(loaded.rules.detections[0].makes_finding);
}

TEST(LoadCorrelation, GenerateLetsTheStepsReportToo) {
  const LoadedRules loaded =
      load(chain("  type: temporal\n  rules: [step_a]\n  group-by: process\n  timespan: 1h\n  "
                 "generate: true\n"));
  ASSERT_EQ(loaded.rules.correlations.size(), 1U);
  EXPECT_TRUE(loaded.rules.detections[0].makes_finding);
}

TEST(LoadCorrelation, OfARefusedOneTheStepsStaySilent) {
  // Or one slip in a correlation would turn its building blocks into a flood of findings.
  const LoadedRules loaded = load(chain(
      "  type: temporal\n  rules: [step_a, step_b]\n  group-by: process\n  timespan: never\n"));
  EXPECT_TRUE(loaded.rules.correlations.empty());
  ASSERT_EQ(loaded.rules.detections.size(), 2U);
  EXPECT_FALSE(loaded.rules.detections[0].makes_finding);
  EXPECT_FALSE(loaded.rules.detections[1].makes_finding);
}

TEST(LoadCorrelation, ANameOfTwoRulesIsAmbiguous) {
  std::string yaml =
      chain("  type: temporal\n  rules: [step_a]\n  group-by: process\n  timespan: 1h\n");
  yaml.replace(yaml.find("step_b"), 6, "step_a");
  const LoadedRules loaded = load(yaml);
  EXPECT_TRUE(loaded.rules.correlations.empty());
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_NE(loaded.diagnostics[1].message.find("more than one rule is named 'step_a'"),
            std::string::npos)
      << loaded.diagnostics[1].message;
}

TEST(LoadCorrelation, ARefusedStepIsReportedOnce) {
  const LoadedRules loaded = load(chain(
      "  type: temporal\n  rules: [step_a, broken]\n  group-by: process_tree\n  timespan: 1h\n"
      "  relation: {broken: self}\n  condition: step_a and broken\n"));
  EXPECT_EQ(loaded.diagnostics.size(), 2U);  // The rule's own, and that the correlation lists it.
}

TEST(LoadCorrelation, WhatIsWrongIsSaidWhereItIsWrong) {
  const std::string good =
      "  type: temporal\n  rules: [step_a, step_b]\n  group-by: [process_tree]\n  timespan: 1h\n";
  const auto with = [&good](const std::string& line) { return chain(good + line); };
  const auto without = [&good](const std::string& from, const std::string& to) {
    std::string body = good;
    body.replace(body.find(from), from.size(), to);
    return chain(body);
  };
  const auto as = [](const std::string& type, const std::string& more) {
    return chain("  type: " + type +
                 "\n  rules: [step_a, step_b]\n  group-by: [process_tree]\n  timespan: 1h\n" +
                 more);
  };
  const BadCase cases[] = {
      {"no type", without("  type: temporal\n", ""), 22, 3, "no 'type'", "event_count"},
      {"type unknown", without("temporal", "temporel"), 22, 9, "unknown correlation type",
       "temporal"},
      {"unknown rule", without("step_b", "step_c"), 23, 19, "no rule has the name or id 'step_c'",
       "step_"},
      {"refused rule", without("step_b", "broken"), 23, 19, "was refused", ""},
      {"listed twice", without("step_b", "step_a"), 23, 19, "listed twice", ""},
      {"listed by name and id", without("step_b", "00000000-0000-4000-8000-00000000000a"), 23, 19,
       "by name and by id", ""},
      {"empty name", without("step_b", "''"), 23, 19, "names or ids of rules", ""},
      {"a correlation as a step", without("step_b", "00000000-0000-4000-8000-00000000000d"), 23, 19,
       "correlations of correlations are not supported yet", ""},
      {"two lineage keys", without("[process_tree]", "[process_tree, process]"), 24, 28,
       "takes one lineage key", "process_tree:"},
      {"group twice", without("[process_tree]", "[process_tree, User, User]"), 24, 34,
       "'User' stands twice", ""},
      {"group of maps", without("[process_tree]", "[process_tree, {a: b}]"), 24, 28,
       "must hold a lineage key", ""},
      {"relation within one process",
       without("[process_tree]", "process") + "  relation: {step_b: child}\n", 26, 22,
       "happens in the process itself", "process_tree"},
      {"sibling within one process",
       without("[process_tree]", "process") + "  relation: {step_b: sibling}\n", 26, 22,
       "happens in the process itself", "process_tree"},
      {"relation within the runs",
       without("[process_tree]", "program") + "  relation: {step_b: child}\n", 26, 22,
       "group-by: [program] every step happens in the process itself", "program_tree"},
      {"two kinds of lineage keys", without("[process_tree]", "[program, process_tree]"), 24, 23,
       "takes one lineage key", "program_tree"},
      {"no timespan", without("  timespan: 1h\n", ""), 22, 3, "no 'timespan'", "5m"},
      {"timespan", without("1h", "1 hour"), 25, 13, "not a timespan", "5m"},
      {"unknown step", with("  condition: step_a and step_x\n"), 26, 25, "not listed under 'rules'",
       "step_a"},
      {"never", with("  condition: step_a and not step_a\n"), 26, 14, "can never hold", "absence"},
      {"mere absence", with("  condition: not step_b\n"), 26, 14, "can never hold", "a and not b"},
      {"list", with("  condition: [step_a]\n"), 26, 14, "must be text over rule names, or a map",
       ""},
      {"relation", with("  relation: {step_b: siblink}\n"), 26, 22, "unknown relation",
       "'sibling'"},
      {"another relation", with("  relation: {step_b: uncle}\n"), 26, 22, "unknown relation",
       "parent or sibling"},
      {"anchor's relation", with("  relation: {step_a: child}\n"), 26, 22, "anchor's own relation",
       ""},
      {"escalate", with("  escalate: {step_a: hot}\n"), 26, 22, "unknown level", ""},
      {"unknown key", with("  timspan: 1h\n"), 26, 3, "unknown key 'timspan'", "timespan"},
      {"aliases of nothing", with("  aliases: {}\n"), 26, 3, "it names none", "needs no alias"},
      {"alias of a lineage key",
       without("[process_tree]", "[process_tree, file]") +
           "  aliases: {process_tree: {step_a: Image}}\n",
       26, 13, "is a lineage key", "group-by"},
      {"alias unused",
       without("[process_tree]", "[process_tree, file]") + "  aliases: {fil: {step_a: Image}}\n",
       26, 13, "not used by 'group-by'", "file"},
      {"alias of no rule",
       without("[process_tree]", "[process_tree, file]") + "  aliases: {file: {step_x: Image}}\n",
       26, 20, "not listed under 'rules'", "step_"},
      {"alias is text",
       without("[process_tree]", "[process_tree, file]") + "  aliases: {file: x}\n", 26, 19,
       "must be a map from rules", ""},
      {"alias of no field",
       without("[process_tree]", "[process_tree, file]") + "  aliases: {file: {step_a: []}}\n", 26,
       28, "name of a field", ""},
      {"anchor", with("  anchor: step_x\n"), 26, 11, "not listed", ""},
      {"count without numbers", as("event_count", ""), 22, 3, "compares with no number", "gte"},
      {"count over names", as("event_count", "  condition: step_a and step_b\n"), 26, 14,
       "must be a map", "type: temporal"},
      {"sequence with a condition", as("temporal_ordered", "  condition: step_a and step_b\n"), 26,
       14, "takes every listed rule", "leave 'condition' out"},
      {"part of a sequence", as("temporal_ordered", "  condition: {gte: 1}\n"), 26, 14,
       "takes every listed rule", "leave 'condition' out"},
      {"no field", as("value_sum", "  condition: {gte: 1}\n"), 26, 14, "has no 'field'", "field"},
      {"two fields of a sum", as("value_sum", "  condition: {gte: 1, field: [a, b]}\n"), 26, 30,
       "is about one field", "value_count"},
      {"field of a count", as("event_count", "  condition: {gte: 1, field: a}\n"), 26, 23,
       "means nothing to event_count", "value_count"},
      {"percentile of a sum", as("value_sum", "  condition: {gte: 1, field: a, percentile: 3}\n"),
       26, 33, "means nothing to value_sum", "value_percentile"},
      {"percentile", as("value_percentile", "  condition: {gte: 1, field: a, percentile: 101}\n"),
       26, 45, "from 0 to 100", ""},
      {"no number", as("event_count", "  condition: {gte: many}\n"), 26, 20, "needs a number", ""},
      {"number in quotes", as("event_count", "  condition: {gte: '3'}\n"), 26, 20, "needs a number",
       "without quotes"},
      {"comparison", as("event_count", "  condition: {get: 3}\n"), 26, 15, "unknown key 'get'",
       "did you mean"},
      {"none", as("event_count", "  condition: {eq: 0}\n"), 26, 14, "at least one event", ""},
      {"part of an event", as("event_count", "  condition: {gt: 2, lt: 3}\n"), 26, 14,
       "can never hold", ""},
      {"more than are kept",
       as("event_count", "  relation: {step_b: self}\n  condition: {gte: 201}\n"), 27, 14,
       "at most 200", "100"},
      {"more than are kept beside an anchor",
       as("event_count",
          "  anchor: step_a\n  relation: {step_b: parent}\n  condition: {gt: 100}\n"),
       28, 14, "at most 100", "100"},
      {"more values than are kept",
       as("value_count", "  relation: {step_b: self}\n  condition: {gt: 200, field: QueryName}\n"),
       27, 14, "at most 200", "100"},
      {"the anchor alone",
       chain("  type: event_count\n  rules: step_a\n  group-by: process\n  timespan: 1h\n  anchor: "
             "step_a\n  condition: {gte: 2}\n"),
       26, 11, "are not counted", "leave 'anchor' out"},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.name);
    const LoadedRules loaded = load(test.yaml);
    EXPECT_TRUE(loaded.rules.correlations.empty());
    ASSERT_EQ(loaded.diagnostics.size(), 2U);
    const Diagnostic& error = loaded.diagnostics[1];  // The first is that of the broken rule.
    EXPECT_EQ(error.position.line, test.line) << render(error);
    EXPECT_EQ(error.position.column, test.column) << render(error);
    EXPECT_NE(error.message.find(test.message), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find(test.hint), std::string::npos) << error.hint;
  }
}

CorrelationRule lineage_rule(const std::string& body) {
  const LoadedRules loaded =
      load(chain("  rules: [step_a, step_b]\n  group-by: [process_tree]\n  timespan: 1h\n" + body));
  for (std::size_t i = 1; i < loaded.diagnostics.size(); ++i) {  // The first: the broken rule's.
    ADD_FAILURE() << render(loaded.diagnostics[i]);
  }
  return loaded.rules.correlations.empty() ? CorrelationRule() : loaded.rules.correlations[0];
}

TEST(LoadCorrelation, EveryTypeHasItsClass) {
  struct Case {
    std::string body;
    WindowCorrelationType type;
    CorrelationClass correlation_class;
  };

  using enum WindowCorrelationType;
  constexpr CorrelationClass kM = CorrelationClass::monotone;
  constexpr CorrelationClass kN = CorrelationClass::non_monotone;
  const Case cases[] = {
      {"  type: temporal\n", temporal, kM},
      {"  type: temporal\n  condition: step_a or step_b\n", temporal, kM},
      {"  type: temporal\n  condition: step_a and not step_b\n", temporal, kN},
      {"  type: temporal\n  escalate: {not step_b: high}\n", temporal, kN},
      {"  type: temporal\n  condition: {gte: 2}\n", temporal, kM},
      {"  type: temporal\n  condition: {eq: 1}\n", temporal, kN},
      {"  type: temporal_ordered\n", temporal_ordered, kM},
      {"  type: temporal_ordered\n  condition: {gte: 2}\n", temporal_ordered, kM},
      {"  type: event_count\n  condition: {gt: 2}\n", event_count, kM},
      {"  type: event_count\n  condition: {gte: 2, lt: 5}\n", event_count, kN},
      {"  type: event_count\n  condition: {neq: 2}\n", event_count, kN},
      {"  type: value_count\n  condition: {gte: 2, field: [User, QueryName]}\n", value_count, kM},
      {"  type: value_count\n  condition: {eq: 0, field: User}\n", value_count, kN},
      {"  type: value_count\n  relation: {step_b: self}\n  condition: {gte: 500, field: Items}\n",
       value_count, kM},
      {"  type: value_sum\n  condition: {gte: 2, field: Size}\n", value_sum, kN},
      {"  type: value_avg\n  condition: {lte: 2.5, field: Size}\n", value_avg, kN},
      {"  type: value_percentile\n  condition: {gt: -2, field: Size, percentile: 90}\n",
       value_percentile, kN},
      {"  type: value_median\n  condition: {lt: 2, field: Size}\n", value_median, kN},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.body);
    const CorrelationRule rule = lineage_rule(test.body);
    EXPECT_EQ(rule.type, test.type);
    EXPECT_EQ(rule.correlation_class, test.correlation_class);
    EXPECT_EQ(rule.timespan, *parse_timespan("1h"));
  }
  EXPECT_EQ(lineage_rule(cases[16].body).percentile, 90);
  EXPECT_EQ(lineage_rule(cases[11].body).fields, (std::vector<std::string>{"User", "QueryName"}));
}

TEST(LoadCorrelation, TheAnchorTakesPartIfItIsNamedOrIsWhatIsCounted) {
  EXPECT_TRUE(lineage_rule("  type: temporal\n").anchor_takes_part);
  EXPECT_TRUE(
      lineage_rule("  type: temporal\n  condition: not step_a and step_b\n").anchor_takes_part);
  EXPECT_FALSE(lineage_rule("  type: temporal\n  condition: step_b\n").anchor_takes_part);
  for (const char* type :
       {"  type: event_count\n  condition: {gte: 2}\n", "  type: temporal_ordered\n",
        "  type: temporal\n  condition: {gte: 1}\n"}) {
    EXPECT_TRUE(lineage_rule(type).anchor_takes_part) << type;
    EXPECT_FALSE(lineage_rule(type + std::string("  anchor: step_a\n")).anchor_takes_part) << type;
  }
}

TEST(LoadCorrelation, LineageKeys) {
  const std::pair<const char*, GroupBy> rows[] = {{"process", GroupBy::process},
                                                  {"process_tree", GroupBy::process_tree},
                                                  {"program", GroupBy::program},
                                                  {"program_tree", GroupBy::program_tree}};
  std::set<std::string> hashes;
  for (const auto& [word, group_by] : rows) {
    const LoadedRules loaded =
        load(chain("  type: temporal\n  rules: [step_a, step_b]\n  timespan: 1h\n  group-by: [" +
                   std::string(word) + "]\n"));
    ASSERT_EQ(loaded.rules.correlations.size(), 1U) << word;
    const CorrelationRule& rule = loaded.rules.correlations[0];
    EXPECT_EQ(rule.group_by, group_by);
    EXPECT_EQ(to_string(group_by), word);
    EXPECT_EQ(rule.steps[1].relation,
              is_of_anchor(group_by) ? Relation::self : Relation::self_or_descendant);
    hashes.insert(rule.meta.logic_hash);
  }
  EXPECT_EQ(hashes.size(), 4U);
}

TEST(LoadCorrelation, FieldsBesideTheLineageKey) {
  const LoadedRules loaded = load(
      chain("  type: temporal\n  rules: [step_a, step_b]\n  group-by: [name, process, User]\n  "
            "timespan: 1h\n  aliases: {name: {step_b: QueryName}}\n"));
  ASSERT_EQ(loaded.rules.correlations.size(), 1U);
  const CorrelationRule& rule = loaded.rules.correlations[0];
  EXPECT_EQ(rule.group_by, GroupBy::process);
  ASSERT_EQ(rule.split_by.size(), 2U);
  EXPECT_EQ(rule.split_by[0].of_rule, (std::vector<std::string>{"name", "QueryName"}));
  EXPECT_EQ(rule.split_by[1].of_rule, (std::vector<std::string>{"User", "User"}));
}

// --- The logic hash ---

std::string hash_of(const std::string& yaml) {
  const LoadedRules loaded = load(yaml);
  return loaded.rules.detections.empty() ? "" : loaded.rules.detections[0].meta.logic_hash;
}

TEST(LogicHash, IsOfTheMeaningNotOfTheWriting) {
  const std::string base = hash_of(rule_with("    Image: [a, b]\n    User: c\n"));
  EXPECT_EQ(base.size(), 32U);
  EXPECT_EQ(base, hash_of(rule_with("    User: 'c'   # why\n    Image:\n      - b\n      - a\n")));
  EXPECT_EQ(base, hash_of("level: high\ndescription: d\n" +
                          rule_with("    Image: [A, b]\n    User: C\n")));
  EXPECT_NE(base, hash_of(rule_with("    Image: [a, x]\n    User: c\n")));
  EXPECT_NE(base, hash_of(rule_with("    Image|all: [a, b]\n    User: c\n")));
  EXPECT_NE(base, hash_of(rule_with("    Image: [a, b]\n    User: c\n", "not selection")));
}

std::string chain_hash(const std::string& body) {
  const LoadedRules loaded = load(chain(body));
  return loaded.rules.correlations.empty() ? "" : loaded.rules.correlations[0].meta.logic_hash;
}

TEST(LogicHash, OfACorrelationToo) {
  const std::string good =
      "  type: temporal\n  rules: [step_a, step_b]\n  group-by: [process_tree]\n  timespan: 1h\n"
      "  relation: {step_b: child}\n  escalate: {step_b: critical}\n";
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string body = good;
    body.replace(body.find(from), from.size(), to);
    return chain_hash(body);
  };
  const std::string base = chain_hash(good);
  EXPECT_EQ(base.size(), 32U);
  EXPECT_EQ(base, with("timespan: 1h", "timespan: 60m"));
  EXPECT_EQ(base, with("rules: [step_a, step_b]", "rules: [step_b, step_a]\n  anchor: step_a"));
  EXPECT_EQ(base, chain_hash(good + "  condition: step_b and step_a\n"));
  EXPECT_NE(base, chain_hash(good + "  condition: step_b or step_a\n"));
  EXPECT_NE(base, with("timespan: 1h", "timespan: 2h"));
  EXPECT_NE(base, with("step_b: child", "step_b: descendant"));
  EXPECT_NE(base, with("step_b: critical", "step_b: low"));
  EXPECT_NE(base, with("step_b: critical", "step_a: critical"));
  EXPECT_NE(base, with("[process_tree]", "[process_tree, User]"));
  EXPECT_NE(base, with("type: temporal", "type: temporal_ordered"));
  EXPECT_NE(base, chain_hash(good + "  condition: {gte: 2}\n"));
  const auto count = [&with](const std::string& condition) {
    return with("type: temporal", "type: value_count\n  condition: {" + condition + "}");
  };
  EXPECT_EQ(count("gte: 2, lt: 5, field: User"), count("lt: 5.0, field: [User], gte: 2"));
  EXPECT_NE(count("gte: 2, field: User"), count("gt: 2, field: User"));
  EXPECT_NE(count("gte: 2, field: User"), count("gte: 2, field: Image"));
  // The order of the list is the order of the sequence.
  EXPECT_NE(with("type: temporal", "type: temporal_ordered"),
            with("type: temporal\n  rules: [step_a, step_b]",
                 "type: temporal_ordered\n  anchor: step_a\n  rules: [step_b, step_a]"));
}

TEST(LogicHash, OfCorrelationsAsTheyWereIsAsItWas) {
  // It makes the ids of findings, which outlive a version of the program.
  EXPECT_EQ(
      chain_hash("  type: temporal\n  rules: [step_a, step_b]\n  group-by: [process_tree]\n  "
                 "timespan: 1h\n  relation: {step_b: child}\n  escalate: {step_b: critical}\n"),
      "d1fed3c8cc6cc74a10101f72d593dd76");
}

}  // namespace
}  // namespace spoor
