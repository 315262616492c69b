// What the loaders of both kinds of correlations read alike: the type, and what a window is held
// against.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/window_correlation.h"

namespace spoor {

/// A `condition` of numbers.
struct Measure {
  std::vector<Threshold> thresholds;
  std::vector<std::string> fields;
  double percentile = 50;
};

/// A scalar, or each item of a list. Nothing of a map.
[[nodiscard]] std::vector<const YamlNode*> values_of(const YamlNode* node);

/// temporal, temporal_ordered.
[[nodiscard]] bool is_of_rules(WindowCorrelationType type);

/// value_*.
[[nodiscard]] bool is_of_values(WindowCorrelationType type);

/// The correlation's `type`; nullopt if that was reported.
[[nodiscard]] std::optional<WindowCorrelationType> load_correlation_type(const YamlNode& body,
                                                                         DiagnosticDesk& desk);

/// The correlation's `generate`.
[[nodiscard]] bool load_generate(const YamlNode& body, DiagnosticDesk& desk);

/// The correlation's `timespan`; 0 if that was reported.
[[nodiscard]] Duration load_timespan(const YamlNode& body, DiagnosticDesk& desk);

/// Reads a `condition` that is a map, or none (null): is there everything that a correlation of
/// that type over `rules` rules needs, and nothing that cannot be? `whole` is where a lack is
/// reported.
[[nodiscard]] Measure load_measure(const YamlNode* condition,
                                   SourcePosition whole,
                                   WindowCorrelationType type,
                                   std::size_t rules,
                                   DiagnosticDesk& desk);

/// Can a measure that is a whole number from `least` to `most` satisfy all of them?
[[nodiscard]] bool can_hold(const std::vector<Threshold>& thresholds, double least, double most);

}  // namespace spoor
