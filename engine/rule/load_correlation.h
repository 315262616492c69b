// One correlation document → a CorrelationRule.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The detections that a correlation can refer to.
struct KnownRules {
  const std::vector<DetectionRule>* detections = nullptr;
  std::set<std::string> rejected;      ///< Names and ids of rules that did not load.
  std::set<std::string> correlations;  ///< Names and ids of correlation rules.
};

/// Reads a correlation rule. nullopt if anything was reported as an error. `*generate` is its
/// `generate`: do the rules it refers to report by themselves as well? `*steps_listed` (if not
/// null) gets the names under `rules`, whether it loads or not.
[[nodiscard]] std::optional<CorrelationRule> load_correlation(
    const YamlNode& document,
    const KnownRules& known,
    DiagnosticDesk& desk,
    bool* generate,
    std::vector<std::string>* steps_listed);

}  // namespace spoor
