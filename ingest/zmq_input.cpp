#include "ingest/zmq_input.h"

#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "engine/base/limits.h"
#include "engine/bus/allow_list.h"
#include "engine/bus/curve_keys.h"
#include "engine/bus/endpoint.h"
#include "engine/bus/zap.h"

namespace spoor {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{256} << 10U;
constexpr std::size_t kBatchRecords = 1'000;
// Of each peer, beyond our queue. Few, because each may be large.
constexpr int kQueuedMessages = 100;
constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::nanoseconds kListRead = std::chrono::seconds(1);
// A message may hold 16 records of the largest size.
constexpr std::int64_t kMessageBytesMax = 16 * static_cast<std::int64_t>(kRecordBytesMax);
// A client that was cut off is noticed, as far as the system can tell.
constexpr int kKeepAliveIdle = 30;
constexpr int kHandshakeMs = 10'000;

Result<void> check_endpoints(const ZmqInputSettings& settings) {
  if (settings.bind.empty() == settings.connect.empty()) {
    return fail(ErrorCode::bad_usage, "needs 'bind' or 'connect', and not both");
  }
  if (!settings.bind.empty()) {
    const bool is_secure = !settings.key_file.empty() && !settings.clients_file.empty();
    Result<void> bound = check_bind_endpoint(settings.bind, is_secure);
    if (!bound && bound.error().code == ErrorCode::insecure_listener) {
      return fail(ErrorCode::insecure_listener,
                  "refusing to listen on " + settings.bind +
                      ": anyone could send events, unencrypted. Use a loopback address or ipc://, "
                      "or set key_file and clients_file");
    }
    return bound;
  }
  for (const std::string& endpoint : settings.connect) {
    Result<void> good = check_connect_endpoint(endpoint);
    if (!good) {
      return good;
    }
  }
  return {};
}

/// What shows who we and others are.
struct Proofs {
  std::optional<CurveKeys> keys;
  std::string server_key;
  std::optional<AllowList> clients;
};

Result<Proofs> read_proofs(const ZmqInputSettings& settings) {
  Proofs proofs;
  if (!settings.key_file.empty()) {
    Result<CurveKeys> read = read_secret_key(settings.key_file);
    if (!read) {
      return tl::unexpected<Error>(std::move(read.error()));
    }
    proofs.keys = std::move(*read);
  }
  if (!settings.server_key.empty()) {
    Result<std::string> read = read_public_key(settings.server_key);
    if (!read) {
      return tl::unexpected<Error>(std::move(read.error()));
    }
    proofs.server_key = std::move(*read);
  }
  if (!settings.clients_file.empty()) {
    Result<AllowList> list = AllowList::read(settings.clients_file);
    if (!list) {
      return tl::unexpected<Error>(std::move(list.error()));
    }
    proofs.clients = std::move(*list);
  }
  return proofs;
}

}  // namespace

struct ZmqInput::Impl {
  ZmqInputSettings settings;
  const Clock& clock;
  zmq::context_t context{1};
  std::optional<AllowList> clients;
  std::optional<ZapHandler> zap;
  zmq::socket_t socket;
  std::string endpoint;
  std::chrono::nanoseconds listed_at{0};
  bool list_is_bad = false;

  Impl(ZmqInputSettings wanted, const Clock& its_clock)
      : settings(std::move(wanted)), clock(its_clock) {}

  void set_up(const std::optional<CurveKeys>& keys, const std::string& server_key) {
    const bool pulls = settings.socket == ZmqInputSettings::Socket::pull;
    if (clients) {
      zap.emplace(context, [this](std::string_view, std::string_view key) {
        const AllowedClient* client = clients->find(key, clock.wall());
        return client != nullptr && client->roles.has(BusRole::send) ? client->name : std::string();
      });
    }
    socket = zmq::socket_t(context, pulls ? zmq::socket_type::pull : zmq::socket_type::sub);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::rcvhwm, kQueuedMessages);
    socket.set(zmq::sockopt::maxmsgsize, kMessageBytesMax);
    socket.set(zmq::sockopt::tcp_keepalive, 1);
    socket.set(zmq::sockopt::tcp_keepalive_idle, kKeepAliveIdle);
    socket.set(zmq::sockopt::handshake_ivl, kHandshakeMs);
    // Bound to an address of IPv4 it would else call it [::ffff:127.0.0.1].
    const bool is_v4 = !settings.bind.empty() && settings.bind.find('[') == std::string::npos;
    socket.set(zmq::sockopt::ipv6, is_v4 ? 0 : 1);
    if (keys) {
      socket.set(zmq::sockopt::curve_secretkey, keys->secret);
      socket.set(zmq::sockopt::curve_publickey, keys->public_key);
      if (settings.bind.empty()) {
        socket.set(zmq::sockopt::curve_serverkey, server_key);
      } else {
        socket.set(zmq::sockopt::curve_server, 1);
        socket.set(zmq::sockopt::zap_domain, "ingest");
      }
    }
    if (!pulls) {
      for (const std::string& topic : settings.topics) {
        socket.set(zmq::sockopt::subscribe, topic);
      }
      if (settings.topics.empty()) {
        socket.set(zmq::sockopt::subscribe, "");
      }
    }
    if (settings.bind.empty()) {
      for (const std::string& other : settings.connect) {
        socket.connect(other);
      }
    } else {
      socket.bind(settings.bind);
      endpoint = socket.get(zmq::sockopt::last_endpoint);
    }
  }

  /// The list as it is now. While it is not as it has to be, it only takes away.
  [[nodiscard]] std::optional<std::string> read_list() {
    if (!clients || clock.monotonic() - listed_at < kListRead) {
      return std::nullopt;
    }
    listed_at = clock.monotonic();
    const std::optional<Error> problem = clients->update(settings.clients_file);
    const bool was_told = std::exchange(list_is_bad, problem.has_value());
    return !problem || was_told ? std::nullopt
                                : std::optional("nobody new is let in until the list is mended: " +
                                                problem->message);
  }

  /// May who sent it still do so?
  [[nodiscard]] bool is_allowed(const zmq::message_t& message) const {
    if (!clients) {
      return true;
    }
    const char* name = zmq_msg_gets(const_cast<zmq_msg_t*>(message.handle()), "User-Id");
    const AllowedClient* client =
        name == nullptr ? nullptr : clients->find_name(name, clock.wall());
    return client != nullptr && client->roles.has(BusRole::send);
  }
};

Result<void> ZmqInput::check(const ZmqInputSettings& settings) {
  Result<void> endpoints = check_endpoints(settings);
  if (!endpoints) {
    return endpoints;
  }
  const bool binds = !settings.bind.empty();
  if (binds && settings.key_file.empty() != settings.clients_file.empty()) {
    return fail(ErrorCode::bad_usage, "key_file and clients_file are set together");
  }
  if (!binds && settings.key_file.empty() != settings.server_key.empty()) {
    return fail(ErrorCode::bad_usage, "key_file and server_key are set together");
  }
  if (settings.socket == ZmqInputSettings::Socket::pull && !settings.topics.empty()) {
    return fail(ErrorCode::bad_usage, "topics are of socket: sub");
  }
  return {};
}

Result<void> ZmqInput::check_keys(const ZmqInputSettings& settings) {
  const Result<Proofs> proofs = read_proofs(settings);
  return proofs ? Result<void>() : tl::unexpected<Error>(proofs.error());
}

Result<std::unique_ptr<ZmqInput>> ZmqInput::create(IngestQueue& queue,
                                                   ZmqInputSettings settings,
                                                   const Clock& clock) {
  if (Result<void> checked = check(settings); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  if (Result<void> free = check_ipc_is_free(settings.bind); !free) {
    return tl::unexpected<Error>(std::move(free.error()));
  }
  Result<Proofs> proofs = read_proofs(settings);
  if (!proofs) {
    return tl::unexpected<Error>(std::move(proofs.error()));
  }
  PulledInputSettings input = settings.input;
  auto impl = std::make_unique<Impl>(std::move(settings), clock);
  impl->clients = std::move(proofs->clients);
  try {
    impl->set_up(proofs->keys, proofs->server_key);
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::bus,
                (impl->settings.bind.empty() ? "cannot connect: "
                                             : "cannot listen on " + impl->settings.bind + ": ") +
                    std::string(error.what()));
  }
  return std::unique_ptr<ZmqInput>(new ZmqInput(queue, std::move(input), std::move(impl)));
}

ZmqInput::ZmqInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl)
    : PulledInput(queue, std::move(input)), impl_(std::move(impl)) {}

ZmqInput::~ZmqInput() {
  end();
}

const std::string& ZmqInput::endpoint() const {
  return impl_->endpoint;
}

bool ZmqInput::receive(IngestBatch& batch) {
  std::vector<zmq::message_t> frames;
  if (!zmq::recv_multipart(impl_->socket, std::back_inserter(frames), zmq::recv_flags::dontwait)) {
    return false;
  }
  const zmq::message_t& last = frames.back();
  counts().bytes += last.size();
  if (!impl_->is_allowed(last)) {
    ++counts().requests_denied;
    return true;
  }
  if (batch.peer.empty()) {
    const char* peer = zmq_msg_gets(const_cast<zmq_msg_t*>(last.handle()), "Peer-Address");
    batch.peer = peer == nullptr ? settings().name : peer;
  }
  const std::string_view text = last.to_string_view();
  if (frames.size() > 1) {
    add_records(text, batch);
  } else {
    add_message(text, batch);
  }
  return true;
}

bool ZmqInput::receive_batch() {
  IngestBatch batch;
  bool has_more = true;
  while (has_more && batch.bytes.size() < kBatchBytes && batch.records.size() < kBatchRecords) {
    has_more = receive(batch);
  }
  is_open_ = hand_over(std::move(batch), [this] {
    if (impl_->zap) {
      impl_->zap->answer();
    }
  });
  return has_more;
}

void ZmqInput::run() {
  while (is_open_ && !stops()) {
    std::array<zmq_pollitem_t, 2> items{
        {{impl_->socket.handle(), 0, ZMQ_POLLIN, 0},
         {impl_->zap ? impl_->zap->handle() : nullptr, -1, ZMQ_POLLIN, 0}}};
    const std::size_t count = impl_->zap ? items.size() : 1;
    zmq::poll(items.data(), count, kPoll);
    if (impl_->zap) {
      impl_->zap->answer();
    }
    if (const std::optional<std::string> problem = impl_->read_list()) {
      warn(*problem);
    }
    static_cast<void>(receive_batch());
  }
  // What came before the end is here already; who sends on is not waited for.
  for (int left = kQueuedMessages; is_open_ && left > 0; --left) {
    if (!receive_batch()) {
      break;
    }
  }
}

}  // namespace spoor
