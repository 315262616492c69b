// What comes in over one TCP connection → records.
//
// How they are framed is told by the first byte that is no blank, and holds for the connection:
//   '<'    syslog, a message per line (RFC 6587 §3.4.2): rsyslog's omfwd, logger
//   digit  syslog, octet-counted (RFC 6587 §3.4.1): "243 <133>1 …"; line ends between messages, and
//          one inside the count, are passed over (rsyslog counts the newline of its template)
//   else   JSON: a record per line, objects after each other, an array (ingest/json_splitter.h)
//
// Of a syslog message the record is what follows the header. An RFC 5424 header is taken off here,
// because its structured data may hold a '{' of its own. A message with any other header is given
// as it is: the record parser looks for the first '{', or for an event as XML, itself.
//
// Longer than the limit: one bad stretch, and it goes on behind the next newline or by the count.
// What has no count where there should be one: one bad stretch up to the newline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/batch.h"
#include "ingest/json_splitter.h"

namespace spoor {

enum class Framing : std::uint8_t { unknown, json, lines, octet_counted };

/// Not thread-safe. Memory and time as JsonSplitter.
class Framer {
 public:
  explicit Framer(FramingLimits limits = {}) : limits_(limits), json_(limits) {}

  void push(std::string_view bytes, IngestBatch& into);

  /// Once, after the last push.
  void finish(StreamEnd end, IngestBatch& into);

  [[nodiscard]] Framing framing() const { return framing_; }

 private:
  /// What is skipped, and why it is.
  enum class Skip : std::uint8_t { nothing, line, count };

  void push_lines(std::string_view bytes, IngestBatch& into);
  void push_counted(std::string_view bytes, IngestBatch& into);
  /// Takes what it uses off `bytes`.
  void skip(std::string_view& bytes, IngestBatch& into);
  void take_line(std::string_view& bytes, IngestBatch& into);
  void take_count(std::string_view& bytes, IngestBatch& into);
  void take_counted(std::string_view& bytes, IngestBatch& into);

  void begin_skip(Skip what, ErrorCode code);
  void end_skip(IngestBatch& into);
  void keep(std::string_view bytes);

  FramingLimits limits_;
  Framing framing_ = Framing::unknown;
  JsonSplitter json_;
  std::string part_;  // Of a message or a count; when skipping, what is kept.
  Skip skip_ = Skip::nothing;
  ErrorCode skip_code_ = ErrorCode::oversize;
  bool in_message_ = false;  // Octet-counted: the count is known.
  std::uint64_t left_ = 0;   // Of it.
};

/// What follows the RFC 5424 header of `message`, from its first '{' on unless it starts with JSON
/// or XML. `message` itself if it has no such header, or nothing behind it.
[[nodiscard]] std::string_view without_rfc5424_header(std::string_view message);

}  // namespace spoor
