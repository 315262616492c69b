#include "engine/bus/bus_sockets.h"

#include <cerrno>
#include <utility>

namespace spoor {
namespace {

constexpr int kLingerMs = 5'000;   ///< What a subscriber may take to fetch the last messages.
constexpr int kQueuedMax = 1'000;  ///< Messages for one subscriber; it fetches what is more.
constexpr int kAnswersMax = 32;    ///< For one client of the replay socket.
constexpr int kHandshakeMs = 5'000;
constexpr int kKeepAliveIdleS = 10;    ///< Then TCP asks whether the peer is there,
constexpr int kKeepAliveAgainS = 5;    ///< and again,
constexpr int kKeepAliveCount = 3;     ///< and after so many times it is not.
constexpr int kUnansweredMs = 15'000;  ///< What was sent and not received ends the connection.
constexpr int kBacklog = 256;
constexpr std::int64_t kSubscriptionBytesMax = 1U << 10U;
constexpr std::int64_t kRequestFrameMax = 64U << 10U;

}  // namespace

BusSockets::BusSockets(zmq::context_t& context, std::optional<CurveKeys> keys)
    : context_(context), keys_(std::move(keys)) {}

void BusSockets::set_limits(zmq::socket_t& socket, std::int64_t message_bytes_max) const {
  socket.set(zmq::sockopt::linger, kLingerMs);
  socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
  // TCP looks after dead peers, not ZMTP's heartbeats: with them, libzmq 4.3.4 aborts when a peer
  // whose messages wait to be read breaks off (zeromq/libzmq issue 3937).
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, kKeepAliveIdleS);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, kKeepAliveAgainS);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, kKeepAliveCount);
  socket.set(zmq::sockopt::tcp_maxrt, kUnansweredMs);
  socket.set(zmq::sockopt::backlog, kBacklog);
  socket.set(zmq::sockopt::maxmsgsize, message_bytes_max);
}

void BusSockets::bind(zmq::socket_t& socket, std::string& endpoint, const char* domain) {
  if (keys_) {
    socket.set(zmq::sockopt::zap_domain, std::string(domain));
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, keys_->secret);
  }
  // Else "127.0.0.1" would become an address of IPv6 that means the same.
  socket.set(zmq::sockopt::ipv6, endpoint.find('[') != std::string::npos);
  socket.bind(endpoint);
  endpoint = socket.get(zmq::sockopt::last_endpoint);
}

void BusSockets::open(const std::string& publish, const std::string& replay) {
  publish_endpoint_ = publish;
  replay_endpoint_ = replay;
  const std::string number = std::to_string(++opened_);
  try {
    publish_ = zmq::socket_t(context_, zmq::socket_type::xpub);
    set_limits(publish_, kSubscriptionBytesMax);
    publish_.set(zmq::sockopt::sndhwm, kQueuedMax);
    publish_.set(zmq::sockopt::xpub_nodrop, true);
    publish_monitor_ = std::make_unique<SocketMonitor>(context_, publish_, "publish" + number);
    bind(publish_, publish_endpoint_, "publish");
    if (!replay.empty()) {
      replay_ = zmq::socket_t(context_, zmq::socket_type::router);
      set_limits(replay_, kRequestFrameMax);
      replay_.set(zmq::sockopt::sndhwm, kAnswersMax);
      // Else an answer that finds no room would be gone without a word.
      replay_.set(zmq::sockopt::router_mandatory, true);
      replay_.set(zmq::sockopt::rcvhwm, kQueuedMax);
      replay_monitor_ = std::make_unique<SocketMonitor>(context_, replay_, "replay" + number);
      bind(replay_, replay_endpoint_, "replay");
    }
    is_open_ = true;
  } catch (const zmq::error_t&) {
    close();
    throw;
  }
}

void BusSockets::close() {
  is_open_ = false;
  for (zmq::socket_t* socket : {&publish_, &replay_}) {
    if (socket->handle() != nullptr) {
      zmq_socket_monitor(socket->handle(), nullptr, 0);
      socket->close();
    }
  }
  publish_monitor_.reset();
  replay_monitor_.reset();
}

bool BusSockets::reopen() {
  if (is_open_) {
    publish_.set(zmq::sockopt::linger, 0);
    if (has_replay()) {
      replay_.set(zmq::sockopt::linger, 0);
    }
    close();
  }
  try {
    const std::string publish = publish_endpoint_;
    const std::string replay = replay_endpoint_;
    open(publish, replay);
    return true;
  } catch (const zmq::error_t&) {
    return false;  // The old sockets still let go of the addresses.
  }
}

BusSockets::Sent BusSockets::send(const Message& message, bool lossy) {
  if (lossy) {
    publish_.set(zmq::sockopt::xpub_nodrop, false);
  }
  bool is_begun = false;
  Sent sent = Sent::yes;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const zmq::send_flags more =
        i + 1 < message.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
    if (publish_.send(zmq::buffer(message[i]), more | zmq::send_flags::dontwait)) {
      is_begun = true;
    } else if (!is_begun) {
      sent = Sent::no;
      break;
    } else {
      // What was begun must be ended, or the frames of the next would be taken for its rest.
      publish_.set(zmq::sockopt::xpub_nodrop, false);
      lossy = true;
      publish_.send(zmq::buffer(message[i]), more | zmq::send_flags::dontwait);
    }
  }
  if (lossy) {
    publish_.set(zmq::sockopt::xpub_nodrop, true);
  }
  return sent;
}

std::array<void*, 2> BusSockets::monitors() {
  return {publish_monitor_ ? publish_monitor_->handle() : nullptr,
          replay_monitor_ ? replay_monitor_->handle() : nullptr};
}

void BusSockets::count_connections() {
  if (publish_monitor_) {
    publish_monitor_->count(connections_);
  }
  if (replay_monitor_) {
    replay_monitor_->count(connections_);
  }
}

}  // namespace spoor
