// Records over ZeroMQ: PULL from those who PUSH (rsyslog's omczmq), or SUB to those who publish.
//
// A message is what its last frame holds; frames before it are topics. One that is glued in front
// of the JSON ("edr.raw{…}") is passed over.
//
// ZeroMQ has no acknowledgement. When the queue is full nothing more is received: who pushes waits
// then, who publishes loses what its own queue (HWM) does not hold. Sockets that are bound off
// loopback need CURVE and a list of the clients that may send (engine/bus/allow_list.h, role
// "send"); the list is read again when it changes, and messages of who was taken off it are
// refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "ingest/pulled_input.h"

namespace spoor {

struct ZmqInputSettings {
  PulledInputSettings input;
  enum class Socket : std::uint8_t { pull, sub } socket = Socket::pull;
  /// Exactly one of them: an address to bind, or addresses to connect to.
  std::string bind;
  std::vector<std::string> connect;
  std::vector<std::string> topics{};  ///< SUB: prefixes; none: everything.
  std::string key_file{};             ///< CURVE: our secret key.
  std::string clients_file{};         ///< CURVE, bound: who may send.
  std::string server_key{};           ///< CURVE, connected: the other's public key, or its file.
};

class ZmqInput final : public PulledInput {
 public:
  /// Opens. Fails with insecure_listener, bad_usage (keys, the list), bus (an address in use).
  [[nodiscard]] static Result<std::unique_ptr<ZmqInput>> create(IngestQueue& queue,
                                                                ZmqInputSettings settings,
                                                                const Clock& clock);
  /// Like create(), but opens nothing: for checking a configuration.
  [[nodiscard]] static Result<void> check(const ZmqInputSettings& settings);
  /// Can its keys and its list be read? Fails with bad_usage.
  [[nodiscard]] static Result<void> check_keys(const ZmqInputSettings& settings);
  ~ZmqInput() override;
  ZmqInput(const ZmqInput&) = delete;
  ZmqInput& operator=(const ZmqInput&) = delete;
  ZmqInput(ZmqInput&&) = delete;
  ZmqInput& operator=(ZmqInput&&) = delete;

  /// Where it is bound, with the port that was given; empty if it connects.
  [[nodiscard]] const std::string& endpoint() const;

 private:
  struct Impl;
  ZmqInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl);
  void run() override;
  /// Adds a message that is there. False: there is none.
  [[nodiscard]] bool receive(IngestBatch& batch);

  /// Hands over what is there. False: that was all.
  bool receive_batch();

  std::unique_ptr<Impl> impl_;
  bool is_open_ = true;  ///< The queue takes batches.
};

}  // namespace spoor
