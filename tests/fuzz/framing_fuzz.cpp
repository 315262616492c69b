// Any bytes, in any pieces, give the same records of one connection; none is beyond the limit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/framing.h"

namespace {

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
  }
}

struct Item {
  std::string text;
  bool is_bad;
  spoor::ErrorCode code;
  friend bool operator==(const Item&, const Item&) = default;
};

std::vector<Item> split(std::string_view input,
                        std::size_t piece,
                        spoor::StreamEnd end,
                        const spoor::FramingLimits& limits) {
  spoor::Framer framer(limits);
  spoor::IngestBatch batch;
  for (; input.size() > piece; input.remove_prefix(piece)) {
    framer.push(input.substr(0, piece), batch);
  }
  framer.push(input, batch);
  framer.finish(end, batch);
  std::vector<Item> items;
  for (const spoor::IngestBatch::Record& record : batch.records) {
    require(record.length != 0 || record.is_bad, "a record of nothing");
    require(record.length <= (record.is_bad ? limits.kept_bytes_max : limits.record_bytes_max),
            "a record beyond the limit");
    items.push_back({batch.bytes.substr(record.offset, record.length), record.is_bad, record.code});
  }
  return items;
}

}  // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kChoiceBytes = 2;
  if (size < kChoiceBytes) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + kChoiceBytes,
                               size - kChoiceBytes);
  const std::size_t piece = std::size_t{1} + data[0] % 64;
  const spoor::StreamEnd end = data[0] >= 128 ? spoor::StreamEnd::torn : spoor::StreamEnd::closed;
  const spoor::FramingLimits limits{.record_bytes_max = std::size_t{1} + data[1],
                                    .kept_bytes_max = std::size_t{1} + data[1] / 4U};
  require(split(input, piece, end, limits) == split(input, size, end, limits),
          "pieces change the records");
  return 0;
}
