#include "ingest/framing.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace spoor {
namespace {

constexpr std::size_t kCountDigitsMax = 10;
constexpr int kDecimal = 10;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kUtf8Bom = "\xef\xbb\xbf";

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(1);
  }
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  return text;
}

/// Takes "<133>1 " off `text`.
bool take_priority_and_version(std::string_view& text) {
  constexpr std::size_t kPriorityDigitsMax = 3;
  const std::size_t close = text.find('>');
  if (!text.starts_with('<') || close == std::string_view::npos || close < 2 ||
      close > kPriorityDigitsMax + 1 || !std::ranges::all_of(text.substr(1, close - 1), is_digit)) {
    return false;
  }
  text.remove_prefix(close + 1);
  if (!text.starts_with("1 ")) {
    return false;
  }
  text.remove_prefix(2);
  return true;
}

/// Takes a field and the space behind it off `text`.
bool take_field(std::string_view& text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0) {
    return false;
  }
  text.remove_prefix(space + 1);
  return true;
}

/// Bytes of the element "[id name="value"]" at the start of `text`; none if it is not closed. In a
/// value '"', '\' and ']' are escaped (RFC 5424 §6.3.3).
std::optional<std::size_t> element_bytes(std::string_view text) {
  bool in_value = false;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (in_value && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      in_value = !in_value;
    } else if (!in_value && text[at] == ']') {
      return at + 1;
    }
  }
  return std::nullopt;
}

bool take_structured_data(std::string_view& text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    return true;
  }
  if (!text.starts_with('[')) {
    return false;
  }
  while (text.starts_with('[')) {
    const std::optional<std::size_t> bytes = element_bytes(text);
    if (!bytes) {
      return false;
    }
    text.remove_prefix(*bytes);
  }
  return true;
}

bool take_header(std::string_view& text) {
  constexpr int kFields = 5;  // Timestamp, host, application, process id, message id.
  if (!take_priority_and_version(text)) {
    return false;
  }
  for (int field = 0; field < kFields; ++field) {
    if (!take_field(text)) {
      return false;
    }
  }
  if (!take_structured_data(text) || !text.starts_with(' ')) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string_view without_rfc5424_header(std::string_view message) {
  std::string_view text = message;
  if (!take_header(text)) {
    return message;
  }
  if (text.starts_with(kUtf8Bom)) {
    text.remove_prefix(kUtf8Bom.size());
  }
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return message;
  }
  text.remove_prefix(first);
  const bool is_bare = text.front() == '{' || text.front() == '[' || text.front() == '<';
  const std::size_t brace = is_bare ? 0 : text.find('{');
  return brace == std::string_view::npos ? text : text.substr(brace);
}

void Framer::push(std::string_view bytes, IngestBatch& into) {
  if (framing_ == Framing::unknown) {
    const std::size_t first = bytes.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
      json_.push(bytes, into);  // Gives nothing; an indent may matter.
      return;
    }
    if (bytes[first] == '<' || is_digit(bytes[first])) {
      framing_ = bytes[first] == '<' ? Framing::lines : Framing::octet_counted;
      bytes.remove_prefix(first);
    } else {
      framing_ = Framing::json;
    }
  }
  switch (framing_) {
    case Framing::lines: push_lines(bytes, into); break;
    case Framing::octet_counted: push_counted(bytes, into); break;
    default: json_.push(bytes, into); break;
  }
}

void Framer::finish(StreamEnd end, IngestBatch& into) {
  if (framing_ == Framing::unknown || framing_ == Framing::json) {
    json_.finish(end, into);
    return;
  }
  if (skip_ != Skip::nothing) {
    end_skip(into);
    return;
  }
  if (part_.empty() && !in_message_) {
    return;
  }
  if (framing_ == Framing::octet_counted || end == StreamEnd::torn) {
    begin_skip(Skip::line, ErrorCode::truncated);
    end_skip(into);
    return;
  }
  push_lines("\n", into);
}

void Framer::push_lines(std::string_view bytes, IngestBatch& into) {
  while (!bytes.empty()) {
    if (skip_ != Skip::nothing) {
      skip(bytes, into);
    } else {
      take_line(bytes, into);
    }
  }
}

void Framer::push_counted(std::string_view bytes, IngestBatch& into) {
  while (!bytes.empty()) {
    if (skip_ != Skip::nothing) {
      skip(bytes, into);
    } else if (in_message_) {
      take_counted(bytes, into);
    } else {
      take_count(bytes, into);
    }
  }
}

void Framer::take_line(std::string_view& bytes, IngestBatch& into) {
  const std::size_t newline = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, newline);
  const bool is_over = newline != std::string_view::npos;
  // One more than the limit may be the CR of the line's end.
  if (part_.size() + piece.size() > limits_.record_bytes_max + 1) {
    begin_skip(Skip::line, ErrorCode::oversize);
    return;
  }
  bytes.remove_prefix(piece.size() + (is_over ? 1 : 0));
  part_.append(piece);
  if (!is_over) {
    return;
  }
  const std::string_view line = without_line_end(part_);
  if (line.size() > limits_.record_bytes_max) {
    into.add_bad(ErrorCode::oversize, line.substr(0, limits_.kept_bytes_max));
  } else if (line.find_first_not_of(kBlanks) != std::string_view::npos) {
    into.add_record(without_rfc5424_header(line));
  }
  part_.clear();
}

void Framer::take_count(std::string_view& bytes, IngestBatch& into) {
  if (part_.empty()) {
    bytes.remove_prefix(std::min(bytes.find_first_not_of(kBlanks), bytes.size()));
  }
  while (!bytes.empty() && is_digit(bytes.front()) && part_.size() < kCountDigitsMax) {
    part_.push_back(bytes.front());
    bytes.remove_prefix(1);
  }
  if (bytes.empty()) {
    return;
  }
  if (bytes.front() != ' ' || part_.empty()) {
    begin_skip(Skip::line, ErrorCode::malformed_frame);
    return;
  }
  bytes.remove_prefix(1);
  left_ = 0;
  for (const char digit : part_) {
    left_ = left_ * kDecimal + static_cast<std::uint64_t>(digit - '0');
  }
  part_.clear();
  in_message_ = left_ != 0;
  if (left_ > limits_.record_bytes_max) {
    begin_skip(Skip::count, ErrorCode::oversize);
    skip(bytes, into);
  }
}

void Framer::take_counted(std::string_view& bytes, IngestBatch& into) {
  const std::string_view piece =
      bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  part_.append(piece);
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  if (left_ != 0) {
    return;
  }
  const std::string_view message = without_line_end(part_);
  if (message.find_first_not_of(kBlanks) != std::string_view::npos) {
    into.add_record(without_rfc5424_header(message));
  }
  part_.clear();
  in_message_ = false;
}

void Framer::begin_skip(Skip what, ErrorCode code) {
  skip_ = what;
  skip_code_ = code;
  part_.resize(std::min(part_.size(), limits_.kept_bytes_max));
}

void Framer::keep(std::string_view bytes) {
  part_.append(bytes.substr(0, limits_.kept_bytes_max - part_.size()));
}

void Framer::skip(std::string_view& bytes, IngestBatch& into) {
  std::size_t size = 0;
  bool is_over = false;
  if (skip_ == Skip::count) {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= size;
    is_over = left_ == 0;
  } else {
    size = std::min(bytes.find('\n'), bytes.size());
    is_over = size < bytes.size();
  }
  keep(bytes.substr(0, size));
  bytes.remove_prefix(size);
  if (is_over) {
    end_skip(into);
  }
}

void Framer::end_skip(IngestBatch& into) {
  into.add_bad(skip_code_, without_line_end(part_));
  part_.clear();
  skip_ = Skip::nothing;
  in_message_ = false;
}

}  // namespace spoor
