// The two sockets of the bus: opened with all their limits, and opened anew when somebody must be
// cut off.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <zmq.hpp>

#include "engine/bus/curve_keys.h"
#include "engine/bus/socket_monitor.h"

namespace spoor {

class BusSockets {
 public:
  /// Opens nothing yet. `keys`: of the server, or none.
  BusSockets(zmq::context_t& context, std::optional<CurveKeys> keys);

  /// Binds. Throws zmq::error_t: then nothing is open.
  void open(const std::string& publish, const std::string& replay);

  /// Cuts everybody off and binds the same addresses again, which may take some attempts: true once
  /// they are bound. Until then nothing may be asked of the sockets.
  [[nodiscard]] bool reopen();
  void close();

  [[nodiscard]] bool is_open() const { return is_open_; }

  [[nodiscard]] zmq::socket_t& publish() { return publish_; }

  [[nodiscard]] zmq::socket_t& replay() { return replay_; }

  [[nodiscard]] bool has_replay() const { return !replay_endpoint_.empty(); }

  /// With the port that was given.
  [[nodiscard]] const std::string& publish_endpoint() const { return publish_endpoint_; }

  [[nodiscard]] const std::string& replay_endpoint() const { return replay_endpoint_; }

  enum class Sent : std::uint8_t {
    yes,
    no,  ///< A subscriber's queue is full; nobody got it.
  };

  using Message = std::array<std::string_view, 3>;  ///< Topic, header, payload.

  /// Does not wait. `lossy`: whose queue is full does not get it, the others do.
  [[nodiscard]] Sent send(const Message& message, bool lossy);

  /// The monitors' sockets, for a poll; null where there is none.
  [[nodiscard]] std::array<void*, 2> monitors();
  void count_connections();

  [[nodiscard]] const ConnectionCounters& connections() const { return connections_; }

 private:
  void bind(zmq::socket_t& socket, std::string& endpoint, const char* domain);
  void set_limits(zmq::socket_t& socket, std::int64_t message_bytes_max) const;

  zmq::context_t& context_;
  std::optional<CurveKeys> keys_;
  std::string publish_endpoint_;
  std::string replay_endpoint_;
  zmq::socket_t publish_;
  zmq::socket_t replay_;
  std::unique_ptr<SocketMonitor> publish_monitor_;
  std::unique_ptr<SocketMonitor> replay_monitor_;
  ConnectionCounters connections_;
  std::uint64_t opened_ = 0;
  bool is_open_ = false;
};

}  // namespace spoor
