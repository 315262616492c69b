#include <sstream>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<Finding> some_findings() {
  std::vector<Finding> findings;
  findings.push_back(sample_finding());
  findings.push_back(minimal_finding());
  findings.push_back(sample_finding());
  findings.back().level = "medium";
  findings.back().rule.title =
      "日本語のタイトルはとても長いので切らなければならないことがあります、そうでしょう";
  findings.back().hostname = "a-host-with-a-name-that-is-much-too-long.department.acme.example";
  return findings;
}

TEST(Table, NoFindings) {
  EXPECT_EQ(render_table({}, {}), "no findings\n");
}

TEST(Table, AsAgreed) {
  EXPECT_TRUE(matches_golden("finding/table.txt",
                             render_table(some_findings(), {.color = false, .width = 120})));
  EXPECT_TRUE(matches_golden("finding/table_80.txt",
                             render_table(some_findings(), {.color = false, .width = 80})));
}

TEST(Table, ColourChangesNothingButColour) {
  const std::string colored = render_table(some_findings(), {.color = true, .width = 120});
  EXPECT_TRUE(matches_golden("finding/table_color.txt", colored));
}

void expect_safe_lines(const std::vector<Finding>& findings, std::size_t width) {
  const std::vector<std::string> lines =
      lines_of(render_table(findings, {.color = false, .width = width}));
  EXPECT_EQ(lines.size(), findings.size() + 1) << width;
  for (const std::string& line : lines) {
    EXPECT_LE(columns_of(line), width) << line;
    EXPECT_TRUE(is_valid_utf8(line)) << line;
    EXPECT_EQ(escape_for_terminal(line), line);
  }
}

TEST(Table, OneLineAFindingWithinTheWidth) {
  std::vector<Finding> findings = some_findings();
  findings.push_back(hostile_finding());
  for (const std::size_t width :
       {0U, 1U, 19U, 20U, 21U, 22U, 23U, 40U, 60U, 80U, 100U, 120U, 1000U}) {
    expect_safe_lines(findings, width);
  }
}

}  // namespace
}  // namespace spoor
