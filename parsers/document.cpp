#include "parsers/document.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

namespace spoor {
namespace {

constexpr std::size_t kEscapeLength = 6;  ///< \uXXXX
constexpr std::uint32_t kReplacement = 0xFFFD;

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') {
    return digit - '0';
  }
  const int low = digit | 0x20;
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// The value of a \uXXXX escape at the front of `text`, or -1.
int code_unit(std::string_view text) {
  if (text.size() < kEscapeLength || text[0] != '\\' || text[1] != 'u') {
    return -1;
  }
  int value = 0;
  for (const char digit : text.substr(2, 4)) {
    const int nibble = hex_digit(digit);
    if (nibble < 0) {
      return -1;
    }
    value = value * 16 + nibble;
  }
  return value;
}

std::size_t encode(std::uint32_t code_point, char* out) {
  const auto byte = [](std::uint32_t value) {
    return static_cast<char>(static_cast<unsigned char>(value));
  };
  if (code_point < 0x80) {
    out[0] = byte(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = byte(0xC0U | (code_point >> 6U));
    out[1] = byte(0x80U | (code_point & 0x3FU));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = byte(0xE0U | (code_point >> 12U));
    out[1] = byte(0x80U | ((code_point >> 6U) & 0x3FU));
    out[2] = byte(0x80U | (code_point & 0x3FU));
    return 3;
  }
  out[0] = byte(0xF0U | (code_point >> 18U));
  out[1] = byte(0x80U | ((code_point >> 12U) & 0x3FU));
  out[2] = byte(0x80U | ((code_point >> 6U) & 0x3FU));
  out[3] = byte(0x80U | (code_point & 0x3FU));
  return 4;
}

/// The code point of the \u escape at the front of `text`, and how long it was.
std::pair<std::uint32_t, std::size_t> decode_unicode_escape(std::string_view text) {
  const int unit = code_unit(text);
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    const int low = code_unit(text.substr(std::min(text.size(), kEscapeLength)));
    if (low >= 0xDC00 && low <= 0xDFFF) {
      const auto high_bits = static_cast<std::uint32_t>(unit - 0xD800) << 10U;
      return {0x10000 + high_bits + static_cast<std::uint32_t>(low - 0xDC00), 2 * kEscapeLength};
    }
    return {kReplacement, kEscapeLength};
  }
  if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) {
    return {kReplacement, kEscapeLength};
  }
  return {static_cast<std::uint32_t>(unit), kEscapeLength};
}

char simple_escape(char letter) {
  switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'f': return '\f';
    default: return letter;  // \" \\ \/
  }
}

/// Copies up to the next backslash; how much that was. Sixteen bytes at a time, and as many too
/// many (there is room): between the backslashes of a path there is not enough for memchr and
/// memcpy to pay.
std::size_t copy_plain(const char* at, const char* end, char* out) {
  constexpr std::size_t kStep = 16;
  static_assert(kTextPadding >= kStep);
  const char* const begin = at;
  while (true) {
    const auto rest = static_cast<std::size_t>(end - at);
    const std::uint32_t ends = rest < kStep ? 1U << rest : 0U;
    const std::uint32_t found = backslashes_of_16(at) | ends;
    std::memcpy(out, at, kStep);
    if (found != 0) {
      return static_cast<std::size_t>(at - begin) +
             static_cast<std::size_t>(std::countr_zero(found));
    }
    at += kStep;
    out += kStep;
  }
}

/// Writes compact JSON of a part of a document.
class Compactor {
 public:
  Compactor(const Document& document, std::string& out, Scratch& scratch)
      : document_(document), out_(out), scratch_(scratch) {}

  void write(NodeIndex index) {
    const Node& node = document_.node(index);
    switch (node.kind) {
      case NodeKind::string: quoted(node.raw_text(), node.text_escaped); break;
      case NodeKind::object: children(index, '{', '}'); break;
      case NodeKind::array: children(index, '[', ']'); break;
      default: out_.append(node.raw_text()); break;
    }
  }

 private:
  void children(NodeIndex index, char open, char close) {
    out_.push_back(open);
    bool first = true;
    document_.for_each_child(index, [&](const Node& child, NodeIndex child_index) {
      if (!std::exchange(first, false)) {
        out_.push_back(',');
      }
      if (child.key != nullptr) {
        quoted(child.raw_key(), child.key_escaped);
        out_.push_back(':');
      }
      write(child_index);
    });
    out_.push_back(close);
  }

  /// The text as meant, escaped in one way: what it says does not depend on how it was written.
  void quoted(std::string_view text, bool escaped) {
    text = resolve(text, escaped, scratch_);
    out_.push_back('"');
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_.push_back('\\');
        out_.push_back(c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        out_.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
      } else if (byte < 0x20) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        out_.append("\\u00").push_back(kDigits[byte >> 4U]);
        out_.push_back(kDigits[byte & 0xFU]);
      } else {
        out_.push_back(c);
      }
    }
    out_.push_back('"');
  }

  const Document& document_;
  std::string& out_;
  Scratch& scratch_;
};

}  // namespace

NodeIndex Document::find(NodeIndex parent, std::string_view key) const {
  const NodeIndex end = nodes_[parent].end;
  for (NodeIndex child = parent + 1; child < end; child = nodes_[child].end) {
    const Node& node = nodes_[child];
    if (node.raw_key() == key) {
      return child;
    }
    if (node.key_escaped && has_backslash(node.raw_key())) {
      std::string meant(node.key_size + kTextPadding, '\0');
      meant.resize(unescape_json(node.raw_key(), meant.data()));
      if (meant == key) {
        return child;
      }
    }
  }
  return kNoNode;
}

std::size_t unescape_json(std::string_view text, char* out) {
  const char* const begin = out;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const std::size_t plain = copy_plain(at, end, out);
    at += plain;
    out += plain;
    if (end - at < 2) {
      break;
    }
    if (at[1] == 'u') {
      const auto [code_point, length] =
          decode_unicode_escape({at, static_cast<std::size_t>(end - at)});
      out += encode(code_point, out);
      at += std::min(length, static_cast<std::size_t>(end - at));
    } else {
      *out++ = simple_escape(at[1]);
      at += 2;
    }
  }
  return static_cast<std::size_t>(out - begin);
}

std::string_view compact_json(const Document& document, NodeIndex index, Scratch& scratch) {
  std::string& text = scratch.json();
  Compactor(document, text, scratch).write(index);
  return scratch.copy(text);
}

}  // namespace spoor
