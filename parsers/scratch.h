// Memory for text that a parser makes (numbers as text, canonical ids): handed out until reset,
// never moved.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace spoor {

/// A bump allocator. After a few records it allocates no more.
class Scratch {
 public:
  /// `size` writable bytes, valid until reset().
  [[nodiscard]] char* take(std::size_t size) {
    if (size > kChunkBytes) {
      large_.push_back(std::make_unique<char[]>(size));
      return large_.back().get();
    }
    if (chunks_.empty()) {
      chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
    }
    if (used_ + size > kChunkBytes) {
      used_ = 0;
      if (++chunk_ == chunks_.size()) {
        chunks_.push_back(std::make_unique<char[]>(kChunkBytes));
      }
    }
    char* place = chunks_[chunk_].get() + used_;
    used_ += size;
    return place;
  }

  /// A copy of `text`, valid until reset().
  [[nodiscard]] std::string_view copy(std::string_view text) {
    char* place =
        take(text.size() + 1);  // Never null, so that an empty copy is not an absent field.
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

  void reset() {
    chunk_ = 0;
    used_ = 0;
    large_.clear();
  }

 private:
  static constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace spoor
