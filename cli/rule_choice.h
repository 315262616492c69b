// One rule of many, by what a person calls it; and the rules that it lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/result.h"
#include "engine/rule/rule.h"

namespace spoor {

enum class RuleKind : std::uint8_t {
  detection,  ///< Of RuleSet::detections.
  lineage,    ///< Of RuleSet::correlations.
  window,     ///< Of RuleSet::window_correlations.
};

struct RuleChoice {
  RuleKind kind = RuleKind::detection;
  std::size_t index = 0;
};

[[nodiscard]] const RuleMeta& meta_of(const RuleSet& rules, const RuleChoice& choice);

/// The rule that goes by `called`: its id, name or title, in any case, else an id that begins so.
/// Fails with bad_usage if there is none (naming the nearest), or more than one.
[[nodiscard]] Result<RuleChoice> choose_rule(const RuleSet& rules, std::string_view called);

struct RuleAlone {
  RuleSet rules;
  RuleChoice choice;  ///< Of `rules`.
};

/// A rule with those that it lists, and no others. All detections report by themselves, so that
/// each of their hits is told.
[[nodiscard]] RuleAlone with_listed(const RuleSet& rules, const RuleChoice& choice);

}  // namespace spoor
