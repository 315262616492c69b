#include "engine/rule/lint.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/rule/load.h"

namespace spoor {
namespace {

/// A whole rule that nothing is to be said about.
constexpr const char* kClean = R"(title: Clean
id: 5cd5a6c5-0f4b-4b1e-9c19-2f6ed7a1a111
status: test
date: 2026-01-31
modified: 2026-02-01
references:
  - https://example.com/a
  - Internal Research
tags:
  - attack.execution
  - cve.2023-29059
logsource:
  product: windows
  category: process_creation
detection:
  selection:
    Image|endswith: '\cmd.exe'
    CommandLine|contains|windash: ' -enc '
  condition: selection
level: high
)";

std::string replaced(const std::string& from, const std::string& to) {
  std::string yaml = kClean;
  const std::size_t at = yaml.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return yaml.replace(at, from.size(), to);
}

std::vector<Diagnostic> lint(const std::vector<std::string>& contents) {
  std::vector<RuleFile> files;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    files.push_back({.path = std::to_string(i) + ".yml", .content = contents[i]});
  }
  Linter linter;
  LoadedRules loaded = load_rules(
      files,
      {.placeholders = {}, .visit = [&linter](const YamlNode& document, DiagnosticDesk& desk) {
         linter(document, desk);
       }});
  std::erase_if(loaded.diagnostics, [](const Diagnostic& one) { return one.check.empty(); });
  return loaded.diagnostics;
}

TEST(Lint, CleanRuleIsSilent) {
  for (const Diagnostic& diagnostic : lint({kClean})) {
    ADD_FAILURE() << render(diagnostic);
  }
}

struct Case {
  const char* from;
  const char* to;
  const char* check;
  std::uint32_t line;
};

constexpr Case kWarned[] = {
    {"level: high\n", "", "missing-level", 1},
    {"status: test\n", "", "missing-status", 1},
    {"date: 2026-01-31\n", "", "missing-date", 1},
    {"tags:\n  - attack.execution\n  - cve.2023-29059\n", "", "missing-tags", 1},
    {"status: test\n", "status:\n", "missing-status", 3},
    {"5cd5a6c5-0f4b-4b1e-9c19-2f6ed7a1a111", "my-rule", "id-not-uuid", 2},
    {"5cd5a6c5-0f4b", "5cd5a6c5_0f4b", "id-not-uuid", 2},
    {"status: test", "status: tset", "status", 3},
    {"status: test", "status: deprecated", "status", 3},
    {"date: 2026-01-31", "date: 31.01.2026", "date", 4},
    {"date: 2026-01-31", "date: 2026-13-31", "date", 4},
    {"modified: 2026-02-01", "modified: 2025-02-01", "date", 5},
    {"https://example.com/a", "see the report", "reference", 7},
    {"https://example.com/a", "https://example.com/a (page 3)", "reference", 7},
    {"cve.2023-29059", "malware.3cx", "tag", 11},
    {"cve.2023-29059", "cve", "tag", 11},
    {"    Image|endswith", "    Imag|endswith", "unknown-field", 17},
    {"    Image|endswith", "    image|endswith", "unknown-field", 17},
    {"    Image|endswith", "    Ancestor.Imag|endswith", "unknown-field", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|endswith: '\\cmd*'", "affix-wildcard", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|startswith: '*\\cmd'", "affix-wildcard", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|contains: '*cmd*'", "affix-wildcard", 17},
    {"Image|endswith: '\\cmd.exe'", "Image: '*\\cmd.exe'", "wildcard", 17},
    {"Image|endswith: '\\cmd.exe'", "Image: ['*\\cmd.exe', '*\\sh.exe']", "wildcard", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|contains: 'sh'", "short-contains", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|contains: ''", "short-contains", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|re: '.*cmd'", "regex-affix", 17},
    {"Image|endswith: '\\cmd.exe'", "Image|re: 'cmd.*'", "regex-affix", 17},
    {"' -enc '", "' enc '", "windash", 18},
    {"  selection:", "  selection|endswith:", "selection-modifier", 16},
};

TEST(Lint, WarnsOnceAndInPlace) {
  for (const Case& one : kWarned) {
    const std::vector<Diagnostic> found = lint({replaced(one.from, one.to)});
    ASSERT_EQ(found.size(), 1U) << one.to;
    EXPECT_EQ(found.front().check, one.check) << one.to;
    EXPECT_EQ(found.front().position.line, one.line) << one.to;
    EXPECT_EQ(found.front().severity, Severity::warning);
    EXPECT_FALSE(found.front().source_line.empty());
  }
}

constexpr Case kSilent[] = {
    // Fields of what we have no table for.
    {"product: windows\n  category: process_creation", "product: aws\n  service: cloudtrail", "",
     0},
    {"Image|endswith: '\\cmd.exe'", "Ancestor.Image|endswith: '\\cmd.exe'", "", 0},
    // An escaped star is a star; a mixed list cannot be written with one modifier.
    {"Image|endswith: '\\cmd.exe'", "Image|contains: 'abc\\*'", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image: ['*\\cmd.exe', 'sh.exe']", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image: '*'", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image|contains: '*'", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image: 'a*b'", "", 0},
    // One emoji, and one word of several.
    {"Image|endswith: '\\cmd.exe'", "Image|contains: '\xF0\x9F\x98\x80'", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image|contains|all: ['/c', 'abc']", "", 0},
    {"Image|endswith: '\\cmd.exe'", "Image|re: 'cmd\\.*'", "", 0},
    {"' -enc '", "[' -enc ', 'vss']", "", 0},
    {"date: 2026-01-31", "date: 2026/01/31", "", 0},
};

TEST(Lint, IsSilentOnWhatIsMeant) {
  for (const Case& one : kSilent) {
    for (const Diagnostic& diagnostic : lint({replaced(one.from, one.to)})) {
      ADD_FAILURE() << one.to << "\n" << render(diagnostic);
    }
  }
}

TEST(Lint, NamesTheNearestField) {
  EXPECT_EQ(lint({replaced("Image|endswith", "Imag|endswith")}).front().hint,
            "did you mean 'Image'?");
  EXPECT_EQ(lint({replaced("CommandLine|", "commandline|")}).front().hint,
            "field names are case-sensitive: 'CommandLine'");
}

TEST(Lint, TheSecondRuleOfOneTitleIsToldOfTheFirst) {
  const std::vector<Diagnostic> found = lint({kClean, replaced("5cd5a6c5", "5cd5a6c6")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().check, "duplicate-title");
  EXPECT_EQ(found.front().file, "1.yml");
  EXPECT_EQ(found.front().message, "the title is taken by 0.yml:1");
}

TEST(Lint, ARefusedRuleIsCheckedToo) {
  const std::vector<Diagnostic> found =
      lint({replaced("Image|endswith: '\\cmd.exe'", "Image|endwith: 'x'\n    Imagee: 'x'")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().check, "unknown-field");
}

TEST(Lint, FewerThanIsWarnedOfUnlessThereIsALowerBound) {
  const auto correlation = [](const std::string& condition) {
    return "title: Quiet\nid: 5cd5a6c5-0f4b-4b1e-9c19-2f6ed7a1a112\nstatus: test\ndate: "
           "2026-01-31\ntags: [attack.impact]\nlevel: low\ncorrelation:\n  type: event_count\n  "
           "rules: [a]\n  group-by: [Computer]\n  timespan: 1h\n  condition: " +
           condition + "\n";
  };
  const std::vector<Diagnostic> found = lint({correlation("{lt: 3}")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().check, "below-threshold");
  EXPECT_TRUE(lint({correlation("{gte: 3}")}).empty());
  EXPECT_TRUE(lint({correlation("{gt: 1, lte: 3}")}).empty());
}

TEST(Lint, ManyWarningsDoNotHideAnError) {
  std::string fields;
  for (std::size_t i = 0; i < kProblemsShownMax + 10; ++i) {
    fields += "\n    Own" + std::to_string(i) + ": x";
  }
  Linter linter;
  const LoadedRules loaded = load_rules(
      {{.path = "a.yml",
        .content = replaced("'\\cmd.exe'", "'x'" + fields + "\n    Image|nope: x")}},
      {.placeholders = {}, .visit = [&linter](const YamlNode& document, DiagnosticDesk& desk) {
         linter(document, desk);
       }});
  const auto errors =
      std::ranges::count(loaded.diagnostics, Severity::error, &Diagnostic::severity);
  EXPECT_GE(errors, 1);
  // One more than the bound: the last says that there are others.
  EXPECT_EQ(loaded.diagnostics.size() - static_cast<std::size_t>(errors), kProblemsShownMax + 1);
}

TEST(Lint, EveryWarningIsOfAListedCheck) {
  for (const Case& one : kWarned) {
    EXPECT_NE(std::ranges::find(lint_checks(), one.check, &LintCheck::name), lint_checks().end())
        << one.check;
  }
}

}  // namespace
}  // namespace spoor
