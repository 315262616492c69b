// Scripts that complete the command line in a shell.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command_tree.h"

namespace spoor {

enum class Shell : std::uint8_t { bash, zsh, fish };

/// The script, complete: to be sourced, or put where the shell looks for it.
[[nodiscard]] std::string render_completion(const CommandNode& root, Shell shell);

}  // namespace spoor
