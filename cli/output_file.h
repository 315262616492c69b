// Where a command's data goes: standard output, or a file that appears whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// Writes `content` to standard output if `path` is "" or "-". Else to a new file beside `path`,
/// synced and then renamed over it, so that a reader never sees half a file; devices and pipes are
/// written directly.
[[nodiscard]] Result<void> write_output(const std::string& path, std::string_view content);

/// Can a file be made at `path`? Asked before long work, so that it is not lost at its end.
[[nodiscard]] Result<void> check_output(const std::string& path);

}  // namespace spoor
