// Records said to be CrowdStrike's: FDR, its look-ups, the event stream.

#include "tests/fuzz/record_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  spoor::test::check_record({reinterpret_cast<const char*>(data), size},
                            spoor::Source::crowdstrike);
  return 0;
}
