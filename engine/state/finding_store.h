// Keeps the findings told, under sequence numbers without gaps, for so long.
//
// Which revision of a finding was told last is known for longer: it may come again, and (uid,
// revision) must not be told twice of different contents.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/finding/finding.h"
#include "engine/state/finding_reader.h"

namespace spoor {

/// What is kept of them: the newest, so many and so long.
struct FindingRetention {
  Duration age = Duration{30} * 24 * 3'600 * kNanosPerSecond;
  std::uint64_t bytes = std::uint64_t{10} << 30U;
  /// Which revision was told last: so long, and of those among so many told last.
  Duration told_age = Duration{366} * 24 * 3'600 * kNanosPerSecond;
  std::uint64_t told = 10'000'000;
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

  /// Forgets the oldest that are beyond the bounds, and of those before them, once they are beyond
  /// theirs, that they were told. How many findings. O(forgotten).
  std::size_t forget(const FindingRetention& retention, Timestamp now);

 private:
  FindingStore(const StateSource& source, StateSink& sink, FindingHeads heads);
  void save_heads();
  void note_committed(const FindingHeads& committed);
  /// Is it that of the last revision, committed or not?
  [[nodiscard]] bool is_last(const Uid& uid, std::uint64_t sequence) const;
  /// Of those before the tail that was committed.
  void forget_told(const FindingRetention& retention, Timestamp now, const FindingHeads& committed);

  const StateSource* source_;
  StateSink* sink_;
  FindingHeads heads_;
  std::uint64_t told_tail_ = 1;  ///< Of what is before it nothing is known any more.
  /// The last revisions of those added whose rows may not be committed yet.
  boost::unordered_flat_map<Uid, std::uint64_t, UidHash> added_;
};

}  // namespace spoor
