// What an expression needs: never more than a text that it matches has.
#include "engine/matcher/regex_need.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace spoor {
namespace {

TEST(RegexNeed, CountsWhatIsPlain) {
  const RegexNeed snake = need_of(R"(\s[a-fA-F0-9]{64}\s[a-fA-F0-9]{16})", false);
  EXPECT_EQ(snake.bytes, 82U);
  EXPECT_EQ(snake.run, 64U);
  EXPECT_TRUE(snake.of.test('F'));
  EXPECT_FALSE(snake.of.test('g'));
  EXPECT_FALSE(snake.is_met_by(std::string(200, 'x')));
  EXPECT_TRUE(snake.is_met_by(" x " + std::string(63, 'a') + " " + std::string(64, 'a') +
                              std::string(20, 'z')));
  EXPECT_EQ(need_of(R"(^a+b*c?\.[xy]{2,5}$)", false).bytes, 4U);
  EXPECT_EQ(need_of(R"([]a-c-]{3}?\\\bz)", false).bytes, 5U);
  EXPECT_EQ(need_of("[^a]{9}", false).bytes, 9U);
  EXPECT_EQ(need_of("[^a]{9}", false).run, 0U);
  EXPECT_EQ(need_of(".{1000}", false).bytes, 1'000U);
  EXPECT_EQ(need_of(".{1000}", false).run, 0U);
  EXPECT_TRUE(need_of("[a-c]{9}", true).of.test('B'));
}

TEST(RegexNeed, KnowsNothingOfWhatIsNotPlain) {
  for (const char* regex :
       {"abcdefghij|a", "(abcdefghij)?", "(?i)k{20}", R"(\x41{9})", R"(\Qa{9}\E)", "[[:alpha:]]{9}",
        R"(\pL{9})", "a{", "a{x}", "[a", "\xC3\xA4{9}", R"([\d-x]{9})", R"([a-\d]{9})"}) {
    const RegexNeed need = need_of(regex, false);
    EXPECT_EQ(need.bytes, 0U) << regex;
    EXPECT_EQ(need.run, 0U) << regex;
    EXPECT_TRUE(need.is_met_by("")) << regex;
  }
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): loops, one in another.
TEST(RegexNeed, IsMetByAllThatMatches) {
  std::mt19937 random(5);  // NOLINT(*-msc51-cpp): the same every time.
  constexpr const char* kOnes[] = {"a",        "K",     "s",       R"(\s)", R"(\d)", R"(\w)",
                                   "[a-f0-9]", "[^x]",  R"(\.)",   R"(\W)", "[ks]",  "[A-]",
                                   ".",        R"(\b)", "[]\\]a]", "^"};
  constexpr const char* kTimes[] = {"", "", "+", "*", "?", "{2}", "{8,}", "{9,12}", "{10}?", "+?"};
  constexpr const char* kTexts[] = {"a",        "K", "s", " ",  "7",        "f",
                                    "x",        ".", "-", "\n", "\xC5\xBF", "\xE2\x84\xAA",
                                    "\xC3\xA4", "]"};
  std::size_t matched = 0;
  std::size_t ruled_out = 0;
  for (int i = 0; i < 3'000; ++i) {
    std::string regex;
    for (std::size_t count = 1 + random() % 4; count > 0; --count) {
      const std::string one = kOnes[random() % std::size(kOnes)];
      const bool is_place = one == "^" || one == "\\b";
      regex += one + (is_place ? "" : kTimes[random() % std::size(kTimes)]);
    }
    const bool ignore_case = random() % 2 == 0;
    const RegexNeed need = need_of(regex, ignore_case);
    re2::RE2::Options options;
    options.set_case_sensitive(!ignore_case);
    options.set_log_errors(false);
    const re2::RE2 compiled(regex, options);
    ASSERT_TRUE(compiled.ok()) << regex;
    for (int one = 0; one < 30; ++one) {
      std::string text;
      for (std::size_t runs = random() % 6; runs > 0; --runs) {
        const std::string piece = kTexts[random() % std::size(kTexts)];
        for (std::size_t times = random() % 2 == 0 ? 1 : random() % 14; times > 0; --times) {
          text += random() % 8 == 0 ? kTexts[random() % std::size(kTexts)] : piece;
        }
      }
      const bool matches = re2::RE2::PartialMatch(text, compiled);
      const bool met = need.is_met_by(text);
      ASSERT_TRUE(met || !matches) << regex << " in " << text;
      matched += matches ? 1U : 0U;
      ruled_out += met ? 0U : 1U;
    }
  }
  EXPECT_GT(matched, 5'000U);
  EXPECT_GT(ruled_out, 5'000U);
}

}  // namespace
}  // namespace spoor
