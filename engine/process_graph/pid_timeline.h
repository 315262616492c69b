// Who had one pid, in the order of their starts; and at which times a fact can change whom it
// meant. Private to this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/base/limits.h"

namespace spoor {

/// As a node's times.
inline constexpr std::uint64_t kPidSlack = kClockSlackNs / 1000;
/// Starts of one group lie no further apart: vendors' within the slack of the first, those that are
/// only named within the slack of one of these.
inline constexpr std::uint64_t kGroupReach = 4 * kPidSlack;

/// What is known of one pid, as last asked for: worked out from the facts, and again when one
/// changed. Of one pid only: it is asked many times in a row whom one pid meant.
struct PidTimeline {
  struct Holder {
    std::uint64_t start = 0;       ///< 0: unknown.
    std::uint64_t end = 0;         ///< As it was told; 0: it was not.
    std::uint64_t latest_end = 0;  ///< Of this one and those before it.
    std::uint32_t process = 0;     ///< Canonical.
  };

  struct SeenStart {
    std::uint64_t start = 0;
    std::uint32_t node = 0;
  };

  bool is_valid = false;
  std::uint32_t pid = 0;
  std::vector<Holder> holders;    ///< By start; of equal ones the lesser key last.
  std::vector<SeenStart> starts;  ///< That were seen, by time.

  [[nodiscard]] std::size_t memory_bytes() const {
    return holders.capacity() * sizeof(Holder) + starts.capacity() * sizeof(SeenStart);
  }
};

/// The times at which changed facts of some processes can change whom their pid meant.
struct PidSpan {
  std::uint64_t from = std::numeric_limits<std::uint64_t>::max();  ///< The first start, …
  std::uint64_t last_start = 0;                                    ///< … the last, …
  std::uint64_t last_end = 0;                                      ///< … and the last end.
  bool is_all = false;

  /// One that lived so, before or after the change. A start of 0 is not known: at any time.
  void add(std::uint64_t start, std::uint64_t end) {
    is_all = is_all || start == 0;
    from = std::min(from, start);
    last_start = std::max(last_start, start);
    last_end = std::max(last_end, end);
  }
};

}  // namespace spoor
