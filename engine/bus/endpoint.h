// Bus addresses, checked before a socket is opened.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// May we listen there? Without authentication: tcp://127.0.0.0/8, tcp://[::1], tcp://localhost
/// with a port (or *), and ipc://path. With it (`is_secure`), anywhere. What lies off loopback
/// fails with insecure_listener otherwise; what is no endpoint, with bad_usage.
[[nodiscard]] Result<void> check_bind_endpoint(std::string_view endpoint, bool is_secure);

/// libzmq takes over what is at the path of ipc://, whatever it is: fails with bus if another
/// server answers there, or something is there that is no socket.
[[nodiscard]] Result<void> check_ipc_is_free(const std::string& endpoint);

/// Is it an endpoint to connect to: tcp://host:port or ipc://path?
[[nodiscard]] Result<void> check_connect_endpoint(std::string_view endpoint);

}  // namespace spoor
