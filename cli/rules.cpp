#include "cli/rules.h"

#include <cstdio>
#include <string>

#include "cli/bundled_rules.h"
#include "cli/log.h"

namespace spoor {
namespace {

/// In a log of JSON one message, without the line that it is about.
void print(const Diagnostic& diagnostic) {
  if (!log_is_json()) {
    std::fputs(render(diagnostic).c_str(), stderr);
    return;
  }
  const std::string text = diagnostic.file + ":" + std::to_string(diagnostic.position.line) + ":" +
                           std::to_string(diagnostic.position.column) + ": " + diagnostic.message +
                           (diagnostic.hint.empty() ? "" : "; " + diagnostic.hint);
  if (diagnostic.severity == Severity::error) {
    log_error(text);
  } else {
    log_warning(text);
  }
}

}  // namespace

std::size_t print_diagnostics(const std::vector<Diagnostic>& diagnostics, bool quiet) {
  std::size_t errors = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    errors += diagnostic.severity == Severity::error ? 1U : 0U;
    if (!quiet || diagnostic.severity == Severity::error) {
      print(diagnostic);
    }
  }
  return errors;
}

std::optional<LoadedRules> load_rules_for_command(const std::vector<std::string>& paths,
                                                  bool strict,
                                                  bool quiet,
                                                  const LoadOptions& options) {
  Result<LoadedRules> loaded = paths.empty()
                                   ? Result<LoadedRules>(load_rules(bundled_rules(), options))
                                   : load_rule_paths(paths, options);
  if (!loaded) {
    log_error(loaded.error().message);
    return std::nullopt;
  }
  print_diagnostics(loaded->diagnostics, quiet);
  const std::size_t count = loaded->rules.detections.size() + loaded->rules.correlations.size() +
                            loaded->rules.window_correlations.size();
  if (count == 0) {
    log_error("no rule was loaded" +
              std::string(loaded->documents == 0 ? ": no rule file (*.yml) there" : ""));
    return std::nullopt;
  }
  if (loaded->rejected > 0) {
    const std::string what = std::to_string(loaded->rejected) + " of " +
                             std::to_string(loaded->documents) + " rules refused";
    if (strict) {
      log_error(what + " (--strict)");
      return std::nullopt;
    }
    log_warning(what + "; the others are used");
  }
  return std::move(*loaded);
}

}  // namespace spoor
