// Made-up days of a few hosts: processes that start one another, look names up and end, as Sysmon,
// CrowdStrike or both tell of it, or SentinelOne. Small, so that much coincides: pids are reused,
// starts are missing, times are equal.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/correlation/watermark.h"
#include "engine/event/event.h"

namespace spoor::test {

struct HistoryRecord {
  Timestamp time = 0;
  Source source = Source::sysmon;
  std::string text;  ///< With the padding that the parser reads into.

  /// The record itself.
  [[nodiscard]] std::string_view record() const;
};

struct HistoryOptions {
  std::size_t hosts = 2;
  std::size_t processes = 8;  ///< Of a host, at most.
  std::size_t lookups = 6;    ///< Of a process, at most.
  bool both_vendors = false;  ///< Processes are told of by both; else by one of them each host.
  /// By SentinelOne alone, as on macOS: starts do not tell the parent, other events mostly name it
  /// by pid, start and image.
  bool sentinelone = false;
  /// By the Security log, which tells starts and ends by pid alone, and PowerShell; half of the
  /// hosts by Sysmon, too.
  bool security = false;
  std::size_t scripts = 0;   ///< PowerShell's script blocks of a host, which name a bare pid.
  std::int64_t stretch = 1;  ///< So many times two minutes; an hour at most.
};

/// In the order of time. The same for the same seed and options. Images are `p0.exe` to `p3.exe`,
/// names looked up `a.test` to `d.test`, within two minutes of 2023-03-22T10:00:00Z.
[[nodiscard]] std::vector<HistoryRecord> make_history(std::uint64_t seed,
                                                      const HistoryOptions& options = {});

/// Another order, with a third of the records twice. With a lateness no record comes later than its
/// source may, else it is any order at all.
[[nodiscard]] std::vector<HistoryRecord> rearranged(const std::vector<HistoryRecord>& records,
                                                    const std::optional<Lateness>& lateness,
                                                    std::mt19937_64& random);

}  // namespace spoor::test
