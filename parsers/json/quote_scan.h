// One look at every byte of a JSON text: where its strings begin and end, and whether anything in
// it needs a closer look.
//
// This is what is left of simdjson's stage 1 where the rest of a record is known: a record of a
// remembered shape (shape.h) needs its quotes and no other character of structure. Much less is
// done for each block of 64 bytes, and escapes are judged on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "parsers/json/escape_check.h"

namespace spoor {

/// What the bytes of a text are.
struct TextLook {
  std::size_t quotes = 0;           ///< How many are not escaped.
  Escapes escapes = Escapes::good;  ///< As check_escapes_plainly() judges.
  bool is_ascii = true;
  bool has_controls = false;  ///< Bytes below 0x20.

  friend bool operator==(const TextLook&, const TextLook&) = default;
};

/// The place of a quote, in texts of up to kQuotedTextMax bytes. Of longer ones its lower bits.
using QuotePlace = std::uint16_t;
inline constexpr std::size_t kQuotedTextMax = 0xFFFF;

/// Room for what a quote finder writes, in entries: more than it counts.
[[nodiscard]] constexpr std::size_t quote_room(std::size_t text_bytes) {
  constexpr std::size_t kOvershoot = 64;
  return text_bytes + kOvershoot;
}

/// Writes the places of all quotes that are not escaped to `index`, which has quote_room() entries,
/// and behind the last the text's length. Behind the text kTextPadding bytes (document.h) can be
/// read. O(length).
using QuoteFinder = TextLook (*)(std::string_view json, QuotePlace* index);

/// Those that this machine can run, the fastest first, the slow twin of all last. Never empty.
[[nodiscard]] std::span<const QuoteFinder> quote_finders();

}  // namespace spoor
