// Records said to be Sysmon's: every carriage, event ids, GUIDs, the rendered text.

#include "tests/fuzz/record_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  spoor::test::check_record({reinterpret_cast<const char*>(data), size}, spoor::Source::sysmon);
  return 0;
}
