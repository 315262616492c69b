// Any bytes, in any chunks, give the same records, in order, without overlap, and nothing is lost
// silently.
//
// The first bytes choose the sizes, so that every bound is met with small inputs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "replay/record_reader.h"
#include "replay/recording.h"

namespace spoor {
namespace {

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
  }
}

/// Plain text in memory, never taken for an archive.
class ChunkSource final : public ByteSource {
 public:
  ChunkSource(std::string_view bytes, std::size_t chunk, bool fails)
      : bytes_(bytes), chunk_(chunk), fails_(fails) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (bytes_.empty() && fails_) {
      return fail(ErrorCode::io, "failed");
    }
    const std::size_t size = std::min({into.size(), chunk_, bytes_.size()});
    std::ranges::copy(bytes_.substr(0, size), into.begin());
    bytes_.remove_prefix(size);
    return size;
  }

  [[nodiscard]] std::uint64_t raw_bytes_read() const override { return 0; }

 private:
  std::string_view bytes_;
  std::size_t chunk_;
  bool fails_;
};

struct Item {
  ReadStatus status;
  ErrorCode code;
  std::string text;
  std::uint64_t offset;
  std::uint64_t line;
  std::uint64_t length;
  friend bool operator==(const Item&, const Item&) = default;
};

/// What may stand between records: blanks, line ends and, around the elements of an array, its
/// punctuation.
void check_gap(std::string_view gap, bool array) {
  require(gap.find_first_not_of(array ? " \t\r\n,[]" : " \t\r\n") == std::string_view::npos,
          "bytes were lost between records");
}

/// Records by their lengths, with lines of its own between them, and it may break off.
bool is_recording(std::string_view input) {
  return input.starts_with(kRecordingMagic);
}

void check_item(const RecordRead& read, std::string_view input, const RecordLimits& limits) {
  require(read.offset + read.length <= input.size(), "a record ends behind the input");
  require(read.text == input.substr(read.offset, read.text.size()),
          "the text is not at its offset");
  const std::string_view before = input.substr(0, read.offset);
  require(read.line == 1 + static_cast<std::uint64_t>(std::ranges::count(before, '\n')),
          "the line is wrong");
  if (is_recording(input)) {
    return;  // Its lengths are what was written; a record may be empty.
  }
  if (read.status == ReadStatus::record) {
    require(!read.text.empty(), "an empty record");
    require(read.text.size() <= limits.record_bytes_max, "a record beyond the limit");
    require(read.text.size() == read.length, "a record is cut");
    // A sanitizer reports it if these are not ours.
    const char* end = read.text.data() + read.text.size();
    const std::string padding(end, kRecordPadding);
    require(padding.size() == kRecordPadding, "padding");
  } else {
    require(read.text.size() == std::min<std::uint64_t>(read.length, limits.kept_bytes_max),
            "too much or too little is kept");
  }
}

std::vector<Item> read_all(std::string_view input,
                           std::size_t chunk,
                           bool fails,
                           const RecordLimits& limits) {
  RecordReader reader(std::make_unique<ChunkSource>(input, chunk, fails), limits);
  const bool bom = input.starts_with("\xef\xbb\xbf");
  const std::size_t first = input.find_first_not_of(" \t\r\n", bom ? 3 : 0);
  const bool array = first != std::string_view::npos && input[first] == '[';
  std::vector<Item> items;
  std::uint64_t next = bom ? 3 : 0;
  RecordRead read = reader.read();
  for (; read.status == ReadStatus::record || read.status == ReadStatus::bad;
       read = reader.read()) {
    require(read.offset >= next, "records overlap");
    require(read.length != 0 || is_recording(input), "a record of nothing");
    if (!is_recording(input)) {
      check_gap(input.substr(next, read.offset - next), array);
    }
    check_item(read, input, limits);
    next = read.offset + read.length;
    items.push_back({read.status, read.error.code, std::string(read.text), read.offset, read.line,
                     read.length});
  }
  if (is_recording(input)) {
    return items;
  }
  check_gap(input.substr(next), array);
  require((read.status == ReadStatus::failed) == fails, "a failure is hidden or made up");
  require(reader.read().status == ReadStatus::end, "something follows the end");
  return items;
}

}  // namespace
}  // namespace spoor

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kChoiceBytes = 3;
  if (size < kChoiceBytes) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + kChoiceBytes,
                               size - kChoiceBytes);
  const std::size_t chunk = std::size_t{1} + data[0] % 64;
  const bool fails = data[0] >= 128;
  const spoor::RecordLimits limits{.record_bytes_max = std::size_t{1} + data[1],
                                   .kept_bytes_max = std::size_t{1} + data[1] / 4U,
                                   .read_bytes = std::size_t{1} + data[2]};
  spoor::RecordLimits roomy = limits;
  roomy.read_bytes = size;
  spoor::require(
      spoor::read_all(input, chunk, fails, limits) == spoor::read_all(input, size, fails, roomy),
      "chunks change the records");
  return 0;
}
