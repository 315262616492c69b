// Any bytes are rules or located problems, and what a rule refers to is there.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "engine/rule/lint.h"
#include "engine/rule/load.h"

namespace {

void check(bool good) {
  if (!good) {
    std::abort();
  }
}

/// A line and column that a person can go to: columns run to just behind the last byte.
bool lies_within(std::string_view content, spoor::SourcePosition position) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (content.starts_with(kByteOrderMark)) {
    content.remove_prefix(kByteOrderMark.size());
  }
  for (std::uint32_t line = 1; line < position.line; ++line) {
    const std::size_t newline = content.find('\n');
    if (newline == std::string_view::npos) {
      return false;
    }
    content.remove_prefix(newline + 1);
  }
  const std::size_t length = std::min(content.find('\n'), content.size());
  return position.line >= 1 && position.column >= 1 && position.column <= length + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  spoor::Linter linter;
  const spoor::LoadedRules loaded = spoor::load_rules(
      {{.path = "fuzz.yml", .content = content}},
      {.placeholders = {},
       .visit = [&linter](const spoor::YamlNode& document, spoor::DiagnosticDesk& desk) {
         linter(document, desk);
       }});
  std::size_t errors = 0;
  for (const spoor::Diagnostic& diagnostic : loaded.diagnostics) {
    check(lies_within(content, diagnostic.position));
    check(!spoor::render(diagnostic).empty());
    errors += diagnostic.severity == spoor::Severity::error ? 1U : 0U;
  }
  const spoor::RuleSet& rules = loaded.rules;
  check(rules.detections.size() + rules.correlations.size() + rules.window_correlations.size() +
            loaded.rejected ==
        loaded.documents);
  check((loaded.rejected == 0) == (errors == 0));  // Refused: with a reason, and only then.
  for (const spoor::CorrelationRule& rule : rules.correlations) {
    check(rule.anchor < rule.steps.size());
    for (const spoor::CorrelationStep& step : rule.steps) {
      check(step.rule < rules.detections.size());
    }
    for (const spoor::GroupField& field : rule.split_by) {
      check(field.of_rule.size() == rule.steps.size());
    }
  }
  for (std::size_t i = 0; i < rules.window_correlations.size(); ++i) {
    const spoor::WindowCorrelation& rule = rules.window_correlations[i];
    check(!rule.rules.empty() && rule.timespan > 0);
    for (const spoor::ListedRule& listed : rule.rules) {
      check(listed.index < (listed.is_correlation ? i : rules.detections.size()));
    }
    for (const spoor::GroupField& field : rule.group_by) {
      check(field.of_rule.size() == rule.rules.size());
    }
  }
  return 0;
}
