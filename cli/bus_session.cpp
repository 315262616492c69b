#include "cli/bus_session.h"

#include <chrono>
#include <thread>

#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"

namespace spoor {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kTick{20};
/// Who was passed over sees the next heartbeat and asks.
constexpr nanoseconds kTimeToAsk = std::chrono::milliseconds(1500);

nanoseconds from_seconds(double seconds) {
  return std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
}

BusOptions options_of(const BusOptionsOnCommandLine& options, double hold_s) {
  return {.publish = options.publish,
          .replay = options.replay,
          .key_file = options.key_file,
          .clients_file = options.clients_file,
          .hold = std::chrono::duration_cast<std::chrono::milliseconds>(from_seconds(hold_s)),
          .warn = [](const std::string& what) { log_warning(what); }};
}

/// Everything that could be waited for has come.
bool is_done(const BusServer& bus, const BusStatus& status, nanoseconds quiet_for) {
  if (!status.is_current || status.published < status.committed) {
    return false;
  }
  if (bus.replay_endpoint().empty() || (status.requests == 0 && status.dropped == 0)) {
    return true;
  }
  return status.least_cursor >= status.published && quiet_for >= kTimeToAsk;
}

}  // namespace

Result<void> check_bus(const BusOptionsOnCommandLine& options) {
  return BusServer::check(options_of(options, 0));
}

Result<std::unique_ptr<BusServer>> start_bus(const BusOptionsOnCommandLine& options,
                                             BusStore store,
                                             double hold_s,
                                             bool quiet) {
  Result<std::unique_ptr<BusServer>> bus =
      BusServer::start(options_of(options, hold_s), std::move(store), system_clock());
  if (bus && !quiet) {
    log_info("publishing on " + (*bus)->publish_endpoint() +
             ((*bus)->replay_endpoint().empty()
                  ? std::string()
                  : ", what was missed is at " + (*bus)->replay_endpoint()));
  }
  return bus;
}

void linger_on_bus(BusServer& bus, double patience_s, const std::string& where_else) {
  const Clock& clock = system_clock();
  const nanoseconds patience = from_seconds(patience_s);
  BusStatus last = bus.status();
  nanoseconds moved = clock.monotonic();
  nanoseconds asked = moved;
  while (!interrupted()) {
    const BusStatus status = bus.status();
    const nanoseconds now = clock.monotonic();
    if (status.requests != last.requests) {
      asked = now;
    }
    if (status.published != last.published || status.requests != last.requests ||
        status.is_holding || status.had_subscriber != last.had_subscriber) {
      moved = now;
    }
    last = status;
    if (status.is_failing || is_done(bus, status, now - asked)) {
      break;
    }
    if (now - moved > patience + kTimeToAsk) {
      log_warning("a consumer has not acknowledged everything in time; it finds the rest in " +
                  where_else);
      break;
    }
    std::this_thread::sleep_for(kTick);
  }
  if (!last.had_subscriber && last.requests == 0 && last.committed > 0) {
    log_warning((interrupted() ? "interrupted while waiting for a subscriber to "
                               : "nobody subscribed to ") +
                bus.publish_endpoint() + (interrupted() ? "" : " in time") +
                "; the findings are in " + where_else + " only");
  }
}

int bus_exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::insecure_listener: return exit_insecure;
    case ErrorCode::bad_usage: return exit_usage;
    case ErrorCode::bad_state: return exit_state;
    default: return exit_failure;
  }
}

}  // namespace spoor
