// JSON text in pieces → records, as replay/record_reader.h splits files.
//
// The same layouts, the same limits and the same bad stretches: whatever the pieces, the records
// are those that RecordReader finds in the whole (a property test compares them). What differs is
// only that nobody waits here: bytes are pushed in as they come, and what is complete comes out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "ingest/batch.h"
#include "replay/bracket_scan.h"

namespace spoor {

/// Tests make them small.
struct FramingLimits {
  std::size_t record_bytes_max = kRecordBytesMax;
  std::size_t kept_bytes_max = kDeadLetterBytesMax;  ///< Of a bad stretch.
};

/// How a stream ended.
enum class StreamEnd : std::uint8_t {
  closed,  ///< In order: a last line without newline is complete.
  torn,    ///< By a reset or a time-out: it is not.
};

/// Not thread-safe. Memory: at most record_bytes_max and one piece. Time: O(bytes), as long as
/// objects are not torn.
///
/// A record is given as soon as the bytes tell that it is over: by its newline, by the object that
/// follows it on its line, or by finish().
class JsonSplitter {
 public:
  enum class Arrays : std::uint8_t {
    by_line,  ///< An array that is one whole line is one record, as in files.
    split,    ///< The elements of an array at the start are records, also of one on one line.
  };

  explicit JsonSplitter(FramingLimits limits = {}, Arrays arrays = Arrays::by_line)
      : limits_(limits), arrays_(arrays) {}

  void push(std::string_view bytes, IngestBatch& into);

  /// Once, after the last push.
  void finish(StreamEnd end, IngestBatch& into);

 private:
  enum class Layout : std::uint8_t { unknown, lines, array };
  enum class Until : std::uint8_t { line_end, object_or_line_end, source_end };

  /// The rest of the line that the window starts on, without its line end.
  struct Line {
    std::string_view text;
    std::size_t bytes = 0;  // With the CR.
    bool has_newline = false;
    bool oversize = false;  // `text` is then only its start.
  };

  /// An object that is looked through while it comes in.
  struct OpenObject {
    BracketScan scan;
    std::size_t position = 0;  // In the window.
    bool is_closed = false;
    std::size_t next = 0;  // If it is closed: only blanks stand between its end and this.
  };

  /// A bad stretch that is not over.
  struct BadStretch {
    ErrorCode code = ErrorCode::malformed_json;
    Until until = Until::line_end;
    std::string kept{};
    std::uint64_t length = 0;
    char last = '\0';
    LooseScan scan{};
  };

  [[nodiscard]] std::string_view window() const { return std::string_view(buffer_).substr(begin_); }

  void consume(std::size_t size);
  void run(IngestBatch& into);

  // Each goes on as far as the bytes allow. False: more are needed.
  [[nodiscard]] bool step(IngestBatch& into);
  [[nodiscard]] bool start();
  [[nodiscard]] bool take_line(IngestBatch& into);
  [[nodiscard]] bool take_object(IngestBatch& into);
  [[nodiscard]] bool take_bad(IngestBatch& into);

  /// The object at the start of a line that is not over, if another follows it.
  [[nodiscard]] bool take_before_junction(const Line& line, IngestBatch& into);
  /// The object at the start of `line`, where it is not simply the whole line. True: one was taken
  /// or begun.
  [[nodiscard]] bool take_object_in(const Line& line, IngestBatch& into);
  void take_part(std::size_t size, std::size_t indent, IngestBatch& into);
  void refuse(ErrorCode code, Until until);

  [[nodiscard]] bool is_separator(char byte) const;
  [[nodiscard]] std::string_view separators() const;
  void skip_separators();
  [[nodiscard]] Line line_ahead();
  [[nodiscard]] bool is_incomplete(const Line& line) const;

  FramingLimits limits_;
  Arrays arrays_;
  std::string buffer_;
  std::size_t begin_ = 0;     // Of the window, in buffer_.
  std::size_t searched_ = 0;  // That many bytes of the window hold no newline.
  Layout layout_ = Layout::unknown;
  bool encoding_told_ = false;
  bool from_array_ = false;    // As in RecordReader.
  bool at_line_start_ = true;  // Only blanks stand before the window on its line,
  std::size_t indent_ = 0;     // this many. If not: of the line as a whole.
  bool ended_ = false;
  bool torn_ = false;
  std::optional<OpenObject> object_;  // Of several lines, or an array's.
  std::optional<OpenObject> early_;   // On a line that is not over.
  std::optional<BadStretch> bad_;
};

}  // namespace spoor
