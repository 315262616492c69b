// The findings told so far, every revision, under sequence numbers without gaps: what a reader that
// was away fetches, and what `spoor findings` shows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/finding/finding.h"

namespace spoor {

/// One revision of a finding as it was told.
struct StoredFinding {
  std::uint64_t sequence = 0;        ///< From 1 on.
  std::uint64_t level_sequence = 0;  ///< Among those of its level, from 1 on.
  Timestamp stored_at = 0;           ///< By the clock of who stored it.
  Uid uid;
  std::uint32_t revision = 0;
  FindingStatus status = FindingStatus::provisional;
  std::string level;
  std::string rule_id;
  std::string title;
  std::string host_key;
  std::string hostname;
  std::string process_image;  ///< Of what it is about; empty if that is no process.
  std::string process_pid;
  Timestamp first_seen = 0;
  Timestamp last_seen = 0;
  std::size_t evidence_total = 0;
  std::string payload;  ///< OCSF JSON.
};

/// What is kept of them: the newest, so many and so long.
struct FindingRetention {
  Duration age = Duration{30} * 24 * 3'600 * kNanosPerSecond;
  std::uint64_t bytes = std::uint64_t{10} << 30U;
};

class FindingStore {
 public:
  /// Both must outlive it.
  FindingStore(const StateSource& source, StateSink& sink);

  /// Keeps a finding; it counts with the next commit. Its sequence number.
  std::uint64_t add(const Finding& finding, std::string_view payload, Timestamp now);

  /// The number of the last finding; 0: none yet.
  [[nodiscard]] std::uint64_t head() const { return head_; }

  /// Calls `look` for those committed from that number on, ascending, until it says false. Fails
  /// with bad_state if a row is damaged.
  [[nodiscard]] Result<void> for_each(std::uint64_t from,
                                      const std::function<bool(const StoredFinding&)>& look) const;

  /// The last revision of a finding.
  [[nodiscard]] Result<std::optional<StoredFinding>> latest(const Uid& uid) const;

  /// Forgets the oldest that are beyond the bounds. How many. O(forgotten).
  std::size_t forget(const FindingRetention& retention, Timestamp now);

 private:
  void save_heads();

  const StateSource& source_;
  StateSink& sink_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 1;  ///< The oldest that is kept.
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> level_heads_;
};

}  // namespace spoor
