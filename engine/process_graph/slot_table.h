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
#include <memory>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "engine/base/huge_pages.h"
#include "engine/base/prefetch.h"

namespace spoor {

struct alignas(64) SlotBlock {
  static constexpr std::size_t kWidth = 12;

  std::array<std::uint8_t, kWidth> tags{};  ///< 0: free.
  std::array<std::uint32_t, kWidth> numbers{};
};

static_assert(sizeof(SlotBlock) == 64);

/// Blocks on large pages (base/huge_pages.h), in pieces of one size, so that what one table has
/// outgrown serves any other.
class PiecedBlocks {
 public:
  PiecedBlocks() = default;

  explicit PiecedBlocks(std::size_t size) : size_(size) {
    pieces_.reserve((size + kPiece - 1) / kPiece);
    for (std::size_t at = 0; at < size; at += kPiece) {
      pieces_.push_back(std::make_unique<Piece>());
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] bool empty() const { return size_ == 0; }

  [[nodiscard]] SlotBlock& operator[](std::size_t at) {
    return pieces_[at / kPiece]->blocks[at % kPiece];
  }

  [[nodiscard]] const SlotBlock& operator[](std::size_t at) const {
    return pieces_[at / kPiece]->blocks[at % kPiece];
  }

  [[nodiscard]] std::size_t memory_bytes() const {
    return pieces_.size() * sizeof(Piece) +
           (pieces_.capacity() > kInside ? pieces_.capacity() * sizeof(pieces_[0]) : 0);
  }

 private:
  static constexpr std::size_t kPiece = 8;
  static constexpr std::size_t kInside =
      15;  ///< So many are one hop less away: those of most hosts.

  struct Piece : OnHugePages<Piece> {
    std::array<SlotBlock, kPiece> blocks;
  };

  boost::container::small_vector<std::unique_ptr<Piece>, kInside> pieces_;
  std::size_t size_ = 0;
};

/// `Blocks`: what holds them. std::vector for tables that are small, or looked at seldom.
template <typename Blocks>
class BasicSlotTable {
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
      prefetch_line(&blocks_[home_of(hash)]);
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

  [[nodiscard]] std::size_t memory_bytes() const {
    if constexpr (requires { blocks_.memory_bytes(); }) {
      return blocks_.memory_bytes();
    } else {
      return blocks_.capacity() * sizeof(Block);
    }
  }

 private:
  using Block = SlotBlock;
  static constexpr std::size_t kWidth = SlotBlock::kWidth;
  static constexpr std::uint8_t kFree = 0;

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
    BasicSlotTable larger;
    larger.blocks_ = Blocks(blocks_.size() + blocks_.size() / 4 + 1);
    larger.size_ = size_;
    for (std::size_t at = 0; at < blocks_.size(); ++at) {
      const Block& block = blocks_[at];
      for (std::size_t i = 0; i < kWidth && block.tags[i] != kFree; ++i) {
        larger.place(hash_of(block.numbers[i]), block.numbers[i]);
      }
    }
    *this = std::move(larger);
  }

  Blocks blocks_;
  std::size_t size_ = 0;
};

using SlotTable = BasicSlotTable<std::vector<SlotBlock>>;
/// Of what every event looks for.
using PiecedSlotTable = BasicSlotTable<PiecedBlocks>;

}  // namespace spoor
