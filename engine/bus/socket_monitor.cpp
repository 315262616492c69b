#include "engine/bus/socket_monitor.h"

#include <cstring>

namespace spoor {

SocketMonitor::SocketMonitor(zmq::context_t& context,
                             zmq::socket_t& socket,
                             const std::string& name)
    : socket_(context, zmq::socket_type::pair) {
  const std::string endpoint = "inproc://monitor." + name;
  constexpr int kEvents = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                          ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                          ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
  if (zmq_socket_monitor(socket.handle(), endpoint.c_str(), kEvents) != 0) {
    throw zmq::error_t();
  }
  socket_.set(zmq::sockopt::linger, 0);
  socket_.connect(endpoint);
}

void SocketMonitor::count(ConnectionCounters& counters) {
  zmq::message_t event;
  while (socket_.recv(event, zmq::recv_flags::dontwait)) {
    std::uint16_t kind = 0;
    if (event.size() >= sizeof kind) {
      std::memcpy(&kind, event.data(), sizeof kind);
    }
    counters.accepted += kind == ZMQ_EVENT_ACCEPTED ? 1 : 0;
    counters.closed += kind == ZMQ_EVENT_DISCONNECTED ? 1 : 0;
    const bool is_failure = kind == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL ||
                            kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
                            kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    counters.failed_handshakes += is_failure ? 1 : 0;
    while (event.more() && socket_.recv(event, zmq::recv_flags::dontwait)) {
      // The address: it plays no part.
    }
  }
}

}  // namespace spoor
