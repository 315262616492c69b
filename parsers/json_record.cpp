#include "parsers/json_record.h"

#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

/// Up to this many characters a JSON integer always fits 64 bits.
constexpr std::size_t kShortNumber = 18;
constexpr int kMendsMax = 3;  ///< One for each kind of damage.

constexpr std::size_t kEscapeLength = 6;  ///< \uXXXX

/// The value of a \uXXXX escape at `at`, or -1.
int escaped_code_unit(std::string_view json, std::size_t at) {
  if (at + kEscapeLength > json.size() || json[at] != '\\' || json[at + 1] != 'u') {
    return -1;
  }
  int value = 0;
  for (const char digit : json.substr(at + 2, 4)) {
    const int low = digit | 0x20;
    if (digit >= '0' && digit <= '9') {
      value = value * 16 + (digit - '0');
    } else if (low >= 'a' && low <= 'f') {
      value = value * 16 + (low - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

bool ends_number(std::string_view text, std::size_t at) {
  return at >= text.size() ||
         std::string_view(",]} \t\r\n").find(text[at]) != std::string_view::npos;
}

Error json_error(simdjson::error_code error) {
  if (error == simdjson::DEPTH_ERROR) {
    return {ErrorCode::too_deep, "JSON nested deeper than " + std::to_string(kJsonDepthMax)};
  }
  if (error == simdjson::CAPACITY) {
    return {ErrorCode::oversize,
            "record longer than " + std::to_string(kRecordBytesMax) + " bytes"};
  }
  return {ErrorCode::malformed_json, simdjson::error_message(error)};
}

std::size_t count_keys(simdjson::dom::element element) {
  std::size_t keys = 0;
  if (element.is_object()) {
    // A copy: value_unsafe() refers into a temporary, which a loop would outlive.
    const simdjson::dom::object object = element.get_object().value_unsafe();
    for (const auto field : object) {
      keys += 1 + count_keys(field.value);
    }
  } else if (element.is_array()) {
    const simdjson::dom::array array = element.get_array().value_unsafe();
    for (const auto child : array) {
      keys += count_keys(child);
    }
  }
  return keys;
}

}  // namespace

std::string replace_lone_surrogates(std::string_view json) {
  std::string mended;
  mended.reserve(json.size());
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] != '\\') {
      mended.push_back(json[at++]);
      continue;
    }
    const int unit = escaped_code_unit(json, at);
    const bool pair =
        is_high_surrogate(unit) && is_low_surrogate(escaped_code_unit(json, at + kEscapeLength));
    std::size_t length = unit >= 0 ? kEscapeLength : 2;
    if (pair) {
      length = 2 * kEscapeLength;
    }
    if (!pair && (is_high_surrogate(unit) || is_low_surrogate(unit))) {
      mended.append("\\uFFFD");
    } else {
      mended.append(json.substr(at, length));
    }
    at += length;
  }
  return mended;
}

std::string quote_long_numbers(std::string_view json) {
  std::string mended;
  mended.reserve(json.size() + 2);
  bool in_string = false;
  std::size_t at = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (in_string && c == '\\') {
      mended.append(json.substr(at, 2));
      at += 2;
      continue;
    }
    if (c == '"') {
      in_string = !in_string;
    }
    const bool number_starts = !in_string && (c == '-' || (c >= '0' && c <= '9'));
    const std::size_t length = number_starts ? json_number_length(json.substr(at)) : 0;
    if (length == 0) {
      mended.push_back(c);
      ++at;
      continue;
    }
    const std::string_view number = json.substr(at, length);
    const bool has_exponent = number.find_first_of("eE") != std::string_view::npos;
    if ((length > kShortNumber || has_exponent) && ends_number(json, at + length)) {
      mended.append("\"").append(number).append("\"");
    } else {
      mended.append(number);
    }
    at += length;
  }
  return mended;
}

JsonRecord::JsonRecord() {
  // Sized once, so that no record makes it grow and the depth limit holds from the first. Should
  // memory be short, the first parse says so.
  const simdjson::error_code error = parser_.allocate(kRecordBytesMax, kJsonDepthMax);
  static_cast<void>(error);
}

simdjson::error_code JsonRecord::parse_once(std::string_view record, simdjson::dom::element& root) {
  return parser_.parse(record.data(), record.size(), false).get(root);
}

bool JsonRecord::mend(simdjson::error_code error, std::string_view record) {
  std::string mended;
  switch (error) {
    case simdjson::UTF8_ERROR:
      mended = replace_invalid_utf8(record);
      salvaged_ = true;
      break;
    case simdjson::STRING_ERROR:
      mended = replace_lone_surrogates(record);
      salvaged_ = true;
      break;
    case simdjson::NUMBER_ERROR: mended = quote_long_numbers(record); break;
    default: return false;
  }
  if (mended == record || mended.size() > kRecordBytesMax) {
    return false;
  }
  salvage_ = std::move(mended);
  salvage_.reserve(salvage_.size() + simdjson::SIMDJSON_PADDING);
  return true;
}

bool JsonRecord::within_key_limit(simdjson::dom::element part) const {
  // The first word of simdjson's tape holds its length: a key and a value take two words at least,
  // so a short tape needs no counting.
  constexpr std::uint64_t kPayload = 0x00FFFFFFFFFFFFFFULL;
  const std::uint64_t tape_words = parser_.doc.tape[0] & kPayload;
  return tape_words <= 2 * kRecordKeysMax || count_keys(part) <= kRecordKeysMax;
}

Result<simdjson::dom::element> JsonRecord::parse(std::string_view record) {
  salvaged_ = false;
  if (record.size() > kRecordBytesMax) {
    return tl::unexpected<Error>(json_error(simdjson::CAPACITY));
  }
  simdjson::dom::element root;
  simdjson::error_code error = parse_once(record, root);
  std::string_view text = record;
  for (int mends = 0; error != simdjson::SUCCESS && mends < kMendsMax && mend(error, text);
       ++mends) {
    text = salvage_;
    error = parse_once(text, root);
  }
  if (error != simdjson::SUCCESS) {
    return tl::unexpected<Error>(json_error(error));
  }
  return root;
}

}  // namespace spoor
