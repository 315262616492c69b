// Keeps the findings told, under sequence numbers without gaps, for so long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/finding/finding.h"
#include "engine/state/finding_reader.h"

namespace spoor {

/// What is kept of them: the newest, so many and so long.
struct FindingRetention {
  Duration age = Duration{30} * 24 * 3'600 * kNanosPerSecond;
  std::uint64_t bytes = std::uint64_t{10} << 30U;
};

class FindingStore {
 public:
  /// Goes on from what the source holds; a damaged row of its numbers makes open() fail with
  /// bad_state. Both must outlive it.
  [[nodiscard]] static Result<FindingStore> open(const StateSource& source, StateSink& sink);

  /// Keeps a finding; it counts with the next commit. Its sequence number.
  std::uint64_t add(const Finding& finding, std::string_view payload, Timestamp now);

  /// The number of the last finding, committed or not; 0: none yet.
  [[nodiscard]] std::uint64_t head() const { return heads_.head; }

  /// Forgets the oldest that are beyond the bounds. How many. O(forgotten).
  std::size_t forget(const FindingRetention& retention, Timestamp now);

 private:
  FindingStore(const StateSource& source, StateSink& sink, FindingHeads heads);
  void save_heads();

  const StateSource* source_;
  StateSink* sink_;
  FindingHeads heads_;
};

}  // namespace spoor
