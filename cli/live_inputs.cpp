#include "cli/live_inputs.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/log.h"
#include "cli/metrics.h"
#include "cli/token_file.h"
#include "engine/base/clock.h"
#include "ingest/counters.h"
#include "ingest/folder_input.h"
#include "ingest/http_input.h"
#include "ingest/kafka_input.h"
#include "ingest/runtime.h"
#include "ingest/status_server.h"
#include "ingest/tcp_input.h"
#include "ingest/zmq_input.h"

namespace spoor {
namespace {

ListenerSettings listener_of(const InputConfig& input, std::size_t number) {
  const ListenConfig& listen = input.listen;
  return {.name = input.name,
          .number = number,
          .listen = listen_text(listen.address, listen.port),
          .tls = {.certificate = listen.tls_certificate,
                  .key = listen.tls_key,
                  .client_ca = listen.tls_client_ca},
          .connections_max = listen.connections,
          .connections_per_address_max = listen.connections_per_address,
          .warn = [](std::string_view what) { log_warning(what); }};
}

PulledInputSettings pulled_of(const InputConfig& input, std::size_t number) {
  return {.name = input.name, .number = number, .warn = [](std::string_view what) {
            log_warning(what);
          }};
}

Result<void> check_tcp(const InputConfig& input, std::size_t number) {
  TcpInputSettings settings;
  settings.listener = listener_of(input, number);
  const Result<void> checked = TcpInput::check(settings);
  return checked ? check_tls_files(settings.listener.tls) : checked;
}

Result<void> check_http(const InputConfig& input, std::size_t number) {
  Result<std::vector<std::string>> hashes = read_token_hashes(input.listen.tokens_file);
  if (!hashes) {
    return tl::unexpected<Error>(hashes.error());
  }
  HttpInputSettings settings;
  settings.listener = listener_of(input, number);
  settings.token_hashes = std::move(*hashes);
  const Result<void> checked = HttpInput::check(settings);
  return checked ? check_tls_files(settings.listener.tls) : checked;
}

Result<void> check_zmq(const ZmqInputSettings& settings) {
  const Result<void> checked = ZmqInput::check(settings);
  return checked ? ZmqInput::check_keys(settings) : checked;
}

/// What opening it would refuse before it opens anything.
Result<void> check_input(const InputConfig& input, std::size_t number) {
  switch (input.type) {
    case InputType::tcp: return check_tcp(input, number);
    case InputType::http: return check_http(input, number);
    case InputType::zmq: return check_zmq(input.zmq);
    case InputType::kafka: return KafkaInput::check(input.kafka);
    case InputType::folder: return FolderInput::check(input.folder);
  }
  return {};
}

}  // namespace

struct LiveInputs::Impl {
  explicit Impl(IngestQueue& its_queue) : queue(its_queue), runtime(its_queue) {}

  ~Impl() {
    // Whoever waits for room is let go.
    queue.close();
    runtime.stop();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> add_tcp(const InputConfig& input, std::size_t number) {
    TcpInputSettings settings;
    settings.listener = listener_of(input, number);
    if (input.listen.idle_timeout.count() != 0) {
      settings.idle_timeout = input.listen.idle_timeout;
    }
    Result<std::unique_ptr<TcpInput>> made = TcpInput::create(runtime, std::move(settings));
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("input " + input.name + ": TCP on " +
             listen_text(input.listen.address, (*made)->port()) +
             "; TCP has no acknowledgement: what is on its way when either side dies is lost");
    reloads.push_back({input.name, [it = made->get()] { return it->reload_tls(); }});
    counters.emplace_back(input.name, &(*made)->counters());
    tcp.push_back(std::move(*made));
    return {};
  }

  Result<void> add_http(const InputConfig& input, std::size_t number) {
    Result<std::vector<std::string>> hashes = read_token_hashes(input.listen.tokens_file);
    if (!hashes) {
      return tl::unexpected<Error>(hashes.error());
    }
    HttpInputSettings settings;
    settings.listener = listener_of(input, number);
    settings.token_hashes = std::move(*hashes);
    if (input.listen.idle_timeout.count() != 0) {
      settings.keep_alive_timeout = input.listen.idle_timeout;
    }
    Result<std::unique_ptr<HttpInput>> made = HttpInput::create(runtime, std::move(settings));
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("input " + input.name + ": HTTP and Splunk HEC on " +
             listen_text(input.listen.address, (*made)->port()) + "; 200 means that it is on disk");
    reloads.push_back({input.name, [it = made->get()] { return it->reload_tls(); }});
    reloads.push_back({input.name, [it = made->get(), path = input.listen.tokens_file] {
                         Result<std::vector<std::string>> again = read_token_hashes(path);
                         return again ? it->reload_tokens(*again)
                                      : tl::unexpected<Error>(again.error());
                       }});
    counters.emplace_back(input.name, &(*made)->counters());
    http.push_back(std::move(*made));
    return {};
  }

  /// Takes an input that fetches; says what it is, as `says` has it.
  template <typename Input, typename Says>
  Result<void> keep(const InputConfig& input,
                    Result<std::unique_ptr<Input>> made,
                    const Says& says) {
    if (!made) {
      return tl::unexpected<Error>(made.error());
    }
    log_info("input " + input.name + ": " + says(**made));
    counters.emplace_back(input.name, &(*made)->counters());
    pulled.push_back(std::move(*made));
    return {};
  }

  Result<void> add_zmq(const InputConfig& input, std::size_t number) {
    ZmqInputSettings settings = input.zmq;
    settings.input = pulled_of(input, number);
    return keep(
        input, ZmqInput::create(queue, settings, system_clock()), [&](const ZmqInput& made) {
          const bool subscribes = settings.socket == ZmqInputSettings::Socket::sub;
          return std::string("ZeroMQ ") + (subscribes ? "SUB" : "PULL") +
                 (made.endpoint().empty() ? std::string(" connects") : " on " + made.endpoint()) +
                 "; ZeroMQ has no acknowledgement: what is on its way when either side dies is "
                 "lost" +
                 (subscribes ? ", and what is published while Spoor is busy" : "");
        });
  }

  Result<void> add_kafka(const InputConfig& input, std::size_t number, const StateSource& state) {
    KafkaInputSettings settings = input.kafka;
    settings.input = pulled_of(input, number);
    return keep(input, KafkaInput::create(queue, settings, state), [&](const KafkaInput& /*made*/) {
      return "Kafka, group " + settings.group + "; what was read is kept with its effect";
    });
  }

  Result<void> add_folder(const InputConfig& input, std::size_t number, const StateSource& state) {
    FolderInputSettings settings = input.folder;
    settings.input = pulled_of(input, number);
    return keep(input, FolderInput::create(queue, settings, state, system_clock()),
                [&](const FolderInput& /*made*/) {
                  return "files of " + settings.folder + "; what was read is kept with its effect";
                });
  }

  Result<void> add(const InputConfig& input, std::size_t number, const StateSource& state) {
    switch (input.type) {
      case InputType::tcp: return add_tcp(input, number);
      case InputType::http: return add_http(input, number);
      case InputType::zmq: return add_zmq(input, number);
      case InputType::kafka: return add_kafka(input, number, state);
      case InputType::folder: return add_folder(input, number, state);
    }
    return {};
  }

  Result<void> add_admin(const RunConfig& config, const LiveStatus& status) {
    std::vector<StatusPage> pages;
    pages.push_back(
        {"/healthz", [](std::string_view /*accept*/) { return StatusAnswer{.body = "ok\n"}; }});
    pages.push_back({"/readyz", [&status](std::string_view /*accept*/) {
                       const std::string why = status.hindrance();
                       return why.empty()
                                  ? StatusAnswer{.body = "ready\n"}
                                  : StatusAnswer{.status = 503, .body = "not ready: " + why + "\n"};
                     }});
    pages.push_back({"/metrics", [&status](std::string_view accept) {
                       return accepts_open_metrics(accept)
                                  ? StatusAnswer{.content_type = std::string(kOpenMetricsType),
                                                 .body = status.metrics()}
                                  : StatusAnswer{.content_type = std::string(kPrometheusType),
                                                 .body = prometheus_text(status.metrics())};
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

  /// Of one input: reads its certificates or its tokens again.
  struct Reload {
    std::string input;
    std::function<Result<void>()> run;
  };

  IngestQueue& queue;
  IngestRuntime runtime;
  std::vector<Reload> reloads;
  std::vector<std::pair<std::string, const IngestCounters*>> counters;  ///< By input.
  std::vector<std::unique_ptr<TcpInput>> tcp;
  std::vector<std::unique_ptr<HttpInput>> http;
  std::vector<std::unique_ptr<PulledInput>> pulled;
  std::unique_ptr<StatusServer> admin;
};

LiveInputs::LiveInputs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LiveInputs::~LiveInputs() = default;

Result<std::unique_ptr<LiveInputs>> LiveInputs::start(const RunConfig& config,
                                                      IngestQueue& queue,
                                                      const StateSource& state,
                                                      const LiveStatus& status) {
  auto impl = std::make_unique<Impl>(queue);
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    const InputConfig& input = config.inputs[i];
    Result<void> added = impl->add(input, i, state);
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
  for (const std::unique_ptr<PulledInput>& input : impl->pulled) {
    input->start();
  }
  return std::unique_ptr<LiveInputs>(new LiveInputs(std::move(impl)));
}

Result<void> LiveInputs::check(const RunConfig& config) {
  for (std::size_t i = 0; i < config.inputs.size(); ++i) {
    const InputConfig& input = config.inputs[i];
    if (const Result<void> checked = check_input(input, i); !checked) {
      return fail(checked.error().code, "input " + input.name + ": " + checked.error().message);
    }
  }
  return config.admin_address.empty() ? Result<void>() : StatusServer::check(config.admin_address);
}

bool LiveInputs::reload() {
  bool all_are_right = true;
  for (const Impl::Reload& reload : impl_->reloads) {
    if (const Result<void> done = reload.run(); !done) {
      log_error("input " + reload.input + ": what it had stays: " + done.error().message);
      all_are_right = false;
    }
  }
  if (all_are_right) {
    log_info("certificates and tokens are read again");
  }
  return all_are_right;
}

void LiveInputs::write_metrics(MetricsText& text) const {
  const auto family = [&](std::string_view name, MetricType type, std::string_view help,
                          std::atomic<std::uint64_t> IngestCounters::*count) {
    text.family(name, type, help);
    for (const auto& [input, counters] : impl_->counters) {
      text.sample(std::uint64_t{counters->*count}, {{"input", input}});
    }
  };
  family("spoor_input_connections", MetricType::counter, "Connections accepted.",
         &IngestCounters::connections);
  family("spoor_input_open_connections", MetricType::gauge, "Connections now.",
         &IngestCounters::connections_open);
  family("spoor_input_refused_connections", MetricType::counter,
         "Connections beyond a limit, or without a handshake.",
         &IngestCounters::connections_refused);
  family("spoor_input_failed_streams", MetricType::counter,
         "Streams and files that broke off: bad compression, TLS on a plain port.",
         &IngestCounters::streams_failed);
  family("spoor_input_requests", MetricType::counter, "Requests answered.",
         &IngestCounters::requests);
  family("spoor_input_refused_requests", MetricType::counter,
         "Of these, with 4xx or 501: the sender's fault.", &IngestCounters::requests_refused);
  family("spoor_input_denied_requests", MetricType::counter,
         "Requests, or ZeroMQ's messages, of who may not send.", &IngestCounters::requests_denied);
  family("spoor_input_stalls", MetricType::counter, "Times that a sender had to wait for room.",
         &IngestCounters::stalls);
  family("spoor_input_lost_messages", MetricType::counter,
         "Kafka's messages that retention deleted before they were read.",
         &IngestCounters::messages_lost);
  family("spoor_input_offset_resets", MetricType::counter,
         "Kafka's partitions that ended before where they were read up to, and were begun anew.",
         &IngestCounters::offset_resets);
}

void LiveInputs::stop() {
  for (const std::unique_ptr<PulledInput>& input : impl_->pulled) {
    input->stop_taking();
  }
  impl_->runtime.stop_accepting();
}

}  // namespace spoor
