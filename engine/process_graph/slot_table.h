// A hash index that holds no keys: numbers only, whose keys lie where the numbers point.
//
// Blocks of one cache line: twelve numbers, and of each eight bits of its hash, so that a look-up
// costs one line and few keys are looked at in vain. Filled to 80 % and grown by a quarter, for
// memory counts more here than the last probe. Nothing is ever taken out: who removes, rebuilds.
// Private to this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
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
    for (std::size_t at = home_of(hash);; at = after(at)) {
      const Block& block = blocks_[at];
      for (std::size_t i = 0; i < kWidth; ++i) {
        if (block.tags[i] == tag && is_wanted(block.numbers[i])) {
          return block.numbers[i];
        }
      }
      if (block.tags[kWidth - 1] == kFree) {
        return kNone;  // Blocks are filled from the front: nothing went further.
      }
    }
  }

  /// Asks for the memory that find() will look at first.
  void prefetch(std::uint64_t hash) const {
    if (!blocks_.empty()) {
      __builtin_prefetch(&blocks_[home_of(hash)]);
    }
  }

  /// `hash_of(number)` gives the hash of what is in the table already, for when it grows.
  template <typename HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf hash_of) {
    if ((size_ + 1) * 5 > blocks_.size() * kWidth * 4) {
      grow(hash_of);
    }
    place(hash, number);
    ++size_;
  }

  void clear() { *this = {}; }

  [[nodiscard]] std::size_t memory_bytes() const { return blocks_.capacity() * sizeof(Block); }

 private:
  static constexpr std::size_t kWidth = 12;
  static constexpr std::uint8_t kFree = 0;

  struct alignas(64) Block {
    std::array<std::uint8_t, kWidth> tags{};
    std::array<std::uint32_t, kWidth> numbers{};
  };

  static_assert(sizeof(Block) == 64);

  static std::uint8_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint8_t>(1 + (hash & 0xFFFFU) % 255);
  }

  [[nodiscard]] std::size_t home_of(std::uint64_t hash) const {
    return ((hash >> 32U) * blocks_.size()) >> 32U;
  }

  [[nodiscard]] std::size_t after(std::size_t at) const {
    return at + 1 == blocks_.size() ? 0 : at + 1;
  }

  void place(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = home_of(hash);
    while (blocks_[at].tags[kWidth - 1] != kFree) {
      at = after(at);
    }
    Block& block = blocks_[at];
    std::size_t i = 0;
    while (block.tags[i] != kFree) {
      ++i;
    }
    block.tags[i] = tag_of(hash);
    block.numbers[i] = number;
  }

  template <typename HashOf>
  void grow(HashOf hash_of) {
    SlotTable larger;
    larger.blocks_ = std::vector<Block>(blocks_.size() + blocks_.size() / 4 + 1);
    larger.size_ = size_;
    for (const Block& block : blocks_) {
      for (std::size_t i = 0; i < kWidth && block.tags[i] != kFree; ++i) {
        larger.place(hash_of(block.numbers[i]), block.numbers[i]);
      }
    }
    *this = std::move(larger);
  }

  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace spoor
