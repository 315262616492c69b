// Any text is a time or none; a time that is formatted and read again is the same to the
// millisecond; a vendor's time lies in the years that a Timestamp reaches.

#include <cstdlib>
#include <string_view>

#include "engine/base/time.h"
#include "parsers/convert.h"

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
  const auto vendor_time = spoor::parse_vendor_time(text);
  if (vendor_time) {
    const auto again = spoor::parse_vendor_time(spoor::format_timestamp(*vendor_time));
    if (!again || spoor::to_epoch_ms(*again) != spoor::to_epoch_ms(*vendor_time)) {
      std::abort();
    }
  }
  return 0;
}
