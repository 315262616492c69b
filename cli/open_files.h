// How many files and connections the program may have open at once.
#pragma once

#include <cstdint>

#include "cli/run_config.h"

namespace spoor {

/// What `spoor run` may need with this configuration: each input's connections, the state, and some
/// more.
[[nodiscard]] std::uint64_t open_files_wanted(const RunConfig& config);

/// Raises the limit (RLIMIT_NOFILE) as far as the system lets us, and warns if that is not enough.
void raise_open_files(std::uint64_t wanted);

}  // namespace spoor
