// Keys of a command that comes to a bus.
#pragma once

#include "cli/bus_options.h"
#include "engine/base/result.h"

namespace spoor {

/// As CURVE takes them; all empty without keys.
struct BusClientCurve {
  std::string server_key;
  std::string public_key;
  std::string secret_key;
};

[[nodiscard]] Result<BusClientCurve> read_client_keys(const BusClientKeys& keys);

}  // namespace spoor
