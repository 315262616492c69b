// Where a replay's findings go beside its output: the bus, and sinks. Out of the state that it
// commits to, or out of memory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/bus_session.h"
#include "cli/sink_session.h"
#include "cli/stateful_replay.h"
#include "engine/state/finding_store.h"
#include "engine/state/memory_state.h"

namespace spoor {

class ReplayDelivery {
 public:
  ~ReplayDelivery();
  ReplayDelivery(const ReplayDelivery&) = delete;
  ReplayDelivery& operator=(const ReplayDelivery&) = delete;

  /// Null if nothing goes anywhere. `state`: or null; must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<ReplayDelivery>> open(const ReplayOptions& options,
                                                                    const SinkConfigs& sinks,
                                                                    StatefulReplay* state);

  /// What a replay without state found. With state everything is told as it is committed.
  void publish(const std::vector<Finding>& findings, const std::vector<std::string>& payloads);

  /// Waits for those who listen, and for sinks.
  void finish();

 private:
  ReplayDelivery(const ReplayOptions& options, StatefulReplay* state);
  void tell_gaps();
  [[nodiscard]] Result<void> open_store();
  [[nodiscard]] Result<void> start_bus_on(const StateSource& source, StateAside& aside);
  void committed();
  void wait_for_sinks() const;

  const ReplayOptions& options_;
  StatefulReplay* state_;
  MemoryState memory_;
  std::optional<FindingStore> findings_;
  std::uint64_t told_before_ = 0;  ///< The last number that earlier replays gave.
  std::unique_ptr<BusServer> bus_;
  SinkRunners sinks_;
  std::optional<std::chrono::nanoseconds> gaps_told_at_;
};

}  // namespace spoor
