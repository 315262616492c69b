// The manual page, spoor(1).
#pragma once

#include <string>
#include <string_view>

#include "cli/command_tree.h"

namespace spoor {

/// As man(7) takes it.
[[nodiscard]] std::string render_man_page(const CommandNode& root, std::string_view version);

}  // namespace spoor
