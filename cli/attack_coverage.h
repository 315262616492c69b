// Which ATT&CK techniques the rules look for, as a table and as a layer for the ATT&CK Navigator.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/rule_catalog.h"
#include "engine/event/event.h"
#include "engine/finding/render.h"

namespace spoor {

struct AttackCoverage {
  /// Technique uid → the titles of the rules tagged with it, in the catalog's order. A technique
  /// has those of its sub-techniques, too.
  std::map<std::string, std::vector<std::string>> techniques;
  /// By the tactic's uid: rules that name it, or a technique that serves it.
  std::map<std::string, std::size_t> rules_by_tactic;
  std::size_t rules = 0;     ///< In the catalog.
  std::size_t firing = 0;    ///< Of them, rules that load and that a source can satisfy.
  std::size_t untagged = 0;  ///< Of the firing ones, those without a tag that ATT&CK has.
  std::size_t unknown = 0;   ///< Of the firing ones, those with a technique that ATT&CK lacks.
  std::optional<Source> source;
};

/// Counts the rules that can fire on `source`, or on any source if there is none. A correlation
/// can if enough of its steps can to satisfy its condition.
[[nodiscard]] AttackCoverage attack_coverage(const RuleCatalog& catalog,
                                             std::optional<Source> source);

/// A layer in the Navigator's format 4.5 (attack-navigator, layers/spec/v4.5): the score of a
/// technique is the number of its rules, its comment their titles. Ends with a newline.
[[nodiscard]] std::string render_layer(const AttackCoverage& coverage);

/// One line a tactic: techniques and sub-techniques that have a rule, of how many; rules.
[[nodiscard]] std::string render_coverage(const AttackCoverage& coverage,
                                          const TableOptions& options);

}  // namespace spoor
