// Single settings of a configuration from elsewhere: the environment, the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rule/document.h"

namespace spoor {

struct ConfigOverride {
  std::string place;    ///< "log.level", "inputs.0.listen"
  std::string value;    ///< YAML: a single value, "[a, b]", "{a: b}"
  std::string written;  ///< As it was written, for messages; ends with the value.
};

/// Of variables SPOOR__LOG__LEVEL=debug: what follows SPOOR__ is the place, in lower case, "__" for
/// its dots. By name. `environment` ends with a null, as environ does.
[[nodiscard]] std::vector<ConfigOverride> overrides_of_environment(const char* const* environment);

/// Of "log.level=debug". Fails with bad_usage if it is none.
[[nodiscard]] Result<ConfigOverride> parse_override(const std::string& text);

/// The lines that stand behind a configuration, so that a mistake is told with its place: one for
/// each.
[[nodiscard]] std::string override_lines(const std::vector<ConfigOverride>& overrides);

/// Puts the values into the document, later ones over earlier ones. `first_line`: the number of the
/// first of override_lines(). What cannot be goes to the desk.
void apply_overrides(YamlNode& document,
                     const std::vector<ConfigOverride>& overrides,
                     std::uint32_t first_line,
                     DiagnosticDesk& desk);

}  // namespace spoor
