// The values of a finding that a playbook looks up, in one flat list.
#pragma once

#include "engine/finding/finding.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// Writes the member "observables": each value once, in the order in which the document holds them,
/// with the path of the attribute it came from. Nothing if there are none.
void write_observables(JsonWriter& json, const Finding& finding);

}  // namespace spoor
