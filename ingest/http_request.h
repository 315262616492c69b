// HTTP/1.1 requests out of bytes in pieces (RFC 9112), strict where leniency is an attack.
//
// Refused: Content-Length with Transfer-Encoding, several Content-Lengths, any Transfer-Encoding
// but "chunked" (request smuggling, RFC 9112 §6.3 and §11.2), headers beyond 16 KiB, bodies beyond
// the limit as soon as that is known, chunk headers and trailers without end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace spoor {

inline constexpr std::size_t kHttpHeaderBytesMax = std::size_t{16} << 10;
inline constexpr std::uint64_t kHttpBodyBytesMax = std::uint64_t{32} << 20;

/// What of a request's head matters here.
struct HttpHead {
  std::string method;  ///< "POST"
  std::string target;  ///< "/ingest?x=1"
  bool keeps_alive = true;
  bool expects_continue = false;
  bool has_origin = false;  ///< A browser sends it.
  std::uint64_t content_length = 0;
  std::string authorization;
  std::string content_encoding;
  std::string channel;  ///< X-Splunk-Request-Channel.
};

/// One request. Not thread-safe.
class HttpRequest {
 public:
  enum class State : std::uint8_t { head, body, done, failed };

  explicit HttpRequest(std::uint64_t body_bytes_max = kHttpBodyBytesMax);
  ~HttpRequest();
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;
  HttpRequest(HttpRequest&&) = delete;
  HttpRequest& operator=(HttpRequest&&) = delete;

  /// Given the pieces of the body, without their chunking. False: stop, nothing more is wanted. To
  /// be set before the body comes.
  void on_body(std::function<bool(std::string_view)> call);

  /// Goes on with `bytes` and gives how many of them it used; what it did not use must come again,
  /// with more behind it. Stops at the end of the head, and of the request.
  [[nodiscard]] std::size_t put(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }

  /// Once the state is no longer `head`.
  [[nodiscard]] const HttpHead& head() const;

  /// Of a failed one: 400, 413, 431 or 501.
  [[nodiscard]] unsigned status() const { return status_; }

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  State state_ = State::head;
  unsigned status_ = 0;
};

/// "OK", "Service Unavailable", …
[[nodiscard]] std::string_view http_reason(unsigned status);

}  // namespace spoor
