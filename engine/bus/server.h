// Findings onto ZeroMQ, out of the store that they were committed to, with what it takes that
// nobody misses one (docs/bus-protocol.md).
//
// A thread of its own owns the sockets: whoever makes findings only says that some were committed.
// What subscribers do, or do not do, holds nobody up but themselves.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/bus/message.h"

namespace spoor {

struct BusOptions {
  std::string publish{};       ///< Where findings go out: tcp://127.0.0.1:5556.
  std::string replay{};        ///< Where those missed are asked for; empty: nowhere.
  std::string key_file{};      ///< Secret key of both sockets; empty: no CURVE, loopback only.
  std::string clients_file{};  ///< Who may come (allow_list.h); with a key.
  /// Publishing waits so long for the first subscriber or request, once there is something.
  std::chrono::milliseconds hold{0};
  /// Takes warnings, in the server's thread.
  std::function<void(const std::string&)> warn{};
};

/// What the server serves. All must outlive it, and be fit for use in its thread.
struct BusStore {
  const StateSource& source;
  StateAside& aside;
  BusIdentity identity;
};

/// What has become of it so far.
struct BusStatus {
  std::uint64_t published = 0;  ///< The last number that went out.
  std::uint64_t committed = 0;  ///< The last that was there when it last looked.
  bool is_current = false;      ///< It has looked since the last committed().
  std::uint64_t dropped = 0;    ///< Times that a slow subscriber was passed over.
  std::uint64_t requests = 0;   ///< To the replay socket.
  bool had_subscriber = false;
  bool is_holding = false;  ///< Waits for the first subscriber.
  /// The least cursor of consumers that asked something of this server; `published` if none did.
  std::uint64_t least_cursor = 0;
  bool is_failing = false;  ///< The store cannot be read.
};

class BusServer {
 public:
  /// Opens the sockets and starts the thread. Fails with insecure_listener, bad_usage (keys, list,
  /// addresses), io, or bus (an address in use).
  [[nodiscard]] static Result<std::unique_ptr<BusServer>> start(BusOptions options,
                                                                BusStore store,
                                                                const Clock& clock);
  /// What start() would refuse before it opens anything: addresses, keys, the list.
  [[nodiscard]] static Result<void> check(const BusOptions& options);
  /// Subscribers may take up to 5 s to fetch what waits for them.
  ~BusServer();
  BusServer(const BusServer&) = delete;
  BusServer& operator=(const BusServer&) = delete;

  /// Something was committed. From any thread; does not wait.
  void committed();

  /// How often it has come to each of these, kind and total, as the state keeps it: tells those
  /// that have grown since they were told last, be it by a server before. From any thread; does not
  /// wait.
  void tell_gaps(std::vector<std::pair<std::string, std::uint64_t>> totals);

  /// From any thread.
  [[nodiscard]] BusStatus status() const;

  /// With the port that "tcp://127.0.0.1:*" was given.
  [[nodiscard]] const std::string& publish_endpoint() const;
  [[nodiscard]] const std::string& replay_endpoint() const;

 private:
  class Worker;
  explicit BusServer(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace spoor
