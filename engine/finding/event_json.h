// The normalised event as a parser's author wants to see it: every value, under Spoor's own names.
#pragma once

#include <string>
#include <string_view>

#include "engine/event/event.h"

namespace spoor {

/// One compact JSON object without a newline, valid UTF-8: envelope, the processes it names, fields
/// under Sigma's names in the field table's order, extra fields by name, what the vendor wrote
/// where a field holds another form of it ("originals"), and what rules find beside a value that is
/// dressed up ("revealed", canonical.h): the second value, if there is one, and what was "seen":
/// invisible, look_alike, short_name (8.3; only the host could expand it), part_of_variable. What
/// is absent is left out; a field that is there and empty is "". `file` is the name of the input
/// that `position` is in. A pure function of its arguments.
[[nodiscard]] std::string render_event(const Event& event, std::string_view file = {});

}  // namespace spoor
