// An explanation for a person, and for a program.
#pragma once

#include <string>

#include "cli/explanation.h"
#include "engine/finding/render.h"

namespace spoor {

/// Several lines, none wider than `options.width` where words allow it. Of any bytes: it is fit for
/// a terminal.
[[nodiscard]] std::string explanation_text(const Explanation& explanation,
                                           const TableOptions& options);

/// One JSON object on one line.
[[nodiscard]] std::string explanation_json(const Explanation& explanation);

/// "1h 5m": the two greatest units.
[[nodiscard]] std::string span_text(Duration span);

/// "3", "2.5".
[[nodiscard]] std::string number_text(double number);

}  // namespace spoor
