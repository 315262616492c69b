// Where a JSON object ends, told by its brackets and strings alone.
//
// Judging the JSON is the parser's work. This only finds the end of an object that is laid out over
// many lines, and says early when the text cannot be one, so that a torn object does not swallow
// its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/limits.h"

namespace spoor {

enum class ScanStatus : std::uint8_t {
  open,        ///< Not closed by what was fed so far.
  closed,      ///< The bracket that came first is closed.
  in_string,   ///< A newline inside a string.
  mismatched,  ///< `}` for `[` or the reverse.
  too_deep,    ///< Beyond kJsonDepthMax.
  sibling,     ///< A line starts another object: see BracketScan().
};

class BracketScan {
 public:
  /// `indent`: of the line on which the object starts. Layouts that use many lines indent what is
  /// inside an object, so a later line that starts with '{' no deeper than that is the next object,
  /// and this one torn.
  explicit BracketScan(std::size_t indent) : first_indent_(indent), indent_(indent) {}

  /// Goes on in `text` at `position` and leaves it behind the last byte looked at. The first byte
  /// fed must be the opening bracket. After anything but `open` the scan is over.
  [[nodiscard]] ScanStatus feed(std::string_view text, std::size_t& position);

  /// Of the line that the scan is on.
  [[nodiscard]] std::size_t indent() const { return indent_; }

  /// The last byte fed was inside a string.
  [[nodiscard]] bool inside_string() const { return in_string_; }

 private:
  [[nodiscard]] ScanStatus feed_string(std::string_view text, std::size_t& position);
  [[nodiscard]] ScanStatus open_bracket(char bracket);
  [[nodiscard]] ScanStatus close_bracket(char bracket);

  std::size_t first_indent_;
  std::size_t indent_;
  bool at_line_start_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
  std::size_t depth_ = 0;
  std::uint64_t objects_ =
      0;  // Bit 0: the innermost open bracket is '{'; bit 1: the one around it; …
};

/// The same end in the same text, counted without bound on depth and without telling bracket kinds:
/// to step over an object that was refused.
class LooseScan {
 public:
  /// Bytes of `text` up to and with the end of the object; more than text.size() if it is not in
  /// there.
  [[nodiscard]] std::size_t end_in(std::string_view text);

 private:
  std::uint64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// What may stand between two records of a line.
inline constexpr std::string_view kRecordBlanks = " \t\r";

/// Is the text, which starts with '[', an array that is closed, and nothing behind it?
[[nodiscard]] bool is_complete_array(std::string_view text);

/// Something like `}{` is in `text`: two objects after each other, or just a string that looks so.
/// Asked of every line, hence a search for the rare byte rather than a walk.
[[nodiscard]] bool may_hold_junction(std::string_view text, std::string_view separators);

}  // namespace spoor
