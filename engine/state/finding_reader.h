// The findings told so far, every revision, under sequence numbers without gaps, as a reader finds
// them that was away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

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

/// The numbers that were given.
struct FindingHeads {
  std::uint64_t head = 0;                                    ///< The last one; 0: none yet.
  std::uint64_t tail = 1;                                    ///< The oldest that is kept.
  std::uint64_t bytes = 0;                                   ///< What is kept.
  std::map<std::string, std::uint64_t, std::less<>> levels;  ///< The last one of each level.
};

/// Sees what was committed, in any thread that the source lets read.
class FindingReader {
 public:
  /// Must outlive it.
  explicit FindingReader(const StateSource& source) : source_(source) {}

  /// As they are now. Fails with bad_state if the row is damaged.
  [[nodiscard]] Result<FindingHeads> heads() const;

  /// Calls `look` for those from that number on, ascending, until it says false. Fails with
  /// bad_state if a row is damaged.
  using Look = std::function<bool(const StoredFinding&)>;
  [[nodiscard]] Result<void> for_each(std::uint64_t from, const Look& look) const;

  /// The last revision of a finding, if it is kept.
  [[nodiscard]] Result<std::optional<StoredFinding>> latest(const Uid& uid) const;

 private:
  const StateSource& source_;
};

}  // namespace spoor
