// Is a text a JSON number?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/base/text.h"

namespace spoor {

/// Bytes that must be readable behind a number.
inline constexpr std::size_t kNumberPadding = 32;

/// Which of the sixteen bytes at `text` are digits, a bit for each.
[[nodiscard]] inline std::uint32_t digits_of_16(const char* text) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values)));
#else
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < 16; ++i) {
    found |= (text[i] >= '0' && text[i] <= '9' ? 1U : 0U) << i;
  }
  return found;
#endif
}

/// A whole number of up to nineteen digits, as nearly all are, told without a branch. False says
/// nothing. kNumberPadding bytes behind `text` can be read.
[[nodiscard]] inline bool is_plain_number(const char* text, std::uint32_t size) {
  constexpr std::uint32_t kDigitsMax = 19;
  const std::uint32_t sign = text[0] == '-' ? 1U : 0U;
  const std::uint32_t digits = size - sign;
  const std::uint32_t found = digits_of_16(text + sign) | (digits_of_16(text + sign + 16) << 16U);
  const std::uint32_t wanted = (1U << (digits & 31U)) - 1;
  const std::uint32_t counted =
      (digits - 1 < kDigitsMax ? 1U : 0U) & ((found & wanted) == wanted ? 1U : 0U);
  const std::uint32_t begins_well = (text[sign] != '0' ? 1U : 0U) | (digits == 1 ? 1U : 0U);
  return (counted & begins_well) != 0;
}

/// The whole of `text`, which is not empty. kNumberPadding bytes behind it can be read.
[[nodiscard]] inline bool is_number(std::string_view text) {
  return is_plain_number(text.data(), static_cast<std::uint32_t>(text.size())) ||
         json_number_length(text) == text.size();
}

}  // namespace spoor
