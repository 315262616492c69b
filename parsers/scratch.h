// Memory for text that a parser makes (numbers as text, canonical ids): handed out until reset,
// never moved.
#pragma once

#include <cstddef>
#include <cstring>
#include <initializer_list>
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
    if (size > static_cast<std::size_t>(end_ - next_)) [[unlikely]] {
      return take_slowly(size);
    }
    char* place = next_;
    next_ += size;
    return place;
  }

  /// A copy of `text`, valid until reset().
  [[nodiscard]] std::string_view copy(std::string_view text) {
    char* place =
        take(text.size() + 1);  // Never null, so that an empty copy is not an absent field.
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

  /// These one behind the other, valid until reset().
  [[nodiscard]] std::string_view join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) {
      size += part.size();
    }
    char* const place = take(size + 1);
    char* end = place;
    for (const std::string_view part : parts) {
      if (!part.empty()) {
        std::memcpy(end, part.data(), part.size());
        end += part.size();
      }
    }
    return {place, size};
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
    if (!chunks_.empty()) {
      begin_chunk(0);
    }
    large_.clear();
  }

 private:
  char* take_slowly(std::size_t size) {
    if (size > kChunkBytes) {
      large_.push_back(std::make_unique<char[]>(size + kPadding));
      return large_.back().get();
    }
    const std::size_t chunk = chunks_.empty() ? 0 : chunk_ + 1;
    if (chunk == chunks_.size()) {
      chunks_.push_back(std::make_unique<char[]>(kChunkBytes + kPadding));
    }
    begin_chunk(chunk);
    return take(size);
  }

  void begin_chunk(std::size_t chunk) {
    chunk_ = chunk;
    next_ = chunks_[chunk].get();
    end_ = next_ + kChunkBytes;
  }

  static constexpr std::size_t kChunkBytes = std::size_t{64} << 10;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::string text_;
  std::string json_;
  UidBuilder uid_builder_;
  std::size_t chunk_ = 0;  ///< The one that next_ is in.
  char* next_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace spoor
