#include "cli/run_settings.h"

#include <unistd.h>

#include "cli/log.h"
#include "cli/settings_file.h"

namespace spoor {

std::optional<RunConfig> read_run_settings(const std::string& path,
                                           const std::vector<std::string>& set) {
  std::vector<ConfigOverride> overrides = overrides_of_environment(environ);
  for (const std::string& text : set) {
    Result<ConfigOverride> change = parse_override(text);
    if (!change) {
      log_error("--set: " + change.error().message);
      return std::nullopt;
    }
    overrides.push_back(std::move(*change));
  }
  return read_settings<RunConfig>(
      path, false, [&overrides](const std::string& file, std::vector<Diagnostic>& problems) {
        return load_run_config(file, problems, overrides);
      });
}

}  // namespace spoor
