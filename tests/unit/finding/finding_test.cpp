#include "engine/finding/finding.h"

#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

TEST(Finding, CanonicalOrderIsTimeHostRuleUid) {
  const Finding base = sample_finding();
  EXPECT_FALSE(canonical_less(base, base));
  const auto less_after = [&](auto change) {
    Finding later = base;
    change(later);
    return canonical_less(base, later) && !canonical_less(later, base);
  };
  EXPECT_TRUE(less_after([](Finding& f) { f.first_seen += 1; }));
  EXPECT_TRUE(less_after([](Finding& f) { f.host_key += "0"; }));
  EXPECT_TRUE(less_after([](Finding& f) { f.rule.id += "0"; }));
  EXPECT_TRUE(less_after([](Finding& f) { f.uid.low += 1; }));
  // The earlier key decides, whatever the later ones say.
  EXPECT_TRUE(less_after([](Finding& f) {
    f.first_seen += 1;
    f.host_key.clear();
    f.uid = {};
  }));
}

TEST(Finding, WordsOfTheEnumerations) {
  EXPECT_EQ(to_string(Knowledge::known), "known");
  EXPECT_EQ(to_string(Knowledge::claimed), "claimed");
  EXPECT_EQ(to_string(Knowledge::inferred), "inferred");
  EXPECT_EQ(to_string(Knowledge::missing), "missing");
  EXPECT_EQ(to_string(FindingStatus::provisional), "provisional");
  EXPECT_EQ(to_string(FindingStatus::final), "final");
  EXPECT_EQ(to_string(FindingStatus::retracted), "retracted");
}

TEST(Finding, ProductVersionIsThatOfTheProject) {
  EXPECT_FALSE(product_version().empty());
}

}  // namespace
}  // namespace spoor
