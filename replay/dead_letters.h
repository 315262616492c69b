// Records that gave no event, kept with reason and position so that nothing is lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/event/event.h"

namespace spoor {

/// One dead letter as a JSON object without a newline:
/// {"code","message","file","line","offset","length","raw"}; raw is base64 of at most
/// kDeadLetterBytesMax bytes.
[[nodiscard]] std::string render_dead_letter(const Error& error,
                                             std::string_view file,
                                             const RecordPosition& position,
                                             std::string_view record);

}  // namespace spoor
