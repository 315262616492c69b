// What a text needs at least for a regular expression to match: how many bytes, and the longest run
// of characters of one class.
//
// SigmaHQ asks every command line for `\s[a-fA-F0-9]{64}\s`, and hardly any has 64 hex digits in a
// row: to see that takes a look at every 64th byte.
#pragma once

#include <bitset>
#include <cstddef>
#include <string_view>

namespace spoor {

struct RegexNeed {
  std::size_t bytes = 0;
  std::size_t run = 0;  ///< Bytes in a row of `of`; 0: nothing is known.
  std::bitset<256> of;

  /// May a text match? False: it does not. O(length).
  [[nodiscard]] bool is_met_by(std::string_view text) const;
};

/// Of an expression that RE2 takes. Only plain ones are understood, without groups, alternatives
/// and rare escapes: of others nothing is known.
[[nodiscard]] RegexNeed need_of(std::string_view regex, bool ignore_case);

}  // namespace spoor
