// Signatures of Standard Webhooks 1.0 (https://www.standardwebhooks.com): how a receiver knows that
// a finding comes from us and was not sent before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// The bytes of a secret: "whsec_" and base64, or any other text as it is. Fails with bad_usage if
/// the base64 is none, or if there are less than 16 bytes.
[[nodiscard]] Result<std::string> read_webhook_secret(std::string_view text);

/// A new secret of 32 random bytes: "whsec_…". Fails with io if the system has no randomness.
[[nodiscard]] Result<std::string> make_webhook_secret();

/// What stands in the header webhook-signature: "v1," and base64 of the HMAC-SHA256 of
/// "id.timestamp.body". `timestamp`: seconds since 1970.
[[nodiscard]] std::string webhook_signature(std::string_view secret,
                                            std::string_view id,
                                            std::int64_t timestamp,
                                            std::string_view body);

}  // namespace spoor
