#include "engine/base/text.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(Text, KnowsValidUtf8) {
  for (const char* good :
       {"", "abc", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                          "\xE2\x82", "a\xFFz", "\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

TEST(Text, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(replace_invalid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(replace_invalid_utf8("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("\xC3\xA9"), "\xC3\xA9");
}

TEST(Text, NothingReachesTheTerminalThatMovesTheCursor) {
  EXPECT_EQ(escape_for_terminal("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(escape_for_terminal("line\nforged"), "line\\x0aforged");
  EXPECT_EQ(escape_for_terminal("\xC2\x9B"), "\\x9b");  // C1 control sequence introducer.
  // A right-to-left override, spelt out so that the source itself holds none.
  EXPECT_EQ(escape_for_terminal(std::string("exe.") + '\xE2' + '\x80' + '\xAE' + "gpj"),
            "exe.\\u{202e}gpj");
  EXPECT_EQ(escape_for_terminal("\xFF"), "\\xff");
  EXPECT_EQ(escape_for_terminal("caf\xC3\xA9"), "caf\xC3\xA9");
}

TEST(Text, BasenameOfBothSlashes) {
  EXPECT_EQ(basename_of("C:\\Windows\\explorer.exe"), "explorer.exe");
  EXPECT_EQ(basename_of("/usr/bin/bash"), "bash");
  EXPECT_EQ(basename_of("plain"), "plain");
  EXPECT_EQ(basename_of("C:\\dir\\"), "");
}

TEST(Text, AsciiCase) {
  EXPECT_EQ(to_lower_ascii("PC042.ACME"), "pc042.acme");
  EXPECT_TRUE(equals_ignore_case_ascii("SysMon", "sYSmON"));
  EXPECT_FALSE(equals_ignore_case_ascii("a", "ab"));
}

}  // namespace
}  // namespace spoor
