// What a replay did, in numbers.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/read_inputs.h"
#include "engine/finding/finding.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"
#include "replay/input_files.h"

namespace spoor {

struct ReplayResult {
  const std::vector<InputFile>* files = nullptr;
  const LoadedRules* rules = nullptr;
  const Pipeline* pipeline = nullptr;
  std::vector<Finding> findings;
  ReadTotals totals;
  std::chrono::nanoseconds elapsed{0};
};

/// The JSON of --summary, indented, with a newline at its end. Everything but "elapsed_s" and
/// "events_per_s" is the same for the same input.
[[nodiscard]] std::string render_summary(const ReplayResult& result);

/// One or two lines for a person.
[[nodiscard]] std::string summary_line(const ReplayResult& result);

}  // namespace spoor
