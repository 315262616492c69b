// spoor rules coverage: which ATT&CK techniques the rules look for.

#include <cstdio>
#include <string>

#include <unistd.h>

#include "cli/attack_coverage.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/terminal.h"

namespace spoor {
namespace {

/// The table goes to standard output, unless the layer does.
Result<void> write_table(const AttackCoverage& coverage, const RulesCoverageOptions& options) {
  const bool layer_is_output = options.layer == "-";
  const int descriptor = layer_is_output ? STDERR_FILENO : STDOUT_FILENO;
  const std::string table = render_coverage(
      coverage,
      {.color = use_color(descriptor, options.color), .width = terminal_width(descriptor)});
  if (!layer_is_output) {
    return write_output("-", table);
  }
  if (!options.quiet) {
    std::fputs(table.c_str(), stderr);
  }
  return {};
}

}  // namespace

int run_rules_coverage(const RulesCoverageOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  const Result<void> writable = check_output(options.layer);
  if (!writable) {
    log_error(writable.error().message);
    return exit_usage;
  }
  const Result<RuleCatalog> catalog = load_catalog(options.paths);
  if (!catalog) {
    log_error(catalog.error().message);
    return exit_usage;
  }
  if (catalog->entries.empty()) {
    log_error("no rule file (*.yml, *.yaml) there");
    return exit_usage;
  }
  if (catalog->refused > 0) {
    log_warning(std::to_string(catalog->refused) + " of " +
                std::to_string(catalog->entries.size()) +
                " rules refused, and not counted; 'spoor rules lint' says why");
  }
  const AttackCoverage coverage = attack_coverage(*catalog, options.source);
  Result<void> written;
  if (!options.layer.empty()) {
    written = write_output(options.layer, render_layer(coverage));
  }
  if (written) {
    written = write_table(coverage, options);
  }
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  return exit_ok;
}

}  // namespace spoor
