// Answers requests for findings that were missed, and keeps how far consumers have come: what the
// replay socket says (docs/bus-protocol.md §2), without the socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/bus/message.h"
#include "engine/state/consumer_store.h"
#include "engine/state/finding_reader.h"

namespace spoor {

inline constexpr std::size_t kReplayMessagesMax = 1'000;   ///< In one answer.
inline constexpr std::size_t kReplayBytesMax = 1U << 20U;  ///< In one answer, and one message.
inline constexpr std::size_t kRequestBytesMax = 64U << 10U;

/// Who asks.
struct BusClient {
  std::string name;  ///< By its key; empty where clients have none.
  bool may_replay = true;
  bool is_admin = true;
};

struct ReplayCounters {
  std::uint64_t requests = 0;
  std::uint64_t refused = 0;   ///< Answered with an error.
  std::uint64_t replayed = 0;  ///< Findings given again.
};

class ReplayService {
 public:
  /// All must outlive it.
  ReplayService(BusIdentity identity,
                const StateSource& source,
                StateAside& aside,
                const Clock& clock);

  /// Findings up to this number may be given, and what heartbeats say of it.
  void set_heads(BusHeads heads) { heads_ = std::move(heads); }

  /// More counters for STATS: name and value.
  using Counters = std::vector<std::pair<std::string, std::uint64_t>>;

  /// The frames of the answer, of at least two: "OK" or "ERROR", and a header. `frames`: command
  /// and arguments. Never fails: what is wrong with a request stands in the answer. O(what is
  /// given, and what was looked at: at most so many findings in one answer).
  [[nodiscard]] std::vector<std::string> answer(const std::vector<std::string_view>& frames,
                                                const BusClient& client,
                                                const Counters& more = {});

  [[nodiscard]] const ReplayCounters& counters() const { return counters_; }

  /// How far the last of the consumers has come that asked something here; nothing if none did.
  [[nodiscard]] std::optional<std::uint64_t> least_cursor() const;

 private:
  struct Request;
  struct Refusal;
  class Answer;
  using Outcome = std::optional<Refusal>;

  static Outcome read_arguments(const std::vector<std::string_view>& frames, Request& request);
  Outcome dispatch(const Request& request, Answer& answer);
  Outcome hello(const Request& request, Answer& answer);
  Outcome head(const Request& request, Answer& answer);
  Outcome replay(const Request& request, Answer& answer);
  Outcome acknowledge(const Request& request, Answer& answer);
  Outcome list_consumers(const Request& request, Answer& answer);
  Outcome forget(const Request& request, Answer& answer);
  Outcome tell_counters(const Request& request, Answer& answer);
  Outcome own(const Request& request, const std::string& name) const;

  BusIdentity identity_;
  const StateSource& source_;
  StateAside& aside_;
  FindingReader reader_;
  ConsumerStore consumers_;
  const Clock& clock_;
  BusHeads heads_;
  ReplayCounters counters_;
  std::set<std::string, std::less<>> heard_;  ///< Consumers that asked something here.
};

}  // namespace spoor
