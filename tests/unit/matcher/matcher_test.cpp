#include "engine/matcher/matcher.h"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <sstream>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/matcher/pattern.h"
#include "engine/rule/modifier.h"
#include "engine/rule/sigma_text.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

/// An event with these fields; absent if nullptr.
Event event_of(const std::map<std::string, const char*>& fields,
               EventType type = EventType::process_creation) {
  Event event;
  event.type = type;
  event.source = Source::sysmon;
  event.platform = Platform::windows;
  for (const auto& [name, value] : fields) {
    const auto id = find_field(name);
    if (id) {
      event.set(*id, value);
    } else {
      event.extra.push_back({.name = name, .value = value});
    }
  }
  return event;
}

bool holds(const std::string& selections,
           const std::map<std::string, const char*>& fields,
           const std::string& condition = "selection") {
  const RuleSet rules = test::rules_of(
      "title: T\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {product: "
      "windows}\ndetection:\n" +
      selections + "  condition: " + condition + "\n");
  Matcher matcher = Matcher::create(rules, nullptr);
  std::vector<std::size_t> hits;
  matcher.match(event_of(fields), hits);
  return !hits.empty();
}

bool selects(const std::string& fields_yaml, const std::map<std::string, const char*>& fields) {
  return holds("  selection:\n    " + fields_yaml + "\n", fields);
}

struct Case {
  const char* selection;
  std::map<std::string, const char*> fields;
  bool want;
};

TEST(Matcher, Values) {
  const Case cases[] = {
      // Whole value, case-insensitive.
      {R"(Image: 'C:\A.exe')", {{"Image", "c:\\a.EXE"}}, true},
      {R"(Image: a.exe)", {{"Image", "C:\\a.exe"}}, false},
      {R"(Image|endswith: '\a.exe')", {{"Image", "C:\\A.EXE"}}, true},
      {R"(Image|startswith: 'C:\')", {{"Image", "c:\\x"}}, true},
      {R"(Image|contains: win)", {{"Image", "C:\\WINDOWS"}}, true},
      {R"(Image|contains: '')", {{"Image", ""}}, true},
      {R"(Image|contains|all: [a, b])", {{"Image", "xbxa"}}, true},
      {R"(Image|contains|all: [a, c])", {{"Image", "xbxa"}}, false},
      {R"(Image: [a, b])", {{"Image", "b"}}, true},
      // Wildcards and escapes.
      {R"(Image: 'C:\\*')", {{"Image", "C:\\x"}}, true},
      {R"(Image: 'C:\\*')", {{"Image", "C:x"}}, false},
      {R"(Image: ab*ba)", {{"Image", "aba"}}, false},
      {R"(Image: ab*ba)", {{"Image", "abba"}}, true},
      {R"(Image: a?b)",
       {{"Image",
         "a\xF0\x9F\x98\x80"
         "b"}},
       true},
      {R"(Image: a?b)", {{"Image", "ab"}}, false},
      {R"(Image: 'a*b')", {{"Image", "a\nx\nb"}}, true},
      {R"(Image: 'a\*b')", {{"Image", "a*b"}}, true},
      {R"(Image: 'a\*b')", {{"Image", "axb"}}, false},
      // Numbers.
      {R"(EventID: 4688)", {{"EventID", "4688"}}, true},
      {R"(EventID: 4688)", {{"EventID", "4688.0"}}, true},
      {R"(EventID: 4688)", {{"EventID", "04688"}}, false},
      {R"(EventID: 4688)", {{"EventID", " 4688"}}, false},
      {R"(EventID: 9007199254740993)", {{"EventID", "9007199254740992"}}, false},
      {R"(EventID: 18446744073709551615)", {{"EventID", "18446744073709551615"}}, true},
      {R"(EventID: 18446744073709551615)", {{"EventID", "18446744073709551614"}}, false},
      {R"(EventID: 0)", {{"EventID", "-0"}}, true},
      {R"(EventID: 1.5)", {{"EventID", "15e-1"}}, true},
      {R"(EventID: 4688)", {{"EventID", "1e999"}}, false},
      {R"(EventID: 4688)", {{"EventID", "0x1250"}}, false},
      {R"(EventID: '4688')", {{"EventID", "4688"}}, true},
      {R"(EventID: '04688')", {{"EventID", "4688"}}, false},
      {R"(Initiated: true)", {{"Initiated", "True"}}, true},
      {R"(Initiated: true)", {{"Initiated", "1"}}, false},
      // Absent, null, empty.
      {R"(Image: null)", {}, true},
      {R"(Image: null)", {{"Image", ""}}, false},
      {R"(Image: '')", {{"Image", ""}}, true},
      {R"(Image: '')", {}, false},
      {R"(Image: '*')", {}, false},
      {R"(Image: [])", {}, true},
      {R"(Image: [null, a])", {{"Image", "a"}}, true},
      // Regular expressions: search, case-sensitive, $ is the end of text.
      {R"(Image|re: 'a+b$')", {{"Image", "xaab"}}, true},
      {R"(Image|re: 'A+b')", {{"Image", "xaab"}}, false},
      {R"(Image|re|i: 'A+b')", {{"Image", "xaab"}}, true},
      {R"(Image|re: 'b$')", {{"Image", "b\n"}}, false},
      {R"(Image|re: 'a.b')", {{"Image", "a\nb"}}, false},
      {R"(Image|re|s: 'a.b')", {{"Image", "a\nb"}}, true},
      {R"(Image|re|m: '^b$')", {{"Image", "a\nb\nc"}}, true},
      {R"(Image|re|all: [a, b])", {{"Image", "ab"}}, true},
      // Fields by the vendor's own name.
      {R"(NewProcessName|endswith: cmd.exe)", {{"NewProcessName", "C:\\CMD.exe"}}, true},
      {R"(NewProcessName: null)", {}, true},
      // Names are case-sensitive.
      {R"(image: a)", {{"Image", "a"}}, false},
      // A map is all of its fields.
      {"{Image: a, User: b}", {{"Image", "a"}, {"User", "b"}}, true},
      {"{Image: a, User: b}", {{"Image", "a"}}, false},
      {R"(Image: "\u212Aernel")", {{"Image", "KERNEL"}}, true},
  };
  for (const Case& test : cases) {
    const std::string yaml = test.selection;
    const bool got = yaml.starts_with('{') ? holds("  selection: " + yaml + "\n", test.fields)
                                           : selects(yaml, test.fields);
    EXPECT_EQ(got, test.want) << test.selection;
  }
}

TEST(Matcher, Conditions) {
  const std::string selections =
      "  s_a: {Image: a}\n  s_b: {User: b}\n  filter_x: {QueryName: x}\n  _hidden: {Image: a}\n";
  const std::map<std::string, const char*> both = {{"Image", "a"}, {"User", "b"}};
  const std::map<std::string, const char*> one = {{"Image", "a"}};
  const std::map<std::string, const char*> filtered = {{"Image", "a"}, {"QueryName", "x"}};
  const auto check = [&](const char* condition, const std::map<std::string, const char*>& fields) {
    // Unused selections are warned about: load without the helper that forbids that.
    const LoadedRules loaded =
        load_rules({{.path = "r",
                     .content = "title: T\nid: i\nlogsource: {product: windows}\ndetection:\n" +
                                selections + "  condition: " + condition + "\n"}});
    EXPECT_EQ(loaded.rejected, 0U) << condition;
    Matcher matcher = Matcher::create(loaded.rules, nullptr);
    std::vector<std::size_t> hits;
    matcher.match(event_of(fields), hits);
    return !hits.empty();
  };
  EXPECT_TRUE(check("s_a", one));
  EXPECT_TRUE(check("1 of s_*", one));
  EXPECT_FALSE(check("all of s_*", one));
  EXPECT_TRUE(check("ALL OF s_*", both));
  EXPECT_TRUE(check("any of them", one));
  EXPECT_FALSE(check("all of them", both));
  EXPECT_TRUE(check("s_a and not 1 of filter_*", one));
  EXPECT_FALSE(check("s_a and not 1 of filter_*", filtered));
  EXPECT_TRUE(check("s_b or s_a and not s_b", one));  // not before and before or.
  EXPECT_FALSE(check("(s_b or s_a)and(s_b)", one));
  EXPECT_TRUE(check("not not s_a", one));
  EXPECT_TRUE(check("1 of *_a", one));
  EXPECT_TRUE(check("1 of _hid*", one));
  EXPECT_TRUE(check("[s_b, s_a]", one));
}

TEST(Matcher, AListOfMapsIsAnyOfThem) {
  const std::string list = "  selection:\n    - Image: a\n      User: b\n    - Image: c\n";
  EXPECT_TRUE(holds(list, {{"Image", "c"}}));
  EXPECT_FALSE(holds(list, {{"Image", "a"}}));
  EXPECT_TRUE(holds(list, {{"Image", "a"}, {"User", "b"}}));
}

struct RouteCase {
  LogSource source;
  const char* channel = "";
  EventType type = EventType::other;
  Source vendor = Source::windows;
  bool want = false;
};

TEST(Matcher, RoutesByLogSource) {
  const char* sysmon = "Microsoft-Windows-Sysmon/Operational";
  const RouteCase cases[] = {
      {{.product = "windows", .category = "image_load", .service = ""},
       sysmon,
       EventType::image_load,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "image_load", .service = ""},
       sysmon,
       EventType::dns_query,
       Source::sysmon,
       false},
      {{.product = "linux", .category = "image_load", .service = ""},
       sysmon,
       EventType::image_load,
       Source::sysmon,
       false},
      {{.product = "", .category = "dns_query", .service = ""},
       sysmon,
       EventType::dns_query,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "registry_event", .service = ""},
       sysmon,
       EventType::registry_set,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "registry_set", .service = ""},
       sysmon,
       EventType::registry_event,
       Source::sysmon,
       false},
      {{.product = "windows", .category = "registry_add", .service = ""},
       sysmon,
       EventType::registry_event,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "", .service = "security"},
       "Security",
       EventType::other,
       Source::windows,
       true},
      {{.product = "windows", .category = "", .service = "security"},
       "security",
       EventType::other,
       Source::windows,
       true},
      {{.product = "windows", .category = "", .service = "security"},
       "System",
       EventType::other,
       Source::windows,
       false},
      {{.product = "windows", .category = "", .service = "unheard-of"},
       "Security",
       EventType::other,
       Source::windows,
       false},
      {{.product = "windows", .category = "", .service = ""},
       "X",
       EventType::other,
       Source::windows,
       true},
      {{.product = "windows", .category = "webserver", .service = ""},
       "X",
       EventType::other,
       Source::windows,
       false},
      {{.product = "windows", .category = "registry_delete", .service = ""},
       sysmon,
       EventType::registry_event,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "clipboard_change", .service = ""},
       sysmon,
       EventType::clipboard_capture,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "clipboard_capture", .service = ""},
       sysmon,
       EventType::clipboard_capture,
       Source::sysmon,
       true},
      {{.product = "macos", .category = "dns_query", .service = ""},
       "",
       EventType::dns_query,
       Source::sentinelone,
       false},
      {{.product = "windows", .category = "", .service = "sysmon"},
       sysmon,
       EventType::dns_query,
       Source::sysmon,
       true},
      {{.product = "windows", .category = "", .service = "powershell"},
       "Windows PowerShell",
       EventType::other,
       Source::windows,
       false},
      {{.product = "windows", .category = "other", .service = ""},
       "X",
       EventType::other,
       Source::windows,
       false},
  };
  for (const RouteCase& test : cases) {
    Event event;
    event.type = test.type;
    event.source = test.vendor;
    event.platform = Platform::windows;
    event.set(FieldId::channel, test.channel);
    EXPECT_EQ(Matcher::routes(test.source, event), test.want)
        << test.source.category << " " << test.source.service;
  }
}

TEST(Matcher, ExplainsWhatSpokeForTheRule) {
  const RuleSet rules = test::rules_of(R"(
title: T
id: 11111111-1111-4111-8111-111111111111
logsource: {product: windows}
detection:
  selection: {Image|endswith: ['\a.exe', '\b.exe'], User: kim}
  filter: {QueryName: x}
  condition: selection and not filter
)");
  Matcher matcher = Matcher::create(rules, nullptr);
  const std::vector<MatchedField> matched =
      matcher.explain(0, event_of({{"Image", "C:\\B.exe"}, {"User", "kim"}}));
  ASSERT_EQ(matched.size(), 2U);
  EXPECT_EQ(matched[0].field, "Image");
  EXPECT_EQ(matched[0].value, "C:\\B.exe");
  EXPECT_EQ(matched[0].test, "\\b.exe");
  EXPECT_EQ(matched[1].field, "User");
}

TEST(Matcher, TheHostsSystemIsTheProduct) {
  Event event;
  event.type = EventType::process_creation;
  event.source = Source::sysmon;
  event.platform = Platform::linux;
  const LogSource windows = {.product = "windows", .category = "process_creation", .service = ""};
  const LogSource on_linux = {.product = "linux", .category = "process_creation", .service = ""};
  EXPECT_FALSE(Matcher::routes(windows, event));
  EXPECT_TRUE(Matcher::routes(on_linux, event));
  for (const Source source : {Source::crowdstrike, Source::sentinelone}) {
    event.source = source;
    event.platform = Platform::windows;
    EXPECT_TRUE(Matcher::routes(windows, event));
    event.platform = Platform::macos;
    EXPECT_FALSE(Matcher::routes(windows, event));
    event.platform = Platform::unknown;
    EXPECT_FALSE(Matcher::routes(windows, event));
  }
}

TEST(Matcher, ABranchThatFailedExplainsNothing) {
  const RuleSet rules = test::rules_of(R"(
title: T
id: 11111111-1111-4111-8111-111111111111
logsource: {product: windows}
detection:
  selection:
    - {Image: a, User: nobody}
    - {QueryName: x}
  condition: selection
)");
  Matcher matcher = Matcher::create(rules, nullptr);
  const std::vector<MatchedField> matched =
      matcher.explain(0, event_of({{"Image", "a"}, {"User", "kim"}, {"QueryName", "x"}}));
  ASSERT_EQ(matched.size(), 1U);
  EXPECT_EQ(matched[0].field, "QueryName");
}

TEST(Matcher, WhatRe2RefusesIsToldAndNeverHolds) {
  const std::pair<const char*, const char*> cases[] = {{"a(?=b)", "look-around"},
                                                       {"a(?!b)", "look-around"},
                                                       {"(?<=a)b", "look-around"},
                                                       {"(", "missing"},
                                                       {"(?:\\pN{1000}){3}", ""}};
  for (const auto& [regex, message] : cases) {
    const RuleSet rules =
        test::rules_of(std::string("title: T\nid: i\nlogsource: {product: windows}\ndetection:\n  "
                                   "selection:\n    Image|re: '") +
                       regex + "'\n  condition: not selection\n");
    std::vector<Diagnostic> diagnostics;
    Matcher matcher = Matcher::create(rules, &diagnostics);
    ASSERT_EQ(diagnostics.size(), 1U) << regex;
    EXPECT_NE(diagnostics[0].message.find(message), std::string::npos) << diagnostics[0].message;
    EXPECT_EQ(diagnostics[0].position.line, 6U);
    std::vector<std::size_t> hits;
    matcher.match(event_of({{"Image", "x"}}), hits);
    EXPECT_TRUE(hits.empty()) << regex;
  }
}

// --- Two implementations, one truth
// ------------------------------------------------------------------------------------

std::string as_regex(const std::vector<PatternPiece>& pieces) {
  std::string regex = "(?is)^(?:";
  for (const PatternPiece& piece : pieces) {
    switch (piece.kind) {
      case PatternPiece::Kind::literal: regex += re2::RE2::QuoteMeta(piece.literal); break;
      case PatternPiece::Kind::any_run: regex += ".*"; break;
      case PatternPiece::Kind::any_one: regex += "."; break;
      case PatternPiece::Kind::any_dash: regex += "[-/–—―]"; break;
    }
  }
  return regex + ")$";
}

/// Values and patterns of few letters: with many, hardly any value would match.
class PatternDice {
 public:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string text(std::size_t length, bool wild) {
    // What stands for a dash, and what only begins as the long ones do: U+2012 and U+2016.
    static constexpr const char* kLetters[] = {
        "a", "b", "\xC3\xA9", "\\",     "-",      "K",      "\n",     ".",
        "/", " ", "\u2013",   "\u2014", "\u2015", "\u2012", "\u2016", "\xE2\x84\xAA"};
    std::string text;
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t pick = below(wild ? 10 : 7);
      if (pick >= 7) {
        text += pick == 7 ? "?" : "*";
      } else {
        text += kLetters[below(4) == 0 ? below(std::size(kLetters)) : pick];
      }
    }
    return text;
  }

  /// With a dash anywhere, also where windash would put none.
  std::vector<PatternPiece> pieces() {
    std::vector<PatternPiece> pieces(below(5));
    for (PatternPiece& piece : pieces) {
      piece.kind = static_cast<PatternPiece::Kind>(below(4));
      if (piece.kind == PatternPiece::Kind::literal) {
        piece.literal = fold(text(1 + below(2), false));
      }
    }
    return pieces;
  }

  std::vector<PatternPiece> parsed(bool with_windash) {
    std::vector<PatternPiece> pieces = parse_pattern(text(below(7), true));
    if (with_windash) {
      replace_dashes(pieces);
    }
    return pieces;
  }

 private:
  std::mt19937_64 random_{11};
};

bool has_dash(const std::vector<PatternPiece>& pieces) {
  return std::ranges::find(pieces, PatternPiece::Kind::any_dash, &PatternPiece::kind) !=
         pieces.end();
}

TEST(Pattern, WildcardsAreTheirRegularExpression) {
  PatternDice dice;
  std::size_t matched = 0;
  std::size_t dashes = 0;
  for (int round = 0; round < 60'000; ++round) {
    const std::vector<PatternPiece> pieces =
        round % 2 == 0 ? dice.parsed(round % 4 == 0) : dice.pieces();
    const std::string value = dice.text(dice.below(9), false);
    const std::string regex = as_regex(pieces);
    const bool ours = Pattern(pieces).matches(fold(value));
    const bool theirs = re2::RE2::PartialMatch(value, re2::RE2(regex));
    ASSERT_EQ(ours, theirs) << "pattern [" << regex << "] value [" << value << "]";
    matched += ours ? 1U : 0U;
    dashes += ours && has_dash(pieces) ? 1U : 0U;
  }
  EXPECT_GT(dashes, 300U);
  EXPECT_GT(matched, 1'000U);
}

TEST(Pattern, LongTextsTakeNoLongTime) {
  // The worst for a matcher that goes back to every *: this would not end.
  std::string sigma;
  for (int i = 0; i < 200; ++i) {
    sigma += "*a?";
  }
  const std::string value(100'000, 'a');
  EXPECT_FALSE(Pattern(parse_pattern(sigma + "b")).matches(value));
  EXPECT_TRUE(Pattern(parse_pattern(sigma)).matches(value));
}

std::string encode(char32_t code_point) {
  const auto tail = [code_point](unsigned shift) {
    return static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU));
  };
  if (code_point < 0x80) {
    return {static_cast<char>(code_point)};
  }
  if (code_point < 0x800) {
    return {static_cast<char>(0xC0U | (code_point >> 6U)), tail(0)};
  }
  if (code_point < 0x10000) {
    return {static_cast<char>(0xE0U | (code_point >> 12U)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0U | (code_point >> 18U)), tail(12), tail(6), tail(0)};
}

// Everything that Unicode folds lies below; surrogates are no text.
constexpr char32_t kFoldedEnd = 0x20000;

bool is_surrogate(char32_t code_point) {
  return code_point >= 0xD800 && code_point < 0xE000;
}

TEST(Fold, PutsTogetherWhatRe2PutsTogether) {
  std::size_t folded = 0;
  for (char32_t code_point = 1; code_point < kFoldedEnd; ++code_point) {
    const char32_t to = fold_code_point(code_point);
    if (is_surrogate(code_point) || to == code_point) {
      continue;
    }
    ++folded;
    const re2::RE2 regex("(?i)^" + re2::RE2::QuoteMeta(encode(to)) + "$");
    ASSERT_TRUE(re2::RE2::PartialMatch(encode(code_point), regex))
        << static_cast<unsigned>(code_point);
  }
  EXPECT_GT(folded, 1'300U);
}

std::string range_of(char32_t first, char32_t last) {
  std::ostringstream range;
  range << std::hex << "\\x{" << static_cast<std::uint32_t>(first) << "}-\\x{"
        << static_cast<std::uint32_t>(last) << "}";
  return range.str();
}

/// A class of every code point whose fold has that bit.
std::string class_of_folds(unsigned bit) {
  std::string ranges;
  char32_t first = 0;
  for (char32_t code_point = 1; code_point <= kFoldedEnd; ++code_point) {
    const bool in = code_point < kFoldedEnd && !is_surrogate(code_point) &&
                    ((fold_code_point(code_point) >> bit) & 1U) != 0;
    if (in && first == 0) {
      first = code_point;
    } else if (!in && first != 0) {
      ranges += range_of(first, code_point - 1);
      first = 0;
    }
  }
  return "(?i)[" + ranges + "]";
}

TEST(Fold, KeepsApartWhatRe2KeepsApart) {
  // If RE2 folds two code points together that we keep apart, their folds differ in a bit: the
  // class of all whose fold has that bit then matches the other one too.
  re2::RE2::Options options;
  options.set_max_mem(std::int64_t{256} << 20);
  for (unsigned bit = 0; bit < 17; ++bit) {
    const re2::RE2 regex(class_of_folds(bit), options);
    ASSERT_TRUE(regex.ok()) << regex.error();
    for (char32_t code_point = 1; code_point < kFoldedEnd; ++code_point) {
      if (is_surrogate(code_point)) {
        continue;
      }
      const bool has_bit = ((fold_code_point(code_point) >> bit) & 1U) != 0;
      ASSERT_EQ(re2::RE2::FullMatch(encode(code_point), regex), has_bit)
          << "bit " << bit << " of " << static_cast<unsigned>(code_point);
    }
  }
}

/// A millisecond later each time that it is asked.
class TickingClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override {
    ++asked_;
    return asked_ * std::chrono::milliseconds(1);
  }

  [[nodiscard]] Timestamp wall() const override { return 0; }

  [[nodiscard]] int asked() const { return asked_; }

 private:
  mutable int asked_ = 0;
};

TEST(Matcher, EstimatesWhatRulesCostFromAFewEvents) {
  const auto rule = [](const std::string& number, const std::string& end) {
    return "title: T\nid: 11111111-1111-4111-8111-11111111111" + number +
           "\nlogsource: {product: windows}\ndetection:\n  selection: {Image|endswith: '" + end +
           "'}\n  condition: selection\n---\n";
  };
  const RuleSet rules =
      test::rules_of(rule("1", "a.exe") + rule("2", ".exe") + rule("3", "other.exe"));
  const TickingClock clock;
  Matcher matcher = Matcher::create(rules, nullptr, {.clock = &clock});
  // No image comes twice: what is remembered of an equal event needs no evaluation, and how long
  // it is remembered is chance.
  std::uint32_t number = 0;
  const auto match = [&](std::uint32_t events, const std::string& end) {
    std::size_t hits_of_all = 0;
    for (std::uint32_t i = 0; i < events; ++i) {
      const std::string image = "C:\\" + std::to_string(number++) + end;
      std::vector<std::size_t> hits;
      matcher.match(event_of({{"Image", image.c_str()}}), hits);
      hits_of_all += hits.size();
    }
    return hits_of_all;
  };
  EXPECT_EQ(match(kTimedEvery - 1, "a.exe"), 2 * (kTimedEvery - 1));
  EXPECT_EQ(clock.asked(), 0);
  EXPECT_EQ(match(1, "a.exe"), 2U);
  EXPECT_EQ(clock.asked(), 3) << "before, between and after the two";
  EXPECT_EQ(matcher.costs()[0].time, kTimedEvery * std::chrono::milliseconds(1));
  EXPECT_EQ(matcher.costs()[1].time, kTimedEvery * std::chrono::milliseconds(1));
  EXPECT_EQ(matcher.costs()[2].time.count(), 0);
  EXPECT_EQ(match(2 * kTimedEvery, "b.exe"), 2 * kTimedEvery);
  EXPECT_EQ(matcher.costs()[0].time, kTimedEvery * std::chrono::milliseconds(1));
  EXPECT_EQ(matcher.costs()[1].time, 3 * kTimedEvery * std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace spoor
