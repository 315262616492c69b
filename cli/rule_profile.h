// What each rule cost in a replay: how often its witness let it through, and what evaluating it
// took. Counters, not times: the same on every machine, and comparable between rules.
#pragma once

#include <cstddef>
#include <string>

#include "engine/finding/render.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The `most` rules that cost most, by tests asked. `matcher` has matched events for `rules`.
[[nodiscard]] std::string render_profile(const RuleSet& rules,
                                         const Matcher& matcher,
                                         std::size_t most,
                                         const TableOptions& options);

}  // namespace spoor
