// The evidence tree as OCSF 1.6's attack_graph: processes, and the things they touched as leaves.
#pragma once

#include <string>
#include <vector>

#include "engine/finding/finding.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// Node ids of the processes: the vendor's uid where it has one, else the place in the tree.
[[nodiscard]] std::vector<std::string> process_node_uids(const Finding& finding);

/// Writes the member "attack_graph", or nothing if the finding has neither process nor artifact.
void write_attack_graph(JsonWriter& json, const Finding& finding);

}  // namespace spoor
