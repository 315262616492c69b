// What `spoor run` has to tell of its engine at /metrics. docs/operations.md names all of it.
#pragma once

#include <chrono>
#include <cstdint>

#include "cli/live_dead_letters.h"
#include "cli/live_rules.h"
#include "cli/metrics.h"
#include "cli/run_config.h"
#include "cli/sink_session.h"
#include "engine/bus/server.h"
#include "engine/pipeline.h"
#include "ingest/live_engine.h"
#include "ingest/queue.h"

namespace spoor {

/// Times that certificates, tokens and secrets were read again.
struct CredentialReloads {
  std::uint64_t adopted = 0;
  std::uint64_t failed = 0;  ///< Some of them were wrong.
};

/// The parts of a run, in the thread that runs them.
struct LiveParts {
  const RunConfig& config;
  const LiveEngine& engine;
  const Pipeline& pipeline;
  const LiveRules& rules;
  const IngestQueue& queue;
  const BusServer* bus;  ///< Null: there is none.
  const SinkRunners& sinks;
  const LiveDeadLetters* dead_letters;  ///< Null: they are not kept.
  const CredentialReloads& credential_reloads;
  bool state_is_full;        ///< The disk that it is on.
  std::uint64_t times_full;  ///< How often it came to that.
};

/// O(hosts + rules). Labels are names of the configuration, ids of rules and kinds that the program
/// has; never a host or a process, of which there may be any number.
void write_live_metrics(const LiveParts& parts, std::chrono::nanoseconds uptime, MetricsText& text);

}  // namespace spoor
