// Files that say how a command works, beside its rules: placeholders, names of hosts.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/log.h"
#include "cli/rules.h"
#include "engine/base/result.h"
#include "engine/rule/diagnostic.h"

namespace spoor {

/// What the file says, as `load(path, problems)` reads it; without a path what holds by default.
/// Nothing if it cannot be used: that was said, and the exit code is exit_usage.
template <typename Settings, typename Load>
std::optional<Settings> read_settings(const std::string& path, bool quiet, const Load& load) {
  if (path.empty()) {
    return Settings{};
  }
  std::vector<Diagnostic> problems;
  Result<Settings> read = load(path, problems);
  if (!read) {
    log_error(read.error().message);
    return std::nullopt;
  }
  if (print_diagnostics(problems, quiet) > 0) {
    return std::nullopt;
  }
  return std::move(*read);
}

}  // namespace spoor
