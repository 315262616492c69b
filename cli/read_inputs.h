// Files → pipeline, with progress on the way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/pipeline.h"
#include "replay/input_files.h"
#include "replay/progress.h"

namespace spoor {

struct ReadTotals {
  std::uint64_t failed_files = 0;  ///< Could not be opened or broke off; what came before was used.
  std::uint64_t raw_bytes = 0;     ///< Read from disk, compressed where the file is.
  bool stopped = false;            ///< By a signal; everything read so far went through.
};

/// Feeds every record of every file to the pipeline, in order. A file that fails is told on stderr,
/// and the next goes on.
[[nodiscard]] ReadTotals read_inputs(const std::vector<InputFile>& files,
                                     Pipeline& pipeline,
                                     ProgressDisplay& progress);

}  // namespace spoor
