// The normalised event as a parser's author wants to see it: every value, under Spoor's own names.
#pragma once

#include <string>
#include <string_view>

#include "engine/event/event.h"

namespace spoor {

/// One compact JSON object without a newline, valid UTF-8: envelope, the processes it names, fields
/// under Sigma's names in the field table's order, extra fields by name, what the vendor wrote
/// where a field holds another form of it. What is absent is left out; a field that is there and
/// empty is
/// "". `file` is the name of the input that `position` is in. A pure function of its arguments.
[[nodiscard]] std::string render_event(const Event& event, std::string_view file = {});

}  // namespace spoor
