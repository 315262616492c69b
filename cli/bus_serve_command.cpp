// spoor bus serve: the findings of a state folder, for who missed them.

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include <unistd.h>

#include "cli/bus_session.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/log.h"
#include "cli/terminal.h"
#include "engine/state/state_store.h"

namespace spoor {

int run_bus_serve(const BusServeOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(options.state) / "CURRENT", ignored)) {
    log_error(options.state + ": there is no state in it; 'spoor replay --state' makes it");
    return exit_state;
  }
  const Result<std::unique_ptr<StateStore>> state =
      StateStore::open(options.state, StateStore::Access::write, log_warning);
  if (!state) {
    log_error(state.error().message);
    return exit_state;
  }
  const Result<std::unique_ptr<BusServer>> bus =
      start_bus(options.bus,
                {.source = **state,
                 .aside = **state,
                 .identity = {.instance = (*state)->instance(), .epoch = (*state)->epoch()}},
                0, false);
  if (!bus) {
    log_error(bus.error().message);
    return bus_exit_code(bus.error());
  }
  constexpr std::chrono::milliseconds kTick{100};
  while (!interrupted()) {
    std::this_thread::sleep_for(kTick);
  }
  return exit_ok;
}

}  // namespace spoor
