// One finding as an article of the page.
#pragma once

#include <cstddef>

#include "engine/report/html.h"
#include "engine/report/report_finding.h"

namespace spoor {

/// Writes <article id="f`number`">, with everything the finding knows.
void write_finding(Html& html, const ReportFinding& finding, std::size_t number);

/// The process tree with the steps on it. Steps link to the timeline's events: "#f1-e3".
void write_tree(Html& html, const ReportFinding& finding, std::size_t number);

/// The events in their order, each with what matched, its fields and its record.
void write_timeline(Html& html, const ReportFinding& finding, std::size_t number);

}  // namespace spoor
