// A rule's wildcards against their regular expression, and both against any text.
//
// The input is a Sigma pattern, a line feed, and an event's value. Our matcher and RE2 must agree:
// an event that slips through one of them is an evasion.

#include <cstdlib>
#include <string>

#include <re2/re2.h>

#include "engine/base/text.h"
#include "engine/matcher/pattern.h"
#include "engine/rule/modifier.h"

namespace {

std::string as_regex(const std::vector<spoor::PatternPiece>& pieces) {
  std::string regex = "(?is)\\A(?:";
  for (const spoor::PatternPiece& piece : pieces) {
    switch (piece.kind) {
      case spoor::PatternPiece::Kind::literal: regex += re2::RE2::QuoteMeta(piece.literal); break;
      case spoor::PatternPiece::Kind::any_run: regex += ".*"; break;
      case spoor::PatternPiece::Kind::any_one: regex += "."; break;
      case spoor::PatternPiece::Kind::any_dash: regex += "[-/–—―]"; break;
    }
  }
  return regex + ")\\z";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t newline = input.find('\n');
  if (newline == std::string::npos) {
    return 0;
  }
  // As rules and events are: rules that are no UTF-8 are refused, values are mended by the parsers.
  const std::string sigma = spoor::replace_invalid_utf8(input.substr(0, newline));
  const std::string value = spoor::replace_invalid_utf8(input.substr(newline + 1));
  const std::vector<spoor::PatternPiece> pieces = spoor::parse_pattern(sigma);
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 regex(as_regex(pieces), options);
  if (!regex.ok()) {
    return 0;  // Larger than RE2 takes.
  }
  const bool ours = spoor::Pattern(pieces).matches(spoor::fold(value));
  if (ours != re2::RE2::PartialMatch(value, regex)) {
    std::abort();
  }
  if (!spoor::is_valid_utf8(spoor::fold(value))) {
    std::abort();
  }
  return 0;
}
