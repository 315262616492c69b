// How findings lie in the state: what the reader and the store of findings share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/state/finding_reader.h"

namespace spoor {

[[nodiscard]] std::string finding_key(std::uint64_t sequence);
[[nodiscard]] std::string finding_index_key(const Uid& uid);
[[nodiscard]] std::string forgotten_finding_key(std::uint64_t sequence);

/// Nothing if the bytes are damaged.
[[nodiscard]] std::optional<StoredFinding> read_finding_row(std::string_view key,
                                                            std::string_view bytes);

[[nodiscard]] std::string heads_row(const FindingHeads& heads);
/// Nothing if the bytes are damaged.
[[nodiscard]] std::optional<FindingHeads> read_heads_row(std::string_view bytes);

}  // namespace spoor
