#include "engine/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/base/utf8.h"

namespace spoor {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// What may move the cursor or reorder the line on a terminal.
bool is_unsafe_on_terminal(char32_t code_point) {
  const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
  const bool invisible = (code_point >= 0x200B && code_point <= 0x200F) || code_point == 0xFEFF ||
                         code_point == 0x061C;
  const bool bidi = (code_point >= 0x2028 && code_point <= 0x202E) ||
                    (code_point >= 0x2060 && code_point <= 0x2069);
  return control || invisible || bidi;
}

void append_escape(char32_t code_point, std::string& out) {
  std::array<char, 16> buffer{};
  const auto number = static_cast<unsigned>(code_point);
  const int length = number < 0x100
                         ? std::snprintf(buffer.data(), buffer.size(), "\\x%02x", number)
                         : std::snprintf(buffer.data(), buffer.size(), "\\u{%04x}", number);
  out.append(buffer.data(), static_cast<std::size_t>(length));
}

}  // namespace

std::string to_lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return lower;
}

bool equals_ignore_case_ascii(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return (c >= 'A' && c <= 'Z') ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char left, char right) { return lower(left) == lower(right); });
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      clean.append(kReplacement);
      text.remove_prefix(1);
      continue;
    }
    clean.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  return clean;
}

std::string escape_for_terminal(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      append_escape(static_cast<unsigned char>(text.front()), safe);
      text.remove_prefix(1);
      continue;
    }
    const char32_t code_point = utf8_decode(text.substr(0, length));
    if (is_unsafe_on_terminal(code_point)) {
      append_escape(code_point, safe);
    } else {
      safe.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return safe;
}

std::string_view basename_of(std::string_view path) {
  const std::size_t slash = path.find_last_of("\\/");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::size_t json_number_length(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      ++at;
    }
    return at - first;
  };
  if (at < text.size() && text[at] == '-') {
    ++at;
  }
  const std::size_t integer_at = at;
  const std::size_t integer_digits = digits();
  if (integer_digits == 0 || (integer_digits > 1 && text[integer_at] == '0')) {
    return 0;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) {
      return 0;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      ++at;
    }
    if (digits() == 0) {
      return 0;
    }
  }
  return at;
}

}  // namespace spoor
