// JSON laid out for a reader.
#pragma once

#include <string>
#include <string_view>

namespace spoor {

/// The same tokens, each byte as it was, with line breaks and indentation between them. What is not
/// JSON comes back as it is or nearly so: nothing is judged, nothing but blanks is added or lost.
/// O(length); beyond 16 levels the indentation stops growing.
[[nodiscard]] std::string indent_json(std::string_view text);

}  // namespace spoor
