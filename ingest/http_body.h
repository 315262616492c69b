// The body of a request → a batch: decompressed, bounded, split.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "ingest/batch.h"
#include "ingest/hec.h"
#include "ingest/inflate.h"
#include "ingest/json_splitter.h"

namespace spoor {

class HttpBody {
 public:
  enum class Content : std::uint8_t {
    records,     ///< NDJSON and its kin.
    hec_events,  ///< HecEvents.
    text,        ///< Kept as it is.
  };

  /// `plain_bytes_max` bounds memory().
  HttpBody(Content content, std::uint64_t plain_bytes_max, FramingLimits limits);

  /// Of a Content-Encoding: "", "identity", "gzip", "x-gzip", "zstd", "deflate", in any case.
  /// Fails with unsupported for any other.
  [[nodiscard]] Result<void> set_encoding(std::string_view encoding, ExpansionLimit limit);

  /// Fails with oversize, decompression_bomb, bad_compression.
  [[nodiscard]] Result<void> push(std::string_view bytes);
  [[nodiscard]] Result<void> finish();

  [[nodiscard]] IngestBatch& batch() { return batch_; }

  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] const HecEvents& hec() const { return hec_; }

  /// What it takes so far: its bytes, decompressed, or the records made of them if that is more.
  [[nodiscard]] std::uint64_t memory() const {
    return std::max<std::uint64_t>(plain_bytes_, batch_.memory());
  }

 private:
  [[nodiscard]] Result<void> push_plain(std::string_view bytes);

  Content content_;
  std::uint64_t plain_bytes_max_;
  std::uint64_t plain_bytes_ = 0;
  std::unique_ptr<Inflater> inflater_;  // None: it is not compressed.
  JsonSplitter records_;
  HecEvents hec_;
  std::string text_;
  IngestBatch batch_;
};

}  // namespace spoor
