// Keys of a vendor's record → rows of a table, for the event path.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace spoor {

/// A fixed table of rows by their `key` (a std::string_view member). Built once. Of two rows with
/// one key the first counts. Not seeded: the keys are ours, so nobody can make them collide.
template <typename Row>
class KeyTable {
 public:
  KeyTable() : KeyTable(std::span<const Row>()) {}

  explicit KeyTable(std::span<const Row> rows) {
    slots_.resize(std::bit_ceil(std::max<std::size_t>(8, 4 * rows.size())));
    mask_ = slots_.size() - 1;
    entries_.reserve(rows.size());
    for (const Row& row : rows) {
      add(row);
    }
  }

  /// The row of that key, or null.
  [[nodiscard]] const Row* find(std::string_view key) const { return find(Ends(key), key); }

  /// The same for a key of a document, behind which kTextPadding bytes can be read: about 3 ns,
  /// without a branch on the length, which nobody can predict.
  [[nodiscard]] const Row* find_padded(std::string_view key) const {
    return find(Ends::padded(key), key);
  }

 private:
  /// The length, the first and the last eight bytes: all of a key up to sixteen, and vendor keys
  /// differ in these.
  struct Ends {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    std::size_t size = 0;

    Ends() = default;

    explicit Ends(std::string_view key) : size(key.size()) {
      if (size >= 8) {
        std::memcpy(&head, key.data(), 8);
        std::memcpy(&tail, key.data() + size - 8, 8);
      } else if (size > 0) {
        std::memcpy(&head, key.data(), size);
        tail = head;
      }
    }

    /// No branch: a shorter key's ends are one, cut to its size by a mask.
    static Ends padded(std::string_view key) {
      Ends ends;
      ends.size = key.size();
      const std::size_t read = std::min<std::size_t>(key.size(), 8);
      const std::uint64_t mask = kHeadMasks[read];
      std::memcpy(&ends.head, key.data(), 8);
      std::memcpy(&ends.tail, key.data() + (key.size() - read), 8);
      ends.head &= mask;
      ends.tail &= mask;
      return ends;
    }

    [[nodiscard]] std::uint64_t hash() const {
      constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
      constexpr std::uint64_t kSecond = 0xD6E8FEB86659FD93ULL;
      const std::uint64_t mixed = (head ^ size) * kFirst + tail * kSecond;
      return mixed ^ (mixed >> 32U);
    }

    friend bool operator==(const Ends&, const Ends&) = default;
  };

  /// Which bytes of the head belong to a key of that size, in memory order.
  static constexpr std::array<std::uint64_t, 9> kHeadMasks = [] {
    std::array<std::uint64_t, 9> masks{};
    for (std::size_t size = 0; size <= 8; ++size) {
      std::array<unsigned char, 8> bytes{};
      for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = 0xFF;
      }
      masks[size] = std::bit_cast<std::uint64_t>(bytes);
    }
    return masks;
  }();

  [[nodiscard]] const Row* find(const Ends& ends, std::string_view key) const {
    const std::uint64_t hash = ends.hash();
    const std::uint32_t tag = tag_of(hash);
    const Slot* slots = slots_.data();
    for (std::size_t at = hash & mask_; slots[at].entry != kFree; at = (at + 1) & mask_) {
      if (slots[at].tag == tag) {
        const Entry& entry = entries_.data()[slots[at].entry];
        if (entry.ends == ends && (key.size() <= 16 || entry.row.key == key)) {
          return &entry.row;
        }
      }
    }
    return nullptr;
  }

  static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
  }

  static constexpr std::uint32_t kFree = 0xFFFFFFFFU;

  /// Eight bytes each, so that the whole table stays in the first-level cache.
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t entry = kFree;
  };

  struct Entry {
    Ends ends;
    Row row{};
  };

  void add(const Row& row) {
    const Ends ends(row.key);
    if (find(ends, row.key) != nullptr) {
      return;
    }
    std::size_t at = ends.hash() & mask_;
    while (slots_[at].entry != kFree) {
      at = (at + 1) & mask_;
    }
    slots_[at] = {.tag = tag_of(ends.hash()), .entry = static_cast<std::uint32_t>(entries_.size())};
    entries_.push_back({.ends = ends, .row = row});
  }

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  std::size_t mask_ = 0;
};

}  // namespace spoor
