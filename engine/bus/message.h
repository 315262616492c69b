// What stands in the frames of the bus (docs/bus-protocol.md, version 1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/state/finding_reader.h"

namespace spoor {

inline constexpr unsigned kBusVersion = 1;

/// Whose sequence numbers these are.
struct BusIdentity {
  std::string instance{};   ///< 32 hex digits, given when the state was made.
  std::uint64_t epoch = 1;  ///< How often an engine was started on it.
};

/// "finding.critical.5b0e…".
[[nodiscard]] std::string topic_of(const StoredFinding& finding);

/// The header of a finding, JSON.
[[nodiscard]] std::string finding_header(const BusIdentity& identity, const StoredFinding& finding);

/// Up to where it was published.
struct BusHeads {
  std::uint64_t sequence = 0;
  FindingHeads stored;
  std::uint64_t gaps = 0;
  std::map<std::string, std::uint64_t, std::less<>> gap_totals{};  ///< By kind.
};

/// The header of a heartbeat, JSON.
[[nodiscard]] std::string heartbeat_header(const BusIdentity& identity, const BusHeads& heads);

/// Something was not seen, or forgotten before its time.
struct BusGap {
  std::string kind;         ///< A counter's name: "late_events".
  std::uint64_t count = 0;  ///< Since it was told last.
  std::uint64_t total = 0;  ///< Since the state was made.
};

[[nodiscard]] std::string gap_header(const BusIdentity& identity, std::uint64_t number);
[[nodiscard]] std::string gap_payload(const BusGap& gap);

}  // namespace spoor
