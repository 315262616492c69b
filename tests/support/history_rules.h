// Rules about what make_history() makes: each kind of correlation, and detections that lean on the
// process graph.
#pragma once

#include "engine/rule/rule.h"

namespace spoor::test {

[[nodiscard]] const RuleSet& history_rules();

}  // namespace spoor::test
