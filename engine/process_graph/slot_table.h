// A hash index that holds no keys: numbers only, whose keys lie where the numbers point.
//
// Five bytes a place: the number, and eight bits of its hash, so that few keys are looked at in
// vain. Places are filled to 85 % and grow by a quarter, for memory counts more here than the last
// probe. Nothing is ever taken out: who removes, rebuilds. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spoor {

class SlotTable {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

  /// The first number of that hash for which `is_wanted(number)`, or kNone.
  template <typename IsWanted>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, IsWanted is_wanted) const {
    if (size_ == 0) {
      return kNone;
    }
    const std::uint8_t tag = tag_of(hash);
    for (std::size_t at = home_of(hash); tags_[at] != kFree; at = after(at)) {
      if (tags_[at] == tag && is_wanted(numbers_[at])) {
        return numbers_[at];
      }
    }
    return kNone;
  }

  /// `hash_of(number)` gives the hash of what is in the table already, for when it grows.
  template <typename HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf hash_of) {
    if ((size_ + 1) * 20 > tags_.size() * 17) {
      grow(hash_of);
    }
    place(hash, number);
    ++size_;
  }

  void clear() { *this = {}; }

  [[nodiscard]] std::size_t memory_bytes() const {
    return numbers_.capacity() * sizeof(std::uint32_t) + tags_.capacity();
  }

 private:
  static constexpr std::uint8_t kFree = 0;
  static constexpr std::size_t kPlacesMin = 8;

  static std::uint8_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint8_t>(1 + (hash & 0xFFFFU) % 255);
  }

  [[nodiscard]] std::size_t home_of(std::uint64_t hash) const {
    return ((hash >> 32U) * tags_.size()) >> 32U;
  }

  [[nodiscard]] std::size_t after(std::size_t at) const {
    return at + 1 == tags_.size() ? 0 : at + 1;
  }

  void place(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = home_of(hash);
    while (tags_[at] != kFree) {
      at = after(at);
    }
    tags_[at] = tag_of(hash);
    numbers_[at] = number;
  }

  template <typename HashOf>
  void grow(HashOf hash_of) {
    SlotTable larger;
    const std::size_t places = tags_.size() < kPlacesMin ? kPlacesMin : tags_.size() * 5 / 4;
    larger.numbers_ = std::vector<std::uint32_t>(places);
    larger.tags_ = std::vector<std::uint8_t>(places, kFree);
    larger.size_ = size_;
    for (std::size_t at = 0; at < tags_.size(); ++at) {
      if (tags_[at] != kFree) {
        larger.place(hash_of(numbers_[at]), numbers_[at]);
      }
    }
    *this = std::move(larger);
  }

  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint8_t> tags_;
  std::size_t size_ = 0;
};

}  // namespace spoor
