#include "engine/matcher/source_support.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace spoor {
namespace {

std::string reason(const std::string& log_source,
                   const std::string& detection,
                   Source source,
                   const std::string& condition = "selection") {
  const RuleSet rules =
      test::rules_of("title: T\nid: x\nlogsource: {" + log_source + "}\ndetection:\n  " +
                     detection + "\n  condition: " + condition + "\n");
  const std::optional<NeverFires> never = never_fires(rules.detections.at(0), source);
  return never ? never->reason : "";
}

constexpr const char* kStart = "product: windows, category: process_creation";

TEST(SourceSupport, LogSourceThatASourceDoesNotHave) {
  const std::string any = "selection: {Image: a}";
  EXPECT_EQ(reason("category: file_access", any, Source::sysmon),
            "no event of file_access comes from sysmon");
  EXPECT_EQ(reason("category: file_access", any, Source::crowdstrike), "");
  EXPECT_EQ(reason("product: macos, category: process_creation", any, Source::sysmon),
            "no event of macos/process_creation comes from sysmon");
  EXPECT_EQ(reason("product: linux, category: process_creation", any, Source::sysmon), "");
  EXPECT_EQ(reason("product: macos", any, Source::sentinelone), "");
  EXPECT_EQ(reason("product: windows, category: image_load", any, Source::windows),
            "no event of windows/image_load comes from windows");
  EXPECT_EQ(reason("product: windows, service: security", any, Source::windows), "");
  EXPECT_EQ(reason("product: windows, service: security", any, Source::sysmon),
            "no event of windows/security comes from sysmon");
  EXPECT_EQ(reason("product: windows, service: sysmon", any, Source::sysmon), "");
  EXPECT_EQ(reason("product: windows, category: registry_event", any, Source::sentinelone), "");
}

TEST(SourceSupport, FieldThatASourceDoesNotSend) {
  const std::string original = "selection: {OriginalFileName: Cmd.Exe}";
  EXPECT_EQ(reason(kStart, original, Source::crowdstrike),
            "the field OriginalFileName of process_creation does not come from crowdstrike");
  EXPECT_EQ(reason(kStart, original, Source::sysmon), "");
  EXPECT_EQ(reason("product: windows, category: image_load", original, Source::crowdstrike), "");
}

TEST(SourceSupport, OnlyNecessaryFieldsCount) {
  EXPECT_EQ(reason(kStart, "selection: [{OriginalFileName: a}, {Image: b}]", Source::crowdstrike),
            "");
  EXPECT_NE(reason(kStart, "selection: {OriginalFileName: a, Image: b}", Source::crowdstrike), "");
  EXPECT_EQ(reason(kStart, "a: {Image: b}\n  filter: {OriginalFileName: a}", Source::crowdstrike,
                   "a and not filter"),
            "");
  // What is absent is null.
  EXPECT_EQ(reason(kStart, "selection: {OriginalFileName: null}", Source::crowdstrike), "");
  EXPECT_EQ(reason(kStart, "a: {Image: b}\n  filter: {OriginalFileName: null}", Source::crowdstrike,
                   "a and not filter"),
            "its condition cannot hold for what comes from crowdstrike");
  // A vendor's own names may be there.
  EXPECT_EQ(reason(kStart, "selection: {SigningId: a}", Source::crowdstrike), "");
}

TEST(SourceSupport, PointsAtTheTest) {
  const RuleSet rules = test::rules_of(
      "title: T\nid: x\nlogsource: {product: windows, category: process_creation}\ndetection:\n"
      "  selection:\n    Image: a\n    Product: b\n  condition: selection\n");
  const std::optional<NeverFires> never = never_fires(rules.detections.at(0), Source::crowdstrike);
  ASSERT_TRUE(never && never->position);
  EXPECT_EQ(never->position->line, 7U);
}

TEST(SourceSupport, CloudRulesFireOnNoSource) {
  const RuleSet cloud = test::rules_of(
      "title: T\nid: x\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n"
      "  selection: {eventName: a}\n  condition: selection\n");
  EXPECT_FALSE(can_fire(cloud.detections.at(0)));
  const RuleSet endpoint = test::rules_of(
      "title: T\nid: x\nlogsource: {category: dns_query}\ndetection:\n"
      "  selection: {QueryName: a}\n  condition: selection\n");
  EXPECT_TRUE(can_fire(endpoint.detections.at(0)));
}

}  // namespace
}  // namespace spoor
