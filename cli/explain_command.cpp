// spoor explain: why a rule did or did not complete.

#include <optional>
#include <string>
#include <utility>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/explanation.h"
#include "cli/explanation_view.h"
#include "cli/host_choice.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/read_inputs.h"
#include "cli/rule_choice.h"
#include "cli/rules.h"
#include "cli/settings_file.h"
#include "cli/terminal.h"
#include "engine/base/text.h"
#include "engine/correlation/host_state.h"

namespace spoor {
namespace {

/// The rule that is asked for, with those it lists; or nothing, having said why.
std::optional<RuleAlone> find_rule(const ExplainOptions& options) {
  const std::optional<LoadOptions> how =
      read_settings<LoadOptions>(options.placeholders, options.quiet, load_placeholder_file);
  const std::optional<LoadedRules> loaded =
      how ? load_rules_for_command(options.rules, false, options.quiet, *how) : std::nullopt;
  if (!loaded) {
    return std::nullopt;
  }
  const Result<RuleChoice> choice = choose_rule(loaded->rules, options.rule);
  if (!choice) {
    log_error(choice.error().message);
    return std::nullopt;
  }
  return with_listed(loaded->rules, *choice);
}

/// The key of the host that is asked for; empty: all of them. Nothing: there is none, and it was
/// said.
std::optional<std::string> find_host(const Correlator& correlator, const std::string& wanted) {
  if (wanted.empty()) {
    return std::string();
  }
  const std::vector<std::string> named = hosts_named(correlator, wanted);
  if (named.empty()) {
    log_error("no event is of host '" + escape_for_terminal(wanted) +
              "'; the logs have: " + host_list(correlator));
    return std::nullopt;
  }
  if (named.size() > 1) {
    std::string keys;
    for (const std::string& key : named) {
      keys += (keys.empty() ? "" : ", ") + escape_for_terminal(key);
    }
    log_error("several sensors report as '" + escape_for_terminal(wanted) +
              "'; name one with --host: " + keys);
    return std::nullopt;
  }
  return named.front();
}

ProgressDisplay::Mode progress_mode(const ExplainOptions& options) {
  if (options.quiet || !options.progress) {
    return ProgressDisplay::Mode::off;
  }
  return is_terminal(STDERR_FILENO) ? ProgressDisplay::Mode::bar : ProgressDisplay::Mode::lines;
}

/// Takes records. What its rules find on the way says nothing yet, so no number is shown.
class ExplainConsumer final : public PipelineConsumer {
 public:
  using PipelineConsumer::PipelineConsumer;

  void report(ProgressState& state) override {
    PipelineConsumer::report(state);
    state.findings = std::nullopt;
  }
};

/// What may keep the explanation from being the whole truth.
void warn(const Explanation& explanation, const Pipeline& pipeline, bool stopped) {
  const auto warn_of = [](std::uint64_t count, const std::string& what) {
    if (count != 0) {
      log_warning(std::to_string(count) + what);
    }
  };
  warn_of(explanation.unreadable, " records could not be read");
  const Correlator& correlator = pipeline.correlator();
  warn_of(correlator.hits_beyond_limit(), " hits were counted and not kept: too many at a process");
  warn_of(correlator.refused_processes(), " processes were left out: too many on a host");
  warn_of(correlator.stats().forgotten_hits,
          " hits were forgotten with their processes: too many on a host");
  warn_of(pipeline.hurried_events(), " events were judged before all was known of their ancestors");
  warn_of(correlator.stats().matches_beyond_limit,
          " hits were not looked at: too many of one rule");
  const WindowDrops& drops = correlator.window_drops();
  warn_of(drops.late_events + drops.groups + drops.entries,
          " events or groups of correlations in time were dropped: too many at once");
  if (stopped) {
    log_warning("interrupted: told is what was read until then");
  }
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  const Result<std::vector<InputFile>> files = expand_inputs(options.events);
  if (!files) {
    log_error(files.error().message);
    return exit_usage;
  }
  std::optional<RuleAlone> rule = find_rule(options);
  if (!rule) {
    return exit_usage;
  }
  RuleExplainer explainer(std::move(*rule));
  ProgressDisplay progress(system_clock(), stderr, progress_mode(options),
                           terminal_width(STDERR_FILENO));
  ExplainConsumer consumer(explainer.pipeline());
  const ReadTotals totals = read_inputs(*files, consumer, progress);
  if (explainer.pipeline().correlator().host_count() == 0) {
    log_error("no event was read");
    return exit_usage;
  }
  const std::optional<std::string> host =
      find_host(explainer.pipeline().correlator(), options.host);
  if (!host) {
    return exit_usage;
  }
  const Explanation explanation = explainer.explain(*host);
  warn(explanation, explainer.pipeline(), totals.stopped);
  const std::string text =
      options.format == ReportFormat::json
          ? explanation_json(explanation)
          : explanation_text(explanation, {.color = use_color(STDOUT_FILENO, options.color),
                                           .width = terminal_width(STDOUT_FILENO)});
  const Result<void> written = write_output("-", text);
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  log_info(std::to_string(explanation.events) + (explanation.events == 1 ? " event" : " events") +
           " of " + std::to_string(explanation.hosts) +
           (explanation.hosts == 1 ? " host" : " hosts"));
  if (totals.stopped) {
    return exit_interrupted;
  }
  return totals.failed_files > 0 ? exit_input_errors : exit_ok;
}

}  // namespace spoor
