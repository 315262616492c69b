// Keys of the bus: CURVE key pairs (RFC 26) as 40 characters of Z85, in files of one line.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

struct CurveKeys {
  std::string secret;  ///< Empty where only the public key is known.
  std::string public_key;
};

/// Is it 40 characters of Z85?
[[nodiscard]] bool is_curve_key(std::string_view text);

/// A new pair, by the system's random numbers. Fails with bus if libzmq has no CURVE.
[[nodiscard]] Result<CurveKeys> make_curve_keys();

/// Writes `path` (the secret key, readable by its owner alone) and `path`.pub. What is there is not
/// overwritten: fails with io.
[[nodiscard]] Result<void> write_curve_keys(const std::string& path, const CurveKeys& keys);

/// Reads a secret key, and works out its public one. Fails with bad_usage if the file cannot be
/// read, is no key, or if others than its owner may read it.
[[nodiscard]] Result<CurveKeys> read_secret_key(const std::string& path);

/// A public key: as it is written, or the file that it stands in.
[[nodiscard]] Result<std::string> read_public_key(const std::string& key_or_path);

}  // namespace spoor
