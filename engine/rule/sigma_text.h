// Sigma's text values, and what modifiers make of them: wildcards, encodings, dashes, placeholders.
//
// Sources: Sigma specification 2.1, "Escaping" and "Value modifiers"; pySigma for windash and
// base64offset, where the specification is silent.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/rule.h"

namespace spoor {

/// A text value: literal pieces, as written, and wildcards.
using SigmaText = std::vector<PatternPiece>;

/// * any run, ? one code point, escapes \* \? \\; any other backslash is itself.
[[nodiscard]] SigmaText parse_sigma_text(std::string_view text);

/// The same with its literals folded: what the matcher compares.
[[nodiscard]] SigmaText parse_pattern(std::string_view text);

/// Folds the literals.
void fold_literals(SigmaText& text);

/// Is there a wildcard in it?
[[nodiscard]] bool has_wildcards(const SigmaText& text);

/// The text without wildcards, as bytes. Call it for text that has none.
[[nodiscard]] std::string plain_text(const SigmaText& text);

/// A literal as a text.
[[nodiscard]] SigmaText literal_text(std::string bytes);

/// * in front and behind, unless there is one already.
void add_run_before(SigmaText& text);
void add_run_behind(SigmaText& text);

/// windash: of each literal, every - or / that begins a word (not behind one) may be any dash.
/// pySigma's \B[-/]\b.
void replace_dashes(SigmaText& text);

/// Of UTF-8 text the same in UTF-16, little or big endian.
[[nodiscard]] std::string to_utf16(std::string_view text, bool big_endian);

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

/// What is the same in the base64 of any text that holds `bytes`: one form for each of the three
/// places that they can have in a group.
[[nodiscard]] std::vector<std::string> base64_offsets(std::string_view bytes);

/// Values by the name of their placeholder; values are Sigma text, wildcards included.
using Placeholders = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Every way to replace the %names% in `text` by their values; `\%` is a percent sign. Names
/// without values are added to `missing`. At most kExpansionsMax ways: beyond it, `too_many` is
/// set and nothing returned.
struct Expansion {
  std::vector<std::string> texts;
  std::vector<std::string> missing;
  bool too_many = false;
};

inline constexpr std::size_t kExpansionsMax = 100'000;
[[nodiscard]] Expansion expand_placeholders(std::string_view text, const Placeholders& values);

}  // namespace spoor
