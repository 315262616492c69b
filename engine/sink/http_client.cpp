#include "engine/sink/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <ctime>
#include <string_view>

#include <curl/curl.h>

#include "engine/base/clock.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

constexpr std::size_t kAnswerBytesMax = 64U << 10U;
constexpr std::chrono::seconds kRetryAfterMax{86'400};

struct HandleCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& body = static_cast<SinkAnswer*>(user)->body;
  const std::size_t room = kAnswerBytesMax - std::min(kAnswerBytesMax, body.size());
  body.append(bytes, std::min(room, size * count));
  return size * count;
}

/// "Retry-After: 120", or a date.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
    value.remove_prefix(1);
  }
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) {
    value.remove_suffix(1);
  }
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc{} || end != value.data() + value.size()) {
    const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date < 0) {
      return std::nullopt;
    }
    seconds = date - system_clock().wall() / kNanosPerSecond;
  }
  return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), kRetryAfterMax);
}

std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  constexpr std::string_view kName = "retry-after:";
  const std::string_view line(bytes, size * count);
  if (line.size() > kName.size() && equals_ignore_case_ascii(line.substr(0, kName.size()), kName)) {
    static_cast<SinkAnswer*>(user)->retry_after = parse_retry_after(line.substr(kName.size()));
  }
  return size * count;
}

int ask_whether_to_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& stops = *static_cast<const std::function<bool()>*>(user);
  return stops && stops() ? 1 : 0;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(std::unique_ptr<CURL, HandleCloser> handle, CurlOptions options)
      : handle_(std::move(handle)), options_(std::move(options)) {}

  SinkAnswer post(const SinkRequest& request) override {
    SinkAnswer answer;
    CURL* handle = handle_.get();
    curl_easy_reset(handle);
    std::unique_ptr<curl_slist, ListCloser> headers;
    const auto add = [&headers](const std::string& line) {
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    add("Expect:");  // Not asked for leave to send the body: not all answer.
    for (const auto& [name, value] : request.headers) {
      std::string line = name;
      add(line.append(": ").append(value));
    }
    std::array<char, CURL_ERROR_SIZE> why{};
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why.data());
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    set_policy(handle);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
    const CURLcode code = curl_easy_perform(handle);
    if (code != CURLE_OK) {
      answer.status = 0;
      answer.error = why.front() != '\0' ? why.data() : curl_easy_strerror(code);
      return answer;
    }
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
  }

 private:
  void set_policy(CURL* handle) {
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, options_.timeout.count());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "spoor");
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
    }
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_whether_to_stop);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &options_.stops);
  }

  std::unique_ptr<CURL, HandleCloser> handle_;
  CurlOptions options_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> make_curl_client(CurlOptions options) {
  static const CURLcode kSetUp = curl_global_init(CURL_GLOBAL_DEFAULT);
  std::unique_ptr<CURL, HandleCloser> handle(kSetUp == CURLE_OK ? curl_easy_init() : nullptr);
  if (handle == nullptr) {
    return fail(ErrorCode::limit, "libcurl cannot be set up");
  }
  return std::make_unique<CurlClient>(std::move(handle), std::move(options));
}

std::string shown_url(const std::string& url) {
  constexpr std::string_view kBehindScheme = "://";
  const std::size_t scheme = url.find(kBehindScheme);
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + kBehindScheme.size();
  const std::size_t path = std::min(url.find_first_of("/?#", begin), url.size());
  const std::size_t end = std::min(url.find_first_of("?#", path), url.size());
  const std::size_t at = url.substr(begin, path - begin).rfind('@');
  const std::size_t host = at == std::string::npos ? begin : begin + at + 1;
  return url.substr(0, begin) + url.substr(host, end - host) + (end < url.size() ? "?…" : "");
}

std::string shown_secret_url(const std::string& url) {
  const std::string shown = shown_url(url);
  const std::size_t scheme = shown.find("://");
  const std::size_t path = shown.find_first_of("/?", scheme == std::string::npos ? 0 : scheme + 3);
  return shown.substr(0, path) + "/…";
}

bool is_loopback_url(const std::string& url) {
  const std::unique_ptr<CURLU, UrlCloser> parsed(curl_url());
  char* host = nullptr;
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
    return false;
  }
  const std::string name(host);
  curl_free(host);
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace spoor
