// spoor config check, print, schema: a configuration of `spoor run`, looked at.

#include <memory>
#include <string>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/config_schema.h"
#include "cli/exit_code.h"
#include "cli/live_check.h"
#include "cli/live_run.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/run_settings.h"
#include "cli/terminal.h"

namespace spoor {
namespace {

std::optional<RunConfig> read(const std::string& path, const std::vector<std::string>& set) {
  set_up_log(false, use_color(STDERR_FILENO, ColorChoice::automatic));
  return read_run_settings(path, set);
}

/// What run would refuse before it opens anything.
Result<void> check(const RunConfig& config) {
  Result<void> checked = check_run_config(config);
  if (!checked) {
    return checked;
  }
  const Result<LiveKnowledge> knowledge = read_live_knowledge(config);
  if (!knowledge) {
    return tl::unexpected<Error>(knowledge.error());
  }
  const Result<std::unique_ptr<Pipeline>> pipeline = knowledge->rules.make_pipeline({});
  return pipeline ? Result<void>() : tl::unexpected<Error>(pipeline.error());
}

}  // namespace

int run_config_check(const ConfigCheckOptions& options) {
  const std::optional<RunConfig> config = read(options.file, options.set);
  if (!config) {
    return exit_usage;
  }
  if (const Result<void> checked = check(*config); !checked) {
    log_error(checked.error().message);
    return run_exit_code(checked.error());
  }
  log_info(options.file + " can be used");
  return exit_ok;
}

int run_config_print(const ConfigPrintOptions& options) {
  const std::optional<RunConfig> config = read(options.file, options.set);
  if (!config) {
    return exit_usage;
  }
  const Result<void> written = write_output("", render_run_config(*config));
  return written ? exit_ok : exit_failure;
}

int run_config_schema(const ConfigSchemaOptions& /*options*/) {
  return write_output("", render_config_schema()) ? exit_ok : exit_failure;
}

}  // namespace spoor
