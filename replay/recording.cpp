#include "replay/recording.h"

#include <array>
#include <charconv>

namespace spoor {
namespace {

constexpr std::string_view kRecord = "record";

// What an input may say of a stretch of bytes.
constexpr std::array kBad{ErrorCode::malformed_json,  ErrorCode::malformed_xml,
                          ErrorCode::malformed_frame, ErrorCode::truncated,
                          ErrorCode::oversize,        ErrorCode::too_deep,
                          ErrorCode::too_many_keys,   ErrorCode::encoding_utf16,
                          ErrorCode::unknown_source,  ErrorCode::unsupported};

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc{} || !text.starts_with(' ')) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string render_recording_header(const RecordingHeader& header) {
  std::string line = std::to_string(header.time);
  line.append(" ").append(std::to_string(header.length)).append(" ");
  line.append(header.bad ? to_string(*header.bad) : kRecord).append(" ");
  return line.append(header.input).append("\n");
}

std::optional<RecordingHeader> parse_recording_header(std::string_view line) {
  RecordingHeader header;
  if (!take_number(line, header.time) || !take_number(line, header.length)) {
    return std::nullopt;
  }
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view kind = line.substr(0, blank);
  header.input = line.substr(blank + 1);
  if (kind == kRecord) {
    return header;
  }
  for (const ErrorCode code : kBad) {
    if (to_string(code) == kind) {
      header.bad = code;
      return header;
    }
  }
  return std::nullopt;
}

}  // namespace spoor
