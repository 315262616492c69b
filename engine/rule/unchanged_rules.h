// Which rules of a rule set are those of the one before: what may keep its state when the rules are
// read again.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "engine/base/uid.h"
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

/// A number for what has to be the same for a rule to be unchanged: the same in every run. `Rule`
/// is DetectionRule, CorrelationRule or WindowCorrelation, one of the set. O(rules it lists).
template <typename Rule>
[[nodiscard]] Uid identity_uid(const Rule& rule, const RuleSet& rules);

/// Of all rules of a kind, in their order.
template <typename Rule>
[[nodiscard]] std::vector<Uid> identity_uids(const std::vector<Rule>& of_kind,
                                             const RuleSet& rules) {
  std::vector<Uid> uids;
  uids.reserve(of_kind.size());
  for (const Rule& rule : of_kind) {
    uids.push_back(identity_uid(rule, rules));
  }
  return uids;
}

}  // namespace spoor
