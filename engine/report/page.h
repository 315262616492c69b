// The page around the findings: head, counts, list.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/report/html.h"
#include "engine/report/report_finding.h"

namespace spoor {

/// `heads` are all findings in order, of which the first `drawn` stand in `articles`; at most
/// `listed_max` of them are listed.
[[nodiscard]] std::string render_page(const std::vector<const ReportHead*>& heads,
                                      std::size_t drawn,
                                      std::size_t listed_max,
                                      const Html& articles);

}  // namespace spoor
