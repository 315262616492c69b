// The configuration of `spoor run`: one YAML file, strict, with every mistake told by its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/bus_options.h"
#include "cli/config_overrides.h"
#include "cli/input_config.h"
#include "cli/sink_settings.h"
#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/correlation/watermark.h"
#include "engine/event/event.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/load.h"

namespace spoor {

enum class LogFormat : std::uint8_t { text, json };

struct RunConfig {
  std::string state;
  std::vector<std::string> rules{};  ///< Empty: the bundled detections.
  std::string placeholders{};
  std::string host_aliases{};
  std::vector<InputConfig> inputs{};
  BusOptionsOnCommandLine bus{};
  SinkConfigs sinks{};
  Lateness lateness{};
  std::size_t processes_max = kProcessesMax;
  std::uint64_t process_bytes_max = kProcessBytesMax;
  std::string admin_address{};  ///< Empty: no /metrics.
  std::uint16_t admin_port = 0;
  std::uint64_t queue_bytes = 256U << 20U;
  std::chrono::milliseconds drain{10'000};
  LogFormat log_format = LogFormat::text;
  bool log_debug = false;
  std::string dead_letters{};  ///< File, or empty.
  std::string record{};        ///< Folder, or empty.
};

/// `overrides` stand over what the file says. What is wrong goes to `problems`; fails if the file
/// cannot be read. Secrets are read from the files that it names.
[[nodiscard]] Result<RunConfig> load_run_config(const std::string& path,
                                                std::vector<Diagnostic>& problems,
                                                const std::vector<ConfigOverride>& overrides = {});

/// The same of a file that was read.
[[nodiscard]] RunConfig read_run_config(const RuleFile& file,
                                        std::vector<Diagnostic>& problems,
                                        const std::vector<ConfigOverride>& overrides = {});

/// The configuration as YAML, with what holds by default; secrets only by the names of their files.
[[nodiscard]] std::string render_run_config(const RunConfig& config);

}  // namespace spoor
