// Memory for text that a parser makes (numbers as text, canonical ids): handed out until reset,
// never moved.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/uid.h"

namespace spoor {

/// A bump allocator. After a few records it allocates no more.
class Scratch {
 public:
  static constexpr std::size_t kPadding = 64;

  /// `size` writable bytes, valid until reset(); kPadding bytes behind them can be read.
  [[nodiscard]] char* take(std::size_t size) {
    if (size > kChunkBytes) {
      large_.push_back(std::make_unique<char[]>(size + kPadding));
      return large_.back().get();
    }
    if (chunks_.empty()) {
      chunks_.push_back(std::make_unique<char[]>(kChunkBytes + kPadding));
    }
    if (used_ + size > kChunkBytes) {
      used_ = 0;
      if (++chunk_ == chunks_.size()) {
        chunks_.push_back(std::make_unique<char[]>(kChunkBytes + kPadding));
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

  /// A string to build text in, empty. One at a time: the next call takes it again.
  [[nodiscard]] std::string& text() {
    text_.clear();
    return text_;
  }

  /// The same for compact_json(), which may be asked while the other is built.
  [[nodiscard]] std::string& json() {
    json_.clear();
    return json_;
  }

  /// To hash an id, empty. One at a time.
  [[nodiscard]] UidBuilder& uid_builder() {
    uid_builder_.clear();
    return uid_builder_;
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
  std::string text_;
  std::string json_;
  UidBuilder uid_builder_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

}  // namespace spoor
