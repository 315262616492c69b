#include "engine/finding/terminal.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace spoor {
namespace {

constexpr std::string_view kEllipsis = "…";

struct CodePointRange {
  char32_t first;
  char32_t last;
};

// Unicode 15: the blocks of East_Asian_Width W and F, and of emoji that terminals draw wide.
constexpr auto kWide = std::to_array<CodePointRange>({
    {0x1100, 0x115F},
    {0x2E80, 0x303E},
    {0x3041, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},
    {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD},
});

// Combining marks and variation selectors: drawn on the character before.
constexpr auto kZeroWidth = std::to_array<CodePointRange>({
    {0x0300, 0x036F},
    {0x0483, 0x0489},
    {0x0591, 0x05BD},
    {0x0610, 0x061A},
    {0x064B, 0x065F},
    {0x0E34, 0x0E3A},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200B, 0x200F},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
    {0xE0100, 0xE01EF},
});

bool is_in(const auto& ranges, char32_t code_point) {
  return std::ranges::any_of(ranges, [&](const CodePointRange& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Bytes of the sequence that starts at `at`; valid UTF-8 is the caller's promise.
std::size_t sequence_end(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && is_continuation(text[end])) {
    ++end;
  }
  return end;
}

std::size_t width_of(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence.front());
  char32_t code_point = lead;
  if (sequence.size() > 1) {
    code_point = lead & (0x7FU >> sequence.size());
    for (const char byte : sequence.substr(1)) {
      code_point = (code_point << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
    }
  }
  if (is_in(kZeroWidth, code_point)) {
    return 0;
  }
  return is_in(kWide, code_point) ? 2 : 1;
}

/// The longest front of `text` that is at most `columns` wide.
std::string_view front_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  std::size_t used = 0;
  while (at < text.size()) {
    const std::size_t end = sequence_end(text, at);
    const std::size_t width = width_of(text.substr(at, end - at));
    if (used + width > columns) {
      break;
    }
    used += width;
    at = end;
  }
  return text.substr(0, at);
}

/// The longest back of `text` that is at most `columns` wide.
std::string_view back_of(std::string_view text, std::size_t columns) {
  std::size_t start = text.size();
  std::size_t used = 0;
  while (start > 0) {
    std::size_t at = start - 1;
    while (at > 0 && is_continuation(text[at])) {
      --at;
    }
    const std::size_t width = width_of(text.substr(at, start - at));
    if (used + width > columns) {
      break;
    }
    used += width;
    start = at;
  }
  return text.substr(start);
}

bool fits(std::string_view text, std::size_t columns) {
  return front_of(text, columns).size() == text.size();
}

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::bold: return "\x1b[1m";
    case Style::dim: return "\x1b[2m";
    case Style::red: return "\x1b[31m";
    case Style::bold_red: return "\x1b[1;31m";
    case Style::yellow: return "\x1b[33m";
    case Style::cyan: return "\x1b[36m";
    case Style::green: return "\x1b[32m";
  }
  return "";
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = sequence_end(text, at);
    columns += width_of(text.substr(at, end - at));
    at = end;
  }
  return columns;
}

std::string cut_end(std::string_view text, std::size_t columns) {
  if (fits(text, columns)) {
    return std::string(text);
  }
  return columns == 0 ? std::string() : std::string(front_of(text, columns - 1)).append(kEllipsis);
}

std::string cut_middle(std::string_view text, std::size_t columns) {
  if (fits(text, columns)) {
    return std::string(text);
  }
  if (columns == 0) {
    return {};
  }
  const std::size_t back = (columns - 1) / 2;
  std::string cut(front_of(text, columns - 1 - back));
  return cut.append(kEllipsis).append(back_of(text, back));
}

std::string pad(std::string_view text, std::size_t columns) {
  const std::size_t used = columns_of(text);
  return std::string(text).append(columns > used ? columns - used : 0, ' ');
}

std::string shown(std::string_view raw, std::size_t columns) {
  return cut_middle(escape_for_terminal(raw), columns);
}

std::string shown_seconds(Timestamp time) {
  if (time == 0) {
    return "time unknown";
  }
  const std::string text = format_timestamp(time);  // "2023-03-14T09:13:42.214Z"
  return text.substr(0, 10) + " " + text.substr(11, 8) + "Z";
}

std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::plain || text.empty()) {
    return std::string(text);
  }
  return std::string(escape_of(style)).append(text).append("\x1b[0m");
}

Style level_style(std::string_view level) {
  if (level == "critical") {
    return Style::bold_red;
  }
  if (level == "high") {
    return Style::red;
  }
  if (level == "medium") {
    return Style::yellow;
  }
  return level == "low" ? Style::cyan : Style::dim;
}

}  // namespace spoor
