// One detection document → a DetectionRule; one filter document → a FilterRule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"
#include "engine/rule/sigma_text.h"

namespace spoor {

/// Sigma's filter: a condition that rules get in addition. One that suppresses says `not`.
struct FilterRule {
  std::string id;  ///< May be empty.
  std::string title;
  SourcePosition position;
  LogSource log_source;            ///< The parts given must be the rule's.
  bool any_rule = false;           ///< `rules: any`.
  std::vector<std::string> rules;  ///< Ids or names.
  Expr condition;
};

/// Reads a detection rule. nullopt if anything was reported as an error.
[[nodiscard]] std::optional<DetectionRule> load_detection(const YamlNode& document,
                                                          const Placeholders& placeholders,
                                                          DiagnosticDesk& desk);

/// Reads a filter. nullopt if anything was reported as an error.
[[nodiscard]] std::optional<FilterRule> load_filter(const YamlNode& document,
                                                    const Placeholders& placeholders,
                                                    DiagnosticDesk& desk);

/// What detections and correlations share: id, title, level, texts. Missing or wrong ones are
/// reported.
[[nodiscard]] RuleMeta load_meta(const YamlNode& document, DiagnosticDesk& desk);

/// A key's value as text; "" if the key is absent. A value that is no scalar is reported.
[[nodiscard]] std::string scalar_of(const YamlNode& map,
                                    std::string_view key,
                                    DiagnosticDesk& desk);

}  // namespace spoor
