// spoor rules lint: what is wrong with rules, or likely is.

#include <algorithm>
#include <map>
#include <string>

#include <unistd.h>

#include "cli/can_fire.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/lint_attack.h"
#include "cli/log.h"
#include "cli/output_file.h"
#include "cli/rule_catalog.h"
#include "cli/terminal.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/terminal.h"
#include "engine/matcher/source_support.h"
#include "engine/rule/lint.h"

namespace spoor {
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

/// Why the rule never fires on records of the source; nothing if it can, or did not load.
std::optional<NeverFires> why_never(const RuleCatalog& catalog,
                                    const CatalogEntry& entry,
                                    Source source) {
  if (const DetectionRule* rule = catalog.detection(entry)) {
    return never_fires(*rule, source);
  }
  if (!entry.loaded || can_fire(catalog, entry, source)) {
    return std::nullopt;
  }
  return NeverFires{.reason = "too few of the rules it lists can fire on records of " +
                              std::string(to_string(source)),
                    .position = std::nullopt};
}

/// Rules that no record of the source can satisfy.
void add_never_fires(const RuleCatalog& catalog, Source source, std::vector<Diagnostic>& into) {
  for (const CatalogEntry& entry : catalog.entries) {
    if (const std::optional<NeverFires> never = why_never(catalog, entry, source)) {
      into.push_back({.severity = Severity::warning,
                      .file = entry.meta.file,
                      .position = never->position.value_or(entry.log_source_position),
                      .message = "the rule never fires: " + never->reason,
                      .hint = "",
                      .source_line = "",
                      .check = "never-fires"});
    }
  }
}

/// As render() has it, with the severity in colour.
std::string render_in_color(const Diagnostic& diagnostic) {
  std::string text = render(diagnostic);
  const bool is_error = diagnostic.severity == Severity::error;
  const std::string_view word = is_error ? "error" : "warning";
  const std::size_t at = text.find(": " + std::string(word) + ": ", diagnostic.file.size());
  if (at != std::string::npos) {
    text.replace(at + 2, word.size(),
                 styled(word, is_error ? Style::bold_red : Style::yellow, true));
  }
  return text;
}

std::string render_json(const Diagnostic& diagnostic) {
  JsonWriter json;
  json.begin_object();
  json.text("severity", diagnostic.severity == Severity::error ? "error" : "warning");
  json.text("check", diagnostic.check);
  json.text("file", diagnostic.file);
  json.number("line", diagnostic.position.line);
  json.number("column", diagnostic.position.column);
  json.text("message", diagnostic.message);
  json.text("hint", diagnostic.hint);
  json.text("source_line", diagnostic.source_line);
  json.end_object();
  return json.finish() + "\n";
}

/// "31 short-contains, 4 wildcard": the most frequent first.
std::string by_check(const std::vector<Diagnostic>& diagnostics) {
  std::map<std::string, std::size_t> counts;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == Severity::warning && !diagnostic.check.empty()) {
      ++counts[diagnostic.check];
    }
  }
  std::vector<std::pair<std::string, std::size_t>> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return row.second; });
  std::string text;
  for (const auto& [check, count] : rows) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + check;
  }
  return text;
}

}  // namespace

int run_rules_lint(const RulesLintOptions& options) {
  set_up_log(options.quiet, use_color(STDERR_FILENO, options.color));
  Linter linter;
  Result<RuleCatalog> catalog =
      load_catalog(options.paths, [&linter](const YamlNode& document, DiagnosticDesk& desk) {
        linter(document, desk);
        lint_attack_tags(document, desk);
      });
  if (!catalog) {
    log_error(catalog.error().message);
    return exit_usage;
  }
  std::vector<Diagnostic>& diagnostics = catalog->loaded.diagnostics;
  if (options.source) {
    add_never_fires(*catalog, *options.source, diagnostics);
    finish_diagnostics(diagnostics);
  }
  std::erase_if(diagnostics, [&options](const Diagnostic& diagnostic) {
    return std::ranges::find(options.ignored, diagnostic.check) != options.ignored.end();
  });
  if (catalog->entries.empty() && diagnostics.empty()) {
    log_error("no rule file (*.yml, *.yaml) there");
    return exit_usage;
  }
  const bool color = use_color(STDOUT_FILENO, options.color);
  std::string text;
  std::size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    errors += diagnostic.severity == Severity::error ? 1U : 0U;
    text += options.format == ReportFormat::json ? render_json(diagnostic)
            : color                              ? render_in_color(diagnostic)
                                                 : render(diagnostic);
  }
  const Result<void> written = write_output("-", text);
  if (!written) {
    log_error(written.error().message);
    return exit_failure;
  }
  const std::size_t warnings = diagnostics.size() - errors;
  std::string summary = counted(catalog->entries.size(), "rule") + ", " +
                        std::to_string(catalog->refused) + " refused: " + counted(errors, "error") +
                        ", " + counted(warnings, "warning");
  const std::string checks = by_check(diagnostics);
  log_info(checks.empty() ? summary : summary + " (" + checks + ")");
  return errors > 0 || catalog->refused > 0 || (options.strict && warnings > 0) ? exit_usage
                                                                                : exit_ok;
}

}  // namespace spoor
