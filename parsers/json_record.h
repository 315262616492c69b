// Bytes → JSON, with salvage. Private to this folder: no simdjson type leaves it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "engine/base/result.h"

namespace spoor {

/// Parses one record at a time. DOM, not On-Demand: it validates the whole record before anything
/// is read, while simdjson 3.0.1 On-Demand accepts half-broken records and reads through a null
/// pointer after an error.
class JsonRecord {
 public:
  JsonRecord();

  /// The root element, valid until the next call. A record that simdjson refuses for invalid UTF-8,
  /// a lone surrogate or a number beyond 64 bits is mended and read again (`salvaged()` tells): an
  /// attacker can put such bytes in a file name, and dropping the record would hide the event.
  [[nodiscard]] Result<simdjson::dom::element> parse(std::string_view record);

  /// Has a part of the last record at most kRecordKeysMax keys? Asked of each element of a batch,
  /// not of the batch.
  [[nodiscard]] bool within_key_limit(simdjson::dom::element part) const;

  /// The last record held invalid UTF-8 or a lone surrogate, now U+FFFD.
  [[nodiscard]] bool salvaged() const { return salvaged_; }

 private:
  [[nodiscard]] simdjson::error_code parse_once(std::string_view record,
                                                simdjson::dom::element& root);
  /// Rewrites the record in salvage_ so that `error` may go away. False if nothing could be mended.
  [[nodiscard]] bool mend(simdjson::error_code error, std::string_view record);

  simdjson::dom::parser parser_;
  std::string salvage_;
  bool salvaged_ = false;
};

/// Every \uD800–\uDFFF escape that is not half of a pair becomes \uFFFD.
[[nodiscard]] std::string replace_lone_surrogates(std::string_view json);

/// Numbers that are valid JSON but too long for 64 bits become strings of the same text.
[[nodiscard]] std::string quote_long_numbers(std::string_view json);

}  // namespace spoor
