#include "parsers/json/escape_check.h"

#include <algorithm>

namespace spoor {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const int low = c | 0x20;
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The four hex digits behind the u at `place`, or -1.
int unit_at(std::string_view json, std::size_t place) {
  if (place + 4 >= json.size()) {
    return -1;
  }
  int value = 0;
  for (std::size_t i = place + 1; i <= place + 4; ++i) {
    const int digit = hex_value(json[i]);
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

/// Is the low half at `place` preceded by an escape with a high half? The backslash of that one
/// must itself not be escaped.
bool has_high_before(std::string_view json, std::size_t place) {
  if (place < 7 || json[place - 7] != '\\' || json[place - 6] != 'u') {
    return false;
  }
  const int high = unit_at(json, place - 6);
  if (high < 0xD800 || high > 0xDBFF) {
    return false;
  }
  std::size_t run = 0;
  for (std::size_t at = place - 7; at < json.size() && json[at] == '\\'; --at) {
    ++run;
  }
  return run % 2 == 1;
}

}  // namespace

Escapes check_unicode_escape(std::string_view json, std::size_t place) {
  if (place >= json.size() || json[place] != 'u') {
    return Escapes::bad;
  }
  const int unit = unit_at(json, place);
  if (unit < 0) {
    return Escapes::bad;
  }
  if (unit < 0xD800 || unit > 0xDFFF) {
    return Escapes::good;
  }
  // A half of a pair. Its other half must stand beside it.
  bool paired = false;
  if (unit < 0xDC00) {
    const int low = json.substr(place + 5).starts_with("\\u") ? unit_at(json, place + 6) : -1;
    paired = low >= 0xDC00 && low <= 0xDFFF;
  } else {
    paired = has_high_before(json, place);
  }
  return paired ? Escapes::good : Escapes::lone_surrogate;
}

Escapes check_escapes_plainly(std::string_view json) {
  Escapes verdict = Escapes::good;
  for (std::size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\') {
      continue;
    }
    ++at;
    if (at >= json.size()) {
      return Escapes::bad;
    }
    if (!is_simple_escape(json[at])) {
      verdict = std::max(verdict, check_unicode_escape(json, at));
    }
  }
  return verdict;
}

}  // namespace spoor
