#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/rule/load.h"

namespace spoor {
namespace {

LoadedRules load(const std::string& yaml) {
  return load_rules({{.path = "rule.yml", .content = yaml}});
}

constexpr const char* kRules = R"(title: A
id: 00000000-0000-4000-8000-00000000000a
name: logon
logsource: {service: security}
detection: {s: {EventID: 4624}, condition: s}
---
title: B
id: 00000000-0000-4000-8000-00000000000b
name: failed
logsource: {service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Broken
id: 00000000-0000-4000-8000-00000000000c
name: broken
logsource: {service: security}
detection: {s: {EventID|bad: 1}, condition: s}
---
title: Many
id: 00000000-0000-4000-8000-00000000000d
name: many
)";

/// The rules above and a correlation; its first line is line 22.
std::string with_body(const std::string& body) {
  return std::string(kRules) + "correlation:\n" + body;
}

constexpr const char* kCount =
    "  type: event_count\n  rules: failed\n  group-by: User\n  timespan: 5m\n"
    "  condition: {gte: 10}\n";

/// Another correlation behind the first.
std::string another(const std::string& name, const std::string& rules) {
  return "---\ntitle: T\nid: id-" + name + "\nname: " + name +
         "\ncorrelation: {type: temporal, timespan: 5m, rules: " + rules + "}\n";
}

TEST(LoadWindowCorrelation, TheWholeOfACount) {
  const LoadedRules loaded = load(
      with_body("  type: value_count\n  rules: [failed, 00000000-0000-4000-8000-00000000000a]\n"
                "  group-by: [Host, who]\n  timespan: 90s\n"
                "  aliases: {who: {failed: TargetUserName, logon: SubjectUserName}}\n"
                "  condition: {field: [Ip, Port], gte: 3, gt: 2.5}\n  generate: true\n"));
  ASSERT_EQ(loaded.diagnostics.size(), 1U);  // That of the broken rule.
  ASSERT_EQ(loaded.rules.window_correlations.size(), 1U);
  const WindowCorrelation& rule = loaded.rules.window_correlations[0];
  EXPECT_EQ(rule.meta.name, "many");
  EXPECT_EQ(rule.meta.logic_hash.size(), 32U);
  EXPECT_EQ(rule.type, WindowCorrelationType::value_count);
  EXPECT_EQ(rule.correlation_class, CorrelationClass::non_monotone);
  EXPECT_EQ(rule.timespan, 90 * kNanosPerSecond);
  ASSERT_EQ(rule.rules.size(), 2U);
  EXPECT_EQ(loaded.rules.detections[rule.rules[0].index].meta.name, "failed");
  EXPECT_EQ(loaded.rules.detections[rule.rules[1].index].meta.name, "logon");
  ASSERT_EQ(rule.group_by.size(), 2U);
  EXPECT_EQ(rule.group_by[0].of_rule, (std::vector<std::string>{"Host", "Host"}));
  EXPECT_EQ(rule.group_by[1].of_rule,
            (std::vector<std::string>{"TargetUserName", "SubjectUserName"}));
  EXPECT_EQ(rule.fields, (std::vector<std::string>{"Ip", "Port"}));
  ASSERT_EQ(rule.thresholds.size(), 2U);
  EXPECT_EQ(rule.thresholds[1].number, 2.5);
  EXPECT_TRUE(loaded.rules.detections[0].makes_finding);
}

TEST(LoadWindowCorrelation, TextStandsForAListAndGroupsMayBeAbsent) {
  const LoadedRules loaded = load(
      with_body("  type: event_count\n  rules: logon\n  timespan: 1h\n  condition: {gte: 2}\n"));
  ASSERT_EQ(loaded.rules.window_correlations.size(), 1U);
  EXPECT_TRUE(loaded.rules.window_correlations[0].group_by.empty());
  EXPECT_FALSE(loaded.rules.detections[0].makes_finding);
  EXPECT_TRUE(loaded.rules.detections[1].makes_finding);
}

TEST(LoadWindowCorrelation, OfARefusedOneTheRulesStaySilent) {
  const LoadedRules loaded = load(
      with_body("  type: event_count\n  rules: logon\n  timespan: x\n  condition: {gte: 2}\n"));
  EXPECT_TRUE(loaded.rules.window_correlations.empty());
  EXPECT_FALSE(loaded.rules.detections[0].makes_finding);
}

TEST(LoadWindowCorrelation, ClassesAreAsTheDesignSays) {
  const std::pair<const char*, CorrelationClass> cases[] = {
      {"type: temporal", CorrelationClass::monotone},
      {"type: temporal_ordered", CorrelationClass::monotone},
      {"type: temporal, condition: {gte: 1}", CorrelationClass::monotone},
      {"type: temporal, condition: logon or failed", CorrelationClass::monotone},
      {"type: temporal, condition: logon and not failed", CorrelationClass::non_monotone},
      {"type: temporal, condition: {eq: 2}", CorrelationClass::non_monotone},
      {"type: temporal, condition: {lt: 2}", CorrelationClass::non_monotone},
      {"type: event_count, condition: {gte: 2}", CorrelationClass::non_monotone},
      {"type: value_sum, condition: {gte: 2, field: x}", CorrelationClass::non_monotone},
  };
  for (const auto& [body, want] : cases) {
    SCOPED_TRACE(body);
    std::string yaml = with_body("");
    yaml.resize(yaml.rfind('\n'));
    const LoadedRules loaded =
        load(yaml + " {rules: [logon, failed], timespan: 1h, " + body + "}\n");
    ASSERT_EQ(loaded.rules.window_correlations.size(), 1U);
    EXPECT_EQ(loaded.rules.window_correlations[0].correlation_class, want);
  }
}

TEST(LoadWindowCorrelation, WhatListsACorrelationComesBehindIt) {
  // Whatever the order of ids and of documents.
  const LoadedRules loaded =
      load(with_body("  type: temporal\n  rules: [zz, failed]\n  timespan: 1h\n") +
           another("zz", "[mm, logon]") + another("mm", "[failed, logon]"));
  ASSERT_EQ(loaded.rules.window_correlations.size(), 3U);
  EXPECT_EQ(loaded.rules.window_correlations[0].meta.name, "mm");
  EXPECT_EQ(loaded.rules.window_correlations[1].meta.name, "zz");
  EXPECT_EQ(loaded.rules.window_correlations[2].meta.name, "many");
  const ListedRule& listed = loaded.rules.window_correlations[2].rules[0];
  EXPECT_TRUE(listed.is_correlation);
  EXPECT_EQ(listed.index, 1U);
  EXPECT_FALSE(loaded.rules.window_correlations[1].makes_finding);
  EXPECT_TRUE(loaded.rules.window_correlations[2].makes_finding);
}

TEST(LoadWindowCorrelation, CirclesAreToldWhereTheyClose) {
  const LoadedRules loaded = load(
      with_body("  type: temporal\n  rules: [xx, failed]\n  timespan: 1h\n") +
      another("xx", "[yy, logon]") + another("yy", "[many, logon]") + another("zz", "[zz, logon]"));
  EXPECT_TRUE(loaded.rules.window_correlations.empty());
  EXPECT_EQ(loaded.rejected, 5U);
  std::vector<std::string> messages;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    messages.push_back(std::to_string(diagnostic.position.line) + ": " + diagnostic.message);
  }
  ASSERT_EQ(messages.size(), 5U);
  EXPECT_EQ(messages[1], "24: rule 'xx' was refused, so this correlation cannot be used");
  EXPECT_EQ(messages[2], "30: rule 'yy' was refused, so this correlation cannot be used");
  EXPECT_EQ(messages[3], "35: correlations list each other in a circle: many → xx → yy → many");
  EXPECT_EQ(messages[4], "40: correlations list each other in a circle: zz → zz");
}

TEST(LoadWindowCorrelation, ChainsHaveABound) {
  std::string yaml = with_body(kCount);
  for (int i = 0; i < 200; ++i) {
    const std::string before = i == 0 ? "many" : "c" + std::to_string(1'000 - i + 1);
    yaml += another("c" + std::to_string(1'000 - i), "[" + before + ", logon]");
  }
  const LoadedRules loaded = load(yaml);
  EXPECT_GT(loaded.rejected, 1U);
  bool told = false;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    told = told || diagnostic.message.find("chained deeper") != std::string::npos;
  }
  EXPECT_TRUE(told);
}

struct BadCase {
  const char* name;
  std::string yaml;
  std::uint32_t line;
  std::uint32_t column;
  const char* message;
  const char* hint;
};

/// The good body with a line more, or with something else in it.
std::string plus(const std::string& line) {
  return with_body(kCount + line);
}

std::string but(const std::string& from, const std::string& to) {
  std::string body = kCount;
  body.replace(body.find(from), from.size(), to);
  return with_body(body);
}

std::string values(const std::string& type, const std::string& condition) {
  return with_body("  type: " + type +
                   "\n  rules: failed\n  timespan: 5m\n  condition: " + condition + "\n");
}

TEST(LoadWindowCorrelation, WhatIsWrongIsSaidWhereItIsWrong) {
  const BadCase cases[] = {
      {"no type", but("  type: event_count\n", ""), 23, 3, "no 'type'", "event_count"},
      {"type", but("event_count", "event_cuont"), 23, 9, "unknown correlation type", "event_count"},
      {"no rules", but("  rules: failed\n", ""), 23, 3, "lists no 'rules'", ""},
      {"unknown rule", but("failed", "faild"), 24, 10, "no rule has the name or id 'faild'",
       "failed"},
      {"refused rule", but("failed", "broken"), 24, 10, "was refused", ""},
      {"itself", but("failed", "many"), 24, 10, "in a circle: many → many", ""},
      {"twice", but("failed", "[failed, failed]"), 24, 19, "listed twice", ""},
      {"twice, by id", but("failed", "[failed, 00000000-0000-4000-8000-00000000000b]"), 24, 19,
       "by name and by id", ""},
      {"no name", but("failed", "[{a: b}]"), 24, 11, "names or ids of rules", ""},
      {"group map", but("group-by: User", "group-by: {User: x}"), 25, 13, "not a map", ""},
      {"group twice", but("group-by: User", "group-by: [User, User]"), 25, 20, "stands twice", ""},
      {"no timespan", but("  timespan: 5m\n", ""), 23, 3, "no 'timespan'", "5m"},
      {"timespan", but("5m", "5x"), 26, 13, "'5x' is not a timespan", "5m"},
      {"unknown key", plus("  timspan: 5m\n"), 28, 3, "unknown key 'timspan'", "timespan"},
      {"lineage's key", plus("  anchor: failed\n"), 28, 3, "along the process tree",
       "process_tree"},
      {"generate", plus("  generate: maybe\n"), 28, 13, "true or false", ""},
      {"aliases", plus("  aliases: [a]\n"), 28, 12, "'aliases' must be a map", "TargetUserName"},
      {"alias", plus("  aliases: {User: x}\n"), 28, 19, "a map from rules to fields", ""},
      {"alias of no rule", plus("  aliases: {User: {failed: a, faild: x}}\n"), 28, 31,
       "'faild' is not listed", "failed"},
      {"alias to nothing", plus("  aliases: {User: {failed: []}}\n"), 28, 28,
       "name of a field is expected", ""},
      {"no condition", but("  condition: {gte: 10}\n", ""), 23, 3, "compares with no number",
       "gte"},
      {"condition of text", but("{gte: 10}", "failed"), 27, 14, "must be a map", "temporal"},
      {"condition of a list", but("{gte: 10}", "[1]"), 27, 14, "must be a map", ""},
      {"condition key", but("gte", "get"), 27, 15, "unknown key 'get'", "'gt'"},
      {"condition key far off", but("gte", "at least"), 27, 15, "unknown key 'at least'",
       "percentile"},
      {"threshold", but("10}", "many}"), 27, 20, "needs a number", ""},
      {"quoted threshold", but("10}", "'10'}"), 27, 20, "needs a number", "quotes"},
      {"field of a count", but("10}", "10, field: x}"), 27, 24, "means nothing to event_count",
       "value_count"},
      {"no field", values("value_count", "{gte: 1}"), 26, 14, "has no 'field'", "User"},
      {"two fields", values("value_sum", "{gte: 1, field: [a, b]}"), 26, 30, "about one field",
       "value_count"},
      {"field", values("value_sum", "{gte: 1, field: {}}"), 26, 30, "name of a field", ""},
      {"percentile", values("value_percentile", "{gte: 1, field: a, percentile: 101}"), 26, 45,
       "from 0 to 100", ""},
      {"percentile of a sum", values("value_sum", "{gte: 1, field: a, percentile: 50}"), 26, 33,
       "means nothing to value_sum", "value_percentile"},
      {"unknown rule in a condition", values("temporal", "failed and logon"), 26, 25,
       "'logon' is not listed", ""},
      {"condition that ends", values("temporal", "failed and"), 26, 24, "a name is expected", ""},
      {"sequence with text", values("temporal_ordered", "failed"), 26, 14, "in that order",
       "temporal"},
      {"sequence with a count", values("temporal_ordered", "{gte: 0}"), 26, 14, "in that order",
       "temporal"},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.name);
    const LoadedRules loaded = load(test.yaml);
    EXPECT_TRUE(loaded.rules.window_correlations.empty());
    ASSERT_EQ(loaded.diagnostics.size(), 2U);
    const Diagnostic& error = loaded.diagnostics[1];  // The first is that of the broken rule.
    EXPECT_EQ(error.severity, Severity::error);
    EXPECT_EQ(error.position.line, test.line) << render(error);
    EXPECT_EQ(error.position.column, test.column) << render(error);
    EXPECT_NE(error.message.find(test.message), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find(test.hint), std::string::npos) << error.hint;
  }
}

TEST(LoadWindowCorrelation, WhatIsDoubtfulIsWarnedOf) {
  const BadCase cases[] = {
      {"lt", but("gte", "lt"), 27, 15, "'lt' is judged when an event arrives; absence is not Sigma",
       "fires nothing"},
      {"lte", but("gte", "lte"), 27, 15, "absence is not Sigma", ""},
      {"eq", but("gte", "eq"), 27, 15, "absence is not Sigma", ""},
      {"neq", but("gte", "neq"), 27, 15, "absence is not Sigma", ""},
      {"alias of no group", plus("  aliases: {Usr: {failed: x}}\n"), 28, 13, "not used by", "User"},
      {"alias of some rules",
       with_body("  type: temporal\n  rules: [failed, logon]\n  timespan: 5m\n  group-by: who\n"
                 "  aliases: {who: {logon: x}}\n"),
       27, 13, "says nothing of rule 'failed'", "'who'"},
      {"alias as a field",
       with_body("  type: value_count\n  rules: failed\n  timespan: 5m\n  group-by: who\n"
                 "  condition: {gte: 1, field: who}\n  aliases: {who: {failed: x}}\n"),
       27, 30, "taken for a field", "group-by"},
      {"more than there are", values("temporal", "{gte: 2}"), 26, 14, "can never hold", ""},
  };
  for (const BadCase& test : cases) {
    SCOPED_TRACE(test.name);
    const LoadedRules loaded = load(test.yaml);
    EXPECT_EQ(loaded.rules.window_correlations.size(), 1U);
    ASSERT_EQ(loaded.diagnostics.size(), 2U);
    const Diagnostic& warning = loaded.diagnostics[1];
    EXPECT_EQ(warning.severity, Severity::warning);
    EXPECT_EQ(warning.position.line, test.line) << render(warning);
    EXPECT_EQ(warning.position.column, test.column) << render(warning);
    EXPECT_NE(warning.message.find(test.message), std::string::npos) << warning.message;
    EXPECT_NE(warning.hint.find(test.hint), std::string::npos) << warning.hint;
  }
}

TEST(LoadWindowCorrelation, ANameOfTwoRulesIsAmbiguous) {
  std::string yaml = with_body(kCount);
  yaml.replace(yaml.find("name: logon"), 11, "name: failed");
  const LoadedRules loaded = load(yaml);
  EXPECT_TRUE(loaded.rules.window_correlations.empty());
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_NE(loaded.diagnostics[1].message.find("more than one rule is named 'failed'"),
            std::string::npos);
}

TEST(LoadWindowCorrelation, OneAlongTheProcessTreeCannotBeListed) {
  const LoadedRules loaded =
      load(with_body("  type: temporal\n  rules: [tree, failed]\n  timespan: 1h\n") +
           "---\ntitle: T\nid: t\nname: tree\ncorrelation: {type: temporal, rules: [logon], "
           "timespan: 1h, group-by: [process_tree]}\n");
  EXPECT_EQ(loaded.rules.correlations.size(), 1U);
  EXPECT_TRUE(loaded.rules.window_correlations.empty());
  ASSERT_EQ(loaded.diagnostics.size(), 2U);
  EXPECT_NE(loaded.diagnostics[1].message.find("along the process tree"), std::string::npos);
}

std::string hash_of(const std::string& yaml) {
  const LoadedRules loaded = load(yaml);
  return loaded.rules.window_correlations.empty()
             ? ""
             : loaded.rules.window_correlations[0].meta.logic_hash;
}

TEST(LoadWindowCorrelation, TheLogicHashIsOfTheMeaning) {
  const std::string base = hash_of(but("failed", "[failed, logon]"));
  EXPECT_EQ(base.size(), 32U);
  EXPECT_EQ(base, hash_of(but("failed", "[logon, 00000000-0000-4000-8000-00000000000b]")));
  EXPECT_NE(base, hash_of(but("failed", "[failed]")));
  EXPECT_EQ(hash_of(but("5m", "300s")), hash_of(but("10}", "10.0}")));
  EXPECT_NE(hash_of(but("5m", "6m")), hash_of(with_body(kCount)));
  EXPECT_NE(hash_of(but("10}", "11}")), hash_of(with_body(kCount)));
  EXPECT_NE(hash_of(but("gte", "gt")), hash_of(with_body(kCount)));
  EXPECT_NE(hash_of(but("User", "[User, Host]")), hash_of(with_body(kCount)));
  // The name of an alias is a name; what it stands for is meaning.
  EXPECT_EQ(hash_of(but("User\n", "x\n  aliases: {x: {failed: User}}\n")),
            hash_of(with_body(kCount)));
  const auto ordered = [](const std::string& rules) {
    return hash_of(with_body("  type: temporal_ordered\n  timespan: 1h\n  rules: " + rules + "\n"));
  };
  EXPECT_NE(ordered("[logon, failed]"), ordered("[failed, logon]"));
}

}  // namespace
}  // namespace spoor
