#include "replay/bracket_scan.h"

namespace spoor {

static_assert(kJsonDepthMax <= 64, "one bit for each open bracket");

ScanStatus BracketScan::feed_string(std::string_view text, std::size_t& position) {
  while (position < text.size()) {
    const char byte = text[position++];
    if (byte == '\n') {
      return ScanStatus::in_string;
    }
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      in_string_ = false;
      break;
    }
  }
  return ScanStatus::open;
}

ScanStatus BracketScan::open_bracket(char bracket) {
  if (bracket == '{' && at_line_start_ && indent_ <= first_indent_) {
    return ScanStatus::sibling;
  }
  if (depth_ == kJsonDepthMax) {
    return ScanStatus::too_deep;
  }
  ++depth_;
  objects_ = objects_ << 1U | static_cast<std::uint64_t>(bracket == '{');
  return ScanStatus::open;
}

ScanStatus BracketScan::close_bracket(char bracket) {
  if (((objects_ & 1U) != 0) != (bracket == '}')) {
    return ScanStatus::mismatched;
  }
  objects_ >>= 1U;
  --depth_;
  return depth_ == 0 ? ScanStatus::closed : ScanStatus::open;
}

ScanStatus BracketScan::feed(std::string_view text, std::size_t& position) {
  ScanStatus status = ScanStatus::open;
  while (status == ScanStatus::open && position < text.size()) {
    if (in_string_) {
      status = feed_string(text, position);
      continue;
    }
    const char byte = text[position++];
    switch (byte) {
      case '\n':
        at_line_start_ = true;
        indent_ = 0;
        continue;
      case ' ':
      case '\t':
      case '\r':
        if (at_line_start_) {
          ++indent_;
        }
        continue;
      case '"': in_string_ = true; break;
      case '{':
      case '[': status = open_bracket(byte); break;
      case '}':
      case ']': status = close_bracket(byte); break;
      default: break;
    }
    at_line_start_ = false;
  }
  return status;
}

std::size_t LooseScan::end_in(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char byte = text[at];
    if (escaped_) {
      escaped_ = false;
    } else if (in_string_) {
      escaped_ = byte == '\\';
      in_string_ = byte != '"';
    } else if (byte == '"') {
      in_string_ = true;
    } else if (byte == '{' || byte == '[') {
      ++depth_;
    } else if ((byte == '}' || byte == ']') && --depth_ == 0) {
      return at + 1;
    }
  }
  return text.size() + 1;
}

bool is_complete_array(std::string_view text) {
  BracketScan scan(0);
  std::size_t position = 0;
  return scan.feed(text, position) == ScanStatus::closed &&
         text.find_first_not_of(kRecordBlanks, position) == std::string_view::npos;
}

bool may_hold_junction(std::string_view text, std::string_view separators) {
  for (std::size_t at = text.find('}'); at != std::string_view::npos; at = text.find('}', at + 1)) {
    const std::size_t next = text.find_first_not_of(separators, at + 1);
    if (next != std::string_view::npos && text[next] == '{') {
      return true;
    }
  }
  return false;
}

}  // namespace spoor
