#include "ingest/json_splitter.h"

#include <algorithm>
#include <utility>

#include "replay/text_encoding.h"

namespace spoor {
namespace {

constexpr std::string_view kArrayBlanks = " \t\r,]";
constexpr std::size_t kLineEndBytes = 2;  // CR LF
constexpr std::size_t kCompactBytes = std::size_t{64} << 10;

}  // namespace

void JsonSplitter::push(std::string_view bytes, IngestBatch& into) {
  if (begin_ >= kCompactBytes && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
  run(into);
}

void JsonSplitter::finish(StreamEnd end, IngestBatch& into) {
  ended_ = true;
  torn_ = end == StreamEnd::torn;
  run(into);
}

void JsonSplitter::run(IngestBatch& into) {
  while (step(into)) {
  }
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = 0;
  }
}

void JsonSplitter::consume(std::size_t size) {
  begin_ += size;
  searched_ -= std::min(searched_, size);
}

bool JsonSplitter::step(IngestBatch& into) {
  if (bad_) {
    return take_bad(into);
  }
  if (object_) {
    return take_object(into);
  }
  if (layout_ == Layout::unknown && !start()) {
    return false;
  }
  if (bad_) {
    return true;
  }
  skip_separators();
  if (layout_ == Layout::array && window().starts_with(']')) {
    layout_ = Layout::lines;
    skip_separators();
  }
  if (window().empty()) {
    return false;
  }
  if (layout_ != Layout::array) {
    return take_line(into);
  }
  if (window().front() != '{') {
    refuse(ErrorCode::malformed_json, Until::line_end);
  } else {
    object_ = OpenObject{.scan = BracketScan(indent_)};
  }
  return true;
}

bool JsonSplitter::start() {
  if (!encoding_told_) {
    if (window().size() < kEncodingBytes && !ended_) {
      return false;
    }
    encoding_told_ = true;
    switch (text_encoding(window())) {
      case TextEncoding::utf16:
        layout_ = Layout::lines;
        refuse(ErrorCode::encoding_utf16, Until::source_end);
        return true;
      case TextEncoding::utf8_with_bom: consume(kUtf8BomBytes); break;
      case TextEncoding::utf8: break;
    }
  }
  skip_separators();
  if (window().empty()) {
    return false;
  }
  bool is_array = window().starts_with('[');
  if (is_array && arrays_ == Arrays::by_line) {
    const Line line = line_ahead();
    if (is_incomplete(line)) {
      return false;
    }
    is_array = line.oversize || !is_complete_array(line.text);
  }
  layout_ = is_array ? Layout::array : Layout::lines;
  if (is_array) {
    from_array_ = true;
    consume(1);
    at_line_start_ = false;
  }
  return true;
}

bool JsonSplitter::is_separator(char byte) const {
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

std::string_view JsonSplitter::separators() const {
  return from_array_ ? kArrayBlanks : kRecordBlanks;
}

void JsonSplitter::skip_separators() {
  const std::string_view ahead = window();
  std::size_t size = 0;
  for (; size < ahead.size() && is_separator(ahead[size]); ++size) {
    if (ahead[size] == '\n') {
      at_line_start_ = true;
      indent_ = 0;
    } else if (kRecordBlanks.find(ahead[size]) == std::string_view::npos) {
      at_line_start_ = false;
    } else if (at_line_start_) {
      ++indent_;
    }
  }
  consume(size);
}

JsonSplitter::Line JsonSplitter::line_ahead() {
  const std::size_t limit = limits_.record_bytes_max + kLineEndBytes;
  const std::string_view ahead = window().substr(0, limit);
  const std::size_t newline = ahead.find('\n', std::min(searched_, ahead.size()));
  searched_ = std::min(newline, ahead.size());
  Line line;
  line.text = ahead.substr(0, newline);
  line.bytes = line.text.size();
  line.has_newline = newline != std::string_view::npos;
  if (line.text.ends_with('\r')) {
    line.text.remove_suffix(1);
  }
  line.oversize = line.text.size() > limits_.record_bytes_max;
  return line;
}

bool JsonSplitter::is_incomplete(const Line& line) const {
  return !line.has_newline && line.bytes < limits_.record_bytes_max + kLineEndBytes && !ended_;
}

bool JsonSplitter::take_line(IngestBatch& into) {
  const Line line = line_ahead();
  if (is_incomplete(line)) {
    return take_before_junction(line, into);
  }
  early_.reset();
  if (line.text.starts_with('{') && take_object_in(line, into)) {
    return true;
  }
  if (line.oversize) {
    refuse(ErrorCode::oversize, Until::line_end);
    return true;
  }
  if (!line.has_newline && torn_) {
    refuse(ErrorCode::truncated, Until::line_end);
    return true;
  }
  into.add_record(line.text);
  consume(line.bytes + (line.has_newline ? 1 : 0));
  at_line_start_ = true;
  indent_ = 0;
  return true;
}

bool JsonSplitter::take_before_junction(const Line& line, IngestBatch& into) {
  if (!line.text.starts_with('{')) {
    return false;
  }
  if (!early_) {
    early_ = OpenObject{.scan = BracketScan(indent_)};
  }
  if (!early_->is_closed) {
    const ScanStatus status = early_->scan.feed(line.text, early_->position);
    if (status != ScanStatus::open && status != ScanStatus::closed) {
      // Never closed, then: the whole line will say what it is.
      early_->position = std::string_view::npos;
    }
    early_->is_closed = status != ScanStatus::open;
  }
  if (!early_->is_closed || early_->position > limits_.record_bytes_max) {
    return false;
  }
  const std::size_t next =
      line.text.find_first_not_of(separators(), std::max(early_->next, early_->position));
  if (next == std::string_view::npos) {
    early_->next = line.text.size();
    return false;
  }
  if (line.text[next] != '{') {
    early_->position = std::string_view::npos;
    return false;
  }
  take_part(early_->position, early_->scan.indent(), into);
  return true;
}

bool JsonSplitter::take_object_in(const Line& line, IngestBatch& into) {
  if (!line.oversize && !may_hold_junction(line.text, separators()) &&
      line.text[line.text.find_last_not_of(kRecordBlanks)] == '}') {
    return false;  // The ordinary line, told without looking at each byte.
  }
  BracketScan scan(indent_);
  std::size_t position = 0;
  const ScanStatus status = scan.feed(line.text, position);
  if (status == ScanStatus::closed && position <= limits_.record_bytes_max) {
    const std::size_t next = line.text.find_first_not_of(kRecordBlanks, position);
    const bool more =
        next != std::string_view::npos && (line.text[next] == '{' || is_separator(line.text[next]));
    if (more) {
      take_part(position, scan.indent(), into);
    }
    return more;
  }
  if (status != ScanStatus::open || scan.inside_string() || line.oversize) {
    return false;  // No layout explains this line; the parser will say what is wrong.
  }
  object_ = OpenObject{.scan = scan, .position = position};
  return true;
}

bool JsonSplitter::take_object(IngestBatch& into) {
  const std::string_view ahead = window().substr(0, limits_.record_bytes_max);
  const ScanStatus status = object_->scan.feed(ahead, object_->position);
  if (status == ScanStatus::closed) {
    take_part(object_->position, object_->scan.indent(), into);
  } else if (status == ScanStatus::too_deep) {
    refuse(ErrorCode::too_deep, Until::object_or_line_end);
  } else if (status != ScanStatus::open) {
    refuse(ErrorCode::malformed_json, Until::line_end);
  } else if (ahead.size() == limits_.record_bytes_max) {
    refuse(ErrorCode::oversize, Until::object_or_line_end);
  } else if (ended_) {
    refuse(ErrorCode::truncated, Until::line_end);
  } else {
    return false;
  }
  return true;
}

void JsonSplitter::take_part(std::size_t size, std::size_t indent, IngestBatch& into) {
  into.add_record(window().substr(0, size));
  consume(size);
  at_line_start_ = false;
  indent_ = indent;
  object_.reset();
  early_.reset();
}

void JsonSplitter::refuse(ErrorCode code, Until until) {
  bad_ = BadStretch{.code = code, .until = until};
  object_.reset();
}

bool JsonSplitter::take_bad(IngestBatch& into) {
  std::string_view piece = window();
  bool line_ended = false;
  bool object_ended = false;
  if (bad_->until != Until::source_end) {
    const std::size_t newline = piece.find('\n');
    line_ended = newline != std::string_view::npos;
    piece = piece.substr(0, newline);
  }
  if (bad_->until == Until::object_or_line_end) {
    const std::size_t end = bad_->scan.end_in(piece);
    object_ended = end <= piece.size();
    piece = piece.substr(0, end);
  }
  bad_->kept += piece.substr(0, limits_.kept_bytes_max - bad_->kept.size());
  bad_->length += piece.size();
  bad_->last = piece.empty() ? bad_->last : piece.back();
  consume(piece.size());
  if (!object_ended && !line_ended && !ended_) {
    return false;
  }
  if (!object_ended) {
    // An array whose element did not end is not to be trusted with what follows.
    layout_ = Layout::lines;
    if (bad_->last == '\r' && bad_->until != Until::source_end) {
      bad_->kept.resize(std::min<std::size_t>(bad_->kept.size(), bad_->length - 1));
    }
  }
  at_line_start_ = false;
  into.add_bad(bad_->code, bad_->kept);
  bad_.reset();
  return true;
}

}  // namespace spoor
