#include "engine/finding/dot.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A process without a parent, one of each kind of knowledge, evidence without a process.
Finding gappy_finding() {
  Finding finding = sample_finding();
  finding.processes.push_back({});
  finding.processes.back().parent = 3;
  finding.evidence[2].process = std::nullopt;
  return finding;
}

/// Names of attackers' choice, one in each place that text can take.
Finding finding_named(const std::string& name) {
  Finding finding = sample_finding();
  finding.rule.title = name;
  finding.hostname = name;
  finding.level = name;
  for (FindingProcess& process : finding.processes) {
    process.image = name;
    process.command_line = name;
    process.pid = name;
  }
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.step = name;
  }
  return finding;
}

/// What is left of a document when its quoted strings are taken out, as Graphviz reads them; and
/// whether the last one ended.
struct Unquoted {
  std::string text;
  bool complete = true;
};

Unquoted unquoted(const std::string& dot) {
  Unquoted rest;
  for (std::size_t i = 0; i < dot.size(); ++i) {
    if (rest.complete) {
      rest.text.push_back(dot[i]);
    } else if (dot[i] == '\\') {
      ++i;
      continue;
    }
    if (dot[i] == '"') {
      rest.complete = !rest.complete;
    }
  }
  return rest;
}

TEST(Dot, SampleAsAgreed) {
  EXPECT_TRUE(matches_golden("finding/sample.dot", render_dot(sample_finding())));
  EXPECT_TRUE(matches_golden("finding/gaps.dot", render_dot(gappy_finding())));
}

TEST(Dot, KnowledgeIsTheLook) {
  const std::string dot = render_dot(gappy_finding());
  EXPECT_TRUE(
      holds(dot, R"(p0 [label="explorer.exe (5012) (claimed by child)\l", style="filled,dashed")"));
  EXPECT_TRUE(holds(dot, R"(3CXDesktopApp.exe (6640) (start not seen)\l", style="filled,dotted")"));
  EXPECT_TRUE(holds(
      dot,
      R"(p4 [label="(unknown process)\l", style="filled,dashed", fillcolor="#ffffff", color="#9ca3af")"));
  EXPECT_TRUE(
      holds(dot, "homeless [label=\"no process named\\l○ 2023-03-22 13:41:07Z dead_drop_lookup"));
}

TEST(Dot, NothingOfAnEventIsReadAsDot) {
  const std::string names[] = {
      R"(a"b)",
      R"(a\)",
      R"(\N\G\l\")",
      "a\nb\r\t",
      "</script><img src=x onerror=alert(1)>",
      "&lt;&#34;",
      "\x1b[2J\x07",
      "\xff\xfe\xc0",
      // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
      "a\u202egnp.exe\u2066",
      std::string("a\0b", 3),
      "]; evil [",
      "\"]; evil [label=\"",
      "<b>html</b>",
      "//*#",
  };
  const std::string frame = unquoted(render_dot(finding_named("name"))).text;
  for (const std::string& name : names) {
    const std::string dot = render_dot(finding_named(name));
    const Unquoted rest = unquoted(dot);
    EXPECT_TRUE(rest.complete) << name;
    EXPECT_EQ(rest.text, frame) << name;
    EXPECT_TRUE(is_valid_utf8(dot)) << name;
  }
}

TEST(Dot, EscapesAndEntitiesStandForThemselves) {
  const std::string dot = render_dot(finding_named(R"(\N &lt; "q")"));
  EXPECT_TRUE(holds(dot, R"(\\N &amp;lt; \"q\")"));
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  EXPECT_TRUE(holds(render_dot(finding_named("a\u202eb\nc")), R"(a\\u{202e}b\\x0ac)"));
}

TEST(Dot, HostileAndMinimalFindingsAreComplete) {
  for (const Finding& finding : {hostile_finding(), minimal_finding()}) {
    const std::string dot = render_dot(finding);
    EXPECT_TRUE(unquoted(dot).complete);
    EXPECT_TRUE(dot.ends_with("}\n"));
    EXPECT_TRUE(is_valid_utf8(dot));
    std::istringstream lines(dot);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LT(line.size(), 12'000U);
    }
  }
}

TEST(Dot, ManyStepsOfOneProcessAreCounted) {
  Finding finding = sample_finding();
  finding.evidence.resize(1);
  for (int i = 0; i < 20; ++i) {
    finding.evidence.push_back(finding.evidence.front());
    finding.evidence.back().step = "step_" + std::to_string(i);
  }
  finding.evidence.push_back(finding.evidence.front());
  const std::string dot = render_dot(finding);
  EXPECT_TRUE(holds(dot, "threecx_running (2 times)\\l"));
  EXPECT_TRUE(holds(dot, "and 9 more\\l"));
}

TEST(Dot, GraphvizReadsIt) {
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a fixed command, one thread.
  if (std::system("dot -V >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "skipped: Graphviz's dot is not here";
  }
  const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                     ("spoor_dot_test_" + std::to_string(::getpid()) + ".dot");
  std::ofstream(path, std::ios::binary)
      << render_dot(sample_finding()) << render_dot(gappy_finding())
      << render_dot(minimal_finding()) << render_dot(hostile_finding())
      << render_dot(finding_named(R"("]; evil [label="\)"));
  const std::string errors = path.string() + ".txt";
  const std::string command = "dot -Tplain '" + path.string() + "' >/dev/null 2>'" + errors + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c,concurrency-mt-unsafe)
  std::stringstream said;
  said << std::ifstream(errors).rdbuf();
  EXPECT_EQ(said.str().find("rror"), std::string::npos) << said.str();
  std::filesystem::remove(path);
  std::filesystem::remove(errors);
}

}  // namespace
}  // namespace spoor
