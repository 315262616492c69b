// Loads the rules a command asks for and tells their author what is wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/rule/load.h"

namespace spoor {

/// Loads `paths`, or the bundled detections if there are none, and prints every diagnostic to
/// stderr (warnings not if `quiet`). Empty if nothing could be loaded or, with `strict`, if
/// anything was refused: exit with exit_usage.
[[nodiscard]] std::optional<LoadedRules> load_rules_for_command(
    const std::vector<std::string>& paths,
    bool strict,
    bool quiet,
    const LoadOptions& options = {});

/// Prints diagnostics to stderr; returns the number of errors among them.
std::size_t print_diagnostics(const std::vector<Diagnostic>& diagnostics, bool quiet);

}  // namespace spoor
