#include "cli/sink_session.h"

#include <utility>

#include "cli/log.h"
#include "engine/base/clock.h"

namespace spoor {

Result<SinkRunners> start_sinks(const SinkConfigs& configs,
                                const StateSource& source,
                                StateAside& aside) {
  SinkRunners runners;
  for (const SinkConfig& config : configs) {
    Result<std::unique_ptr<SinkRunner>> runner =
        SinkRunner::start(config, {.source = source,
                                   .aside = aside,
                                   .clock = system_clock(),
                                   .warn = [](const std::string& what) { log_warning(what); }});
    if (!runner) {
      return tl::unexpected<Error>(runner.error());
    }
    runners.push_back(std::move(*runner));
  }
  return runners;
}

bool reload_sinks(const SinkConfigs& configs, const SinkRunners& sinks) {
  bool all_are_right = true;
  bool has_any = false;
  for (std::size_t i = 0; i < configs.size(); ++i) {
    if (configs[i].secret_file.empty() && configs[i].authorization_file.empty() &&
        configs[i].url_file.empty()) {
      continue;
    }
    has_any = true;
    Result<SinkCredentials> again = read_sink_credentials(configs[i]);
    if (again) {
      sinks[i]->set_credentials(std::move(*again));
    } else {
      log_error("sink " + configs[i].name + ": what it had stays: " + again.error().message);
      all_are_right = false;
    }
  }
  if (has_any && all_are_right) {
    log_info("secrets of sinks are read again");
  }
  return all_are_right;
}

}  // namespace spoor
