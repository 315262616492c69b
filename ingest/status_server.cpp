#include "ingest/status_server.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace spoor {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::chrono::seconds kTimeout{5};
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::size_t kRequestBytesMax = 8U << 10U;
constexpr std::size_t kAtOnceMax = 64;

}  // namespace

class StatusServer::Server : public std::enable_shared_from_this<Server> {
 public:
  Server(asio::io_context& context, std::vector<StatusPage> pages)
      : acceptor_(context), pause_(context), pages_(std::move(pages)) {}

  [[nodiscard]] Result<void> open(const asio::ip::address& address, std::uint16_t port) {
    boost::system::error_code error;
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
      acceptor_.set_option(asio::socket_base::reuse_address(true), error);
      acceptor_.bind(endpoint, error);
    }
    if (!error) {
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return fail(ErrorCode::bus, "cannot listen on " + address.to_string() + ":" +
                                      std::to_string(port) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint().port();
    return {};
  }

  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const boost::system::error_code& error, tcp::socket socket) {
          if (error == asio::error::operation_aborted) {
            return;
          }
          if (error) {
            // Most likely there are no file descriptors left: trying at once would spin.
            self->accept_later();
            return;
          }
          if (self->open_ < kAtOnceMax) {
            std::make_shared<Session>(self, std::move(socket))->read();
          }
          self->accept();
        });
  }

  void accept_later() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      if (!cancelled) {
        self->accept();
      }
    });
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  class Session : public std::enable_shared_from_this<Session> {
   public:
    Session(std::shared_ptr<Server> server, tcp::socket socket)
        : server_(std::move(server)), stream_(std::move(socket)) {
      ++server_->open_;
    }

    ~Session() { --server_->open_; }

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
      parser_.header_limit(kRequestBytesMax);
      parser_.body_limit(kRequestBytesMax);
      stream_.expires_after(kTimeout);
      http::async_read(
          stream_, buffer_, parser_,
          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
            if (!error) {
              self->answer();
            }
          });
    }

   private:
    static std::string_view accept_of(const http::request<http::string_body>& request) {
      const auto value = request[http::field::accept];
      return {value.data(), value.size()};
    }

    void answer() {
      const auto& request = parser_.get();
      const bool is_head = request.method() == http::verb::head;
      const std::string target(request.target().substr(0, request.target().find('?')));
      StatusAnswer answer;
      if (!is_head && request.method() != http::verb::get) {
        answer = {.status = 405, .body = "only GET and HEAD\n"};
      } else {
        const auto page = std::ranges::find(server_->pages_, target, &StatusPage::path);
        answer = page == server_->pages_.end()
                     ? StatusAnswer{.status = 404, .body = "there is no such page\n"}
                     : page->answer(accept_of(request));
      }
      response_.version(request.version());
      response_.result(answer.status);
      response_.set(http::field::content_type, answer.content_type);
      response_.set(http::field::cache_control, "no-store");
      response_.keep_alive(false);
      if (is_head) {
        response_.content_length(answer.body.size());
      } else {
        response_.body() = std::move(answer.body);
        response_.prepare_payload();
      }
      stream_.expires_after(kTimeout);
      http::async_write(stream_, response_,
                        [self = shared_from_this()](const boost::system::error_code&, std::size_t) {
                          boost::system::error_code ignored;
                          self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                        });
    }

    std::shared_ptr<Server> server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kRequestBytesMax};
    http::request_parser<http::string_body> parser_;
    http::response<http::string_body> response_;
  };

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::vector<StatusPage> pages_;
  std::uint16_t port_ = 0;
  std::size_t open_ = 0;
};

StatusServer::StatusServer(std::shared_ptr<Server> server) : server_(std::move(server)) {}

StatusServer::~StatusServer() = default;

Result<void> StatusServer::check(const std::string& address) {
  boost::system::error_code error;
  const asio::ip::address parsed = asio::ip::make_address(address, error);
  if (error) {
    return fail(ErrorCode::bad_usage, "admin: '" + address + "' is no IP address");
  }
  if (!parsed.is_loopback()) {
    return fail(ErrorCode::insecure_listener,
                "refusing to show metrics on " + address +
                    ": anyone could read them. admin: a loopback address (127.0.0.1), and a "
                    "proxy that asks who comes");
  }
  return {};
}

Result<std::unique_ptr<StatusServer>> StatusServer::create(IngestRuntime& runtime,
                                                           const std::string& address,
                                                           std::uint16_t port,
                                                           std::vector<StatusPage> pages) {
  if (Result<void> checked = check(address); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  auto server = std::make_shared<Server>(runtime.context(), std::move(pages));
  Result<void> opened = server->open(asio::ip::make_address(address), port);
  if (!opened) {
    return tl::unexpected<Error>(opened.error());
  }
  server->accept();
  return std::unique_ptr<StatusServer>(new StatusServer(std::move(server)));
}

std::uint16_t StatusServer::port() const {
  return server_->port();
}

}  // namespace spoor
