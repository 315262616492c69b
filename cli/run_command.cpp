// spoor run: logs in as they come, findings out as they arise.

#include <memory>
#include <optional>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/live_check.h"
#include "cli/live_inputs.h"
#include "cli/live_run.h"
#include "cli/log.h"
#include "cli/open_files.h"
#include "cli/run_settings.h"
#include "cli/service_notify.h"
#include "cli/terminal.h"

namespace spoor {
namespace {

int give_up(const Error& error) {
  log_error(error.message);
  return run_exit_code(error);
}

/// Stops the inputs, commits what they sent, and ends.
int end(LiveRun& run, LiveInputs& inputs) {
  notify_service("STOPPING=1");
  log_info("stopping: no more is taken in");
  inputs.stop();
  const Result<void> drained = run.drain();
  if (!drained) {
    return give_up(drained.error());
  }
  log_info("everything that was taken is committed");
  return exit_ok;
}

}  // namespace

int run_live(const RunOptions& options) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  std::optional<RunConfig> config = read_run_settings(options.config, options.set);
  if (!config) {
    return exit_usage;
  }
  if (!options.record.empty()) {
    config->record = options.record;
  }
  set_up_service_log(config->log_format == LogFormat::json, config->log_debug);
  catch_hangups();
  raise_open_files(open_files_wanted(*config));
  if (const Result<void> checked = check_run_config(*config); !checked) {
    return give_up(checked.error());
  }
  const Result<std::unique_ptr<LiveRun>> run = LiveRun::open(*config);
  if (!run) {
    return give_up(run.error());
  }
  const Result<std::unique_ptr<LiveInputs>> inputs =
      LiveInputs::start(*config, (*run)->queue(), (*run)->state(), (*run)->status());
  if (!inputs) {
    return give_up(inputs.error());
  }
  (*run)->on_hangup([&inputs] { return (*inputs)->reload(); });
  (*run)->on_metrics([&inputs](MetricsText& text) { (*inputs)->write_metrics(text); });
  notify_service("READY=1");
  const Result<void> ended = (*run)->run();
  if (!ended) {
    (*inputs)->stop();
    return give_up(ended.error());
  }
  return end(**run, **inputs);
}

}  // namespace spoor
