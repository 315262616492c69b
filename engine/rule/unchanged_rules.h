// Which rules of a rule set are those of the one before: what may keep its state when the rules are
// read again.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/rule/rule.h"

namespace spoor {

/// For each rule of the set that follows: the index of the same rule in the set before, or none.
struct UnchangedRules {
  std::vector<std::optional<std::size_t>> detections;    ///< As RuleSet::detections.
  std::vector<std::optional<std::size_t>> correlations;  ///< As RuleSet::correlations.
  std::vector<std::optional<std::size_t>>
      window_correlations;  ///< As RuleSet::window_correlations.
};

/// A rule is unchanged if its id and its logic hash are, and of a correlation its steps' ids too:
/// then it is true of the same events. Titles, levels, authors, its file and its place in it may
/// differ, and so may whether it makes findings of its own. In each set a rule has an id of its
/// own. O(rules × log rules).
[[nodiscard]] UnchangedRules unchanged_rules(const RuleSet& before, const RuleSet& after);

}  // namespace spoor
