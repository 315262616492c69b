// Are the escapes of a JSON text valid?
#pragma once

#include <cstdint>
#include <string_view>

namespace spoor {

enum class Escapes : std::uint8_t {
  good,
  lone_surrogate,  ///< All are valid, but some half of a surrogate pair stands alone.
  bad,
};

/// Looks at every backslash, wherever it stands: one outside a string is the walk's to refuse.
/// O(length), in blocks of 64 bytes, by the widest instructions of the machine.
[[nodiscard]] Escapes check_escapes(std::string_view json);

/// The same a byte at a time: the slow twin.
[[nodiscard]] Escapes check_escapes_plainly(std::string_view json);

}  // namespace spoor
