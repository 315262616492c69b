#include "engine/rule/unchanged_rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace spoor {
namespace {

std::string detection(const std::string& id, const std::string& image, const std::string& title) {
  return fmt::format(
      "title: {2}\nid: {0}\nname: {0}\nlogsource: {{product: windows}}\ndetection:\n"
      "  s: {{Image|endswith: '{1}'}}\n  condition: s\n---\n",
      id, image, title);
}

std::string correlation(const std::string& id, const std::string& body) {
  return fmt::format(
      "title: C\nid: {}\ncorrelation:\n  type: temporal\n  timespan: 1h\n"
      "  group-by: [process_tree]\n  {}\n---\n",
      id, body);
}

using Indices = std::vector<std::optional<std::size_t>>;

const std::string kBoth = detection("a", "\\a.exe", "A") + detection("b", "\\b.exe", "B");
const std::string kChain =
    correlation("c", "rules: [a, b]\n  anchor: a\n  relation: {b: child}\n  condition: a and b");

TEST(UnchangedRules, TextsAndPlacesDoNotMatter) {
  const RuleSet before = test::rules_of(kBoth + kChain);
  const RuleSet after = test::rules_of(
      detection("0", "\\0.exe", "New") + kChain + detection("b", "\\B.EXE", "Another title") +
      "title: A\nid: a\nname: renamed\nlevel: critical\nlogsource: {product: windows}\n"
      "detection:\n  x: {Image|endswith: '\\a.exe'}\n  condition: x\n---\n" +
      detection("unrelated", "\\a.exe", "A"));
  const UnchangedRules unchanged = unchanged_rules(before, after);
  EXPECT_EQ(unchanged.detections, (Indices{std::nullopt, 0, 1, std::nullopt}));
}

TEST(UnchangedRules, LogicAndIdMatter) {
  const RuleSet before = test::rules_of(kBoth);
  const RuleSet after =
      test::rules_of(detection("a", "\\other.exe", "A") + detection("b2", "\\b.exe", "B"));
  EXPECT_EQ(unchanged_rules(before, after).detections, (Indices{std::nullopt, std::nullopt}));
}

TEST(UnchangedRules, ACorrelationIsWhatItsStepsAre) {
  const RuleSet before = test::rules_of(kBoth + kChain);
  const auto same = [&](const std::string& yaml) {
    return unchanged_rules(before, test::rules_of(yaml)).correlations;
  };
  EXPECT_EQ(same(kBoth + kChain), (Indices{0}));
  EXPECT_EQ(same(kBoth + correlation("c",
                                     "rules: [b, a]\n  anchor: a\n  relation: {b: child}\n"
                                     "  condition: b and a")),
            (Indices{0}));
  // A step's logic, its relation, the timespan.
  EXPECT_EQ(same(detection("a", "\\a.exe", "A") + detection("b", "\\x.exe", "B") + kChain),
            (Indices{std::nullopt}));
  EXPECT_EQ(same(kBoth + correlation("c",
                                     "rules: [a, b]\n  anchor: a\n  relation: {b: self}\n"
                                     "  condition: a and b")),
            (Indices{std::nullopt}));
  // Another rule that says the same has hits of its own.
  const std::string twin = detection("a", "\\a.exe", "A") + detection("z", "\\b.exe", "B");
  const std::string of_twin =
      correlation("c", "rules: [a, z]\n  anchor: a\n  relation: {z: child}\n  condition: a and z");
  const RuleSet after = test::rules_of(twin + of_twin);
  EXPECT_EQ(after.correlations[0].meta.logic_hash, before.correlations[0].meta.logic_hash);
  EXPECT_EQ(unchanged_rules(before, after).correlations, (Indices{std::nullopt}));
}

}  // namespace
}  // namespace spoor
