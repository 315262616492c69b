// What we know of the terminal at the other end.
#pragma once

#include <cstddef>

#include "cli/arguments.h"

namespace spoor {

/// Colour on this file descriptor? always and never as asked; automatic: a terminal that is not
/// dumb, and no NO_COLOR (no-color.org: any value but empty) in the environment.
[[nodiscard]] bool use_color(int descriptor, ColorChoice choice);

[[nodiscard]] bool is_terminal(int descriptor);

/// Columns of the terminal, or 100 where there is none.
[[nodiscard]] std::size_t terminal_width(int descriptor);

}  // namespace spoor
