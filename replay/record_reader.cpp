#include "replay/record_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "replay/bracket_scan.h"
#include "replay/read_buffer.h"
#include "replay/recording.h"
#include "replay/text_encoding.h"

namespace spoor {
namespace {

constexpr std::size_t kLineEndBytes = 2;  // CR LF

enum class Layout : std::uint8_t { unknown, lines, array, recording };

/// The rest of the line that the window starts on, without its line end.
struct Line {
  std::string_view text;
  std::size_t bytes = 0;  // With the CR.
  bool has_newline = false;
  bool oversize = false;  // `text` is then only its start.
};

Error torn_error(ScanStatus status) {
  switch (status) {
    case ScanStatus::too_deep:
      return {ErrorCode::too_deep, "nested deeper than " + std::to_string(kJsonDepthMax)};
    case ScanStatus::in_string:
      return {ErrorCode::malformed_json, "a string runs over the end of its line"};
    case ScanStatus::mismatched:
      return {ErrorCode::malformed_json, "a bracket is closed by the other kind"};
    default: return {ErrorCode::malformed_json, "the next object starts before this one is closed"};
  }
}

}  // namespace

struct RecordReader::Impl {
 public:
  Impl(std::unique_ptr<ByteSource> source, RecordLimits limits)
      : limits_(limits),
        buffer_(std::move(source),
                std::max({limits.record_bytes_max + kLineEndBytes, kEncodingBytes,
                          kRecordingHeaderMax + 1}),
                limits.read_bytes,
                kRecordPadding) {}

  [[nodiscard]] RecordRead read();

  [[nodiscard]] std::uint64_t raw_bytes_read() const { return buffer_.raw_bytes_read(); }

  [[nodiscard]] bool has_ended() const { return buffer_.has_ended(); }

 private:
  /// Tells encoding and layout. Gives the bad stretch that a UTF-16 source is.
  [[nodiscard]] std::optional<RecordRead> start();
  [[nodiscard]] RecordRead finish();

  /// Does the window, which is the start of the source, begin as a recording does?
  [[nodiscard]] bool is_recording();
  [[nodiscard]] RecordRead read_recorded();
  /// The source is no recording from here on.
  [[nodiscard]] RecordRead fail_recording(std::string why);

  [[nodiscard]] bool is_separator(char byte) const;
  /// Leaves the window at the next byte that is part of a record, or empty at the end.
  void skip_separators();

  [[nodiscard]] Line line_ahead();
  [[nodiscard]] RecordRead read_line();
  /// The object at the start of `line`, where it is not simply the whole line.
  [[nodiscard]] std::optional<RecordRead> read_object_in(const Line& line);
  [[nodiscard]] RecordRead read_element();
  /// Goes on with `scan`, which has seen the first `position` bytes of the window.
  [[nodiscard]] RecordRead read_object(BracketScan scan, std::size_t position);

  [[nodiscard]] RecordRead at_window(ReadStatus status) const {
    return {.status = status, .text = {}, .offset = buffer_.offset(), .line = buffer_.line()};
  }

  [[nodiscard]] RecordRead take_line(const Line& line);
  [[nodiscard]] RecordRead take_part(std::size_t size, std::size_t indent);

  enum class Until : std::uint8_t { line_end, object_or_line_end, source_end };
  /// Uses up a bad stretch of whatever length in constant memory.
  [[nodiscard]] RecordRead refuse(Error error, Until until);

  [[nodiscard]] Error oversize() const {
    return {ErrorCode::oversize,
            "longer than " + std::to_string(limits_.record_bytes_max) + " bytes"};
  }

  RecordLimits limits_;
  ReadBuffer buffer_;
  std::string kept_;  // Of the last bad stretch.
  Layout layout_ = Layout::unknown;
  /// The source started with '[': commas separate, also where elements are now read line by line.
  bool from_array_ = false;
  bool finished_ = false;
  bool at_line_start_ = true;  // Only blanks stand before the window on its line,
  std::size_t indent_ = 0;     // this many. If not: of the line as a whole.
};

RecordRead RecordReader::Impl::read() {
  if (layout_ == Layout::unknown) {
    if (std::optional<RecordRead> bad = start()) {
      return *std::move(bad);
    }
  }
  if (layout_ == Layout::recording) {
    return read_recorded();
  }
  skip_separators();
  if (layout_ == Layout::array && buffer_.view().starts_with(']')) {
    layout_ = Layout::lines;
    skip_separators();
  }
  if (buffer_.view().empty()) {
    return finish();
  }
  return layout_ == Layout::array ? read_element() : read_line();
}

std::optional<RecordRead> RecordReader::Impl::start() {
  layout_ = Layout::lines;
  while (buffer_.view().size() < kEncodingBytes && buffer_.fill()) {
  }
  switch (text_encoding(buffer_.view())) {
    case TextEncoding::utf16:
      return refuse(
          {ErrorCode::encoding_utf16, "this is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8"},
          Until::source_end);
    case TextEncoding::utf8_with_bom: buffer_.consume(kUtf8BomBytes); break;
    case TextEncoding::utf8:
      if (is_recording()) {
        buffer_.consume(kRecordingMagic.size());
        layout_ = Layout::recording;
        return std::nullopt;
      }
      break;
  }
  skip_separators();
  if (!buffer_.view().starts_with('[')) {
    return std::nullopt;
  }
  const Line line = line_ahead();
  if (line.oversize || !is_complete_array(line.text)) {
    layout_ = Layout::array;
    from_array_ = true;
    buffer_.consume(1);
    at_line_start_ = false;
  }
  return std::nullopt;
}

bool RecordReader::Impl::is_recording() {
  while (buffer_.view().size() < kRecordingMagic.size() &&
         kRecordingMagic.starts_with(buffer_.view()) && buffer_.fill()) {
  }
  return buffer_.view().starts_with(kRecordingMagic);
}

RecordRead RecordReader::Impl::fail_recording(std::string why) {
  RecordRead last = at_window(ReadStatus::failed);
  last.error = {ErrorCode::truncated, "recording: " + std::move(why)};
  finished_ = true;
  return last;
}

RecordRead RecordReader::Impl::read_recorded() {
  if (finished_ || (buffer_.view().empty() && !buffer_.fill())) {
    return finish();
  }
  const std::optional<std::size_t> line = buffer_.find_newline(kRecordingHeaderMax);
  if (!line) {
    return buffer_.failure() ? finish() : fail_recording("it ends, or is damaged, here");
  }
  const std::optional<RecordingHeader> header =
      parse_recording_header(buffer_.view().substr(0, *line));
  if (!header || header->length > limits_.record_bytes_max) {
    return fail_recording("this is no header of a record");
  }
  const std::size_t length = header->length;
  const std::optional<ErrorCode> bad = header->bad;
  const Timestamp received = header->time;
  buffer_.consume(*line + 1);
  while (buffer_.view().size() < length + 1 && buffer_.fill()) {
  }
  if (buffer_.view().size() < length + 1) {
    return buffer_.failure() ? finish() : fail_recording("it ends inside a record");
  }
  RecordRead read = at_window(bad ? ReadStatus::bad : ReadStatus::record);
  read.text = buffer_.view().substr(0, length);
  read.length = length;
  read.received = received;
  if (bad) {
    read.error = {*bad, "told by the input"};
  }
  buffer_.consume(length + 1);
  return read;
}

RecordRead RecordReader::Impl::finish() {
  RecordRead last = at_window(ReadStatus::end);
  if (buffer_.failure() && !finished_) {
    last.status = ReadStatus::failed;
    last.error = *buffer_.failure();
  }
  finished_ = true;
  return last;
}

bool RecordReader::Impl::is_separator(char byte) const {
  switch (byte) {
    case ' ':
    case '\t':
    case '\r':
    case '\n': return true;
    case ',': return from_array_;
    case ']': return from_array_ && layout_ == Layout::lines;
    default: return false;
  }
}

void RecordReader::Impl::skip_separators() {
  do {
    const std::string_view window = buffer_.view();
    std::size_t size = 0;
    for (; size < window.size() && is_separator(window[size]); ++size) {
      if (window[size] == '\n') {
        at_line_start_ = true;
        indent_ = 0;
      } else if (kRecordBlanks.find(window[size]) == std::string_view::npos) {
        at_line_start_ = false;
      } else if (at_line_start_) {
        ++indent_;
      }
    }
    buffer_.consume(size);
    if (size < window.size()) {
      return;
    }
  } while (buffer_.fill());
}

Line RecordReader::Impl::line_ahead() {
  const std::size_t limit = limits_.record_bytes_max + kLineEndBytes;
  const std::optional<std::size_t> newline = buffer_.find_newline(limit);
  Line line;
  line.text = buffer_.view().substr(0, newline.value_or(limit));
  line.bytes = line.text.size();
  line.has_newline = newline.has_value();
  if (line.text.ends_with('\r')) {
    line.text.remove_suffix(1);
  }
  line.oversize = line.text.size() > limits_.record_bytes_max;
  return line;
}

RecordRead RecordReader::Impl::read_line() {
  const Line line = line_ahead();
  if (line.text.starts_with('{')) {
    if (std::optional<RecordRead> object = read_object_in(line)) {
      return *std::move(object);
    }
  }
  if (line.oversize) {
    return refuse(oversize(), Until::line_end);
  }
  if (!line.has_newline && buffer_.failure()) {
    return refuse({ErrorCode::truncated, "the input failed inside this line"}, Until::line_end);
  }
  return take_line(line);
}

std::optional<RecordRead> RecordReader::Impl::read_object_in(const Line& line) {
  const std::string_view separators = from_array_ ? " \t\r,]" : kRecordBlanks;
  // Asked first, because it looks no further than to the next object: of a line of many objects the
  // end must not be looked for again at each of them.
  if (!line.oversize && !may_hold_junction(line.text, separators) &&
      line.text[line.text.find_last_not_of(kRecordBlanks)] == '}') {
    return std::nullopt;  // The ordinary line, told without looking at each byte.
  }
  BracketScan scan(indent_);
  std::size_t position = 0;
  const ScanStatus status = scan.feed(line.text, position);
  if (status == ScanStatus::closed && position <= limits_.record_bytes_max) {
    const std::size_t next = line.text.find_first_not_of(kRecordBlanks, position);
    const bool more =
        next != std::string_view::npos && (line.text[next] == '{' || is_separator(line.text[next]));
    return more ? std::optional(take_part(position, scan.indent())) : std::nullopt;
  }
  if (status != ScanStatus::open || scan.inside_string() || line.oversize) {
    return std::nullopt;  // No layout explains this line; the parser will say what is wrong.
  }
  return read_object(scan, position);
}

RecordRead RecordReader::Impl::read_element() {
  if (buffer_.view().front() != '{') {
    return refuse({ErrorCode::malformed_json, "an array element that is not an object"},
                  Until::line_end);
  }
  return read_object(BracketScan(indent_), 0);
}

RecordRead RecordReader::Impl::read_object(BracketScan scan, std::size_t position) {
  for (;;) {
    const std::string_view window = buffer_.view().substr(0, limits_.record_bytes_max);
    const ScanStatus status = scan.feed(window, position);
    if (status == ScanStatus::closed) {
      return take_part(position, scan.indent());
    }
    if (status == ScanStatus::too_deep) {
      return refuse(torn_error(status), Until::object_or_line_end);
    }
    if (status != ScanStatus::open) {
      return refuse(torn_error(status), Until::line_end);
    }
    if (window.size() == limits_.record_bytes_max) {
      return refuse(oversize(), Until::object_or_line_end);
    }
    if (!buffer_.fill()) {
      return refuse({ErrorCode::truncated, "the input ends inside this object"}, Until::line_end);
    }
  }
}

RecordRead RecordReader::Impl::take_line(const Line& line) {
  RecordRead record = at_window(ReadStatus::record);
  record.text = line.text;
  record.length = line.text.size();
  if (line.has_newline) {
    buffer_.consume_line(line.bytes);
  } else {
    buffer_.consume(line.bytes);
  }
  at_line_start_ = true;
  indent_ = 0;
  return record;
}

RecordRead RecordReader::Impl::take_part(std::size_t size, std::size_t indent) {
  RecordRead record = at_window(ReadStatus::record);
  record.text = buffer_.view().substr(0, size);
  record.length = size;
  buffer_.consume(size);
  at_line_start_ = false;
  indent_ = indent;
  return record;
}

RecordRead RecordReader::Impl::refuse(Error error, Until until) {
  RecordRead bad = at_window(ReadStatus::bad);
  bad.error = std::move(error);
  kept_.clear();
  LooseScan scan;
  char last = '\0';
  bool object_ended = false;
  bool line_ended = false;
  do {
    std::string_view piece = buffer_.view();
    if (until != Until::source_end) {
      const std::size_t newline = piece.find('\n');
      line_ended = newline != std::string_view::npos;
      piece = piece.substr(0, newline);
    }
    if (until == Until::object_or_line_end) {
      const std::size_t end = scan.end_in(piece);
      object_ended = end <= piece.size();
      piece = piece.substr(0, end);
    }
    kept_ += piece.substr(0, limits_.kept_bytes_max - kept_.size());
    bad.length += piece.size();
    last = piece.empty() ? last : piece.back();
    buffer_.consume(piece.size());
  } while (!object_ended && !line_ended && buffer_.fill());
  if (!object_ended) {
    // An array whose element did not end is not to be trusted with what follows.
    layout_ = Layout::lines;
    if (last == '\r' && until != Until::source_end) {
      --bad.length;
      kept_.resize(std::min<std::size_t>(kept_.size(), bad.length));
    }
  }
  at_line_start_ = false;
  bad.text = kept_;
  return bad;
}

RecordReader::RecordReader(std::unique_ptr<ByteSource> source, RecordLimits limits)
    : impl_(std::make_unique<Impl>(std::move(source), limits)) {}

RecordReader::~RecordReader() = default;
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader& RecordReader::operator=(RecordReader&&) noexcept = default;

RecordRead RecordReader::read() {
  RecordRead read = impl_->read();
  read.is_open = impl_->has_ended();
  return read;
}

std::uint64_t RecordReader::raw_bytes_read() const {
  return impl_->raw_bytes_read();
}

}  // namespace spoor
