// What an engine did not see, or forgot before its time: findings may be missing that it would have
// made. On the bus as gap.<kind> (docs/bus-protocol.md).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/pipeline.h"

namespace spoor {

/// Kind and how often it came to it, of all kinds, by name. Totals grow only, restarts included
/// where the state keeps them. O(hosts).
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> coverage_gaps(
    const Pipeline& pipeline);

}  // namespace spoor
