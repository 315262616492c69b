#include "engine/matcher/text_search.h"

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace spoor {

#if defined(__SSE2__)

namespace {

constexpr std::size_t kBlock = 16;

__m128i load(const char* from) {
  __m128i bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

/// At one of the 16 places from `at` on? There is room for the part behind each.
bool holds_at_some(const char* at, std::string_view part) {
  const std::size_t behind = part.size() - 1;
  const __m128i first = _mm_cmpeq_epi8(load(at), _mm_set1_epi8(part.front()));
  const __m128i last = _mm_cmpeq_epi8(load(at + behind), _mm_set1_epi8(part.back()));
  auto places = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_and_si128(first, last)));
  for (; places != 0; places &= places - 1) {
    if (std::memcmp(at + std::countr_zero(places), part.data(), behind) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool holds_text(std::string_view text, std::string_view part) {
  if (part.size() < 2 || text.size() < part.size() + kBlock - 1) {
    return text.find(part) != std::string_view::npos;
  }
  const std::size_t last_block = text.size() - part.size() + 1 - kBlock;
  for (std::size_t at = 0; at < last_block; at += kBlock) {
    if (holds_at_some(text.data() + at, part)) {
      return true;
    }
  }
  return holds_at_some(text.data() + last_block, part);
}

#else

bool holds_text(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

#endif

}  // namespace spoor
