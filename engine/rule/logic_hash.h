// What a rule detects, as a number: the same for rules that mean the same, however they are
// written.
#pragma once

#include <string>
#include <vector>

#include "engine/rule/rule.h"

namespace spoor {

/// Of log source and condition. Independent of texts, formatting, level and of the order of keys
/// and values.
[[nodiscard]] std::string logic_hash(const DetectionRule& rule);

/// Of type, lineage, timespan, condition, escalations and the logic of the steps' rules.
[[nodiscard]] std::string logic_hash(const CorrelationRule& rule,
                                     const std::vector<DetectionRule>& detections);

}  // namespace spoor
