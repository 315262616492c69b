// Which of a field's values a rule is asked about.
#include <string>

#include <gtest/gtest.h>

#include "engine/matcher/matcher.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr const char* kPlain = R"(C:\Windows\System32\cmd.exe)";
constexpr const char* kHidden = R"(C:\Windows\Temp\..\System32\cmd.exe.)";
constexpr const char* kOriginal = R"(\Device\HarddiskVolume3\Windows\System32\cmd.exe)";

Event process_at(std::string_view image) {
  Event event;
  event.type = EventType::process_creation;
  event.source = Source::sysmon;
  event.platform = Platform::windows;
  event.set(FieldId::image, image);
  return event;
}

/// As a parser makes it of kOriginal.
Event represented_process() {
  Event event = process_at(kPlain);
  event.originals.push_back({.field = FieldId::image, .value = kOriginal});
  return event;
}

RuleSet rule_of(const std::string& selections, const std::string& condition) {
  return test::rules_of("title: T\nid: i\nlogsource: {product: windows}\ndetection:\n" +
                        selections + "  condition: " + condition + "\n");
}

bool holds(const RuleSet& rules, const Event& event, const MatcherOptions& options = {}) {
  Matcher matcher = Matcher::create(rules, nullptr, options);
  std::vector<std::size_t> hits;
  matcher.match(event, hits);
  return !hits.empty();
}

bool holds(const std::string& test,
           const std::string& condition,
           const Event& event,
           const MatcherOptions& options = {}) {
  return holds(rule_of("  test: {" + test + "}\n", condition), event, options);
}

constexpr const char* kRevealedOnly = R"(Image|endswith: '\System32\cmd.exe')";
constexpr const char* kWrittenOnly = R"(Image|contains: '\Temp\')";

TEST(CanonicalValues, APositiveTestHoldsByEither) {
  EXPECT_TRUE(holds(kRevealedOnly, "test", process_at(kHidden)));
  EXPECT_TRUE(holds(kWrittenOnly, "test", process_at(kHidden)));
  EXPECT_FALSE(holds(R"(Image|endswith: '\powershell.exe')", "test", process_at(kHidden)));
}

TEST(CanonicalValues, ANegatedTestHoldsByAllOrNot) {
  EXPECT_TRUE(holds(kRevealedOnly, "not test", process_at(kHidden)));
  EXPECT_TRUE(holds(kWrittenOnly, "not test", process_at(kHidden)));
  EXPECT_FALSE(holds(R"(Image|startswith: 'C:\Windows\')", "not test", process_at(kHidden)));
  EXPECT_FALSE(holds(kRevealedOnly, "not test", process_at(kPlain)));
}

TEST(CanonicalValues, TwoNegationsAreNone) {
  EXPECT_TRUE(holds(kRevealedOnly, "not not test", process_at(kHidden)));
  EXPECT_TRUE(holds(kWrittenOnly, "not not test", process_at(kHidden)));
  EXPECT_TRUE(holds(kRevealedOnly, "not (not test)", process_at(kHidden)));
  EXPECT_TRUE(holds(kRevealedOnly, "not not not test", process_at(kHidden)));
}

TEST(CanonicalValues, TheVendorsTextCountsToo) {
  constexpr const char* kAsVendorWrote = R"(Image|contains: 'HarddiskVolume')";
  EXPECT_TRUE(holds(kAsVendorWrote, "test", represented_process()));
  EXPECT_TRUE(holds(kRevealedOnly, "test", represented_process()));
  EXPECT_TRUE(holds(kAsVendorWrote, "not test", represented_process()));
  EXPECT_FALSE(holds(R"(Image|startswith: 'C:\')", "not test", represented_process()));
  EXPECT_FALSE(holds(kRevealedOnly, "not test", represented_process()));
  EXPECT_TRUE(holds(kAsVendorWrote, "not not test", represented_process()));
}

TEST(CanonicalValues, RegularExpressionsSeeThemToo) {
  EXPECT_TRUE(holds(R"(Image|re: 'System32\\cmd\.exe$')", "test", process_at(kHidden)));
  EXPECT_TRUE(holds(R"(Image|re: 'System32\\cmd\.exe$')", "not test", process_at(kHidden)));
}

TEST(CanonicalValues, WhetherAFieldIsThereDoesNotDependOnThem) {
  EXPECT_FALSE(holds("Image: null", "test", process_at(kHidden)));
  EXPECT_TRUE(holds("Image: null", "not test", process_at(kHidden)));
  EXPECT_TRUE(holds("CommandLine: null", "test", process_at(kHidden)));
  EXPECT_FALSE(holds("CommandLine: null", "not test", process_at(kHidden)));
  EXPECT_TRUE(holds("CommandLine: x", "not test", process_at(kHidden)));
}

TEST(CanonicalValues, SigmaToTheLetterSeesTheFirstOnly) {
  const MatcherOptions exact = {.canonical = false};
  EXPECT_FALSE(holds(kRevealedOnly, "test", process_at(kHidden), exact));
  EXPECT_TRUE(holds(kRevealedOnly, "not test", process_at(kHidden), exact));
  EXPECT_FALSE(holds(kWrittenOnly, "not test", process_at(kHidden), exact));
  EXPECT_FALSE(holds(R"(Image|contains: HarddiskVolume)", "test", represented_process(), exact));
  EXPECT_FALSE(holds(R"(Image|startswith: 'C:\')", "not test", represented_process(), exact));
}

TEST(CanonicalValues, AFieldByTheVendorsNameHasOneValue) {
  Event event = process_at(kPlain);
  event.extra.push_back({.name = "NewProcessName", .value = kHidden});
  EXPECT_FALSE(holds(R"(NewProcessName|endswith: '\System32\cmd.exe')", "test", event));
  EXPECT_TRUE(holds(R"(NewProcessName|contains: '\Temp\')", "test", event));
}

TEST(CanonicalValues, OneEventsValuesAreNotTheNexts) {
  const RuleSet rules = rule_of(R"(  test: {Image|endswith: '\cmd.exe'})"
                                "\n",
                                "test");
  Matcher matcher = Matcher::create(rules, nullptr);
  for (const auto& [image, want] : {std::pair(kHidden, 1U), std::pair(R"(C:\x.exe.)", 0U),
                                    std::pair(kPlain, 1U), std::pair(R"(C:\x.exe)", 0U)}) {
    std::vector<std::size_t> hits;
    matcher.match(process_at(image), hits);
    EXPECT_EQ(hits.size(), want) << image;
  }
}

TEST(CanonicalValues, ExplainsWhichOneMatched) {
  const RuleSet rules = rule_of(
      "  a: {Image|endswith: '\\cmd.exe', CommandLine|contains: '/c'}\n"
      "  b: {ParentImage|contains: Harddisk}\n",
      "a and b");
  Event event = process_at(kHidden);
  event.set(FieldId::command_line, "cmd /c");
  event.set(FieldId::parent_image, kPlain);
  event.originals.push_back({.field = FieldId::parent_image, .value = kOriginal});
  Matcher matcher = Matcher::create(rules, nullptr);
  const std::vector<MatchedField> matched = matcher.explain(0, event);
  ASSERT_EQ(matched.size(), 3U);
  for (const MatchedField& field : matched) {
    if (field.field == "Image") {
      EXPECT_EQ(field.value, kPlain);
      EXPECT_EQ(field.form, ValueForm::canonical);
      EXPECT_EQ(to_string(field.form), "canonical");
    } else if (field.field == "CommandLine") {
      EXPECT_EQ(field.value, "cmd /c");
      EXPECT_EQ(field.form, ValueForm::as_is);
    } else {
      EXPECT_EQ(field.value, kOriginal);
      EXPECT_EQ(field.form, ValueForm::original);
    }
  }
}

}  // namespace
}  // namespace spoor
