#include "engine/finding/terminal.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

TEST(Terminal, ColumnsOfWideAndCombiningCharacters) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("é"), 1U);
  EXPECT_EQ(columns_of("e\u0301"), 1U);
  EXPECT_EQ(columns_of("日本"), 4U);
  EXPECT_EQ(columns_of("😀"), 2U);
}

TEST(Terminal, CutsAtTheBound) {
  EXPECT_EQ(cut_end("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_end("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_end("abcdef", 1), "…");
  EXPECT_EQ(cut_end("abcdef", 0), "");
  EXPECT_EQ(cut_middle("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_middle("abcdef", 5), "ab…ef");
  EXPECT_EQ(cut_middle("abcdef", 4), "ab…f");
  EXPECT_EQ(cut_middle("abcdef", 1), "…");
  EXPECT_EQ(cut_middle("abcdef", 0), "");
}

TEST(Terminal, NeverCutsInsideACharacterNorExceedsTheWidth) {
  const std::string text = "日本e\u0301😀x日本e\u0301😀x";
  for (std::size_t columns = 0; columns <= columns_of(text) + 1; ++columns) {
    for (const std::string& cut : {cut_end(text, columns), cut_middle(text, columns)}) {
      EXPECT_TRUE(is_valid_utf8(cut)) << columns;
      EXPECT_LE(columns_of(cut), columns) << cut;
    }
  }
}

TEST(Terminal, PadFillsToTheWidth) {
  EXPECT_EQ(pad("日", 4), "日  ");
  EXPECT_EQ(pad("abcd", 2), "abcd");
}

TEST(Terminal, ShownIsOneSafeLine) {
  EXPECT_EQ(shown("a\x1b[2J\n\xFF", 40), "a\\x1b[2J\\x0a\\xff");
  EXPECT_LE(columns_of(shown(std::string(100'000, '\x1b'), 20)), 20U);
}

TEST(Terminal, ColourOnlyWhenAskedFor) {
  EXPECT_EQ(styled("x", Style::red, false), "x");
  EXPECT_EQ(styled("x", Style::red, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(styled("", Style::red, true), "");
}

}  // namespace
}  // namespace spoor
