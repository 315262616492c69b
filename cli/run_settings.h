// The configuration of `spoor run`: the file, and over it the environment and the command line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/run_config.h"

namespace spoor {

/// `set`: "log.level=debug". Nothing if it cannot be used: that was said, and the exit code is
/// exit_usage.
[[nodiscard]] std::optional<RunConfig> read_run_settings(const std::string& path,
                                                         const std::vector<std::string>& set);

}  // namespace spoor
