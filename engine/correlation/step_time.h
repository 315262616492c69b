// A hit as a lineage correlation's windows see it.
#pragma once

#include <cstddef>
#include <optional>

#include "engine/correlation/hit_store.h"
#include "engine/correlation/window.h"
#include "engine/rule/rule.h"

namespace spoor {

/// The hit of a step: its time, the values that the rule measures, and the group that it is split
/// into. As in windows without lineage (docs/decisions/0014): of an array the first value makes the
/// group and goes into a tuple, and a single measured field gives all its values. nullopt: the
/// event lacks a field of `group-by` and takes no part. O(fields).
[[nodiscard]] std::optional<StepTime> step_time(const CorrelationRule& rule,
                                                std::size_t step,
                                                const KeptEvent& event);

}  // namespace spoor
