#include "engine/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace spoor {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Length of the valid UTF-8 sequence at the front of `text`, or 0. Table 3-7 of the Unicode
/// Standard: no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    return 1;
  }
  std::size_t length = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    second_min = lead == 0xE0 ? 0xA0 : 0x80;
    second_max = lead == 0xED ? 0x9F : 0xBF;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    second_min = lead == 0xF0 ? 0x90 : 0x80;
    second_max = lead == 0xF4 ? 0x8F : 0xBF;
  } else {
    return 0;
  }
  if (text.size() < length) {
    return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (second < second_min || second > second_max) {
    return 0;
  }
  return std::all_of(text.begin() + 2, text.begin() + static_cast<std::ptrdiff_t>(length),
                     is_continuation)
             ? length
             : 0;
}

char32_t decode(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) {
    return lead;
  }
  const unsigned char masks[] = {0x1F, 0x0F, 0x07};
  char32_t code_point = lead & masks[sequence.size() - 2];
  for (const char byte : sequence.substr(1)) {
    code_point = (code_point << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return code_point;
}

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
    const std::size_t length = sequence_length(text);
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
    const std::size_t length = sequence_length(text);
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
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      append_escape(static_cast<unsigned char>(text.front()), safe);
      text.remove_prefix(1);
      continue;
    }
    const char32_t code_point = decode(text.substr(0, length));
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

}  // namespace spoor
