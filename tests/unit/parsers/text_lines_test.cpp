// Lines of a text, 64 bytes at a time and one by one.

#include "parsers/windows/text_lines.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/json_readers.h"

namespace spoor {
namespace {

/// Both ways agree, whatever stands behind the text.
void expect_same_lines(std::string_view text) {
  std::vector<TextLine> wanted;
  for_each_line_plainly(text, [&wanted](const TextLine& line) { wanted.push_back(line); });
  for (const char behind : {'\n', ':', ' '}) {
    const std::string padded = std::string(text).append(kTextPadding, behind);
    std::vector<TextLine> found;
    for_each_line(std::string_view(padded).substr(0, text.size()),
                  [&found](const TextLine& line) { found.push_back(line); });
    ASSERT_EQ(found.size(), wanted.size()) << text;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i], wanted[i]) << text;
    }
  }
}

TEST(TextLines, AreFoundWhereverTheyStand) {
  constexpr std::size_t kSizeMax = 140;
  for (const std::string_view piece : {"\n", ":", "a: b\n", "\n:\n", "::\n\n:", "a:\r\n"}) {
    for (std::size_t before = 0; before < kSizeMax; ++before) {
      for (const std::size_t behind : {std::size_t{0}, std::size_t{1}, kSizeMax - before}) {
        expect_same_lines(std::string(before, 'a').append(piece).append(std::string(behind, 'b')));
      }
    }
  }
}

TEST(TextLines, AreThoseOfTheSlowTwin) {
  constexpr std::string_view kPieces[] = {"\n",
                                          "\r\n",
                                          ":",
                                          ": ",
                                          "Image",
                                          "ProcessId: 4\r\n",
                                          R"(C:\Windows\System32\svchost.exe)",
                                          "a line without any"};
  test::Random random;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const std::uint32_t pieces = random.below(20);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      text += kPieces[random.below(std::size(kPieces))];
    }
    expect_same_lines(text);
  }
}

}  // namespace
}  // namespace spoor
