#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace spoor {
namespace {

struct FoldPair {
  char32_t from;
  char32_t to;
};

constexpr FoldPair kPairs[] = {
#include "engine/base/fold_table.inc"
};

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Bytes of the sequence that starts `text`, by its lead byte; 1 if it is no valid lead or the text
/// ends.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t length = 1;
  if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
  } else if (lead >= 0xE0) {
    length = lead < 0xF0 ? 3 : 1;
  } else if (lead >= 0xC2) {
    length = 2;
  }
  if (text.size() < length) {
    return 1;
  }
  return std::ranges::all_of(text.substr(1, length - 1), is_continuation) ? length : 1;
}

/// Overlong forms, surrogates and what is beyond Unicode have the shape of UTF-8, and are none.
bool is_valid(char32_t code_point, std::size_t length) {
  constexpr std::array<char32_t, 5> kFirst = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
  return code_point >= kFirst[length] && code_point <= 0x10FFFF && !surrogate;
}

char32_t decode(std::string_view sequence) {
  constexpr std::array<unsigned char, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t code_point = static_cast<unsigned char>(sequence.front()) & kLeadMask[sequence.size()];
  for (const char byte : sequence.substr(1)) {
    code_point = (code_point << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return code_point;
}

void encode(char32_t code_point, std::string& out) {
  const auto add = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0U | (code_point >> 6U));
    add(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    add(0xE0U | (code_point >> 12U));
    add(0x80U | ((code_point >> 6U) & 0x3FU));
    add(0x80U | (code_point & 0x3FU));
  } else {
    add(0xF0U | (code_point >> 18U));
    add(0x80U | ((code_point >> 12U) & 0x3FU));
    add(0x80U | ((code_point >> 6U) & 0x3FU));
    add(0x80U | (code_point & 0x3FU));
  }
}

}  // namespace

char32_t fold_code_point(char32_t code_point) {
  const auto* pair = std::ranges::lower_bound(kPairs, code_point, {}, &FoldPair::from);
  return pair != std::ranges::end(kPairs) && pair->from == code_point ? pair->to : code_point;
}

void fold_append(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = sequence_length(text);
    const char32_t code_point = decode(text.substr(0, length));
    if (length > 1 && is_valid(code_point, length)) {
      encode(fold_code_point(code_point), out);
    } else {
      out.append(text.substr(0, length));  // Not UTF-8: passes through.
    }
    text.remove_prefix(length);
  }
}

std::string fold(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  fold_append(text, folded);
  return folded;
}

}  // namespace spoor
