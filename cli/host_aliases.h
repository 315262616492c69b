// The file of `--host-aliases`: names of machines that belong together.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/pipeline.h"
#include "engine/rule/diagnostic.h"

namespace spoor {

/// Reads a YAML map from one name of a machine to the others, `pc042: [4c1b8e7f…, pc042-wifi]`.
/// A name is a host name or a sensor's id, as the logs have it. What is wrong goes to `problems`
/// with its place, and the rest is read. An error: the file cannot be read.
[[nodiscard]] Result<HostAliases> load_host_aliases(const std::string& path,
                                                    std::vector<Diagnostic>& problems);

}  // namespace spoor
