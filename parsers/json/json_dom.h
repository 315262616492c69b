// Bytes → Document through simdjson's DOM: the slow twin of the scanner, which tests compare it
// with. Nothing else uses it.
#pragma once

#include <memory>
#include <string_view>

#include "engine/base/result.h"
#include "parsers/document.h"

namespace spoor {

class JsonDom {
 public:
  JsonDom();
  ~JsonDom();
  JsonDom(JsonDom&&) noexcept;
  JsonDom& operator=(JsonDom&&) noexcept;

  /// As JsonScanner::scan, but the document's text lives until the next call and never holds
  /// escapes.
  [[nodiscard]] Result<void> parse(std::string_view json, Document& document);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every \uD800–\uDFFF escape that is not half of a pair becomes \uFFFD.
[[nodiscard]] std::string replace_lone_surrogates(std::string_view json);

/// The DOM keeps the value of a number, not its text, and refuses what does not fit 64 bits. Those
/// whose text would be lost become {"\u0000number":"…"}, which the walk turns back.
[[nodiscard]] std::string wrap_numbers(std::string_view json);

}  // namespace spoor
