// What the two readers of JSON make of a text, to compare.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parsers/document.h"
#include "parsers/json/json_dom.h"
#include "parsers/json/json_scanner.h"
#include "parsers/scratch.h"
#include "tests/support/parsing.h"

namespace spoor::test {

/// A document as text, keys and values as meant.
inline std::string describe(const Document& document) {
  Scratch scratch;
  std::string text = document.salvaged ? "salvaged\n" : "";
  for (NodeIndex index = 0; index < document.size(); ++index) {
    const Node& node = document.node(index);
    text += std::to_string(index) + ".." + std::to_string(node.end) + " " +
            std::to_string(static_cast<int>(node.kind)) + " " +
            (node.key == nullptr ? std::string("-") : std::string(key_of(node, scratch))) + "=" +
            std::string(node.is_scalar() ? text_of(node, scratch) : "") + "\n";
  }
  return text;
}

inline std::string scanned(JsonScanner& scanner, std::string_view json) {
  const std::string text = padded(json);
  Document document;
  const Result<void> read = scanner.scan(std::string_view(text).substr(0, json.size()), document);
  return read ? describe(document) : std::string(to_string(read.error().code));
}

inline std::string walked(JsonDom& dom, std::string_view json) {
  Document document;
  const Result<void> read = dom.parse(json, document);
  return read ? describe(document) : std::string(to_string(read.error().code));
}

/// A small generator: the same texts on every run.
class Random {
 public:
  std::uint32_t below(std::uint32_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint32_t>(state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_ = 20261125;
};

}  // namespace spoor::test
