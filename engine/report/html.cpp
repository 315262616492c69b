#include "engine/report/html.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace spoor {
namespace {

/// Characters without a glyph of their own that are no control characters: they would let two
/// different names look the same. Soft hyphen, joiners and fillers, variation selectors, annotation
/// marks, tags.
bool is_invisible(char32_t code_point) {
  struct Range {
    char32_t first;
    char32_t last;
  };

  constexpr Range kInvisible[] = {
      {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x115F, 0x1160},   {0x17B4, 0x17B5},
      {0x180B, 0x180F}, {0x206A, 0x206F}, {0x3164, 0x3164},   {0xFE00, 0xFE0F},
      {0xFFA0, 0xFFA0}, {0xFFF9, 0xFFFB}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
  };
  return std::ranges::any_of(kInvisible, [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

std::string spell(char32_t code_point) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (char32_t rest = code_point; rest != 0; rest /= 16) {
    hex.insert(hex.begin(), kDigits[rest % 16]);
  }
  return "\\u{" + std::string(hex.size() < 4 ? 4 - hex.size() : 0, '0') + hex + "}";
}

/// How a character or a stray byte is spelled; empty for one that shows itself.
std::string spelled(std::string_view sequence, bool is_valid) {
  const auto first = static_cast<unsigned char>(sequence.front());
  if (is_valid && sequence.size() == 1 && first >= 0x20 && first != 0x7F) {
    return {};
  }
  if (is_valid && is_invisible(utf8_decode(sequence))) {
    return spell(utf8_decode(sequence));
  }
  std::string escaped = escape_for_terminal(sequence);
  return escaped == sequence ? std::string() : escaped;
}

}  // namespace

void Html::append_spelled(std::string_view spelled, Form form) {
  if (form == Form::attribute) {
    out_.append(spelled);
    return;
  }
  out_.append(R"(<span class="esc">)").append(spelled).append("</span>");
}

void Html::append_sequence(std::string_view sequence, Form form) {
  const bool keeps_lines = form == Form::block && (sequence == "\n" || sequence == "\t");
  if (const std::string code = keeps_lines ? std::string() : spelled(sequence, true);
      !code.empty()) {
    append_spelled(code, form);
    return;
  }
  switch (sequence.front()) {
    case '&': out_.append("&amp;"); break;
    case '<': out_.append("&lt;"); break;
    case '>': out_.append("&gt;"); break;
    case '"': out_.append("&quot;"); break;
    case '\'': out_.append("&#39;"); break;
    case '`': out_.append("&#96;"); break;
    default: out_.append(sequence);
  }
}

Html& Html::append(std::string_view raw, Form form) {
  std::string_view rest = raw;
  while (!rest.empty() && raw.size() - rest.size() < kTextBytesMax) {
    const std::size_t length = utf8_length(rest);
    if (length == 0) {
      append_spelled(spelled(rest.substr(0, 1), false), form);
      rest.remove_prefix(1);
    } else {
      append_sequence(rest.substr(0, length), form);
      rest.remove_prefix(length);
    }
  }
  if (!rest.empty()) {
    append_spelled("… " + std::to_string(rest.size()) + " more bytes", form);
  }
  return *this;
}

}  // namespace spoor
