// Are the escapes of a JSON text valid?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spoor {

enum class Escapes : std::uint8_t {
  good,
  lone_surrogate,  ///< All are valid, but some half of a surrogate pair stands alone.
  bad,
};

/// May it follow a backslash, but for u: "\/bfnrt.
[[nodiscard]] constexpr bool is_simple_escape(char c) {
  return c == '"' || c == '\\' || c == '/' || c == 'b' || c == 'f' || c == 'n' || c == 'r' ||
         c == 't';
}

/// The escape whose letter stands at `place`, or behind the text, and is none of the simple ones.
[[nodiscard]] Escapes check_unicode_escape(std::string_view json, std::size_t place);

/// Looks at every backslash, wherever it stands: one outside a string is the walk's to refuse. A
/// byte at a time: the slow twin of what quote_scan.h does on its way.
[[nodiscard]] Escapes check_escapes_plainly(std::string_view json);

}  // namespace spoor
