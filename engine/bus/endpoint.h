// Bus addresses, checked before a socket is opened.
#pragma once

#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// May we listen there without authentication? tcp://127.0.0.0/8, tcp://[::1], tcp://localhost with
/// a port (or *), and ipc://path. Anything else off loopback fails with insecure_listener; what is
/// no endpoint, with bad_usage.
[[nodiscard]] Result<void> check_bind_endpoint(std::string_view endpoint);

/// Is it an endpoint to connect to: tcp://host:port or ipc://path?
[[nodiscard]] Result<void> check_connect_endpoint(std::string_view endpoint);

}  // namespace spoor
