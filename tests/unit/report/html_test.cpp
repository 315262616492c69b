#include "engine/report/html.h"

#include <string>

#include <gtest/gtest.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

std::string as_text(std::string_view raw) {
  Html html;
  html.text(raw);
  return std::move(html).finish();
}

std::string as_block(std::string_view raw) {
  Html html;
  html.block(raw);
  return std::move(html).finish();
}

std::string as_attribute(std::string_view raw) {
  Html html;
  html.attribute(raw);
  return std::move(html).finish();
}

std::string esc(const std::string& spelled) {
  return "<span class=\"esc\">" + spelled + "</span>";
}

TEST(Html, WhatIsMarkupToABrowserIsText) {
  EXPECT_EQ(as_text("</script><img src=x onerror=\"a('1')\">"),
            "&lt;/script&gt;&lt;img src=x onerror=&quot;a(&#39;1&#39;)&quot;&gt;");
  EXPECT_EQ(as_text("&lt;`"), "&amp;lt;&#96;");
  EXPECT_EQ(as_attribute("\"><svg onload=a>"), "&quot;&gt;&lt;svg onload=a&gt;");
}

TEST(Html, WhatDoesNotShowIsSpelledOut) {
  EXPECT_EQ(as_text("a\x1b[2Jb"), "a" + esc("\\x1b") + "[2Jb");
  EXPECT_EQ(as_text(std::string_view("a\0b", 3)), "a" + esc("\\x00") + "b");
  EXPECT_EQ(as_text("a\nb\tc"), "a" + esc("\\x0a") + "b" + esc("\\x09") + "c");
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  EXPECT_EQ(as_text("a\u202Eb"), "a" + esc("\\u{202e}") + "b");
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  EXPECT_EQ(as_text("a\u2066b\u200Bc\uFEFFd"),
            "a" + esc("\\u{2066}") + "b" + esc("\\u{200b}") + "c" + esc("\\u{feff}") + "d");
  EXPECT_EQ(as_text("x\u00ADy"), "x" + esc("\\u{00ad}") + "y");
  EXPECT_EQ(as_text("x\U000E0041y"), "x" + esc("\\u{e0041}") + "y");
  EXPECT_EQ(as_text("\u3164"), esc("\\u{3164}"));
  EXPECT_EQ(as_text("\x7f\u0085"), esc("\\x7f") + esc("\\x85"));
}

TEST(Html, BytesThatAreNotUtf8AreSpelledOut) {
  EXPECT_EQ(as_text("\xFF\xC0\xAF!"), esc("\\xff") + esc("\\xc0") + esc("\\xaf") + "!");
  EXPECT_EQ(as_text("\xE6\x97"), esc("\\xe6") + esc("\\x97"));  // Torn.
  EXPECT_EQ(as_text("日本語 😀 é"), "日本語 😀 é");
}

TEST(Html, BlocksKeepTheirLinesAndNothingElse) {
  EXPECT_EQ(as_block("a\n\tb\r\x1b"), "a\n\tb" + esc("\\x0d") + esc("\\x1b"));
}

TEST(Html, AttributesHoldNoElement) {
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  EXPECT_EQ(as_attribute("a\n\u202E\xFF\"b"), "a\\x0a\\u{202e}\\xff&quot;b");
}

TEST(Html, LongTextsAreCutBetweenCharacters) {
  const std::string shown = as_text(std::string(Html::kTextBytesMax - 1, 'x') + "日本");
  EXPECT_TRUE(shown.ends_with("x日" + esc("… 3 more bytes"))) << shown.substr(shown.size() - 60);
  EXPECT_TRUE(is_valid_utf8(shown));
  EXPECT_EQ(as_text(std::string(Html::kTextBytesMax, 'x')), std::string(Html::kTextBytesMax, 'x'));
}

}  // namespace
}  // namespace spoor
