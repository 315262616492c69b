// Sigma's wildcard patterns, matched against folded text by ourselves: in linear time for the usual
// forms, past newlines and NULs, and never through a regular expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/rule.h"

namespace spoor {

class Pattern {
 public:
  explicit Pattern(std::vector<PatternPiece> pieces);

  /// Does the whole of `folded` match? O(length × pieces) at worst.
  [[nodiscard]] bool matches(std::string_view folded) const;

 private:
  enum class Form : std::uint8_t { equals, starts, ends, contains, anything, general };

  [[nodiscard]] bool matches_general(std::string_view folded) const;

  Form form_ = Form::general;
  std::string literal_;
  std::vector<PatternPiece> pieces_;
};

}  // namespace spoor
