// What the program ends with. Scripts rely on these; README's "Exit codes" explains them.
#pragma once

namespace spoor {

enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,        ///< Something failed at run time.
  exit_usage = 2,          ///< Command line, configuration or rules.
  exit_input_errors = 3,   ///< More bad records or files than --max-errors.
  exit_findings = 10,      ///< Findings at or above --fail-on.
  exit_state = 74,         ///< The state could not be written, or what is there cannot be used.
  exit_insecure = 78,      ///< Refused to listen off loopback without authentication.
  exit_interrupted = 130,  ///< SIGINT or SIGTERM, after everything read so far was written.
};

}  // namespace spoor
