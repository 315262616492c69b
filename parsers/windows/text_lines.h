// Lines of a rendered text, and the colon that may end a name at the front of each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "parsers/document.h"

namespace spoor {

struct TextLine {
  std::size_t begin = 0;
  std::size_t colon = 0;  ///< Its first; its end if it has none.
  std::size_t end = 0;    ///< At the line feed, or behind the text.

  friend bool operator==(const TextLine&, const TextLine&) = default;
};

/// Calls `look(const TextLine&)` for each line: a search for each end and each colon. The slow
/// twin.
template <typename Look>
void for_each_line_plainly(std::string_view text, const Look& look) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t colon = std::min(text.find(':', begin), end);
    look(TextLine{.begin = begin, .colon = colon, .end = end});
    begin = end + 1;
  }
}

/// Which of the 64 bytes at `text` are that one, a bit for each.
[[nodiscard]] inline std::uint64_t places_in_64(const char* text, char wanted) {
  std::uint64_t found = 0;
#if defined(__SSE2__)
  const __m128i all = _mm_set1_epi8(wanted);
  for (unsigned part = 0; part < 4; ++part) {
    const __m128i bytes =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + std::size_t{16} * part));
    const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, all)));
    found |= std::uint64_t{bits} << (16 * part);
  }
#else
  for (unsigned i = 0; i < 64; ++i) {
    found |= std::uint64_t{text[i] == wanted ? 1U : 0U} << i;
  }
#endif
  return found;
}

/// The same, 64 bytes at a time: lines are short, and two searches for each cost more than both
/// looks at all bytes. kTextPadding bytes behind the text can be read.
template <typename Look>
void for_each_line(std::string_view text, const Look& look) {
  constexpr std::size_t kBlock = 64;
  constexpr std::size_t kNone = std::string_view::npos;
  static_assert(kTextPadding >= kBlock && Scratch::kPadding >= kBlock);
  TextLine line{.begin = 0, .colon = kNone, .end = 0};
  for (std::size_t at = 0; at < text.size(); at += kBlock) {
    const std::size_t rest = text.size() - at;
    const std::uint64_t there = rest >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << rest) - 1;
    const auto place_of = [at](std::uint64_t bits) {
      return at + static_cast<std::size_t>(std::countr_zero(bits));
    };
    std::uint64_t colons = places_in_64(text.data() + at, ':') & there;
    std::uint64_t ends = places_in_64(text.data() + at, '\n') & there;
    for (; ends != 0; ends &= ends - 1) {
      const std::uint64_t before = (ends & (~ends + 1)) - 1;
      line.end = place_of(ends);
      if (line.colon == kNone) {
        line.colon = (colons & before) != 0 ? place_of(colons) : line.end;
      }
      look(line);
      colons &= ~before;
      line = {.begin = line.end + 1, .colon = kNone, .end = 0};
    }
    if (line.colon == kNone && colons != 0) {
      line.colon = place_of(colons);
    }
  }
  if (line.begin < text.size()) {
    line.end = text.size();
    line.colon = std::min(line.colon, line.end);
    look(line);
  }
}

}  // namespace spoor
