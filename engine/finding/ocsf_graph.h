// The evidence tree as OCSF 1.6's attack_graph: processes, and the things they touched as leaves.
#pragma once

#include "engine/finding/finding.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// Writes the member "attack_graph", or nothing if the finding has neither process nor artifact.
void write_attack_graph(JsonWriter& json, const Finding& finding);

}  // namespace spoor
