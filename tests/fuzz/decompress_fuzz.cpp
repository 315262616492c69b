// Any bytes, taken as gzip, zstd or plain, give bytes and perhaps one error: the same ones in any
// chunks, and never more than the expansion limit allows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "replay/byte_source.h"

namespace spoor {
namespace {

constexpr std::size_t kReadBytes = 4096;
// A read may give that much more than the limit before it is noticed.
constexpr ExpansionLimit kLimit{.ratio_max = 200, .floor_bytes = 65'536};
constexpr ExpansionLimit kNoLimit{.ratio_max = 1'000'000, .floor_bytes = 1'000'000};
constexpr std::size_t kComparedBytesMax = 500'000;

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
  }
}

struct Contents {
  std::string bytes;
  std::optional<ErrorCode> code;
};

Contents read_all(const std::string& input,
                  std::size_t chunk,
                  std::size_t read_bytes,
                  ExpansionLimit limit) {
  Result<std::unique_ptr<ByteSource>> source = memory_source(input, chunk, limit);
  require(source.has_value(), "memory cannot fail to open");
  Contents contents;
  std::vector<char> piece(read_bytes);
  while (contents.bytes.size() < kComparedBytesMax) {
    const Result<std::size_t> got = (*source)->read(piece);
    if (!got) {
      contents.code = got.error().code;
      require((*source)->read(piece).value_or(1) == 0, "an error is the end");
      break;
    }
    if (*got == 0) {
      require((*source)->raw_bytes_read() == input.size(), "input is left at the end");
      break;
    }
    contents.bytes.append(piece.data(), *got);
  }
  require((*source)->raw_bytes_read() <= input.size(), "more was read than there is");
  return contents;
}

}  // namespace
}  // namespace spoor

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::string input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t chunk = std::size_t{1} + data[0];
  const std::size_t read_bytes = std::size_t{64} << (data[1] % 7U);

  const spoor::Contents limited = spoor::read_all(input, 0, spoor::kReadBytes, spoor::kLimit);
  const std::size_t allowed = std::max<std::size_t>(spoor::kLimit.floor_bytes,
                                                    (input.size() + 1) * spoor::kLimit.ratio_max);
  spoor::require(limited.bytes.size() <= allowed + spoor::kReadBytes, "a bomb went off");

  const spoor::Contents whole = spoor::read_all(input, 0, spoor::kReadBytes, spoor::kNoLimit);
  const spoor::Contents chunked = spoor::read_all(input, chunk, read_bytes, spoor::kNoLimit);
  if (std::max(whole.bytes.size(), chunked.bytes.size()) < spoor::kComparedBytesMax) {
    spoor::require(whole.code == chunked.code, "chunks change the error");
    // How much precedes an error depends on the library's buffering; that it is a prefix does not.
    const std::size_t common = std::min(whole.bytes.size(), chunked.bytes.size());
    spoor::require(whole.bytes.compare(0, common, chunked.bytes, 0, common) == 0,
                   "chunks change the bytes");
    spoor::require(whole.code || whole.bytes.size() == chunked.bytes.size(), "chunks lose bytes");
  }
  return 0;
}
