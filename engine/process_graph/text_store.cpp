#include "engine/process_graph/text_store.h"

#include <algorithm>
#include <cstring>

#include "engine/base/uid.h"

namespace spoor {
namespace {

/// Seven bits a byte, the lowest first, the eighth says that another follows.
constexpr std::size_t kLengthBytesMax = 5;

std::size_t length_bytes(std::size_t length) {
  std::size_t bytes = 1;
  for (; length >= 0x80; length >>= 7U) {
    ++bytes;
  }
  return bytes;
}

char* write_length(std::size_t length, char* place) {
  for (; length >= 0x80; length >>= 7U) {
    *place++ = static_cast<char>(0x80U | (length & 0x7FU));
  }
  *place++ = static_cast<char>(length);
  return place;
}

}  // namespace

TextHandle TextStore::intern(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const std::uint64_t hash = SeededTextHash{}(text);
  const std::uint32_t known =
      index_.find(hash, [&](std::uint32_t handle) { return view(handle) == text; });
  if (known != SlotTable::kNone) {
    return known;
  }
  const TextHandle handle = keep(text);
  if (handle != 0) {
    index_.insert(hash, handle,
                  [this](std::uint32_t other) { return SeededTextHash{}(view(other)); });
  }
  return handle;
}

TextHandle TextStore::keep(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  TextHandle handle = 0;
  char* place = make_room(length_bytes(text.size()) + text.size(), &handle);
  if (place == nullptr) {
    ++refused_;
    return 0;
  }
  place = write_length(text.size(), place);
  std::memcpy(place, text.data(), text.size());
  return handle;
}

std::string_view TextStore::view(TextHandle handle) const {
  if (handle == 0) {
    return {};
  }
  const char* place =
      chunks_[handle >> kOffsetBits].get() + (handle & ((std::uint32_t{1} << kOffsetBits) - 1));
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(*place++);
    length |= static_cast<std::size_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      break;
    }
  }
  return {place, length};
}

char* TextStore::make_room(std::size_t bytes, TextHandle* handle) {
  if (chunk_bytes_ - chunk_used_ < bytes) {
    if (chunks_.size() >= kChunksMax) {
      return nullptr;
    }
    const std::size_t regular =
        std::min(kChunkBytesMax, std::max(kChunkBytesMin, 2 * chunk_bytes_));
    // Handle 0 is the empty text: the first byte of all is nobody's.
    chunk_used_ = chunks_.empty() ? 1 : 0;
    chunk_bytes_ = std::max(regular, chunk_used_ + bytes);
    chunks_.push_back(std::unique_ptr<char[]>(new char[chunk_bytes_]));
    text_bytes_ += chunk_bytes_;
  }
  *handle = static_cast<TextHandle>((chunks_.size() - 1) << kOffsetBits | chunk_used_);
  char* const place = chunks_.back().get() + chunk_used_;
  chunk_used_ += bytes;
  return place;
}

std::size_t TextStore::index_bytes() const {
  return index_.memory_bytes() + chunks_.capacity() * sizeof(chunks_[0]);
}

}  // namespace spoor
