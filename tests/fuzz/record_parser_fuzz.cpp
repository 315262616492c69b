// Any bytes, as a shipper may send them: the envelope and all parsers behind it.

#include "tests/fuzz/record_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  spoor::test::check_record({reinterpret_cast<const char*>(data), size}, std::nullopt);
  return 0;
}
