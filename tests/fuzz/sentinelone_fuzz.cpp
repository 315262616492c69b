// Records said to be SentinelOne's: Cloud Funnel, Deep Visibility, the management API.

#include "tests/fuzz/record_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  spoor::test::check_record({reinterpret_cast<const char*>(data), size},
                            spoor::Source::sentinelone);
  return 0;
}
