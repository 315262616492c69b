// Counts what happens to a socket's connections.
#pragma once

#include <cstdint>
#include <string>

#include <zmq.hpp>

namespace spoor {

struct ConnectionCounters {
  std::uint64_t accepted = 0;
  std::uint64_t closed = 0;
  std::uint64_t failed_handshakes = 0;
};

class SocketMonitor {
 public:
  /// `name`: another for each. Throws zmq::error_t.
  SocketMonitor(zmq::context_t& context, zmq::socket_t& socket, const std::string& name);

  [[nodiscard]] void* handle() { return socket_.handle(); }

  /// Adds what happened since.
  void count(ConnectionCounters& counters);

 private:
  zmq::socket_t socket_;
};

}  // namespace spoor
