// Bytes → records: one JSON object each, however the file is laid out.
//
// Lines are split by ourselves and never by the JSON parser, so that a bad line cannot touch its
// neighbours. Layouts, told apart by the bytes alone, whatever the sizes of the reads:
//  - a record per line (NDJSON). CRLF, a UTF-8 BOM at the start, blank lines, leading blanks and a
//  last line
//    without newline are taken silently. Whether a line is JSON is the parser's to judge; a line
//    that is one complete array is one record too.
//  - objects laid out over several lines, or several after each other on one line.
//  - one array over many lines, if the file starts with '[': each element is a record. After a bad
//  element
//    the array is read on line by line.
//  - a recording of `spoor run` (replay/recording.h): records by their lengths.
// An object that turns out to be torn costs its first line only: what follows is read again, from
// the next line. UTF-16 is refused as a whole, with advice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "replay/byte_source.h"

namespace spoor {

/// What read() gave.
enum class ReadStatus : std::uint8_t {
  record,  ///< `text` is one record, not yet known to be JSON.
  bad,     ///< A stretch of input that cannot be a record (oversize, torn array element): a dead
           ///< letter.
  failed,  ///< The source failed (`error`); what came before was delivered. No more follows.
  end,
};

struct RecordRead {
  ReadStatus status = ReadStatus::end;
  /// record: its bytes, without the newline; at least kRecordPadding readable bytes follow it in
  /// memory. bad: what is kept of it, at most kDeadLetterBytesMax. Valid until the next read().
  std::string_view text;
  std::uint64_t offset = 0;  ///< Of the first byte of `text` in the decompressed input.
  std::uint64_t line = 0;    ///< 1-based line of that byte.
  std::uint64_t length = 0;  ///< Bytes of the record in the input (more than text.size() if cut).
  /// Of record and bad: the end of the source, or its failure, was met before this was told. If the
  /// source has more bytes later, something else may stand here, and what follows may differ.
  bool is_open = false;
  /// When it came in, where a recording tells.
  std::optional<Timestamp> received = std::nullopt;
  Error error{ErrorCode::io, ""};  ///< Of bad and failed.
};

/// simdjson reads up to this many bytes beyond the record.
inline constexpr std::size_t kRecordPadding = 64;

/// The bounds of one reader. Tests make them small.
struct RecordLimits {
  std::size_t record_bytes_max = kRecordBytesMax;
  std::size_t kept_bytes_max = kDeadLetterBytesMax;
  std::size_t read_bytes = kReadBufferBytes;
};

/// Splits one source. Memory: one buffer of record_bytes_max + read_bytes and one of
/// kept_bytes_max, whatever the input holds.
class RecordReader {
 public:
  explicit RecordReader(std::unique_ptr<ByteSource> source, RecordLimits limits = {});
  ~RecordReader();
  RecordReader(RecordReader&&) noexcept;
  RecordReader& operator=(RecordReader&&) noexcept;

  /// The next record, bad stretch, failure or end. Amortised O(bytes): a byte is looked at again
  /// only when an object around it proves torn, and such objects nest at most kJsonDepthMax deep.
  [[nodiscard]] RecordRead read();
  [[nodiscard]] std::uint64_t raw_bytes_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
