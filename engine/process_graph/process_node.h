// What the graph keeps of one process, in one cache line, and the slab of them.
// Private to this folder.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "engine/base/huge_pages.h"
#include "engine/base/prefetch.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/process_graph/process_graph.h"
#include "engine/process_graph/text_store.h"

namespace spoor {

/// Indices within a node have 21 bits: twice kProcessesPerHostMax, for when two graphs become one.
inline constexpr std::uint32_t kNilNode = (std::uint32_t{1} << 21U) - 1;

/// Whose identity a key is. The Windows log names processes by Sysmon's guid, if at all.
enum class Vendor : std::uint8_t {
  unknown,
  microsoft,
  crowdstrike,
  sentinelone,
  /// No vendor's: a parent named by pid, start and image alone (docs/decisions/0045).
  named_only
};

[[nodiscard]] constexpr Vendor vendor_of(Source source) {
  switch (source) {
    case Source::crowdstrike: return Vendor::crowdstrike;
    case Source::sentinelone: return Vendor::sentinelone;
    case Source::sysmon:
    case Source::windows: break;
  }
  return Vendor::microsoft;
}

/// Microseconds since 1970 in 52 bits, to the year 2112; 0: unknown. Vendors give milliseconds.
/// What lies outside is held at the bound. Rounds down, so the order of times stays.
[[nodiscard]] constexpr std::uint64_t to_node_time(Timestamp time) {
  constexpr Timestamp kMax = (Timestamp{1} << 52U) - 1;
  return time == 0 ? 0 : static_cast<std::uint64_t>(std::clamp<Timestamp>(time / 1000, 1, kMax));
}

[[nodiscard]] constexpr Timestamp from_node_time(std::uint64_t time) {
  return static_cast<Timestamp>(time) * 1000;
}

/// Whole seconds in 32 bits, to the year 2106.
[[nodiscard]] constexpr std::uint32_t to_seconds(Timestamp time) {
  return static_cast<std::uint32_t>(
      std::clamp<Timestamp>(time / kNanosPerSecond, 0, Timestamp{0xFFFFFFFF}));
}

/// ClaimRank::none in two bits.
inline constexpr unsigned kNoRank = 3;

// What goes into a field of so many bits is masked, so that the compiler sees that it fits.
inline constexpr std::uint32_t kNodeBits = kNilNode;
inline constexpr unsigned kRankBits = 3;
inline constexpr unsigned kVendorBits = 7;
inline constexpr std::uint64_t kTimeBits = (std::uint64_t{1} << 52U) - 1;

struct alignas(64) ProcessNode {
  Uid key;

  std::uint64_t start : 52 = 0;
  std::uint64_t start_rank : 2 = kNoRank;
  std::uint64_t pid_rank : 2 = kNoRank;
  std::uint64_t parent_rank : 2 = kNoRank;
  std::uint64_t uid_rank : 2 = kNoRank;
  std::uint64_t image_rank : 2 = kNoRank;
  std::uint64_t is_used : 1 = 0;       ///< false: forgotten, or never taken.
  std::uint64_t is_tombstone : 1 = 0;  ///< Forgotten, but something below it is not.

  std::uint64_t end : 52 = 0;  ///< By its own end event.
  std::uint64_t command_line_rank : 2 = kNoRank;
  std::uint64_t user_rank : 2 = kNoRank;
  std::uint64_t start_seen : 1 = 0;
  std::uint64_t claimed_by_child : 1 = 0;
  std::uint64_t took_part : 1 = 0;
  std::uint64_t is_queued : 1 = 0;   ///< Among those whose end is known, to be looked at.
  std::uint64_t is_grouped : 1 = 0;  ///< Has a twin of another vendor.
  std::uint64_t vendor : 3 = 0;

  // Children and processes of one pid are lists. Leaving one walks it: only a better claim about a
  // parent or pid makes a process leave; those forgotten stay, unused, until the next sweep.
  std::uint64_t parent : 21 = kNilNode;
  std::uint64_t first_child : 21 = kNilNode;
  std::uint64_t next_sibling : 21 = kNilNode;

  std::uint64_t next_with_pid : 21 = kNilNode;
  std::uint64_t profile : 21 = 0;  ///< Row of image, user, …
  std::uint64_t claims : 21 = 0;   ///< Row of what it says of its parent.

  std::uint32_t pid = 0;
  std::uint32_t last_seen = 0;  ///< Seconds; the latest event that named it.
  TextHandle vendor_uid = 0;
  TextHandle command_line = 0;
};

static_assert(sizeof(ProcessNode) == 64);

[[nodiscard]] inline bool is_named_only(const ProcessNode& node) {
  return node.vendor == static_cast<unsigned>(Vendor::named_only);
}

/// Nodes that never move. Places of forgotten ones are given again after `rebuild_free`.
class NodeSlab {
 public:
  [[nodiscard]] ProcessNode& operator[](std::uint32_t index) {
    return chunks_[index / kChunk]->nodes[index % kChunk];
  }

  [[nodiscard]] const ProcessNode& operator[](std::uint32_t index) const {
    return chunks_[index / kChunk]->nodes[index % kChunk];
  }

  void prefetch(std::uint32_t index) const {
    const auto& chunk = chunks_[index / kChunk];
    if (chunk != nullptr) {
      prefetch_line(&chunk->nodes[index % kChunk]);
    }
  }

  [[nodiscard]] bool is_used(std::uint32_t index) const {
    return index < places_ && chunks_[index / kChunk] != nullptr && (*this)[index].is_used != 0;
  }

  /// One more than the greatest index ever in use since the last rebuild_free().
  [[nodiscard]] std::uint32_t places() const { return places_; }

  /// A fresh node, in use; kNilNode if no index is left.
  std::uint32_t take() {
    std::uint32_t index = places_;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else if (places_ == kNilNode) {
      return kNilNode;
    } else {
      ++places_;
    }
    if (index / kChunk >= chunks_.size()) {
      if (chunks_.size() == chunks_.capacity()) {
        chunks_.reserve(chunks_.size() + chunks_.size() / 4 + 1);
      }
      chunks_.emplace_back();
    }
    if (chunks_[index / kChunk] == nullptr) {
      chunks_[index / kChunk] = std::make_unique<Chunk>();
    }
    ProcessNode& node = (*this)[index];
    node = ProcessNode{};
    node.is_used = 1;
    return index;
  }

  /// The node of that index, which is less than kNilNode: a fresh one, in use. For who restores
  /// what was; rebuild_free() must follow.
  ProcessNode& put(std::uint32_t index) {
    places_ = std::max(places_, index + 1);
    if (index / kChunk >= chunks_.size()) {
      chunks_.resize(index / kChunk + 1);
    }
    if (chunks_[index / kChunk] == nullptr) {
      chunks_[index / kChunk] = std::make_unique<Chunk>();
    }
    ProcessNode& node = (*this)[index];
    node = ProcessNode{};
    node.is_used = 1;
    return node;
  }

  /// Calls `look(index, node)` for each node in use.
  template <typename Look>
  void for_each(Look look) {
    for (std::uint32_t index = 0; index < places_; ++index) {
      if (is_used(index)) {
        look(index, (*this)[index]);
      }
    }
  }

  template <typename Look>
  void for_each(Look look) const {
    for (std::uint32_t index = 0; index < places_; ++index) {
      if (is_used(index)) {
        look(index, (*this)[index]);
      }
    }
  }

  /// Frees chunks without a node in use, and gives unused places to take() again, least first.
  void rebuild_free() {
    std::uint32_t bound = 0;
    for_each([&bound](std::uint32_t index, const ProcessNode& /*node*/) { bound = index + 1; });
    places_ = bound;
    chunks_.resize((places_ + kChunk - 1) / kChunk);
    chunks_.shrink_to_fit();
    free_.clear();
    for (std::size_t chunk = chunks_.size(); chunk-- > 0;) {
      bool is_needed = false;
      for (std::uint32_t i = kChunk; i-- > 0;) {
        const auto index = static_cast<std::uint32_t>(chunk * kChunk + i);
        if (is_used(index)) {
          is_needed = true;
        } else if (index < places_) {
          free_.push_back(index);
        }
      }
      if (!is_needed) {
        chunks_[chunk].reset();
      }
    }
    free_.shrink_to_fit();
  }

  [[nodiscard]] std::size_t memory_bytes() const {
    std::size_t bytes =
        (chunks_.capacity() > kChunksInside ? chunks_.capacity() * sizeof(chunks_[0]) : 0) +
        free_.capacity() * sizeof(free_[0]);
    for (const auto& chunk : chunks_) {
      bytes += chunk == nullptr ? 0 : sizeof(Chunk);
    }
    return bytes;
  }

 private:
  static constexpr std::uint32_t kChunk = 64;
  /// So many lie beside the rest, one hop less away: those of most hosts.
  static constexpr std::size_t kChunksInside = 16;

  struct Chunk : OnHugePages<Chunk> {
    std::array<ProcessNode, kChunk> nodes;
  };

  boost::container::small_vector<std::unique_ptr<Chunk>, kChunksInside> chunks_;
  std::uint32_t places_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace spoor
