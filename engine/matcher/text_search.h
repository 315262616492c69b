// Is one text in another? As std::string_view::find, but by two bytes at once and at 16 places at a
// time: literals begin with what texts are full of (a blank, a backslash, an e), and find looks
// closer at each of these.
#pragma once

#include <string_view>

namespace spoor {

/// Reads nothing behind the texts. The empty text is in every one.
[[nodiscard]] bool holds_text(std::string_view text, std::string_view part);

}  // namespace spoor
