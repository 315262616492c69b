// spoor: one binary, one sub-command for each use.

#include <cstdio>
#include <exception>
#include <variant>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"

namespace {

struct Run {
  int operator()(const spoor::ExitNow& exit_now) const { return exit_now.code; }

  int operator()(const spoor::ReplayOptions& options) const { return spoor::run_replay(options); }

  int operator()(const spoor::ParseOptions& options) const { return spoor::run_parse(options); }

  int operator()(const spoor::MatchOptions& options) const { return spoor::run_match(options); }

  int operator()(const spoor::ReportOptions& options) const { return spoor::run_report(options); }

  int operator()(const spoor::TreeOptions& options) const { return spoor::run_tree(options); }

  int operator()(const spoor::ExplainOptions& options) const { return spoor::run_explain(options); }

  int operator()(const spoor::FindingsOptions& options) const {
    return spoor::run_findings(options);
  }

  int operator()(const spoor::RunOptions& options) const { return spoor::run_live(options); }

  int operator()(const spoor::ConfigCheckOptions& options) const {
    return spoor::run_config_check(options);
  }

  int operator()(const spoor::ConfigPrintOptions& options) const {
    return spoor::run_config_print(options);
  }

  int operator()(const spoor::ConfigSchemaOptions& options) const {
    return spoor::run_config_schema(options);
  }

  int operator()(const spoor::BusTailOptions& options) const {
    return spoor::run_bus_tail(options);
  }

  int operator()(const spoor::BusServeOptions& options) const {
    return spoor::run_bus_serve(options);
  }

  int operator()(const spoor::BusKeygenOptions& options) const {
    return spoor::run_bus_keygen(options);
  }

  int operator()(const spoor::BusAllowOptions& options) const {
    return spoor::run_bus_allow(options);
  }

  int operator()(const spoor::BusRevokeOptions& options) const {
    return spoor::run_bus_revoke(options);
  }

  int operator()(const spoor::BusCheckOptions& options) const {
    return spoor::run_bus_check(options);
  }

  int operator()(const spoor::BusConsumersOptions& options) const {
    return spoor::run_bus_consumers(options);
  }

  int operator()(const spoor::RulesLintOptions& options) const {
    return spoor::run_rules_lint(options);
  }

  int operator()(const spoor::RulesListOptions& options) const {
    return spoor::run_rules_list(options);
  }

  int operator()(const spoor::RulesCoverageOptions& options) const {
    return spoor::run_rules_coverage(options);
  }

  int operator()(const spoor::RulesTestOptions& options) const {
    return spoor::run_rules_test(options);
  }

  int operator()(const spoor::CompletionOptions& options) const {
    return spoor::run_completion(options);
  }

  int operator()(const spoor::ManOptions& options) const { return spoor::run_man(options); }
};

}  // namespace

int main(int argc, char** argv) {
  try {
    spoor::catch_interrupts();
    return std::visit(Run{}, spoor::parse_arguments(argc, argv));
  } catch (const std::exception& error) {
    // Out of memory, or a mistake of ours: nothing that input should bring about.
    std::fprintf(stderr, "spoor: error: %s\n", error.what());
    return spoor::exit_failure;
  }
}
