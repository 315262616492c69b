// The sinks of a command: started one by one, and told of commits together.
#pragma once

#include <memory>
#include <vector>

#include "cli/sink_settings.h"
#include "engine/base/state_io.h"
#include "engine/sink/sink.h"

namespace spoor {

using SinkRunners = std::vector<std::unique_ptr<SinkRunner>>;

/// Starts them on the findings of a state, which must outlive them. Warnings go to the log.
[[nodiscard]] Result<SinkRunners> start_sinks(const SinkConfigs& configs,
                                              const StateSource& source,
                                              StateAside& aside);

/// Reads the secrets of sinks again, for what they send from now on. Where a file is wrong, what
/// its sink had stays, and the log says why. False then. `configs`: what they were started with.
[[nodiscard]] bool reload_sinks(const SinkConfigs& configs, const SinkRunners& sinks);

}  // namespace spoor
