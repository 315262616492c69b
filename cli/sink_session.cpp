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

}  // namespace spoor
