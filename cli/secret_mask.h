// Keeps secrets that somebody wrote into a configuration out of what is said of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/diagnostic.h"

namespace spoor {

/// Is the value under that key, or at that place (`inputs.0.options.sasl.password`), a secret
/// itself, not the name of a file with one?
[[nodiscard]] bool names_secret(std::string_view key);

/// Does that option of librdkafka hold a secret?
[[nodiscard]] bool is_secret_kafka_option(std::string_view name);

/// Of the lines that they quote, leaves out what stands behind such a key.
void mask_secrets(std::vector<Diagnostic>& problems);

}  // namespace spoor
