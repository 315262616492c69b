// Sigma's wildcard patterns, matched against text by ourselves: in linear time for the usual forms,
// past newlines and NULs, and never through a regular expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/rule.h"

namespace spoor {

class Pattern {
 public:
  /// What the pattern comes down to.
  enum class Form : std::uint8_t { equals, starts, ends, contains, anything, general };

  explicit Pattern(std::vector<PatternPiece> pieces);

  /// Does the whole of `text` match? Both must be folded, or neither. O(length × pieces) at worst.
  [[nodiscard]] bool matches(std::string_view text) const;

  [[nodiscard]] Form form() const { return form_; }

  /// The one literal of any form but `anything` and `general`; may be empty.
  [[nodiscard]] const std::string& literal() const { return literal_; }

  [[nodiscard]] const std::vector<PatternPiece>& pieces() const { return pieces_; }

 private:
  [[nodiscard]] bool matches_general(std::string_view text) const;

  Form form_ = Form::general;
  std::string literal_;
  std::vector<PatternPiece> pieces_;
};

}  // namespace spoor
