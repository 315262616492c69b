#include "engine/report/stix_values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "engine/base/text.h"

namespace spoor {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
  return is_letter(c) || is_digit(c);
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

/// RFC 5890, 2.3.1. Hyphens in the third and fourth place are for A-labels, "xn--…".
bool is_label(std::string_view label) {
  constexpr std::size_t kLabelMax = 63;
  const bool is_ldh =
      !label.empty() && label.size() <= kLabelMax && label.front() != '-' && label.back() != '-' &&
      std::ranges::all_of(label, [](char c) { return c == '-' || is_letter_or_digit(c); });
  return is_ldh && (label.substr(std::min<std::size_t>(label.size(), 2)).substr(0, 2) != "--" ||
                    label.starts_with("xn--"));
}

bool is_percent_encoded(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || !is_hex(digits)) {
      return false;
    }
  }
  return true;
}

bool is_port(std::string_view text) {
  constexpr std::size_t kDigitsMax = 5;
  return !text.empty() && text.size() <= kDigitsMax && std::ranges::all_of(text, is_digit);
}

}  // namespace

std::string domain_name(std::string_view text) {
  constexpr std::size_t kNameMax = 253;
  std::string name = to_lower_ascii(text);
  if (name.ends_with('.')) {
    name.pop_back();
  }
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    if (name.size() > kNameMax || !is_label(std::string_view(name).substr(at, end - at))) {
      return "";
    }
    at = end + 1;
  }
  return name;
}

bool is_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front()) ||
      !std::ranges::all_of(text.substr(0, colon), is_letter_or_digit)) {
    return false;
  }
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  const std::size_t port = std::min(authority.find(':'), authority.size());
  const auto is_allowed = [](char c) {
    return is_letter_or_digit(c) ||
           std::string_view("-._~:/?@!$&'()*+,;=%#").find(c) != std::string_view::npos;
  };
  return !domain_name(authority.substr(0, port)).empty() &&
         (port == authority.size() || is_port(authority.substr(port + 1))) &&
         std::ranges::all_of(rest.substr(path), is_allowed) && std::ranges::count(rest, '#') <= 1 &&
         is_percent_encoded(rest);
}

std::string protocol_name(std::string_view text) {
  std::string name = to_lower_ascii(text);
  const bool is_name =
      std::ranges::all_of(name, [](char c) { return c == '-' || is_letter_or_digit(c); });
  return is_name ? name : "";
}

std::string shortest_timestamp(Timestamp time) {
  std::string text = format_timestamp(time);
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) {
    text.pop_back();
  }
  return text + "Z";
}

std::string with_long_hive(std::string_view path) {
  constexpr auto kHives = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"HKLM", "HKEY_LOCAL_MACHINE"},
      {"HKCU", "HKEY_CURRENT_USER"},
      {"HKU", "HKEY_USERS"},
      {"HKCR", "HKEY_CLASSES_ROOT"},
      {"HKCC", "HKEY_CURRENT_CONFIG"},
  });
  const std::string_view hive = path.substr(0, path.find('\\'));
  for (const auto& [brief, full] : kHives) {
    if (equals_ignore_case_ascii(hive, brief)) {
      return std::string(full).append(path.substr(hive.size()));
    }
  }
  return hive.starts_with("HKEY_") ? std::string(path) : "";
}

bool is_hash(std::string_view algorithm, std::string_view value) {
  constexpr auto kLengths = std::to_array<std::pair<std::string_view, std::size_t>>(
      {{"MD5", 32}, {"SHA-1", 40}, {"SHA-256", 64}, {"SHA-512", 128}});
  return is_hex(value) && std::ranges::any_of(kLengths, [&](const auto& row) {
           return row.first == algorithm && row.second == value.size();
         });
}

}  // namespace spoor
