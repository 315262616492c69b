// Finding text in text says what std::string_view::find says.
#include "engine/matcher/text_search.h"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace spoor {
namespace {

/// On memory of their own, so that sanitizers see what is read behind them.
bool holds_exactly(std::string_view text, std::string_view part) {
  const std::vector<char> text_copy(text.begin(), text.end());
  const std::vector<char> part_copy(part.begin(), part.end());
  return holds_text({text_copy.data(), text_copy.size()}, {part_copy.data(), part_copy.size()});
}

TEST(TextSearch, FindsAPartWhereverItStands) {
  for (const std::size_t size : {1U, 2U, 3U, 15U, 16U, 17U, 40U}) {
    const std::string part = std::string(size - 1, 'a') + 'b';
    for (std::size_t before = 0; before < 50; ++before) {
      for (std::size_t behind = 0; behind < 35; ++behind) {
        const std::string text = std::string(before, 'a') + part + std::string(behind, 'a');
        ASSERT_TRUE(holds_exactly(text, part)) << text << " " << part;
        ASSERT_FALSE(holds_exactly(std::string_view(text).substr(0, before + size - 1), part));
      }
    }
  }
}

TEST(TextSearch, SaysWhatFindSays) {
  std::mt19937 random(1);  // NOLINT(*-msc51-cpp): the same every time.
  const auto text_of = [&random](std::size_t size_max) {
    std::string text(random() % (size_max + 1), ' ');
    for (char& c : text) {
      c = "ab\xC3\\"[random() % 4];
    }
    return text;
  };
  std::size_t found = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = text_of(80);
    const std::string part = text_of(6);
    const bool is_there = text.find(part) != std::string::npos;
    ASSERT_EQ(holds_exactly(text, part), is_there) << text << " " << part;
    found += is_there ? 1U : 0U;
  }
  EXPECT_GT(found, 5'000U);
  EXPECT_LT(found, 45'000U);
}

}  // namespace
}  // namespace spoor
