#include "engine/base/result.h"

namespace spoor {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed_json: return "malformed_json";
    case ErrorCode::malformed_frame: return "malformed_frame";
    case ErrorCode::malformed_xml: return "malformed_xml";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::truncated: return "truncated";
    case ErrorCode::oversize: return "oversize";
    case ErrorCode::too_deep: return "too_deep";
    case ErrorCode::too_many_keys: return "too_many_keys";
    case ErrorCode::encoding_utf16: return "encoding_utf16";
    case ErrorCode::unknown_source: return "unknown_source";
    case ErrorCode::io: return "io";
    case ErrorCode::bad_compression: return "bad_compression";
    case ErrorCode::decompression_bomb: return "decompression_bomb";
    case ErrorCode::bad_rule: return "bad_rule";
    case ErrorCode::bad_usage: return "bad_usage";
    case ErrorCode::limit: return "limit";
    case ErrorCode::bus: return "bus";
    case ErrorCode::bad_state: return "bad_state";
    case ErrorCode::insecure_listener: return "insecure_listener";
  }
  return "unknown";
}

}  // namespace spoor
