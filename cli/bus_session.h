// The bus of a command: served while it works, and until those who listen have what it told.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "engine/base/clock.h"
#include "engine/bus/server.h"

namespace spoor {

/// What start_bus() would refuse before it opens anything: addresses, keys, the list of clients.
[[nodiscard]] Result<void> check_bus(const BusOptionsOnCommandLine& options);

/// Starts it, and says where it listens unless `quiet`.
[[nodiscard]] Result<std::unique_ptr<BusServer>> start_bus(const BusOptionsOnCommandLine& options,
                                                           BusStore store,
                                                           double hold_s,
                                                           bool quiet);

/// Waits until everything committed is published, and until consumers that came have acknowledged
/// it; not longer than `patience_s` without a sign of them. Tells on stderr who did not come.
void linger_on_bus(BusServer& bus, double patience_s, const std::string& where_else);

/// The exit code that a bus deserves which cannot be opened.
[[nodiscard]] int bus_exit_code(const Error& error);

}  // namespace spoor
