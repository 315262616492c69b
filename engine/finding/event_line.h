// The normalised event as one line for a person at a terminal.
#pragma once

#include <string>

#include "engine/event/event.h"
#include "engine/finding/render.h"

namespace spoor {

/// The titles of the columns, with a newline.
[[nodiscard]] std::string event_line_header(const TableOptions& options);

/// Time, host, source and carriage, type, process and what the event is about, at most
/// `options.width` columns wide, with a newline. Columns depend on the width alone, so that lines
/// can be written as events come; a narrow terminal has neither source nor year.
[[nodiscard]] std::string render_event_line(const Event& event, const TableOptions& options);

}  // namespace spoor
