#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace spoor {
namespace {

struct FoldPair {
  char32_t from;
  char32_t to;
};

constexpr FoldPair kPairs[] = {
#include "engine/base/fold_table.inc"
};

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

char fold_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Eight ASCII characters at once, in any byte order.
std::uint64_t fold_ascii(std::uint64_t word) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x80 * kEach;
  const std::uint64_t from_a =
      word + std::uint64_t{0x80 - 'A'} * kEach;  // The high bit: not below A.
  const std::uint64_t past_z =
      word + std::uint64_t{0x80 - 'Z' - 1} * kEach;  // The high bit: above Z.
  return word | ((from_a & ~past_z & kHigh) >> 2U);  // 0x20 is what makes it small.
}

/// Folds the ASCII that `text` begins with, in whole words: nearly all text is nothing else.
void append_folded_ascii(std::string_view& text, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + text.size());
  char* const to = out.data() + before;
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) {
      break;
    }
    word = fold_ascii(word);
    std::memcpy(to + at, &word, sizeof word);
  }
  for (; at < text.size() && static_cast<unsigned char>(text[at]) < 0x80; ++at) {
    to[at] = fold_ascii(text[at]);
  }
  out.resize(before + at);
  text.remove_prefix(at);
}

}  // namespace

char32_t fold_code_point(char32_t code_point) {
  const auto* pair = std::ranges::lower_bound(kPairs, code_point, {}, &FoldPair::from);
  return pair != std::ranges::end(kPairs) && pair->from == code_point ? pair->to : code_point;
}

void fold_append(std::string_view text, std::string& out) {
  append_folded_ascii(text, out);
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      out.push_back(fold_ascii(c));
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out.push_back(c);  // Not UTF-8: passes through.
      text.remove_prefix(1);
      continue;
    }
    encode(fold_code_point(utf8_decode(text.substr(0, length))), out);
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
