// The hosts that a person means by a name.
#pragma once

#include <string>
#include <vector>

#include "engine/correlation/correlator.h"

namespace spoor {

/// The keys of the hosts that go by that name: in any case, with or without its domain. Keys
/// themselves are names too (CrowdStrike's aid).
[[nodiscard]] std::vector<std::string> hosts_named(const Correlator& correlator,
                                                   const std::string& wanted);

/// All hosts by name, "PC042.acme.example, PC044", fit for a terminal.
[[nodiscard]] std::string host_list(const Correlator& correlator);

}  // namespace spoor
