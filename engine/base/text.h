// Text as the matcher and the output see it: case folding, UTF-8 checks, display escaping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace spoor {

/// Unicode simple case folding (CaseFolding.txt, status C and S): the one fold of every matcher,
/// equal to RE2's (?i). The folded text of valid UTF-8 is valid UTF-8; other bytes pass through.
/// O(length).
[[nodiscard]] std::string fold(std::string_view text);
/// Appends fold(text) to `out`: for callers that reuse a buffer.
void fold_append(std::string_view text, std::string& out);
/// Folds one code point.
[[nodiscard]] char32_t fold_code_point(char32_t code_point);

/// ASCII-only lower case, for host names, GUIDs and hex.
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] bool equals_ignore_case_ascii(std::string_view a, std::string_view b);

[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Every byte that is not part of a valid UTF-8 sequence becomes U+FFFD. O(length).
[[nodiscard]] std::string replace_invalid_utf8(std::string_view text);

/// For a terminal: control characters (C0, C1, DEL) and bidirectional overrides become \xNN or
/// \u{NNNN}, so that an event can neither forge lines nor move the cursor.
[[nodiscard]] std::string escape_for_terminal(std::string_view text);

/// The part after the last '\' or '/', or all of it.
[[nodiscard]] std::string_view basename_of(std::string_view path);

/// Length of the JSON number at the front of `text`, or 0:
/// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
[[nodiscard]] std::size_t json_number_length(std::string_view text);

}  // namespace spoor
