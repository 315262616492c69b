// Requests to web services, for sinks.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace spoor {

struct SinkRequest {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct SinkAnswer {
  long status = 0;     ///< 0: there was no answer, and `error` says why.
  std::string body{};  ///< At most 64 KiB of it.
  std::optional<std::chrono::seconds> retry_after{};  ///< As the server asks.
  std::string error{};
};

class HttpClient {
 public:
  HttpClient() = default;
  virtual ~HttpClient() = default;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Waits for the answer.
  [[nodiscard]] virtual SinkAnswer post(const SinkRequest& request) = 0;
};

struct CurlOptions {
  std::chrono::milliseconds timeout{10'000};  ///< For all of a request.
  std::string ca_file{};  ///< Whom to trust instead of the system's list; or empty.
  /// Asked several times a second: breaks a request off.
  std::function<bool()> stops{};
};

/// By libcurl: http and https, TLS 1.2 or newer, certificates are checked, redirections are not
/// followed. Fails if libcurl cannot be set up.
[[nodiscard]] Result<std::unique_ptr<HttpClient>> make_curl_client(CurlOptions options);

/// An address as people and logs may see it: without user, password, query and fragment, which may
/// be secrets. "https://example.org/hook?…"
[[nodiscard]] std::string shown_url(const std::string& url);

/// The same of one that is a secret as a whole: "https://example.org/…"
[[nodiscard]] std::string shown_secret_url(const std::string& url);

/// "http://127.0.0.1:8080/x": what goes there stays on this machine.
[[nodiscard]] bool is_loopback_url(const std::string& url);

}  // namespace spoor
