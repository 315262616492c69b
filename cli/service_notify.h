// What the service manager is told: sd_notify(3), by its socket's protocol, without its library.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace spoor {

/// Sends "READY=1" and the like to the socket of $NOTIFY_SOCKET; nothing without one.
void notify_service(std::string_view state);

/// How often "WATCHDOG=1" is expected at least: half of $WATCHDOG_USEC; nothing if it is not.
[[nodiscard]] std::optional<std::chrono::nanoseconds> watchdog_interval();

}  // namespace spoor
