// 128-bit identifiers of events, processes and findings.
//
// XXH3-128 of canonical bytes: stable across runs, machines and versions of this program, because
// ids are what replay and stream must agree on. Not a security boundary: nothing trusts an id it
// did not compute.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace spoor {

struct Uid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const Uid&, const Uid&) = default;

  /// All zero: "none".
  [[nodiscard]] bool is_none() const { return high == 0 && low == 0; }
};

/// 32 lower-case hex digits.
[[nodiscard]] std::string to_string(const Uid& uid);

/// Reads what to_string writes.
[[nodiscard]] std::optional<Uid> parse_uid(std::string_view text);

/// Collects fields and hashes them. Each field is written with its length, so that ("ab","c") and
/// ("a","bc") differ.
class UidBuilder {
 public:
  UidBuilder& add(std::string_view field) {
    char* place = make_room(sizeof(std::uint64_t) + field.size());
    place = write(field.size(), place);
    if (!field.empty()) {
      std::memcpy(place, field.data(), field.size());
    }
    return *this;
  }

  UidBuilder& add(std::uint64_t number) {
    write(number, make_room(sizeof number));
    return *this;
  }

  [[nodiscard]] Uid finish() const;

  /// Forgets the fields, keeps the memory.
  void clear() { size_ = 0; }

  /// How much was added, for forget_behind().
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Forgets what was added since size() was that.
  void forget_behind(std::size_t size) { size_ = std::min(size_, size); }

 private:
  [[nodiscard]] char* make_room(std::size_t bytes) {
    if (bytes_.size() - size_ < bytes) [[unlikely]] {
      bytes_.resize(std::max<std::size_t>(2 * bytes_.size(), size_ + bytes));
    }
    char* const place = bytes_.data() + size_;
    size_ += bytes;
    return place;
  }

  /// Little-endian whatever the machine: ids must not depend on it.
  static char* write(std::uint64_t number, char* place) {
    if constexpr (std::endian::native == std::endian::big) {
      number = __builtin_bswap64(number);
    }
    std::memcpy(place, &number, sizeof number);
    return place + sizeof number;
  }

  std::string bytes_;  ///< What is behind size_ is room.
  std::size_t size_ = 0;
};

/// A random number, one for each run. Tables keyed by input mix it into their hash, so that nobody
/// can prepare events that all fall into one bucket. It must never reach an output.
[[nodiscard]] std::uint64_t table_seed();

/// For tables keyed by a Uid.
struct UidHash {
  using is_avalanching = void;

  [[nodiscard]] std::size_t operator()(const Uid& uid) const noexcept {
    // Two rounds, so that neither half alone steers the result.
    std::uint64_t mixed = (uid.high ^ table_seed()) * 0x9E3779B97F4A7C15ULL;
    mixed = ((mixed ^ (mixed >> 32U)) ^ uid.low) * 0xD6E8FEB86659FD93ULL;
    return mixed ^ (mixed >> 29U);
  }
};

/// A text's 128-bit hash under table_seed(), for tables that then need not keep or compare the
/// text: whoever does not know the seed cannot make two texts meet. Another in each run: never
/// shown, never kept.
[[nodiscard]] Uid seeded_uid(std::string_view text) noexcept;

/// For tables keyed by text that came from events; accepts string_view look-ups.
struct SeededTextHash {
  using is_transparent = void;
  using is_avalanching = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept;
};

}  // namespace spoor
