#include "parsers/document.h"

#include <string>
#include <utility>

namespace spoor {
namespace {

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
      std::string meant(node.key_size + kUnescapePadding, '\0');
      meant.resize(unescape_json(node.raw_key(), meant.data()));
      if (meant == key) {
        return child;
      }
    }
  }
  return kNoNode;
}

std::string_view compact_json(const Document& document, NodeIndex index, Scratch& scratch) {
  std::string& text = scratch.json();
  Compactor(document, text, scratch).write(index);
  return scratch.copy(text);
}

}  // namespace spoor
