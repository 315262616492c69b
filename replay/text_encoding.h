// How the text of a source is encoded, told by its first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoor {

enum class TextEncoding : std::uint8_t { utf8, utf8_with_bom, utf16 };

/// That many first bytes are enough; fewer only if the source is shorter.
inline constexpr std::size_t kEncodingBytes = 16;
inline constexpr std::size_t kUtf8BomBytes = 3;

/// UTF-16 by its byte order mark or, as JSON starts with ASCII, by every other byte being NUL
/// (which no UTF-8 text that a JSON parser accepts has). PowerShell 5 writes UTF-16 unless told
/// otherwise.
[[nodiscard]] TextEncoding text_encoding(std::string_view first_bytes);

}  // namespace spoor
