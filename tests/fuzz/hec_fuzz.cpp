// Any body of a HEC request, in any pieces, plain or compressed, gives the same events, and each is
// an object with an event.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/hec.h"
#include "ingest/http_body.h"

namespace {

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
  }
}

struct Outcome {
  std::vector<std::string> events;
  std::vector<std::string> bad;
  spoor::HecCode code = spoor::HecCode::success;
  std::size_t invalid_event = 0;
  bool is_whole = true;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view input, std::size_t piece, std::string_view encoding) {
  constexpr std::uint64_t kPlainBytesMax = 100'000;
  constexpr spoor::FramingLimits kLimits{.record_bytes_max = 200, .kept_bytes_max = 20};
  spoor::HttpBody body(spoor::HttpBody::Content::hec_events, kPlainBytesMax, kLimits);
  require(body.set_encoding(encoding, {}).has_value(), "an encoding that is known");
  Outcome outcome;
  for (; outcome.is_whole && !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
    outcome.is_whole = body.push(input.substr(0, piece)).has_value();
  }
  if (!outcome.is_whole || !body.finish()) {
    return {.is_whole = false};
  }
  outcome.code = body.hec().code();
  outcome.invalid_event = body.hec().invalid_event();
  for (const spoor::IngestBatch::Record& record : body.batch().records) {
    std::string text = body.batch().bytes.substr(record.offset, record.length);
    require(text.size() <= (record.is_bad ? kLimits.kept_bytes_max : kLimits.record_bytes_max),
            "an event beyond the limit");
    require(record.is_bad || spoor::check_hec_event(text) == spoor::HecCode::success,
            "an event that is none");
    (record.is_bad ? outcome.bad : outcome.events).push_back(std::move(text));
  }
  require((outcome.code == spoor::HecCode::success) == outcome.bad.empty(),
          "the code tells of bad events");
  return outcome;
}

}  // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kEncodings[] = {"", "gzip", "zstd", "deflate"};
  if (size == 0) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view encoding = kEncodings[data[0] % std::size(kEncodings)];
  const std::size_t piece = std::size_t{1} + data[0] / 4U;
  require(read(input, piece, encoding) == read(input, size, encoding), "pieces change the events");
  (void)spoor::hec_ack_ids(input);
  return 0;
}
