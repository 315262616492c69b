// The inputs of `spoor run`, and what it tells of itself by HTTP.
#pragma once

#include <memory>

#include "cli/live_run.h"
#include "cli/metrics.h"
#include "cli/run_config.h"
#include "engine/base/result.h"
#include "ingest/queue.h"

namespace spoor {

class LiveInputs {
 public:
  /// Opens all of them, and says where they listen and what a sender can rely on. `state`: how far
  /// those that can go back were read; all must outlive it. Fails with
  /// insecure_listener, bad_usage (certificates, keys, tokens) or bus (an address in use).
  [[nodiscard]] static Result<std::unique_ptr<LiveInputs>> start(const RunConfig& config,
                                                                 IngestQueue& queue,
                                                                 const StateSource& state,
                                                                 const LiveStatus& status);
  /// What start() would refuse before it opens anything: listeners that are not secure,
  /// certificates, keys, files of tokens, folders.
  [[nodiscard]] static Result<void> check(const RunConfig& config);

  ~LiveInputs();
  LiveInputs(const LiveInputs&) = delete;
  LiveInputs& operator=(const LiveInputs&) = delete;

  /// Reads certificates and tokens again, for connections and requests from now on. Where something
  /// is wrong with them the old ones stay. Says in the log what came of it. False: something is
  /// wrong.
  bool reload();

  /// What each of them counted. From any thread.
  void write_metrics(MetricsText& text) const;

  /// Takes nothing more. Senders are answered as long as this lives.
  void stop();

 private:
  struct Impl;
  explicit LiveInputs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
