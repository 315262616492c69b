// What `spoor run` refuses before it opens anything: `spoor config check` says it too.
#pragma once

#include "cli/host_aliases.h"
#include "cli/live_rules.h"
#include "cli/run_config.h"
#include "engine/base/result.h"

namespace spoor {

/// Of addresses, and of the files that the configuration names, other than rules: reads and makes
/// nothing that is not there. Fails with insecure_listener or bad_usage.
[[nodiscard]] Result<void> check_run_config(const RunConfig& config);

/// What the engine knows when it starts.
struct LiveKnowledge {
  LiveRules rules;
  HostAliases aliases;
};

/// Reads rules and host aliases. What is wrong with them goes to the log; fails with bad_rule or
/// bad_usage if they cannot be used.
[[nodiscard]] Result<LiveKnowledge> read_live_knowledge(const RunConfig& config);

}  // namespace spoor
