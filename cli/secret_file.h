// Files that hold one secret each.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace spoor {

/// What stands in it, without the newline at its end. Fails with bad_usage, naming it, if it cannot
/// be read, holds nothing, or may be read by everybody.
[[nodiscard]] Result<std::string> read_secret_file(const std::string& path);

}  // namespace spoor
