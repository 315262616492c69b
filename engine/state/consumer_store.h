// How far durable consumers of findings have come: what a playbook that was away goes on from.
//
// A consumer's cursor is the last sequence number that it acknowledged. It only moves forward, and
// holds nothing back: findings grow too old without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"

namespace spoor {

/// Of clients. What the engine itself consumes is beside them.
inline constexpr std::size_t kConsumersMax = 1'000;
/// So the names of the engine's own begin: no client has one.
inline constexpr std::string_view kEngineConsumers = "sink.";
inline constexpr std::size_t kConsumerNameMax = 64;

struct Consumer {
  std::uint64_t cursor = 0;  ///< 0: nothing acknowledged.
  std::string owner;         ///< The client that named it first; empty where clients have no names.
  Timestamp seen = 0;        ///< When it last said something.
};

/// 1 to 64 of A–Z a–z 0–9 . _ -
[[nodiscard]] bool is_consumer_name(std::string_view name);

/// Not thread-safe. Every change is in the state when the call returns.
class ConsumerStore {
 public:
  /// Reads what is there; passes over damaged rows: such a consumer begins anew. Both must outlive
  /// it.
  ConsumerStore(const StateSource& source, StateAside& aside);

  [[nodiscard]] const Consumer* find(std::string_view name) const;

  /// The consumer, made if it is not known. Fails with limit if it is a client's and there are too
  /// many of them, with bad_usage if the name is none.
  [[nodiscard]] Result<Consumer> greet(std::string_view name,
                                       std::string_view owner,
                                       Timestamp now);

  /// Moves the cursor forward; where it stands then.
  [[nodiscard]] Result<std::uint64_t> acknowledge(std::string_view name,
                                                  std::uint64_t sequence,
                                                  Timestamp now);

  /// Was it known?
  [[nodiscard]] Result<bool> forget(std::string_view name);

  using Consumers = std::map<std::string, Consumer, std::less<>>;

  [[nodiscard]] const Consumers& all() const { return consumers_; }

 private:
  [[nodiscard]] std::size_t of_clients() const;
  [[nodiscard]] Result<void> save(std::string_view name, const Consumer& consumer);

  StateAside& aside_;
  Consumers consumers_;
};

}  // namespace spoor
