// How a function in this project fails: with a code to branch on and a message to show a person.
// Nothing on the path of an event throws; a library that does is wrapped in the one .cpp that
// includes it.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace spoor {

/// What went wrong. Input errors are counted by their code, so a code names one cause.
enum class ErrorCode {
  // Records (dead letters).
  malformed_json,   ///< Not JSON.
  malformed_xml,    ///< An event as XML that is not well-formed.
  malformed_frame,  ///< A syslog octet count that is none.
  truncated,        ///< The input ended inside a record.
  oversize,         ///< Record longer than kRecordBytesMax.
  too_deep,         ///< Nested deeper than kJsonDepthMax.
  too_many_keys,    ///< More than kRecordKeysMax keys.
  encoding_utf16,   ///< UTF-16 text; we read UTF-8.
  unknown_source,   ///< JSON, but of no vendor that we know.
  unsupported,      ///< A form that we know and do not read.
  // Files.
  io,                  ///< The operating system refused.
  bad_compression,     ///< Corrupt or truncated gzip or zstd data.
  decompression_bomb,  ///< Expands beyond the configured ratio.
  // What a person wrote.
  bad_rule,
  bad_usage,
  // Ourselves.
  limit,
  bus,
  bad_state,          ///< What survived a restart is of another version, or damaged.
  insecure_listener,  ///< A listener off loopback without authentication.
};

/// The name of a code as it stands in counters, dead letters and JSON: "malformed_json".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// A failure: a code to branch on and a message to show a person.
struct Error {
  ErrorCode code;
  std::string message;
};

/// Either a value or the reason there is none. The only way a function in this project fails.
template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace spoor
