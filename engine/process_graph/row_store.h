// Rows of text handles, each kept once: what many processes have in common is stored for all of
// them. Like TextStore nothing is dropped; the graph makes a new store instead.
// Private to this folder.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/uid.h"
#include "engine/process_graph/slot_table.h"
#include "engine/process_graph/text_store.h"

namespace spoor {

template <std::size_t Width>
class RowStore {
 public:
  using Row = std::array<TextHandle, Width>;

  /// 0: the row of nothing.
  [[nodiscard]] const Row& operator[](std::uint32_t number) const { return rows_[number]; }

  /// 0 if the store is full.
  std::uint32_t intern(const Row& row) {
    if (row == Row{}) {
      return 0;
    }
    const std::uint64_t hash = hash_of(row);
    const std::uint32_t known =
        index_.find(hash, [&](std::uint32_t number) { return rows_[number] == row; });
    if (known != SlotTable::kNone) {
      return known;
    }
    if (rows_.size() >= kRowsMax) {
      ++refused_;
      return 0;
    }
    if (rows_.size() == rows_.capacity()) {
      rows_.reserve(rows_.size() + rows_.size() / 8 + 4);
    }
    const auto number = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back(row);
    index_.insert(hash, number, [this](std::uint32_t other) { return hash_of(rows_[other]); });
    return number;
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// Rows that found no room.
  [[nodiscard]] std::size_t refused() const { return refused_; }

  [[nodiscard]] std::size_t memory_bytes() const {
    return rows_.capacity() * sizeof(Row) + index_.memory_bytes();
  }

 private:
  static constexpr std::size_t kRowsMax = (std::size_t{1} << 21U) - 1;  ///< A node has 21 bits.

  static std::uint64_t hash_of(const Row& row) {
    std::uint64_t hash = table_seed();
    for (const TextHandle handle : row) {
      hash = (hash ^ handle) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 32U;
    }
    return hash;
  }

  std::vector<Row> rows_{Row{}};
  SlotTable index_;
  std::size_t refused_ = 0;
};

}  // namespace spoor
