// Where in a text may one of a few triples of bytes stand? Looked for all at once, 32 or 64 places
// at a time, in the manner of Hyperscan's Teddy.
//
// Triples lie in eight buckets. For each of a triple's three places a table says of a byte in which
// buckets some triple has it there; where all three agree on a bucket, one of its triples may
// stand. Triples of one bucket mix, and the tables know bytes by halves or by seven bits: what is
// found is to be looked at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoor {

class TripleScan {
 public:
  static constexpr unsigned kBuckets = 8;

  /// How it is done: with which of the machine's instructions.
  enum class Width : std::uint8_t { one, avx2, avx512 };

  /// The best that this machine has; `one` if it has neither of the others.
  [[nodiscard]] static Width widest();

  struct Suspect {
    std::size_t at = std::string_view::npos;  ///< npos: there is none.
    std::uint8_t buckets = 0;                 ///< A bit for each.
  };

  /// Adds a triple; letters stand for both cases. Of two bytes: behind them may be anything, or
  /// nothing. No byte is 0.
  void add(unsigned bucket, std::string_view triple);

  /// The first place at or behind `from` where a triple of some bucket may begin. Every triple is
  /// found, whatever the width; what else is found depends on it. Reads nothing behind the text.
  [[nodiscard]] Suspect find(std::string_view text, std::size_t from, Width width) const;

 private:
  static constexpr std::size_t kPlaces = 3;
  template <std::size_t Size>
  using Table = std::array<std::array<std::uint8_t, Size>, kPlaces>;

  [[nodiscard]] Suspect find_one(std::string_view text, std::size_t from) const;
#if defined(__x86_64__)
  [[nodiscard]] Suspect find_avx2(std::string_view text, std::size_t from) const;
  [[nodiscard]] Suspect find_avx512(std::string_view text, std::size_t from) const;
#endif

  Table<256> by_byte_{};
  Table<16> by_low_half_{};
  Table<16> by_high_half_{};
  Table<128> by_seven_bits_{};
};

}  // namespace spoor
