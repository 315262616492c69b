#include "cli/bus_client.h"

#include <utility>

#include "engine/bus/curve_keys.h"

namespace spoor {

Result<BusClientCurve> read_client_keys(const BusClientKeys& keys) {
  if (keys.key_file.empty() || keys.server_key.empty()) {
    return BusClientCurve{};
  }
  Result<CurveKeys> own = read_secret_key(keys.key_file);
  if (!own) {
    return tl::unexpected<Error>(own.error());
  }
  Result<std::string> server = read_public_key(keys.server_key);
  if (!server) {
    return tl::unexpected<Error>(server.error());
  }
  return BusClientCurve{.server_key = std::move(*server),
                        .public_key = std::move(own->public_key),
                        .secret_key = std::move(own->secret)};
}

}  // namespace spoor
