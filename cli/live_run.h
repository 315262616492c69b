// What `spoor run` runs: rules, state, engine, bus and sinks, put together. The inputs are not its
// business: they push into queue().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/live_dead_letters.h"
#include "cli/live_metrics.h"
#include "cli/live_rules.h"
#include "cli/metrics.h"
#include "cli/run_config.h"
#include "cli/sink_session.h"
#include "engine/base/clock.h"
#include "engine/bus/server.h"
#include "engine/state/state_store.h"
#include "ingest/live_engine.h"
#include "ingest/queue.h"

namespace spoor {

/// What others may ask of a run, from any thread.
class LiveStatus {
 public:
  /// `hindrance`: why nothing is taken in; empty if it is.
  void set(std::string hindrance, std::string metrics) {
    const std::lock_guard lock(mutex_);
    hindrance_ = std::move(hindrance);
    metrics_ = std::move(metrics);
  }

  /// Why nothing is taken in; empty if it is.
  [[nodiscard]] std::string hindrance() const {
    const std::lock_guard lock(mutex_);
    return hindrance_;
  }

  [[nodiscard]] std::string metrics() const {
    const std::lock_guard lock(mutex_);
    return metrics_;
  }

 private:
  mutable std::mutex mutex_;
  std::string hindrance_ = "it starts";
  std::string metrics_;
};

class LiveRun {
 public:
  /// Loads and opens everything. The error's code says what the program ends with
  /// (run_exit_code()).
  [[nodiscard]] static Result<std::unique_ptr<LiveRun>> open(const RunConfig& config);
  ~LiveRun();
  LiveRun(const LiveRun&) = delete;
  LiveRun& operator=(const LiveRun&) = delete;

  [[nodiscard]] IngestQueue& queue() { return queue_; }

  [[nodiscard]] const StateSource& state() const { return *store_; }

  [[nodiscard]] LiveStatus& status() { return status_; }

  /// Called for each /metrics, in the thread of run(): what others have to tell.
  void on_metrics(std::function<void(MetricsText&)> call) { more_metrics_ = std::move(call); }

  /// Called by run() on SIGHUP, before the rules are read again: reads again what proves who others
  /// are. False: some of it is wrong. To be set before run().
  void on_hangup(std::function<bool()> call) { on_hangup_ = std::move(call); }

  /// Takes what comes until a signal asks to stop; then the queue must be closed, and drain()ed.
  /// Takes nothing while the disk of the state is full. Fails with io if the state cannot be
  /// written for another reason, or is to stop while the disk is full.
  [[nodiscard]] Result<void> run();

  /// No input takes anything more: takes what they have handed over, or are about to, and commits.
  [[nodiscard]] Result<void> drain();

 private:
  explicit LiveRun(const RunConfig& config);
  [[nodiscard]] Result<void> open_all();
  [[nodiscard]] Result<void> open_dead_letters();
  [[nodiscard]] Result<void> open_recorder();
  [[nodiscard]] Result<void> open_outlets();
  void committed();
  void tick();
  void tick_if_due();
  /// Within a large batch.
  void pause();
  void hang_up();
  void take_dead_letter(const Error& error,
                        std::string_view record,
                        const RecordPosition& position);
  /// Writes those that wait; says in the log what has come since it was last called.
  void tell_dead_letters();
  /// Takes nothing in while the disk of the state is full.
  void look_at_disk();
  /// The engine waits for room on it. Is it to go on waiting?
  [[nodiscard]] bool goes_on_waiting();
  void publish_status(std::string_view hindrance = "");
  [[nodiscard]] std::string metrics() const;

  const RunConfig& config_;
  const Clock& clock_;
  std::optional<LiveRules> rules_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<LiveDeadLetters> letters_;  ///< Null: they are not kept.
  std::unique_ptr<Pipeline> pipeline_;
  IngestQueue queue_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<LiveEngine> engine_;
  std::unique_ptr<BusServer> bus_;
  SinkRunners sinks_;
  LiveStatus status_;
  std::function<void(MetricsText&)> more_metrics_;
  std::function<bool()> on_hangup_;
  CredentialReloads credential_reloads_;
  bool is_full_ = false;  ///< The disk of the state, when it was last looked at.
  std::uint64_t times_full_ = 0;
  std::chrono::nanoseconds started_at_{0};
  std::chrono::nanoseconds ticked_at_{0};
  std::uint64_t dead_letters_told_ = 0;
  std::uint64_t letters_lost_told_ = 0;
  bool letters_are_stuck_ = false;
};

/// What the program ends with if that went wrong.
[[nodiscard]] int run_exit_code(const Error& error);

}  // namespace spoor
