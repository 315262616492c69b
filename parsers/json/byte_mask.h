// Which of a register's bytes belong to a text: masks from memory, for machines whose loads take
// none.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace spoor {

/// The longest text that a mask can be of, in bytes.
inline constexpr std::size_t kByteMaskMax = 64;

/// kByteMaskMax bytes of which the first `count`, at most as many, are 0xFF and the others zero. No
/// branch, and nothing is made: they are a part of one table.
[[nodiscard]] inline const unsigned char* mask_of_first(std::size_t count) {
  static constexpr std::array<unsigned char, 2 * kByteMaskMax> kOnesThenZeros = [] {
    std::array<unsigned char, 2 * kByteMaskMax> bytes{};
    std::fill_n(bytes.begin(), kByteMaskMax, static_cast<unsigned char>(0xFF));
    return bytes;
  }();
  return kOnesThenZeros.data() + (kByteMaskMax - count);
}

}  // namespace spoor
