#include "ingest/tcp_input.h"

#include <bit>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ingest/connection.h"
#include "ingest/framing.h"
#include "ingest/inflate.h"

namespace spoor {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::size_t kMagicBytes = 4;
constexpr char kTlsHandshake = 0x16;
/// A batch is handed over at this size at the latest, however much a compressed piece expands to.
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

}  // namespace

/// What the sessions of one input share. Lives in the runtime's thread.
class TcpInput::Server : public std::enable_shared_from_this<TcpInput::Server> {
 public:
  Server(IngestRuntime& in, TcpInputSettings with) : settings(std::move(with)), runtime(in) {}

  void serve(std::shared_ptr<Connection> connection);
  void drain() const;

  void stream_failed(const std::string& peer, const std::string& why) {
    const std::uint64_t count = ++counters->streams_failed;
    if (settings.listener.warn && std::has_single_bit(count)) {
      settings.listener.warn("input '" + settings.listener.name + "': " + peer + ": " + why +
                             "; closed (streams failed so far: " + std::to_string(count) + ")");
    }
  }

  TcpInputSettings settings;
  IngestRuntime& runtime;
  std::shared_ptr<IngestCounters> counters = std::make_shared<IngestCounters>();
  std::set<std::shared_ptr<Session>> sessions;
  std::unique_ptr<Listener> listener;
};

/// One connection: read, split, hand over; what the queue refuses waits, and with it the peer.
class TcpInput::Session : public std::enable_shared_from_this<TcpInput::Session> {
 public:
  Session(std::shared_ptr<Server> server, std::shared_ptr<Connection> connection)
      : server_(std::move(server)),
        connection_(std::move(connection)),
        received_(kReadBytes),
        framer_(server_->settings.framing) {}

  void read();
  /// Takes no more bytes; what was received is still handed over.
  void drain() const;

 private:
  void received(std::string_view bytes);
  /// Tells what the stream is once there are bytes enough. False: there are not, or it is refused.
  [[nodiscard]] bool start(std::string_view& bytes);
  /// Splits the pieces that are there, and hands over; goes on by itself where that must wait.
  void go_on();
  /// False: all pieces of what was received are split.
  [[nodiscard]] bool split_piece();
  [[nodiscard]] bool hand_over();
  void fail_stream(const std::string& why);
  void ended(ReadEnd how);
  void end();

  std::shared_ptr<Server> server_;
  std::shared_ptr<Connection> connection_;
  std::vector<char> received_;
  std::string first_;  // Until the stream is told.
  std::string_view plain_;
  bool is_started_ = false;
  bool is_over_ = false;  // Nothing more is read; what is split is still handed over.
  std::unique_ptr<Inflater> inflater_;
  Framer framer_;
  IngestBatch batch_;
};

void TcpInput::Server::serve(std::shared_ptr<Connection> connection) {
  auto session = std::make_shared<Session>(shared_from_this(), std::move(connection));
  sessions.insert(session);
  session->read();
}

void TcpInput::Server::drain() const {
  listener->close();
  const std::set<std::shared_ptr<Session>> all = sessions;
  for (const std::shared_ptr<Session>& session : all) {
    session->drain();
  }
}

void TcpInput::Session::read() {
  if (is_over_) {
    end();
    return;
  }
  const TcpInputSettings& settings = server_->settings;
  connection_->read_some(received_,
                         is_started_ ? settings.idle_timeout : settings.first_byte_timeout,
                         [self = shared_from_this()](ReadEnd how, std::size_t size) {
                           if (how != ReadEnd::none) {
                             self->ended(how);
                             return;
                           }
                           self->server_->counters->bytes += size;
                           self->received(std::string_view(self->received_.data(), size));
                         });
}

void TcpInput::Session::drain() const {
  connection_->close();
}

void TcpInput::Session::received(std::string_view bytes) {
  if (!is_started_ && !start(bytes)) {
    if (is_over_) {
      end();
    } else {
      read();
    }
    return;
  }
  if (inflater_ != nullptr) {
    inflater_->feed(bytes);
  } else {
    plain_ = bytes;
  }
  go_on();
}

bool TcpInput::Session::start(std::string_view& bytes) {
  first_.append(bytes);
  if (first_.front() == kTlsHandshake) {
    fail_stream(
        "TLS on a plain port: set tls.certificate and tls.key, or turn it off at the sender");
    return false;
  }
  // The first bytes of gzip, zstd.
  const bool may_be_magic = first_.front() == '\x1f' || first_.front() == '\x28';
  if (may_be_magic && first_.size() < kMagicBytes) {
    return false;
  }
  if (const std::optional<Compression> compression = compression_of(first_)) {
    Result<std::unique_ptr<Inflater>> inflater =
        Inflater::create(*compression, server_->settings.expansion);
    if (!inflater) {
      fail_stream(inflater.error().message);
      return false;
    }
    inflater_ = std::move(*inflater);
  }
  is_started_ = true;
  bytes = first_;
  return true;
}

bool TcpInput::Session::split_piece() {
  if (inflater_ == nullptr) {
    framer_.push(std::exchange(plain_, {}), batch_);
    return false;
  }
  const Result<std::string_view> piece = inflater_->next();
  if (!piece) {
    framer_.finish(StreamEnd::torn, batch_);
    fail_stream(piece.error().message);
    return false;
  }
  framer_.push(*piece, batch_);
  return !piece->empty();
}

void TcpInput::Session::go_on() {
  while (!is_over_) {
    const bool has_more = split_piece();
    if ((!has_more || batch_.memory() >= kBatchBytes) && !hand_over()) {
      return;
    }
    if (!has_more) {
      break;
    }
  }
  read();
}

bool TcpInput::Session::hand_over() {
  if (batch_.records.empty()) {
    return true;
  }
  if (batch_.peer.empty()) {
    batch_.input = server_->settings.listener.number;
    batch_.peer = connection_->peer();
    batch_.seal();
  }
  std::uint64_t bad = 0;
  for (const IngestBatch::Record& record : batch_.records) {
    bad += record.is_bad ? 1U : 0U;
  }
  const std::uint64_t all = batch_.records.size();
  if (!server_->runtime.queue().try_push(std::move(batch_))) {
    ++server_->counters->stalls;
    server_->runtime.when_room([self = shared_from_this()] {
      if (self->hand_over()) {
        self->go_on();
      }
    });
    return false;
  }
  batch_ = IngestBatch();
  server_->counters->records += all - bad;
  server_->counters->bad_records += bad;
  return true;
}

void TcpInput::Session::fail_stream(const std::string& why) {
  is_over_ = true;
  server_->stream_failed(connection_->peer(), why);
}

void TcpInput::Session::ended(ReadEnd how) {
  StreamEnd end = how == ReadEnd::closed ? StreamEnd::closed : StreamEnd::torn;
  if (inflater_ != nullptr) {
    if (const Result<void> finished = inflater_->finish(); !finished) {
      end = StreamEnd::torn;
    }
  } else if (!is_started_) {
    framer_.push(first_, batch_);
  }
  framer_.finish(end, batch_);
  is_over_ = true;
  if (hand_over()) {
    this->end();
  }
}

void TcpInput::Session::end() {
  connection_->close();
  server_->sessions.erase(shared_from_this());
}

Result<void> TcpInput::check(const TcpInputSettings& settings) {
  return check_listener(settings.listener, false, "");
}

Result<std::unique_ptr<TcpInput>> TcpInput::create(IngestRuntime& runtime,
                                                   TcpInputSettings settings) {
  if (Result<void> checked = check(settings); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  const ListenerSettings listener = settings.listener;
  auto server = std::make_shared<Server>(runtime, std::move(settings));
  Result<std::unique_ptr<Listener>> opened = Listener::create(
      runtime, listener, server->counters,
      [weak = std::weak_ptr<Server>(server)](std::shared_ptr<Connection> connection) {
        if (const std::shared_ptr<Server> here = weak.lock()) {
          here->serve(std::move(connection));
        }
      });
  if (!opened) {
    return tl::unexpected<Error>(std::move(opened.error()));
  }
  server->listener = std::move(*opened);
  runtime.on_stop_accepting([weak = std::weak_ptr<Server>(server)] {
    if (const std::shared_ptr<Server> here = weak.lock()) {
      here->drain();
    }
  });
  return std::unique_ptr<TcpInput>(new TcpInput(std::move(server)));
}

TcpInput::TcpInput(std::shared_ptr<Server> server) : server_(std::move(server)) {}

TcpInput::~TcpInput() {
  // Sessions and server hold each other; the runtime has stopped.
  const std::set<std::shared_ptr<Session>> sessions = std::exchange(server_->sessions, {});
}

std::uint16_t TcpInput::port() const {
  return server_->listener->port();
}

Result<void> TcpInput::reload_tls() {
  return server_->listener->reload_tls();
}

const IngestCounters& TcpInput::counters() const {
  return *server_->counters;
}

}  // namespace spoor
