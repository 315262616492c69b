// The sub-commands. Each takes its options and returns an exit code.
#pragma once

#include "cli/arguments.h"

namespace spoor {

[[nodiscard]] int run_replay(const ReplayOptions& options);
[[nodiscard]] int run_parse(const ParseOptions& options);
[[nodiscard]] int run_match(const MatchOptions& options);
[[nodiscard]] int run_report(const ReportOptions& options);
[[nodiscard]] int run_tree(const TreeOptions& options);
[[nodiscard]] int run_explain(const ExplainOptions& options);
[[nodiscard]] int run_findings(const FindingsOptions& options);
[[nodiscard]] int run_live(const RunOptions& options);
[[nodiscard]] int run_config_check(const ConfigCheckOptions& options);
[[nodiscard]] int run_config_print(const ConfigPrintOptions& options);
[[nodiscard]] int run_config_schema(const ConfigSchemaOptions& options);
[[nodiscard]] int run_bus_tail(const BusTailOptions& options);
[[nodiscard]] int run_bus_serve(const BusServeOptions& options);
[[nodiscard]] int run_bus_keygen(const BusKeygenOptions& options);
[[nodiscard]] int run_bus_allow(const BusAllowOptions& options);
[[nodiscard]] int run_bus_revoke(const BusRevokeOptions& options);
[[nodiscard]] int run_bus_check(const BusCheckOptions& options);
[[nodiscard]] int run_bus_consumers(const BusConsumersOptions& options);
[[nodiscard]] int run_rules_lint(const RulesLintOptions& options);
[[nodiscard]] int run_rules_list(const RulesListOptions& options);
[[nodiscard]] int run_rules_coverage(const RulesCoverageOptions& options);
[[nodiscard]] int run_rules_test(const RulesTestOptions& options);
[[nodiscard]] int run_completion(const CompletionOptions& options);
[[nodiscard]] int run_man(const ManOptions& options);

}  // namespace spoor
