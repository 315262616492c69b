// A finding as an alert of TheHive 5 (POST /api/v1/alert).
#pragma once

#include <string>

#include "engine/state/finding_reader.h"

namespace spoor {

/// The alert, JSON: type "spoor", source the host, sourceRef the finding's uid, so that TheHive
/// takes it once. Title, level, description with the evidence, ATT&CK techniques as procedures,
/// observables as OCSF lists them. Of a payload that cannot be read: what the store says of it.
[[nodiscard]] std::string thehive_alert(const StoredFinding& finding);

}  // namespace spoor
