// YAML through yaml-cpp's event parser: no node is built before its bounds are checked, so an alias
// bomb or a pit of brackets costs nothing, and every scalar keeps its place.

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "engine/base/limits.h"
#include "engine/rule/document.h"

namespace spoor {
namespace {

/// Thrown out of yaml-cpp's parser by our handler; caught in this file.
struct Refused {
  SourcePosition position;
  std::string message;
  std::string hint;
};

SourcePosition place(const YAML::Mark& mark) {
  const auto one_based = [](int number) {
    return static_cast<std::uint32_t>(std::max(number, 0)) + 1;
  };
  return {.line = one_based(mark.line), .column = one_based(mark.column)};
}

/// Is the quote at `open` closed? Within '…' a quote is doubled, within "…" it stands behind a
/// backslash.
bool is_closed_quote(std::string_view text, std::size_t open) {
  const char quote = text[open];
  for (std::size_t at = open + 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
      continue;
    }
    if (text[at] != quote) {
      continue;
    }
    const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
    if (!doubled) {
      return true;
    }
    ++at;
  }
  return false;
}

/// Builds the tree of one document.
class Builder final : public YAML::EventHandler {
 public:
  /// `first_line`: how many lines of the file stand before the document.
  Builder(std::string_view text, std::uint32_t first_line) : text_(text), first_line_(first_line) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // Documents were split before. yaml-cpp 0.7.0 makes empty ones without end of a ',' or '}' that
    // it cannot place.
    if (started_) {
      throw Refused{place(mark), "not YAML: text behind the end of the document", ""};
    }
    started_ = true;
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    finish({.kind = YamlNode::Kind::null,
            .position = place(mark),
            .text = "",
            .quoted = false,
            .items = {},
            .entries = {}});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    throw Refused{place(mark), "YAML aliases are not allowed in rules", "write the value out"};
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!is_text) {
      refuse_tag(mark, tag);
    }
    refuse_open_quote(mark);
    finish({.kind = YamlNode::Kind::scalar,
            .position = place(mark),
            .text = value,
            .quoted = is_text,
            .items = {},
            .entries = {}});
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    refuse_tag(mark, tag);
    open(mark, anchor, YamlNode::Kind::list);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    refuse_tag(mark, tag);
    open(mark, anchor, YamlNode::Kind::map);
  }

  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlNode take() { return std::move(root_); }

  /// What is wrong without being in the way of the parser.
  [[nodiscard]] const std::vector<Refused>& problems() const { return problems_; }

 private:
  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) {
      throw Refused{place(mark), "YAML anchors are not allowed in rules",
                    "write the value out where it is used"};
    }
  }

  /// A tag says that a value is not what it looks like. Sigma has no use for that.
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?") {
      throw Refused{place(mark), "YAML tags are not allowed in rules", "quote what is text"};
    }
  }

  /// yaml-cpp takes the rest of the document for text, and with it the keys that follow.
  void refuse_open_quote(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool quote = at < text_.size() && (text_[at] == '\'' || text_[at] == '"');
    if (quote && !is_closed_quote(text_, at)) {
      throw Refused{place(mark), "a quote is not closed", ""};
    }
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    if (open_.size() >= kRuleDepthMax) {
      throw Refused{place(mark), "nested deeper than " + std::to_string(kRuleDepthMax) + " levels",
                    ""};
    }
    Open& node = open_.emplace_back();
    node.node.kind = kind;
    node.node.position = place(mark);
  }

  void close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    finish(std::move(node));
  }

  void finish(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.has_key) {
      take_key(parent, std::move(node));
    } else {
      parent.node.entries.push_back({.key = std::move(parent.key), .value = std::move(node)});
      parent.has_key = false;
    }
  }

  /// A list or map whose end has not come.
  struct Open {
    YamlNode node;
    YamlNode key;
    bool has_key = false;
    std::map<std::string, std::uint32_t, std::less<>> key_lines;
  };

  void take_key(Open& parent, YamlNode key) {
    if (!key.is_scalar()) {
      throw Refused{key.position, "a key must be text", "quote it"};
    }
    // yaml-cpp would keep both and use the first: a detection lost without a word.
    const auto [same, is_new] = parent.key_lines.try_emplace(key.text, key.position.line);
    if (!is_new) {
      problems_.push_back({.position = key.position,
                           .message = "'" + key.text + "' stands twice; first in line " +
                                      std::to_string(same->second + first_line_),
                           .hint = ""});
    }
    parent.key = std::move(key);
    parent.has_key = true;
  }

  std::string_view text_;
  std::uint32_t first_line_;
  std::vector<Open> open_;
  bool started_ = false;
  YamlNode root_;
  std::vector<Refused> problems_;
};

/// A document's text and the line it starts in (0-based).
struct Part {
  std::string_view text;
  std::uint32_t first_line;
};

/// "---" begins a document and "..." ends one, each alone or before white space.
bool is_marker(std::string_view line, std::string_view marker) {
  return line.starts_with(marker) &&
         (line.size() == marker.size() ||
          std::string_view(" \t\r").find(line[marker.size()]) != std::string_view::npos);
}

/// Each document by itself, so that one that is no YAML does not hide those behind it.
std::vector<Part> split_documents(std::string_view content) {
  std::vector<Part> parts;
  std::size_t start = 0;
  std::uint32_t start_line = 0;
  std::uint32_t line = 0;
  for (std::size_t at = 0; at < content.size(); ++line) {
    const std::size_t newline = std::min(content.find('\n', at), content.size());
    const std::size_t next = std::min(newline + 1, content.size());
    const std::string_view text = content.substr(at, newline - at);
    const bool ends = is_marker(text, "...");
    if (ends || (is_marker(text, "---") && at > start)) {
      parts.push_back({content.substr(start, at - start), start_line});
      start = ends ? next : at;
      start_line = ends ? line + 1 : line;
    }
    at = next;
  }
  parts.push_back({content.substr(start), start_line});
  return parts;
}

/// Runs yaml-cpp's parser. False if it gave up or `builder` found fault; why was reported.
bool parse(const Part& part, Builder& builder, DiagnosticDesk& desk) {
  bool good = true;
  const auto report = [&](SourcePosition position, std::string message, std::string hint) {
    position.line += part.first_line;
    desk.error(position, std::move(message), std::move(hint));
    good = false;
  };
  try {
    std::istringstream input{std::string(part.text)};
    YAML::Parser parser(input);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    report(refused.position, refused.message, refused.hint);
  } catch (const YAML::Exception& error) {
    report(place(error.mark), "not YAML: " + error.msg, "");
  }
  for (const Refused& problem : builder.problems()) {
    report(problem.position, problem.message, problem.hint);
  }
  return good;
}

/// True if the document was read, or is empty.
bool read_document(const Part& part, DiagnosticDesk& desk, std::vector<YamlNode>& documents) {
  Builder builder(part.text, part.first_line);
  if (!parse(part, builder, desk)) {
    return false;
  }
  YamlNode root = builder.take();
  if (root.kind != YamlNode::Kind::null) {
    documents.push_back(std::move(root));
  }
  return true;
}

/// Moves every position of a document that starts in a later line.
void shift_lines(YamlNode& node, std::uint32_t lines) {
  node.position.line += lines;
  for (YamlNode& item : node.items) {
    shift_lines(item, lines);
  }
  for (auto& [key, value] : node.entries) {
    key.position.line += lines;
    shift_lines(value, lines);
  }
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto entry = std::ranges::find_if(
      entries, [key](const auto& candidate) { return candidate.key.text == key; });
  return entry == entries.end() ? nullptr : &entry->value;
}

SourcePosition YamlNode::position_of(std::string_view key) const {
  const auto entry = std::ranges::find_if(
      entries, [key](const auto& candidate) { return candidate.key.text == key; });
  return entry == entries.end() ? position : entry->key.position;
}

std::string_view to_string(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return "a single value";
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::map: return "a map";
  }
  return "nothing";
}

std::vector<YamlNode> read_documents(std::string_view content,
                                     DiagnosticDesk& desk,
                                     std::size_t* refused) {
  std::vector<YamlNode> documents;
  *refused = 0;
  content = without_byte_order_mark(content);
  if (!is_rule_text(content, desk)) {
    *refused = 1;
    return documents;
  }
  for (const Part& part : split_documents(content)) {
    const std::size_t before = documents.size();
    *refused += read_document(part, desk, documents) ? 0U : 1U;
    for (std::size_t i = before; i < documents.size(); ++i) {
      shift_lines(documents[i], part.first_line);
    }
  }
  return documents;
}

}  // namespace spoor
