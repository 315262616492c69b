// spoor bus tail: findings off the bus, as they come.

#include <chrono>
#include <exception>

#include "clients/cpp/spoor_client.h"
#include <unistd.h>

#include "cli/bus_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "engine/base/clock.h"
#include "engine/bus/endpoint.h"

namespace spoor {
namespace {

constexpr std::chrono::milliseconds kTick{200};
/// Acknowledged at least after so many.
constexpr std::uint64_t kAcknowledgedAfter = 100;

Result<ClientOptions> client_options(const BusTailOptions& options) {
  for (const std::string* endpoint : {&options.endpoint, &options.replay}) {
    Result<void> valid = endpoint->empty() ? Result<void>{} : check_connect_endpoint(*endpoint);
    if (!valid) {
      return tl::unexpected<Error>(valid.error());
    }
  }
  Result<BusClientCurve> keys = read_client_keys(options.keys);
  if (!keys) {
    return tl::unexpected<Error>(keys.error());
  }
  ClientOptions client;
  client.bus = options.endpoint;
  client.replay = options.replay;
  client.consumer = options.consumer;
  client.topic = options.topic.empty() ? "finding." : options.topic;
  client.from = options.from;
  client.server_key = keys->server_key;
  client.public_key = keys->public_key;
  client.secret_key = keys->secret_key;
  return client;
}

/// Prints what comes, until there is a reason to stop: the exit code.
class Tail {
 public:
  Tail(Client& client, const BusTailOptions& options) : client_(client), options_(options) {}

  int run() {
    last_ = clock_.monotonic();
    while (options_.count == 0 || received_ < options_.count) {
      if (interrupted()) {
        acknowledge();
        return exit_interrupted;
      }
      const std::optional<ClientFinding> finding = client_.next(kTick);
      if (!finding) {
        acknowledge();
        if (is_too_quiet()) {
          return options_.count == 0 ? exit_ok : exit_failure;
        }
        continue;
      }
      if (!print(*finding)) {
        return exit_failure;
      }
    }
    acknowledge();
    return exit_ok;
  }

 private:
  [[nodiscard]] bool is_too_quiet() const {
    const std::chrono::duration<double> timeout(options_.timeout_s);
    if (options_.timeout_s <= 0 || clock_.monotonic() - last_ <= timeout) {
      return false;
    }
    log_info("nothing came for " + std::to_string(static_cast<int>(options_.timeout_s)) + " s");
    return true;
  }

  bool print(const ClientFinding& finding) {
    if (client_.lost() > lost_) {
      log_warning(std::to_string(client_.lost() - lost_) +
                  " findings were too old to be kept for us: they are lost");
      lost_ = client_.lost();
    }
    last_ = clock_.monotonic();
    ++received_;
    const std::string head =
        options_.with_header ? finding.topic + " " + finding.header + "\n" : "";
    const Result<void> written = write_output("-", head + finding.payload + "\n");
    if (!written) {
      log_error(written.error().message);
      return false;
    }
    printed_ = finding.sequence;
    if (++unacknowledged_ >= kAcknowledgedAfter) {
      acknowledge();
    }
    return true;
  }

  void acknowledge() {
    if (unacknowledged_ > 0 && !options_.consumer.empty() && client_.acknowledge(printed_)) {
      unacknowledged_ = 0;
    }
  }

  Client& client_;
  const BusTailOptions& options_;
  const Clock& clock_ = system_clock();
  std::chrono::nanoseconds last_{0};
  std::uint64_t received_ = 0;
  std::uint64_t printed_ = 0;
  std::uint64_t unacknowledged_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace

int run_bus_tail(const BusTailOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  const Result<ClientOptions> wanted = client_options(options);
  if (!wanted) {
    log_error(wanted.error().message);
    return exit_usage;
  }
  try {
    Client client(*wanted);
    log_info("listening on " + options.endpoint +
             (options.topic.empty() ? "" : " for " + options.topic));
    return Tail(client, options).run();
  } catch (const std::exception& error) {
    log_error(options.endpoint + ": " + error.what());
    return exit_failure;
  }
}

}  // namespace spoor
