// The file that says who may send over HTTP.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace spoor {

/// A hash of a token a line, and whose it is: "64 hex digits  name". Lines with '#' are comments.
/// Fails with bad_usage, naming the line, or if there is no token. Without a path: none.
[[nodiscard]] Result<std::vector<std::string>> read_token_hashes(const std::string& path);

}  // namespace spoor
