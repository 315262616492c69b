#include <sstream>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

constexpr TableOptions kPlain = {.color = false, .width = 110};

void expect_safe_lines(const Finding& finding, std::size_t width) {
  std::istringstream stream(render_tree(finding, {.color = false, .width = width}));
  for (std::string line; std::getline(stream, line);) {
    EXPECT_LE(columns_of(line), width) << line;
    EXPECT_TRUE(is_valid_utf8(line)) << line;
    EXPECT_EQ(escape_for_terminal(line), line);
  }
}

/// Two children and a grandchild, siblings before and after it, a process nobody knows, evidence
/// without a process.
Finding branching_finding() {
  Finding finding = sample_finding();
  finding.status = FindingStatus::provisional;
  finding.processes.push_back(finding.processes[3]);
  finding.processes.back().pid = "12001";
  finding.processes.push_back({});
  finding.processes.back().parent = 3;
  finding.processes.back().pid = "12002";
  finding.processes.push_back({});
  finding.evidence[4].process = 5;
  finding.evidence[2].process = 6;
  finding.evidence[3].process = std::nullopt;
  finding.evidence_total = finding.evidence.size();
  return finding;
}

TEST(Tree, AsAgreed) {
  EXPECT_TRUE(matches_golden("finding/tree.txt", render_tree(sample_finding(), kPlain)));
  EXPECT_TRUE(matches_golden("finding/tree_80.txt",
                             render_tree(sample_finding(), {.color = false, .width = 80})));
  EXPECT_TRUE(matches_golden("finding/tree_color.txt",
                             render_tree(sample_finding(), {.color = true, .width = 110})));
}

TEST(Tree, BranchesAndGapsAsAgreed) {
  EXPECT_TRUE(
      matches_golden("finding/tree_branches.txt", render_tree(branching_finding(), kPlain)));
}

TEST(Tree, MinimalAsAgreed) {
  EXPECT_TRUE(matches_golden("finding/tree_minimal.txt", render_tree(minimal_finding(), kPlain)));
}

TEST(Tree, EveryLineIsSafeAndWithinTheWidth) {
  for (const std::size_t width : {0U, 1U, 5U, 20U, 40U, 80U, 110U, 500U}) {
    expect_safe_lines(sample_finding(), width);
    expect_safe_lines(branching_finding(), width);
    expect_safe_lines(minimal_finding(), width);
    expect_safe_lines(hostile_finding(), width);
  }
}

TEST(Tree, DeepChainsKeepTheirTextOnTheScreen) {
  Finding finding = sample_finding();
  finding.processes.resize(1);
  for (std::size_t i = 1; i <= 10 * kAncestorsMax; ++i) {
    finding.processes.push_back(finding.processes.front());
    finding.processes.back().parent = i - 1;
    finding.processes.back().pid = std::to_string(i);
  }
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.process = finding.processes.size() - 1;
  }
  expect_safe_lines(finding, 100);
  const std::string tree = render_tree(finding, {.color = false, .width = 100});
  EXPECT_NE(tree.find("explorer.exe (1280)"), std::string::npos);
  EXPECT_NE(tree.find("threecx_loader_known_bad"), std::string::npos);
}

}  // namespace
}  // namespace spoor
