// Text for a terminal: how wide it is, how to cut it, how to colour it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace spoor {

/// Columns that valid UTF-8 without control characters takes: wide East Asian characters and emoji
/// count two, combining marks none. An approximation where fonts disagree.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// At most `columns` wide: what does not fit gives way to "…" at the end, or in the middle, where
/// paths and command lines keep their telling ends.
[[nodiscard]] std::string cut_end(std::string_view text, std::size_t columns);
[[nodiscard]] std::string cut_middle(std::string_view text, std::size_t columns);

/// `text` and blanks up to `columns`.
[[nodiscard]] std::string pad(std::string_view text, std::size_t columns);

/// Input of any bytes and length made fit for one line of at most `columns`.
[[nodiscard]] std::string shown(std::string_view raw, std::size_t columns);

/// "2023-03-14 09:13:42Z"; "time unknown" for 0, as events have it whose time could not be read.
[[nodiscard]] std::string shown_seconds(Timestamp time);

enum class Style : std::uint8_t { plain, bold, dim, red, bold_red, yellow, cyan, green };

/// `text` between the style's escape sequences, or unchanged without colour.
[[nodiscard]] std::string styled(std::string_view text, Style style, bool color);

/// Critical and high are red, medium is yellow, low is cyan.
[[nodiscard]] Style level_style(std::string_view level);

}  // namespace spoor
