// The file that says where findings are sent to.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/document.h"
#include "engine/sink/sink.h"

namespace spoor {

using SinkConfigs = std::vector<SinkConfig>;

/// A YAML map with the list `sinks` (docs/soar.md). What is wrong goes to `problems`; fails if the
/// file cannot be read.
[[nodiscard]] Result<SinkConfigs> load_sinks(const std::string& path,
                                             std::vector<Diagnostic>& problems);

/// The list itself, as it stands in a configuration. Secrets are read from the files it names.
[[nodiscard]] SinkConfigs read_sinks(const YamlNode& list, DiagnosticDesk& desk);

/// Reads the files again that the credentials of a sink came from. Fails with bad_usage, naming the
/// file, if one of them is not as it has to be.
[[nodiscard]] Result<SinkCredentials> read_sink_credentials(const SinkConfig& sink);

}  // namespace spoor
