// Ctrl-C: the first asks the work to stop and flush, the second ends the program.
#pragma once

namespace spoor {

/// Catches SIGINT and SIGTERM once each; ignores SIGPIPE (writes then fail with an error).
void catch_interrupts();

/// Was one caught?
[[nodiscard]] bool interrupted();

/// Catches SIGHUP from now on: a wish that rules be read again.
void catch_hangups();

/// Did one come since the last call?
[[nodiscard]] bool take_hangup();

}  // namespace spoor
