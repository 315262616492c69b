// simdjson's errors in our words.
#pragma once

#include <string_view>

#include <simdjson.h>

#include "engine/base/result.h"

namespace spoor {

/// Are brackets outside strings open more than kJsonDepthMax at a time, whatever else is wrong with
/// the text? O(length).
[[nodiscard]] bool nests_too_deep(std::string_view json);

/// Why `json` is refused, of which a reader says `error`. A text may have several faults, and two
/// readers need not meet the same one first: too_deep goes before malformed_json, so that the
/// reason is a fact about the text. O(length).
[[nodiscard]] Error json_error(simdjson::error_code error, std::string_view json);

}  // namespace spoor
