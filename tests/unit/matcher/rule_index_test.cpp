// What the index must not overlook: cases that the random twins (tests/property) found, or that
// were found by reading.
#include <string>

#include <gtest/gtest.h>

#include "engine/matcher/matcher.h"
#include "engine/matcher/predicate.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

RuleSet rule_of(const std::string& selection, const std::string& head = "") {
  return test::rules_of("title: T\nid: i\n" + head +
                        "logsource: {product: windows}\ndetection:\n  selection:\n    " +
                        selection + "\n  condition: selection\n");
}

Event event_of(FieldId id, std::string_view value) {
  Event event;
  event.type = EventType::process_creation;
  event.source = Source::sysmon;
  event.platform = Platform::windows;
  event.set(id, value);
  return event;
}

/// What the indexed and the plain matcher say; the test fails if they differ.
bool holds(const RuleSet& rules, const Event& event, const Lineage* lineage = nullptr) {
  Matcher matcher = Matcher::create(rules, nullptr);
  std::vector<std::size_t> hits;
  matcher.match(event, hits, lineage);
  std::vector<std::size_t> plain;
  matcher.match_plainly(event, plain, lineage);
  EXPECT_EQ(hits, plain);
  return !hits.empty();
}

TEST(RuleIndex, ANumberHasManySpellings) {
  // The rule's spelling may be the odd one, and the event's the usual.
  const std::pair<const char*, const char*> same[] = {
      {"1000.0", "1000"}, {"1e3", "1000"}, {"10E2", "1000"}, {"-0", "0"},
      {"0.0", "0"},       {"0", "-0"},     {"1000", "1e3"},  {"1.5", "1.5"},
      {"-5", "-5"},       {"-5.0", "-5"},  {"4688", "4688"}, {"4688", "4688.0"}};
  for (const auto& [in_rule, in_event] : same) {
    const RuleSet rules = rule_of(std::string("EventID: ") + in_rule);
    EXPECT_TRUE(holds(rules, event_of(FieldId::event_id, in_event))) << in_rule << " " << in_event;
    EXPECT_FALSE(holds(rules, event_of(FieldId::event_id, "7"))) << in_rule;
  }
}

TEST(RuleIndex, ANumberMayBeWhatIsRevealed) {
  // Full-width digits: the event's own text is no number, and the one revealed is.
  const RuleSet rules = rule_of("CommandLine: 4688");
  EXPECT_TRUE(holds(rules, event_of(FieldId::command_line,
                                    "\xEF\xBC\x94"
                                    "688")));
  EXPECT_TRUE(holds(rules, event_of(FieldId::command_line,
                                    "\xEF\xBC\x94"
                                    "688.0")));
}

TEST(RuleIndex, ATornCharacterIsLookedForAsItIs) {
  // UTF-16 of U+4189 is 89 41, and É is C3 89: what is no UTF-8 does not fold as the value does.
  const RuleSet rules = rule_of(R"(CommandLine|wide|contains|cased: "\u4189")");
  EXPECT_TRUE(holds(rules, event_of(FieldId::command_line,
                                    "\xC3\x89"
                                    "A")));
}

/// One ancestor, whose image is known.
class OneAncestor final : public Lineage {
 public:
  [[nodiscard]] LineageValue field(FieldId /*id*/) const override {
    return {.text = {}, .may_change = false};
  }

  bool ancestors(FieldId /*id*/, std::vector<std::string_view>& values) const override {
    values.emplace_back(R"(C:\Windows\explorer.exe)");
    return false;
  }
};

TEST(RuleIndex, AnAncestorHasNotTheEventsOriginal) {
  Event event = event_of(FieldId::image, R"(C:\Temp\a.exe)");
  event.originals.push_back(
      {.field = FieldId::image, .value = R"(\Device\HarddiskVolume3\Temp\a.exe)"});
  const OneAncestor lineage;
  const std::string head = "spoor: lineage\n";
  EXPECT_FALSE(holds(rule_of(R"(Ancestor.Image|endswith: '\a.exe')", head), event, &lineage));
  EXPECT_TRUE(holds(rule_of(R"(Ancestor.Image|endswith: '\explorer.exe')", head), event, &lineage));
}

TEST(RuleIndex, ManyNamesAreOneSet) {
  const RuleSet rules = test::rules_of(
      "title: T\nid: i\nlogsource: {product: windows}\ndetection:\n  selection:\n"
      "    Image|endswith: ['\\a.exe', '\\b.exe', '\\c.exe', '\\Stra\xC3\x9F.exe', 'e.exe']\n"
      "  filter:\n    Image: ['C:\\a.exe', 'C:\\x\\b.exe', 'D:\\1', 'D:\\2', 'C:\\y\\c.exe']\n"
      "  condition: selection and not filter\n");
  EXPECT_TRUE(holds(rules, event_of(FieldId::image, R"(D:\A.EXE)")));
  EXPECT_TRUE(holds(rules, event_of(FieldId::image, R"(C:\x\a.exe)")));
  EXPECT_TRUE(holds(rules, event_of(FieldId::image, "D:\\STRA\xC3\x9F.EXE")));
  EXPECT_TRUE(holds(rules, event_of(FieldId::image, "the.exe")));
  EXPECT_FALSE(holds(rules, event_of(FieldId::image, "a.exe"))) << "no separator";
  EXPECT_FALSE(holds(rules, event_of(FieldId::image, R"(c:\A.exe)"))) << "filtered";
  EXPECT_FALSE(holds(rules, event_of(FieldId::image, R"(C:\x\b.exe)"))) << "filtered";
  // A filter that holds for the written value but not for what it means does not filter.
  EXPECT_TRUE(holds(rules, event_of(FieldId::image, R"(C:\x\..\y\b.exe)")));
}

TEST(RuleIndex, ALongLineNeedsNoRegularExpression) {
  EXPECT_EQ(run_asked_for(".{1000,}"), 1'000U);
  EXPECT_EQ(run_asked_for("(.){200,}"), 200U);
  EXPECT_EQ(run_asked_for(".{3}"), 3U);
  for (const char* other : {".{3,5}", "^.{3,}", ".{3,}x", ".{,3}", "x.{3,}", ".{}", ".*"}) {
    EXPECT_FALSE(run_asked_for(other)) << other;
  }
  const RuleSet rules = rule_of("CommandLine|re: '.{5,}'");
  const RuleSet across = rule_of("CommandLine|re|s: '.{5,}'");
  for (const std::string_view text :
       {"", "abcd", "abcde", "abcdef", "abcd\nabcd", "abcd\nabcde", "\xC3\xA4\xC3\xA4\xC3\xA4",
        "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", "abcd\xFF"}) {
    static_cast<void>(holds(rules, event_of(FieldId::command_line, text)));
    static_cast<void>(holds(across, event_of(FieldId::command_line, text)));
  }
  EXPECT_TRUE(holds(rules, event_of(FieldId::command_line, "abcd\nabcde")));
  EXPECT_FALSE(holds(rules, event_of(FieldId::command_line, "abcd\nabcd")));
  EXPECT_TRUE(holds(across, event_of(FieldId::command_line, "abcd\nabcd")));
}

// --- What a value refutes
// -----------------------------------------------------------------------------------------------

/// Two rules that most images refute, and one of command lines, so that no two events look the same
/// to all rules.
RuleSet refutable_rules() {
  return test::rules_of(
      "title: No path\nid: a\nlogsource: {product: windows}\ndetection:\n"
      "  path:\n    Image|contains: '\\'\n  none:\n    Image: null\n"
      "  condition: not path and not none\n"
      "---\n"
      "title: Elsewhere\nid: b\nlogsource: {product: windows}\ndetection:\n"
      "  name:\n    Image|endswith: '\\powershell.exe'\n"
      "  usual:\n    Image|startswith: 'C:\\Windows\\'\n"
      "  condition: name and not usual\n"
      "---\n"
      "title: Line\nid: c\nlogsource: {product: windows}\ndetection:\n"
      "  line:\n    CommandLine|contains: 'never there'\n  condition: line\n");
}

/// Images one after the other, each event with a command line of its own.
class ImageMatcher {
 public:
  explicit ImageMatcher(const RuleSet& rules) : matcher_(Matcher::create(rules, nullptr)) {}

  std::vector<std::size_t> hits_of(Event event, const Lineage* lineage = nullptr) {
    const std::string line = std::to_string(++lines_);
    event.set(FieldId::command_line, line);
    std::vector<std::size_t> plain;
    matcher_.match_plainly(event, plain, lineage);
    std::vector<std::size_t> hits;
    const std::size_t before = matcher_.evaluations();
    matcher_.match(event, hits, lineage);
    evaluated_ = matcher_.evaluations() - before;
    EXPECT_EQ(hits, plain);
    return hits;
  }

  /// Rules evaluated for the last event.
  [[nodiscard]] std::size_t evaluated() const { return evaluated_; }

 private:
  Matcher matcher_;
  std::size_t lines_ = 0;
  std::size_t evaluated_ = 0;
};

using Hits = std::vector<std::size_t>;

TEST(RuleIndex, WhatAValueRefutesIsNotEvaluated) {
  const RuleSet rules = refutable_rules();
  ASSERT_EQ(rules.detections.size(), 3U);
  ImageMatcher matcher(rules);
  for (int times = 0; times < 3; ++times) {
    constexpr std::string_view kUsual = R"(C:\Windows\System32\powershell.exe)";
    EXPECT_EQ(matcher.hits_of(event_of(FieldId::image, kUsual)), Hits{});
    EXPECT_EQ(matcher.evaluated(), 0U);
    EXPECT_EQ(matcher.hits_of(event_of(FieldId::image, R"(D:\powershell.exe)")), Hits{1});
    EXPECT_EQ(matcher.evaluated(), 1U);
    EXPECT_EQ(matcher.hits_of(event_of(FieldId::image, "powershell.exe")), Hits{0});
    EXPECT_EQ(matcher.evaluated(), 1U);
    // Not there at all.
    EXPECT_EQ(matcher.hits_of(event_of(FieldId::user, "x")), Hits{});
  }
}

TEST(RuleIndex, AnotherVendorsTextMayDoWhatTheValueDoesNot) {
  // `not (not …)` speaks for the rule again: the vendor's text can satisfy it.
  const RuleSet rules = test::rules_of(
      "title: T\nid: a\nlogsource: {product: windows}\ndetection:\n"
      "  device:\n    Image|contains: '\\Device\\'\n"
      "  other:\n    Image|contains: 'other'\n"
      "  condition: not (not device) and not other\n"
      "---\n"
      "title: Line\nid: c\nlogsource: {product: windows}\ndetection:\n"
      "  line:\n    CommandLine|contains: 'never there'\n  condition: line\n");
  ImageMatcher matcher(rules);
  const Event alone = event_of(FieldId::image, R"(C:\a.exe)");
  Event with_original = alone;
  with_original.originals.push_back(
      {.field = FieldId::image, .value = R"(\Device\HarddiskVolume3\a.exe)"});
  for (int times = 0; times < 3; ++times) {
    EXPECT_EQ(matcher.hits_of(alone), Hits{});
    EXPECT_EQ(matcher.hits_of(with_original), Hits{0});
  }
}

TEST(RuleIndex, AnotherElementMayDoWhatOneDoesNot) {
  const RuleSet rules = test::rules_of(
      "title: T\nid: a\nlogsource: {product: windows}\ndetection:\n"
      "  name:\n    Vendor.Name|endswith: '.exe'\n"
      "  usual:\n    Vendor.Name|contains: 'usual'\n"
      "  condition: name and not usual\n"
      "---\n"
      "title: Without\nid: b\nlogsource: {product: windows}\ndetection:\n"
      "  all:\n    Vendor.Name|contains: 'usual'\n  condition: not all\n"
      "---\n"
      "title: Line\nid: c\nlogsource: {product: windows}\ndetection:\n"
      "  line:\n    CommandLine|contains: 'never there'\n  condition: line\n");
  ImageMatcher matcher(rules);
  const auto event_with = [](const std::vector<std::string_view>& names) {
    Event event = event_of(FieldId::user, "x");
    for (const std::string_view name : names) {
      event.extra.push_back({.name = "Vendor.Name", .value = name});
    }
    return event;
  };
  for (int times = 0; times < 3; ++times) {
    EXPECT_EQ(matcher.hits_of(event_with({"usual.exe"})), Hits{});
    EXPECT_EQ(matcher.hits_of(event_with({"odd.exe"})), (Hits{0, 1}));
    EXPECT_EQ(matcher.hits_of(event_with({"usual.exe", "odd.exe"})), Hits{});
    EXPECT_EQ(matcher.hits_of(event_with({"usual.dll", "odd.txt"})), Hits{});
    EXPECT_EQ(matcher.hits_of(event_with({"a", "odd.exe"})), (Hits{0, 1}));
  }
}

/// An image that the graph knows, and may learn better.
class SomeImage final : public Lineage {
 public:
  SomeImage(std::string_view image, bool may_change) : image_(image), may_change_(may_change) {}

  [[nodiscard]] LineageValue field(FieldId id) const override {
    return id == FieldId::image ? LineageValue{.text = image_, .may_change = may_change_}
                                : LineageValue{.text = {}, .may_change = false};
  }

  bool ancestors(FieldId /*id*/, std::vector<std::string_view>& /*values*/) const override {
    return false;
  }

 private:
  std::string_view image_;
  bool may_change_;
};

TEST(RuleIndex, WhatTheGraphMayLearnIsNotRefuted) {
  const RuleSet rules = refutable_rules();
  ImageMatcher matcher(rules);
  const Event event = event_of(FieldId::user, "x");
  for (const bool may_change : {false, true, false, true}) {
    for (const char* image : {R"(C:\Windows\powershell.exe)", R"(D:\powershell.exe)", "a.exe"}) {
      const SomeImage lineage(image, may_change);
      static_cast<void>(matcher.hits_of(event, &lineage));
    }
    const SomeImage lineage(R"(C:\Windows\powershell.exe)", may_change);
    std::vector<std::size_t> hits;
    std::vector<std::size_t> open;
    Matcher other = Matcher::create(rules, nullptr);
    other.match(event, hits, &lineage, &open);
    EXPECT_EQ(open.size() >= 2, may_change) << "both may hold for what is learned";
  }
}

}  // namespace
}  // namespace spoor
