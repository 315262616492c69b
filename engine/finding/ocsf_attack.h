// ATT&CK entries as OCSF's attacks.
#pragma once

#include <vector>

#include "engine/finding/attack.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// Writes the member "attacks", or nothing if there are none.
void write_attacks(JsonWriter& json, const std::vector<Attack>& attacks);

}  // namespace spoor
