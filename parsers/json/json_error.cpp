#include "parsers/json/json_error.h"

#include <cstddef>
#include <string>

#include "engine/base/limits.h"

namespace spoor {

bool nests_too_deep(std::string_view json) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    switch (json[at]) {
      case '\\': at += in_string ? 1 : 0; break;
      case '"': in_string = !in_string; break;
      case '{':
      case '[': depth += in_string ? 0 : 1; break;
      case '}':
      case ']': depth -= in_string || depth == 0 ? 0 : 1; break;
      default: break;
    }
    if (depth > kJsonDepthMax) {
      return true;
    }
  }
  return false;
}

Error json_error(simdjson::error_code error, std::string_view json) {
  if (error == simdjson::CAPACITY) {
    return {ErrorCode::oversize,
            "record longer than " + std::to_string(kRecordBytesMax) + " bytes"};
  }
  if (nests_too_deep(json)) {
    return {ErrorCode::too_deep, "JSON nested deeper than " + std::to_string(kJsonDepthMax)};
  }
  return {ErrorCode::malformed_json, simdjson::error_message(error)};
}

}  // namespace spoor
