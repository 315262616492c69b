// The bus of a replay: out of the state that it commits to, or out of memory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/bus_session.h"
#include "cli/stateful_replay.h"
#include "engine/state/finding_store.h"
#include "engine/state/memory_state.h"

namespace spoor {

class ReplayBus {
 public:
  /// Null without --publish. `state`: or null; must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<ReplayBus>> open(const ReplayOptions& options,
                                                               StatefulReplay* state);

  /// What a replay without state found. With state everything is told as it is committed.
  void publish(const std::vector<Finding>& findings, const std::vector<std::string>& payloads);

  /// Waits for those who listen. `has_news`: this replay has told something.
  void finish(bool has_news);

 private:
  ReplayBus(const ReplayOptions& options, StatefulReplay* state);
  void committed();

  const ReplayOptions& options_;
  StatefulReplay* state_;
  MemoryState memory_;
  std::optional<FindingStore> findings_;
  std::unique_ptr<BusServer> server_;
  std::optional<std::chrono::nanoseconds> gaps_told_at_;
};

}  // namespace spoor
