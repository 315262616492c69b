// simdjson's errors in our words.
#pragma once

#include <string>

#include <simdjson.h>

#include "engine/base/limits.h"
#include "engine/base/result.h"

namespace spoor {

[[nodiscard]] inline Error json_error(simdjson::error_code error) {
  switch (error) {
    case simdjson::DEPTH_ERROR:
      return {ErrorCode::too_deep, "JSON nested deeper than " + std::to_string(kJsonDepthMax)};
    case simdjson::CAPACITY:
      return {ErrorCode::oversize,
              "record longer than " + std::to_string(kRecordBytesMax) + " bytes"};
    default: return {ErrorCode::malformed_json, simdjson::error_message(error)};
  }
}

}  // namespace spoor
