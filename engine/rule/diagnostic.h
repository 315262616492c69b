// What is wrong with a rule, said so that its author can mend it: place, reason, hint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spoor {

/// A place in a file a person wrote. Lines and columns are 1-based; columns count bytes.
struct SourcePosition {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

enum class Severity : std::uint8_t { error, warning };

struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  SourcePosition position;
  std::string message;
  std::string hint;         ///< May be empty. "did you mean 'endswith'?"
  std::string source_line;  ///< The text of the line, for the caret; may be empty.
  std::string check{};      ///< The check of lint.h that warned, by its name; empty: the loader.
};

/// Three or four lines for a terminal:
///   detections/x.yml:14:9: error: unknown modifier 'endwith'
///      14 |     Image|endwith: '\ffmpeg.dll'
///         |           ^
///      hint: did you mean 'endswith'?
/// Text from the file is escaped. Ends with a newline.
[[nodiscard]] std::string render(const Diagnostic& diagnostic);

/// Insertions, deletions, substitutions and exchanges of neighbours that turn one word into the
/// other (optimal string alignment). O(product of the lengths).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` by edit distance (at most a third of its length), or empty.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& candidates);

}  // namespace spoor
