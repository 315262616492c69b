// Ctrl-C: the first asks the work to stop and flush, the second ends the program.
#pragma once

namespace spoor {

/// Catches SIGINT and SIGTERM once each; ignores SIGPIPE (writes then fail with an error).
void catch_interrupts();

/// Was one caught?
[[nodiscard]] bool interrupted();

}  // namespace spoor
