// The file of what a receiver refused: one line each, for its owner alone.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// Makes the file if it is not there, with mode 0600. Fails with bad_usage if it cannot be written.
[[nodiscard]] Result<void> make_dead_letters(const std::string& path);

/// Appends a line, which has its newline: it is on disk when this returns. If it fails nothing of
/// the line stays.
[[nodiscard]] Result<void> append_dead_letter(const std::string& path, std::string_view line);

}  // namespace spoor
