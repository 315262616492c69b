#include "cli/text_table.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spoor {
namespace {

TextTable sample() {
  TextTable table({{.header = "ID"},
                   {.header = "COUNT", .right = true},
                   {.header = "EMPTY"},
                   {.header = "TITLE", .narrowest = 6},
                   {.header = "STATE", .narrowest = 4}});
  table.add({{.text = "a"}, {.text = "1"}, {}, {.text = "A rather long title"}, {.text = "ok"}});
  table.add({{.text = "bb"}, {.text = "1234567"}, {}, {.text = "Short"}, {}});
  return table;
}

TEST(TextTable, ColumnsAreAsWideAsTheyNeedToBe) {
  EXPECT_EQ(sample().render({.color = false, .width = 80}),
            "ID    COUNT  TITLE                STATE\n"
            "a         1  A rather long title  ok\n"
            "bb  1234567  Short\n");
}

TEST(TextTable, TheWidestGivesWay) {
  EXPECT_EQ(sample().render({.color = false, .width = 30}),
            "ID    COUNT  TITLE       STATE\n"
            "a         1  A rather …  ok\n"
            "bb  1234567  Short\n");
}

TEST(TextTable, NothingIsCutBelowItsNarrowest) {
  EXPECT_EQ(sample().render({.color = false, .width = 5}),
            "ID    COUNT  TITLE   STA…\n"
            "a         1  A rat…  ok\n"
            "bb  1234567  Short\n");
}

TEST(TextTable, HostileTextStaysInItsCell) {
  TextTable table({{.header = "A"}, {.header = "B"}});
  table.add({{.text = "x\x1b[2J\n"}, {.text = "\xff"}});
  const std::string text = table.render({.color = false, .width = 80});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(TextTable, ColourIsOutsideTheWidth) {
  TextTable table({{.header = "A"}, {.header = "B"}});
  table.add({{.text = "xx", .style = Style::red}, {.text = "y"}});
  EXPECT_EQ(table.render({.color = true, .width = 80}),
            "\x1b[1mA\x1b[0m   \x1b[1mB\x1b[0m\n\x1b[31mxx\x1b[0m  y\n");
}

}  // namespace
}  // namespace spoor
