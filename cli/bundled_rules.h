// The detections that come with the program, compiled in: the binary needs no files beside it.
#pragma once

#include <vector>

#include "engine/rule/load.h"

namespace spoor {

/// Every rule file of detections/, in name order.
[[nodiscard]] std::vector<RuleFile> bundled_rules();

}  // namespace spoor
