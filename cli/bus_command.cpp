// spoor bus tail: findings off the bus, as they come.

#include <chrono>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "engine/base/clock.h"
#include "engine/bus/subscriber.h"

namespace spoor {
namespace {

constexpr std::chrono::milliseconds kTick{200};

}  // namespace

int run_bus_tail(const BusTailOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  Result<FindingSubscriber> subscriber = FindingSubscriber::create(options.endpoint, options.topic);
  if (!subscriber) {
    log_error(subscriber.error().message);
    return subscriber.error().code == ErrorCode::bad_usage ? exit_usage : exit_failure;
  }
  log_info("listening on " + options.endpoint +
           (options.topic.empty() ? "" : " for " + options.topic));

  const Clock& clock = system_clock();
  const std::chrono::duration<double> timeout(options.timeout_s);
  std::chrono::nanoseconds last = clock.monotonic();
  std::uint64_t received = 0;
  while (options.count == 0 || received < options.count) {
    if (interrupted()) {
      return exit_interrupted;
    }
    const Result<std::optional<BusMessage>> message = subscriber->receive(kTick);
    if (!message) {
      log_warning(message.error().message);
      continue;
    }
    if (!*message) {
      if (options.timeout_s > 0 && clock.monotonic() - last > timeout) {
        log_info("nothing came for " + std::to_string(static_cast<int>(options.timeout_s)) + " s");
        return options.count == 0 ? exit_ok : exit_failure;
      }
      continue;
    }
    last = clock.monotonic();
    ++received;
    const std::string head =
        options.with_header ? (*message)->topic + " " + (*message)->header + "\n" : "";
    const Result<void> written = write_output("-", head + (*message)->payload + "\n");
    if (!written) {
      log_error(written.error().message);
      return exit_failure;
    }
  }
  return exit_ok;
}

}  // namespace spoor
