#include "ingest/listener.h"

#include <bit>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "ingest/connection.h"
#include "ingest/runtime.h"

namespace spoor {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Tcp = beast::tcp_stream;
using Tls = ssl::stream<beast::tcp_stream>;

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr int kBacklog = 512;
constexpr std::chrono::milliseconds kLingerTimeout{2'000};
constexpr std::size_t kLingerPieceBytes = std::size_t{16} << 10;
constexpr std::size_t kLingerBytesMax = std::size_t{4} << 20;

std::string with_name(const ListenerSettings& settings, std::string_view text) {
  std::string message = "input '" + settings.name + "': ";
  message += text;
  return message;
}

Result<tcp::endpoint> endpoint_of(const ListenerSettings& settings) {
  const std::string_view listen = settings.listen;
  const std::size_t colon = listen.rfind(':');
  std::string host(listen.substr(0, std::min(colon, listen.size())));
  const std::string_view port =
      colon == std::string_view::npos ? std::string_view() : listen.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, status] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  error_code wrong;
  const asio::ip::address address =
      asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, wrong);
  if (wrong || port.empty() || status != std::errc() || end != port.data() + port.size()) {
    return fail(ErrorCode::bad_usage, "listen: '" + settings.listen +
                                          "' is no address and port, as 127.0.0.1:5514 or "
                                          "[::1]:5514");
  }
  return tcp::endpoint(address, number);
}

/// Of a v4 address in v6 clothes, the v4 address: who connects is to be counted once.
asio::ip::address plain_address(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::string text_of(const tcp::endpoint& peer) {
  const std::string address = plain_address(peer.address()).to_string();
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
         std::to_string(peer.port());
}

Result<std::shared_ptr<ssl::context>> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code wrong;
  const auto failed = [&](std::string_view setting, const std::string& file) {
    return fail(ErrorCode::bad_usage,
                std::string(setting) + ": '" + file + "': " + wrong.message());
  };
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // Renegotiation is a way to make a server work; resumption would outlive a reload of the CA.
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  // NOLINTNEXTLINE(bugprone-unused-return-value): the error is in `wrong`.
  if (context->use_certificate_chain_file(files.certificate, wrong); wrong) {
    return failed("tls.certificate", files.certificate);
  }
  if (context->use_private_key_file(files.key, ssl::context::pem, wrong); wrong) {
    return failed("tls.key", files.key);
  }
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return fail(ErrorCode::bad_usage,
                "tls.key: '" + files.key + "' is not the key of tls.certificate");
  }
  if (!files.client_ca.empty()) {
    if (context->load_verify_file(files.client_ca, wrong); wrong) {
      return failed("tls.client_ca", files.client_ca);
    }
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, wrong);
  }
  return context;
}

/// How many connections there are, in all and of each address.
struct Places {
  std::size_t all = 0;
  std::map<asio::ip::address, std::size_t> by_address;
};

/// The place of one connection, given back at its end.
class Place {
 public:
  Place(std::shared_ptr<Places> places,
        asio::ip::address address,
        std::shared_ptr<IngestCounters> counters)
      : places_(std::move(places)), address_(std::move(address)), counters_(std::move(counters)) {
    ++places_->all;
    ++places_->by_address[address_];
    ++counters_->connections_open;
  }

  ~Place() {
    --places_->all;
    if (--places_->by_address[address_] == 0) {
      places_->by_address.erase(address_);
    }
    --counters_->connections_open;
  }

  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  Place(Place&&) = delete;
  Place& operator=(Place&&) = delete;

 private:
  std::shared_ptr<Places> places_;
  asio::ip::address address_;
  std::shared_ptr<IngestCounters> counters_;
};

ReadEnd end_of(error_code code) {
  if (!code) {
    return ReadEnd::none;
  }
  if (code == asio::error::eof) {
    return ReadEnd::closed;
  }
  return code == beast::error::timeout ? ReadEnd::timed_out : ReadEnd::torn;
}

template <typename Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(Stream stream, std::string peer, std::unique_ptr<Place> place)
      : place_(std::move(place)), stream_(std::move(stream)), peer_(std::move(peer)) {}

  void read_some(std::span<char> into, std::chrono::milliseconds timeout, OnRead then) override {
    set_timeout(timeout);
    stream_.async_read_some(
        asio::buffer(into.data(), into.size()),
        [then = std::move(then)](error_code code, std::size_t size) { then(end_of(code), size); });
  }

  void write(std::string bytes, std::chrono::milliseconds timeout, OnWritten then) override {
    set_timeout(timeout);
    written_ = std::move(bytes);
    asio::async_write(
        stream_, asio::buffer(written_),
        [then = std::move(then)](error_code code, std::size_t /*size*/) { then(!code); });
  }

  void finish(std::function<void()> then) override {
    set_timeout(kLingerTimeout);
    if constexpr (std::is_same_v<Stream, Tls>) {
      // Fails if the peer still sends, or does not answer: what matters is that it was told.
      stream_.async_shutdown(
          [this, then = std::move(then)](error_code /*code*/) mutable { linger(std::move(then)); });
    } else {
      linger(std::move(then));
    }
  }

  void close() override { beast::get_lowest_layer(stream_).close(); }

  [[nodiscard]] const std::string& peer() const override { return peer_; }

  [[nodiscard]] Stream& stream() { return stream_; }

 private:
  /// `then` keeps this alive.
  void linger(std::function<void()> then) {
    error_code ignored;
    beast::get_lowest_layer(stream_).socket().shutdown(tcp::socket::shutdown_send, ignored);
    set_timeout(kLingerTimeout);
    swallow(std::move(then));
  }

  void swallow(std::function<void()> then) {
    lingering_.resize(kLingerPieceBytes);
    beast::get_lowest_layer(stream_).async_read_some(
        asio::buffer(lingering_),
        [this, then = std::move(then)](error_code code, std::size_t size) mutable {
          lingered_ += size;
          if (!code && lingered_ < kLingerBytesMax) {
            swallow(std::move(then));
            return;
          }
          close();
          then();
        });
  }

  void set_timeout(std::chrono::milliseconds timeout) {
    if (timeout.count() == 0) {
      beast::get_lowest_layer(stream_).expires_never();
    } else {
      beast::get_lowest_layer(stream_).expires_after(timeout);
    }
  }

  std::unique_ptr<Place> place_;
  Stream stream_;
  std::string peer_;
  std::string written_;
  std::string lingering_;
  std::size_t lingered_ = 0;
};

class AsioListener final : public Listener, public std::enable_shared_from_this<AsioListener> {
 public:
  AsioListener(IngestRuntime& runtime,
               ListenerSettings settings,
               std::shared_ptr<IngestCounters> counters,
               std::function<void(std::shared_ptr<Connection>)> on_connection)
      : settings_(std::move(settings)),
        counters_(std::move(counters)),
        on_connection_(std::move(on_connection)),
        acceptor_(runtime.context()),
        pause_(runtime.context()) {}

  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> reload_tls() override;

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

  void accept();

 private:
  void take(tcp::socket socket, const tcp::endpoint& peer);
  void shake_hands(tcp::socket socket,
                   const tcp::endpoint& peer,
                   std::unique_ptr<Place> place,
                   ssl::context& context);
  void refuse(std::string_view why);

  ListenerSettings settings_;
  std::shared_ptr<IngestCounters> counters_;
  std::function<void(std::shared_ptr<Connection>)> on_connection_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::shared_ptr<Places> places_ = std::make_shared<Places>();
  std::mutex tls_mutex_;               // Of what follows.
  std::shared_ptr<ssl::context> tls_;  // None: plain.
};

Result<void> AsioListener::reload_tls() {
  if (settings_.tls.certificate.empty()) {
    return {};
  }
  Result<std::shared_ptr<ssl::context>> context = tls_context(settings_.tls);
  if (!context) {
    return tl::unexpected<Error>(std::move(context.error()));
  }
  const std::lock_guard lock(tls_mutex_);
  tls_ = std::move(*context);
  return {};
}

Result<void> AsioListener::open() {
  if (Result<void> loaded = reload_tls(); !loaded) {
    return loaded;
  }
  const Result<tcp::endpoint> endpoint = endpoint_of(settings_);
  if (!endpoint) {
    return tl::unexpected<Error>(endpoint.error());
  }
  error_code wrong;
  acceptor_.open(endpoint->protocol(), wrong);
  if (!wrong) {
    acceptor_.set_option(tcp::acceptor::reuse_address(true), wrong);
  }
  if (!wrong) {
    acceptor_.bind(*endpoint, wrong);
  }
  if (!wrong) {
    acceptor_.listen(kBacklog, wrong);
  }
  if (wrong) {
    return fail(ErrorCode::bus, "listen: " + settings_.listen + ": " + wrong.message());
  }
  port_ = acceptor_.local_endpoint(wrong).port();
  return {};
}

void AsioListener::accept() {
  auto peer = std::make_shared<tcp::endpoint>();
  acceptor_.async_accept(*peer,
                         [self = shared_from_this(), peer](error_code code, tcp::socket socket) {
                           if (!self->acceptor_.is_open()) {
                             return;
                           }
                           if (!code) {
                             self->take(std::move(socket), *peer);
                             self->accept();
                             return;
                           }
                           // Most likely there are no file descriptors left: trying at once would
                           // spin.
                           self->refuse("cannot accept: " + code.message());
                           self->pause_.expires_after(kAcceptPause);
                           self->pause_.async_wait([self](error_code cancelled) {
                             if (!cancelled) {
                               self->accept();
                             }
                           });
                         });
}

void AsioListener::refuse(std::string_view why) {
  const std::uint64_t count = ++counters_->connections_refused;
  if (settings_.warn && std::has_single_bit(count)) {
    settings_.warn(with_name(settings_, std::string(why) + " (connections refused so far: " +
                                            std::to_string(count) + ")"));
  }
}

void AsioListener::take(tcp::socket socket, const tcp::endpoint& peer) {
  ++counters_->connections;
  const asio::ip::address address = plain_address(peer.address());
  if (places_->all >= settings_.connections_max) {
    refuse("more than " + std::to_string(settings_.connections_max) + " connections");
    return;
  }
  const auto same = places_->by_address.find(address);
  if (same != places_->by_address.end() && same->second >= settings_.connections_per_address_max) {
    refuse("more than " + std::to_string(settings_.connections_per_address_max) +
           " connections from " + address.to_string());
    return;
  }
  error_code ignored;
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  auto place = std::make_unique<Place>(places_, address, counters_);
  std::shared_ptr<ssl::context> context;
  {
    const std::lock_guard lock(tls_mutex_);
    context = tls_;
  }
  if (context) {
    shake_hands(std::move(socket), peer, std::move(place), *context);
    return;
  }
  on_connection_(std::make_shared<StreamConnection<Tcp>>(Tcp(std::move(socket)), text_of(peer),
                                                         std::move(place)));
}

void AsioListener::shake_hands(tcp::socket socket,
                               const tcp::endpoint& peer,
                               std::unique_ptr<Place> place,
                               ssl::context& context) {
  auto connection = std::make_shared<StreamConnection<Tls>>(Tls(Tcp(std::move(socket)), context),
                                                            text_of(peer), std::move(place));
  beast::get_lowest_layer(connection->stream()).expires_after(settings_.handshake_timeout);
  // OpenSSL's session keeps what it needs of the context.
  connection->stream().async_handshake(
      ssl::stream_base::server, [self = shared_from_this(), connection](error_code code) {
        if (!code && self->acceptor_.is_open()) {
          self->on_connection_(connection);
        } else if (code) {
          self->refuse("no TLS handshake with " + connection->peer() + ": " + code.message());
        }
      });
}

/// Closes at the end of its owner, while handlers may still hold the listener.
class OwnedListener final : public Listener {
 public:
  explicit OwnedListener(std::shared_ptr<AsioListener> listener) : listener_(std::move(listener)) {}

  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }

  [[nodiscard]] Result<void> reload_tls() override { return listener_->reload_tls(); }

  void close() override { listener_->close(); }

 private:
  std::shared_ptr<AsioListener> listener_;
};

}  // namespace

Result<void> check_listener(const ListenerSettings& settings,
                            bool has_tokens,
                            std::string_view token_setting) {
  const Result<tcp::endpoint> endpoint = endpoint_of(settings);
  if (!endpoint) {
    return tl::unexpected<Error>(endpoint.error());
  }
  const TlsFiles& tls = settings.tls;
  if (tls.certificate.empty() != tls.key.empty() ||
      (tls.certificate.empty() && !tls.client_ca.empty())) {
    return fail(ErrorCode::bad_usage,
                "tls: certificate and key belong together, client_ca needs both");
  }
  if (plain_address(endpoint->address()).is_loopback()) {
    return {};
  }
  const std::string off = "listen: " + settings.listen + " is not loopback: ";
  if (tls.certificate.empty()) {
    return fail(ErrorCode::insecure_listener,
                off + "set tls.certificate and tls.key, or listen on 127.0.0.1");
  }
  if (tls.client_ca.empty() && !has_tokens) {
    return fail(ErrorCode::insecure_listener,
                off + "set tls.client_ca" +
                    (token_setting.empty() ? std::string() : " or " + std::string(token_setting)) +
                    ", so that not everybody can send");
  }
  return {};
}

Result<void> check_tls_files(const TlsFiles& files) {
  if (files.certificate.empty()) {
    return {};
  }
  const Result<std::shared_ptr<ssl::context>> context = tls_context(files);
  return context ? Result<void>() : tl::unexpected<Error>(context.error());
}

Result<std::unique_ptr<Listener>> Listener::create(
    IngestRuntime& runtime,
    ListenerSettings settings,
    std::shared_ptr<IngestCounters> counters,
    std::function<void(std::shared_ptr<Connection>)> on_connection) {
  auto listener = std::make_shared<AsioListener>(runtime, std::move(settings), std::move(counters),
                                                 std::move(on_connection));
  if (Result<void> opened = listener->open(); !opened) {
    return tl::unexpected<Error>(std::move(opened.error()));
  }
  listener->accept();
  return std::make_unique<OwnedListener>(std::move(listener));
}

}  // namespace spoor
