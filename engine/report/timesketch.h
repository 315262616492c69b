// Findings as a timeline for Timesketch: JSONL, one event of the evidence a line.
#pragma once

#include <string>

#include "engine/report/report_finding.h"

namespace spoor {

/// The lines of one finding, each with `message`, `datetime` and `timestamp_desc`, as Timesketch's
/// importer wants them; one line of the finding itself if it has no event. Times are event times.
[[nodiscard]] std::string render_timesketch(const ReportFinding& finding);

}  // namespace spoor
