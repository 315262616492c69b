// One detection document → a DetectionRule.
#pragma once

#include <optional>
#include <string>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"

namespace spoor {

/// Reads a detection rule. nullopt if anything was reported as an error.
[[nodiscard]] std::optional<DetectionRule> load_detection(const YamlNode& document,
                                                          DiagnosticDesk& desk);

/// What detections and correlations share: id, title, level, texts. Missing or wrong ones are
/// reported.
[[nodiscard]] RuleMeta load_meta(const YamlNode& document, DiagnosticDesk& desk);

/// A key's value as text; "" if the key is absent. A value that is no scalar is reported.
[[nodiscard]] std::string scalar_of(const YamlNode& map,
                                    std::string_view key,
                                    DiagnosticDesk& desk);

}  // namespace spoor
