#include "engine/rule/sigma_text.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace spoor {
namespace {

using Kind = PatternPiece::Kind;

/// Appends to the literal at the end, or begins one.
void add_literal(SigmaText& pieces, std::string_view text) {
  if (pieces.empty() || pieces.back().kind != Kind::literal) {
    pieces.push_back({});
  }
  pieces.back().literal.append(text);
}

/// What Python's \w takes: letters, digits and _. Beyond ASCII all but the punctuation that rules
/// hold: dashes and quotes (General Punctuation) and Latin-1's signs.
bool is_word(char32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  const bool latin_sign = c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA;
  const bool punctuation = (c >= 0x2000 && c <= 0x206F) || (c >= 0x3000 && c <= 0x3004);
  const bool sign = c == 0xD7 || c == 0xF7 || (c >= 0x2190 && c <= 0x2BFF) || c >= 0x1F000;
  return !latin_sign && !punctuation && !sign;
}

struct CodePoint {
  char32_t value = 0;
  std::string_view bytes;
};

std::vector<CodePoint> code_points(std::string_view text) {
  std::vector<CodePoint> points;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const std::string_view bytes = text.substr(0, length);
    const bool valid = utf8_length(text) != 0;
    points.push_back({.value = valid ? utf8_decode(bytes) : 0xFFFD, .bytes = bytes});
    text.remove_prefix(length);
  }
  return points;
}

void split_at_dashes(std::string_view literal, SigmaText& into) {
  const std::vector<CodePoint> points = code_points(literal);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool dash = points[i].value == '-' || points[i].value == '/';
    const bool after_word = i > 0 && is_word(points[i - 1].value);
    const bool before_word = i + 1 < points.size() && is_word(points[i + 1].value);
    if (dash && !after_word && before_word) {
      into.push_back({.kind = Kind::any_dash, .literal = ""});
    } else {
      add_literal(into, points[i].bytes);
    }
  }
}

bool is_placeholder_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.';
  });
}

}  // namespace

SigmaText parse_sigma_text(std::string_view text) {
  SigmaText pieces;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
      add_literal(pieces, {&text[at + 1], 1});
      ++at;
    } else if (c == '*') {
      add_run_behind(pieces);
    } else if (c == '?') {
      pieces.push_back({.kind = Kind::any_one, .literal = ""});
    } else {
      add_literal(pieces, {&text[at], 1});
    }
  }
  return pieces;
}

SigmaText parse_pattern(std::string_view text) {
  SigmaText pieces = parse_sigma_text(text);
  fold_literals(pieces);
  return pieces;
}

void fold_literals(SigmaText& text) {
  for (PatternPiece& piece : text) {
    piece.literal = fold(piece.literal);
  }
}

bool has_wildcards(const SigmaText& text) {
  return std::ranges::any_of(text, [](const PatternPiece& piece) {
    return piece.kind == Kind::any_run || piece.kind == Kind::any_one;
  });
}

std::string plain_text(const SigmaText& text) {
  std::string plain;
  for (const PatternPiece& piece : text) {
    plain.append(piece.kind == Kind::any_dash ? "-" : piece.literal);
  }
  return plain;
}

SigmaText literal_text(std::string bytes) {
  SigmaText text;
  if (!bytes.empty()) {
    text.push_back({.kind = Kind::literal, .literal = std::move(bytes)});
  }
  return text;
}

void add_run_before(SigmaText& text) {
  if (text.empty() || text.front().kind != Kind::any_run) {
    text.insert(text.begin(), {.kind = Kind::any_run, .literal = ""});
  }
}

void add_run_behind(SigmaText& text) {
  if (text.empty() || text.back().kind != Kind::any_run) {
    text.push_back({.kind = Kind::any_run, .literal = ""});
  }
}

void replace_dashes(SigmaText& text) {
  SigmaText replaced;
  for (PatternPiece& piece : text) {
    if (piece.kind == Kind::literal) {
      split_at_dashes(piece.literal, replaced);
    } else {
      replaced.push_back(std::move(piece));
    }
  }
  text = std::move(replaced);
}

std::string to_utf16(std::string_view text, bool big_endian) {
  std::string out;
  const auto add = [&](std::uint32_t unit) {
    const auto high = static_cast<char>(static_cast<unsigned char>(unit >> 8U));
    const auto low = static_cast<char>(static_cast<unsigned char>(unit & 0xFFU));
    out.push_back(big_endian ? high : low);
    out.push_back(big_endian ? low : high);
  };
  for (const CodePoint& point : code_points(text)) {
    if (point.value < 0x10000) {
      add(point.value);
    } else {
      const std::uint32_t rest = point.value - 0x10000;
      add(0xD800 + (rest >> 10U));
      add(0xDC00 + (rest & 0x3FFU));
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8U) | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out.push_back(i <= count ? kDigits[(group >> (18U - 6U * i)) & 0x3FU] : '=');
    }
  }
  return out;
}

std::vector<std::string> base64_offsets(std::string_view bytes) {
  // The first digits hold bits of what stands before, the last ones of what follows.
  constexpr std::array<std::size_t, 3> kStart = {0, 2, 3};
  constexpr std::array<std::size_t, 3> kCut = {0, 3, 2};
  std::vector<std::string> forms;
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const std::string whole = base64(std::string(shift, ' ').append(bytes));
    const std::size_t end = whole.size() - kCut[(bytes.size() + shift) % 3];
    forms.push_back(end > kStart[shift] ? whole.substr(kStart[shift], end - kStart[shift]) : "");
  }
  return forms;
}

Expansion expand_placeholders(std::string_view text, const Placeholders& values) {
  Expansion expansion;
  expansion.texts.emplace_back();
  const auto append = [&](std::string_view piece) {
    for (std::string& one : expansion.texts) {
      one.append(piece);
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '%') {
      append("%");
      at += 2;
      continue;
    }
    const std::size_t close = text[at] == '%' ? text.find('%', at + 1) : std::string_view::npos;
    const std::string_view name =
        close == std::string_view::npos ? "" : text.substr(at + 1, close - at - 1);
    if (!is_placeholder_name(name)) {
      append(text.substr(at, 1));
      ++at;
      continue;
    }
    at = close + 1;
    const auto found = values.find(name);
    if (found == values.end()) {
      expansion.missing.emplace_back(name);
      continue;
    }
    if (expansion.texts.size() * found->second.size() > kExpansionsMax) {
      return {.texts = {}, .missing = {}, .too_many = true};
    }
    std::vector<std::string> longer;
    for (const std::string& one : expansion.texts) {
      for (const std::string& value : found->second) {
        longer.push_back(one + value);
      }
    }
    expansion.texts = std::move(longer);
  }
  return expansion;
}

}  // namespace spoor
