// What `spoor run --record` keeps of a stream, so that replay can have it again, byte for byte.
//
// A recording is a folder of files NAME.recording.zst. Unpacked, a file is the line
// "spoor-recording 1" and then, for each record in the order in which the engine took it, a line
//   TIME LENGTH KIND INPUT
// (when it came in, in nanoseconds since 1970; its length in bytes; "record", or why it is none;
// the name of the input), those bytes, and a newline. Lengths, not newlines, say where a record
// ends: it may hold anything.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace spoor {

inline constexpr std::string_view kRecordingMagic = "spoor-recording 1\n";
inline constexpr std::string_view kRecordingSuffix = ".recording.zst";
inline constexpr std::size_t kRecordingHeaderMax = 512;  ///< Bytes of one header line.

struct RecordingHeader {
  Timestamp time = 0;
  std::size_t length = 0;
  std::optional<ErrorCode> bad{};  ///< Why it is no record.
  std::string_view input;
};

/// A stretch of a recording: by when its records came in.
struct ReceivedWithin {
  std::optional<Timestamp> from = std::nullopt;
  std::optional<Timestamp> to = std::nullopt;  ///< At it and later is outside.

  [[nodiscard]] bool is_whole() const { return !from && !to; }

  [[nodiscard]] bool has(Timestamp received) const {
    return (!from || received >= *from) && (!to || received < *to);
  }
};

/// With its newline.
[[nodiscard]] std::string render_recording_header(const RecordingHeader& header);

/// A line without its newline. Nothing if it is none.
[[nodiscard]] std::optional<RecordingHeader> parse_recording_header(std::string_view line);

}  // namespace spoor
