// One UTF-8 sequence at a time: the one place that knows which bytes are valid.
#pragma once

#include <cstddef>
#include <string_view>

namespace spoor {

/// Bytes of the valid sequence at the front of `text`, which is not empty; 0 if there is none.
/// Table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF,
/// nothing torn.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// The code point of one valid sequence.
[[nodiscard]] char32_t utf8_decode(std::string_view sequence);

}  // namespace spoor
