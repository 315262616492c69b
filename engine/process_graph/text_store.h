// Texts of a graph, each kept once, behind handles of 32 bits.
//
// A text costs its bytes, one to three for its length and, if it is interned, some seven of the
// index. There is no way to drop one: when much has become idle the graph makes a new store of what
// it still names (ProcessGraph::Store::sweep), which also frees what nobody counted.
// Private to this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/process_graph/slot_table.h"

namespace spoor {

/// 0: the empty text.
using TextHandle = std::uint32_t;

class TextStore {
 public:
  /// The handle of an equal text, made if there is none yet. 0 if the store is full.
  TextHandle intern(std::string_view text);
  /// A text of its own, that no other is compared with: for what occurs once.
  TextHandle keep(std::string_view text);

  /// Valid as long as the store.
  [[nodiscard]] std::string_view view(TextHandle handle) const;

  /// Texts that found no room: beyond 2 GiB or so of one host.
  [[nodiscard]] std::size_t refused() const { return refused_; }

  /// Bytes held for the texts themselves.
  [[nodiscard]] std::size_t text_bytes() const { return text_bytes_; }

  /// Bytes held to find them again.
  [[nodiscard]] std::size_t index_bytes() const;

 private:
  static constexpr unsigned kOffsetBits = 14;
  static constexpr std::size_t kChunkBytesMin = 1024;
  static constexpr std::size_t kChunkBytesMax = std::size_t{1} << kOffsetBits;
  static constexpr std::size_t kChunksMax = std::size_t{1} << (32 - kOffsetBits);

  /// Room for `bytes` in one piece; null if there is none.
  char* make_room(std::size_t bytes, TextHandle* handle);

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_bytes_ = 0;  ///< Of the last chunk.
  std::size_t chunk_used_ = 0;
  std::size_t text_bytes_ = 0;
  std::size_t refused_ = 0;
  SlotTable index_;
};

}  // namespace spoor
