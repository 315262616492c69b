// JSON through a reader of our own: yaml-cpp 0.7.0 takes JSON for YAML, but refuses the surrogate
// pairs by which JSON writers spell an emoji, and counts no duplicate keys.

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/rule/document.h"

namespace spoor {
namespace {

/// What is wrong, and where. Thrown and caught in this file.
struct JsonProblem {
  SourcePosition position;
  std::string message;
};

void append_utf8(char32_t code_point, std::string& out) {
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | (code_point >> 6U));
    byte(0x80 | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    byte(0xE0 | (code_point >> 12U));
    byte(0x80 | ((code_point >> 6U) & 0x3FU));
    byte(0x80 | (code_point & 0x3FU));
  } else {
    byte(0xF0 | (code_point >> 18U));
    byte(0x80 | ((code_point >> 12U) & 0x3FU));
    byte(0x80 | ((code_point >> 6U) & 0x3FU));
    byte(0x80 | (code_point & 0x3FU));
  }
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// The values of the text, one after the other. An array at the top stands for its elements.
  std::vector<YamlNode> read() {
    std::vector<YamlNode> documents;
    for (skip_space(); at_ < text_.size(); skip_space()) {
      YamlNode value = read_value();
      if (value.is_list()) {
        std::ranges::move(value.items, std::back_inserter(documents));
      } else {
        documents.push_back(std::move(value));
      }
    }
    return documents;
  }

 private:
  [[nodiscard]] SourcePosition place() const {
    return {.line = line_, .column = static_cast<std::uint32_t>(at_ - line_start_) + 1};
  }

  [[noreturn]] void fail(const std::string& message) const {
    throw JsonProblem{place(), "not JSON: " + message};
  }

  [[nodiscard]] char look() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  YamlNode read_value() {
    YamlNode node;
    node.position = place();
    switch (look()) {
      case '{': read_object(node); break;
      case '[': read_array(node); break;
      case '"':
        node.kind = YamlNode::Kind::scalar;
        node.quoted = true;
        node.text = read_string();
        break;
      default: read_word(node); break;
    }
    return node;
  }

  /// A number, true, false or null.
  void read_word(YamlNode& node) {
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view word : {"true", "false", "null"}) {
      if (rest.starts_with(word)) {
        at_ += word.size();
        node.kind = word == "null" ? YamlNode::Kind::null : YamlNode::Kind::scalar;
        node.text = word == "null" ? "" : word;
        return;
      }
    }
    const std::size_t length = json_number_length(rest);
    if (length == 0) {
      fail(at_ == text_.size() ? "it ends where a value is expected" : "a value is expected");
    }
    node.kind = YamlNode::Kind::scalar;
    node.text = rest.substr(0, length);
    at_ += length;
  }

  void enter() {
    if (++depth_ > kRuleDepthMax) {
      throw JsonProblem{place(), "nested deeper than " + std::to_string(kRuleDepthMax) + " levels"};
    }
    ++at_;
    skip_space();
  }

  /// Behind an element: true if another follows, false if `close` ended it.
  bool goes_on(char close) {
    skip_space();
    if (look() == close) {
      ++at_;
      --depth_;
      return false;
    }
    if (look() != ',') {
      fail(std::string("',' or '") + close + "' is expected");
    }
    ++at_;
    skip_space();
    return true;
  }

  void read_array(YamlNode& node) {
    node.kind = YamlNode::Kind::list;
    enter();
    if (look() == ']') {
      ++at_;
      --depth_;
      return;
    }
    do {
      node.items.push_back(read_value());
    } while (goes_on(']'));
  }

  void read_object(YamlNode& node) {
    node.kind = YamlNode::Kind::map;
    std::set<std::string, std::less<>> keys;
    enter();
    if (look() == '}') {
      ++at_;
      --depth_;
      return;
    }
    do {
      YamlEntry& entry = node.entries.emplace_back();
      entry.key.kind = YamlNode::Kind::scalar;
      entry.key.position = place();
      entry.key.quoted = true;
      if (look() != '"') {
        fail("a key in quotes is expected");
      }
      entry.key.text = read_string();
      if (!keys.insert(entry.key.text).second) {
        throw JsonProblem{entry.key.position, "'" + entry.key.text + "' stands twice"};
      }
      skip_space();
      if (look() != ':') {
        fail("':' is expected");
      }
      ++at_;
      skip_space();
      entry.value = read_value();
    } while (goes_on('}'));
  }

  std::string read_string() {
    const SourcePosition start = place();
    std::string out;
    for (++at_; look() != '"';) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        throw JsonProblem{start, "not JSON: a quote is not closed"};
      }
      if (static_cast<unsigned char>(text_[at_]) < 0x20) {
        fail("a control character inside quotes");
      }
      if (text_[at_] == '\\') {
        read_escape(out);
      } else {
        out.push_back(text_[at_++]);
      }
    }
    ++at_;
    return out;
  }

  void read_escape(std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;
    if (look() == 'u') {
      read_code_point(out);
      return;
    }
    const std::size_t escape = at_ < text_.size() ? kEscapes.find(text_[at_]) : std::string::npos;
    if (escape == std::string_view::npos) {
      fail("an unknown escape");
    }
    out.push_back(kMeanings[escape]);
    ++at_;
  }

  /// \u and four digits, or two of them for a code point beyond U+FFFF.
  void read_code_point(std::string& out) {
    constexpr char32_t kReplacement = 0xFFFD;
    char32_t code_point = read_four_digits();
    const bool high = code_point >= 0xD800 && code_point < 0xDC00;
    if (high && text_.substr(at_).starts_with("\\u")) {
      const std::size_t before = at_++;
      const char32_t low = read_four_digits();
      if (low >= 0xDC00 && low < 0xE000) {
        code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
      } else {
        at_ = before;
      }
    }
    const bool lone = code_point >= 0xD800 && code_point < 0xE000;
    append_utf8(lone ? kReplacement : code_point, out);
  }

  char32_t read_four_digits() {
    char32_t value = 0;
    ++at_;  // The u.
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = look();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
      } else {
        fail("four hex digits are expected behind \\u");
      }
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

std::vector<YamlNode> read_json_documents(std::string_view content,
                                          DiagnosticDesk& desk,
                                          std::size_t* refused) {
  *refused = 0;
  content = without_byte_order_mark(content);
  if (!is_rule_text(content, desk)) {
    *refused = 1;
    return {};
  }
  try {
    return JsonReader(content).read();
  } catch (const JsonProblem& problem) {
    desk.error(problem.position, problem.message);
    *refused = 1;
    return {};
  }
}

}  // namespace spoor
