// Any text is a time or none; a time that is formatted and read again is the same to the
// millisecond.

#include <cstdlib>
#include <string_view>

#include "engine/base/time.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(spoor::parse_timespan(text));
  const auto time = spoor::parse_time_argument(text);
  if (time) {
    const auto again = spoor::parse_timestamp(spoor::format_timestamp(*time));
    if (!again || spoor::to_epoch_ms(*again) != spoor::to_epoch_ms(*time)) {
      std::abort();
    }
  }
  return 0;
}
