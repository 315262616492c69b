#include "engine/report/indent_json.h"

#include <algorithm>

namespace spoor {
namespace {

constexpr std::size_t kLevelsIndented = 16;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The string at the front of `text`, with its quotes; all of it if it does not end.
std::string_view string_at(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return text.substr(0, at + 1);
    }
  }
  return text;
}

class Layout {
 public:
  std::string lay_out(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = text.front() == '"' ? string_at(text).size() : 1;
      add(text.substr(0, length));
      text.remove_prefix(length);
    }
    return std::move(out_);
  }

 private:
  void add(std::string_view token) {
    const char c = token.front();
    if (is_blank(c)) {
      return;
    }
    const bool closes = c == '}' || c == ']';
    if (closes) {
      depth_ -= std::min<std::size_t>(depth_, 1);
    }
    // {} and [] stay together.
    if (opened_ ? !closes : closes) {
      break_line();
    }
    opened_ = false;
    out_.append(token);
    if (c == '{' || c == '[') {
      ++depth_;
      opened_ = true;
    } else if (c == ',') {
      break_line();
    } else if (c == ':') {
      out_.push_back(' ');
    }
  }

  void break_line() {
    out_.push_back('\n');
    out_.append(2 * std::min(depth_, kLevelsIndented), ' ');
  }

  std::string out_;
  std::size_t depth_ = 0;
  bool opened_ = false;
};

}  // namespace

std::string indent_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json =
      first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  return is_json ? Layout().lay_out(text) : std::string(text);
}

}  // namespace spoor
