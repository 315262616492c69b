// Bytes → Document, fast: records of a remembered shape by comparing them with it (shape.h), all
// others by one walk over the structural index that simdjson's stage 1 makes.
//
// Not simdjson's On-Demand: it accepts half-broken records (159 of the 188 files that JSONTestSuite
// calls invalid, if values are skipped) and 3.0.1 reads through a null pointer after an error. Both
// ways check the whole grammar, so the answers are those of the DOM (json_dom.h, the slow twin),
// and what the walk does beyond On-Demand costs less than On-Demand's own bookkeeping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "parsers/document.h"

namespace spoor {

/// Reads one JSON text at a time. One per thread.
class JsonScanner {
 public:
  JsonScanner();
  ~JsonScanner();
  JsonScanner(JsonScanner&&) noexcept;
  JsonScanner& operator=(JsonScanner&&) noexcept;

  /// Fills `document` with `json`, in views into it and, until the next call, into the scanner.
  /// Invalid UTF-8 is mended first, in a copy that lives until the next call: an attacker can put
  /// such bytes in a file name, and dropping the record would hide the event; `document.salvaged`
  /// tells, of lone surrogates too. Otherwise the text must be JSON to the letter (RFC 8259),
  /// nested at most kJsonDepthMax deep. O(length); no allocation once warm. Whatever it holds, up
  /// to kTextPadding (64) bytes behind `json` are read; what they hold changes nothing.
  [[nodiscard]] Result<void> scan(std::string_view json, Document& document);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
