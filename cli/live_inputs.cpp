#include "cli/live_inputs.h"

#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/log.h"
#include "ingest/http_input.h"
#include "ingest/runtime.h"
#include "ingest/status_server.h"
#include "ingest/tcp_input.h"
#include "ingest/tokens.h"

namespace spoor {
namespace {

std::string listen_text(const InputConfig& input, std::uint16_t port) {
  const bool is_v6 = input.address.find(':') != std::string::npos;
  return (is_v6 ? "[" + input.address + "]" : input.address) + ":" + std::to_string(port);
}

ListenerSettings listener_of(const InputConfig& input, std::size_t number) {
  return {.name = input.name,
          .number = number,
          .listen = listen_text(input, input.port),
          .tls = {.certificate = input.tls_certificate,
                  .key = input.tls_key,
                  .client_ca = input.tls_client_ca},
          .connections_max = input.connections,
          .connections_per_address_max = input.connections_per_address,
          .warn = [](std::string_view what) { log_warning(what); }};
}

/// A hash of a token a line, and whose it is: "64 hex digits  name". Lines with '#' are comments.
Result<std::vector<std::string>> read_token_hashes(const std::string& path) {
  std::vector<std::string> hashes;
  if (path.empty()) {
    return hashes;
  }
  std::ifstream file(path);
  if (!file) {
    return fail(ErrorCode::bad_usage,
                "cannot read " + path + ": " + std::generic_category().message(errno));
  }
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string::npos || line[begin] == '#') {
      continue;
    }
    const std::string hash = line.substr(begin, line.find_first_of(" \t\r", begin) - begin);
    if (!TokenSet::create({hash})) {
      return fail(ErrorCode::bad_usage,
                  path + ":" + std::to_string(number) +
                      ": no SHA-256 of a token (64 hex digits, from: printf %s TOKEN | sha256sum)");
    }
    hashes.push_back(hash);
  }
  if (hashes.empty()) {
    return fail(ErrorCode::bad_usage, path + " holds no token: nobody could send anything");
  }
  return hashes;
}

}  // namespace

struct LiveInputs::Impl {
  explicit Impl(IngestQueue& queue) : runtime(queue) {}

  ~Impl() { runtime.stop(); }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> add_tcp(const InputConfig& input, std::size_t number) {
    TcpInputSettings settings;
    settings.listener = listener_of(input, number);
    if (input.idle_timeout.count() != 0) {
      settings.idle_timeout = input.idle_timeout;
    }
    Result<std::unique_ptr<TcpInput>> made = TcpInput::create(runtime, std::move(settings));
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("input " + input.name + ": TCP on " + listen_text(input, (*made)->port()) +
             "; TCP has no acknowledgement: what is on its way when either side dies is lost");
    tcp.push_back(std::move(*made));
    return {};
  }

  Result<void> add_http(const InputConfig& input, std::size_t number) {
    Result<std::vector<std::string>> hashes = read_token_hashes(input.tokens_file);
    if (!hashes) {
      return tl::unexpected<Error>(hashes.error());
    }
    HttpInputSettings settings;
    settings.listener = listener_of(input, number);
    settings.token_hashes = std::move(*hashes);
    if (input.idle_timeout.count() != 0) {
      settings.keep_alive_timeout = input.idle_timeout;
    }
    Result<std::unique_ptr<HttpInput>> made = HttpInput::create(runtime, std::move(settings));
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("input " + input.name + ": HTTP and Splunk HEC on " +
             listen_text(input, (*made)->port()) + "; 200 means that it is on disk");
    http.push_back(std::move(*made));
    return {};
  }

  Result<void> add_admin(const RunConfig& config, const LiveStatus& status) {
    std::vector<StatusPage> pages;
    pages.push_back({"/healthz", [] { return StatusAnswer{.body = "ok\n"}; }});
    pages.push_back({"/readyz", [&status] {
                       return status.is_ready()
                                  ? StatusAnswer{.body = "ready\n"}
                                  : StatusAnswer{.status = 503, .body = "not ready\n"};
                     }});
    pages.push_back({"/metrics", [&status] {
                       return StatusAnswer{
                           .content_type =
                               "application/openmetrics-text; version=1.0.0; charset=utf-8",
                           .body = status.metrics()};
                     }});
    Result<std::unique_ptr<StatusServer>> made =
        StatusServer::create(runtime, config.admin_address, config.admin_port, std::move(pages));
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("/healthz, /readyz and /metrics on " + config.admin_address + ":" +
             std::to_string((*made)->port()));
    admin = std::move(*made);
    return {};
  }

  IngestRuntime runtime;
  std::vector<std::unique_ptr<TcpInput>> tcp;
  std::vector<std::unique_ptr<HttpInput>> http;
  std::unique_ptr<StatusServer> admin;
};

LiveInputs::LiveInputs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LiveInputs::~LiveInputs() = default;

Result<std::unique_ptr<LiveInputs>> LiveInputs::start(const RunConfig& config,
                                                      IngestQueue& queue,
                                                      const LiveStatus& status) {
  auto impl = std::make_unique<Impl>(queue);
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    const InputConfig& input = config.inputs[i];
    Result<void> added =
        input.type == InputType::http ? impl->add_http(input, i) : impl->add_tcp(input, i);
    if (!added) {
      return fail(added.error().code, "input " + input.name + ": " + added.error().message);
    }
  }
  if (!config.admin_address.empty()) {
    Result<void> added = impl->add_admin(config, status);
    if (!added) {
      return tl::unexpected<Error>(added.error());
    }
  }
  impl->runtime.start();
  return std::unique_ptr<LiveInputs>(new LiveInputs(std::move(impl)));
}

void LiveInputs::stop() {
  impl_->runtime.stop_accepting();
}

}  // namespace spoor
