#include "ingest/http_body.h"

#include <algorithm>
#include <utility>

namespace spoor {
namespace {

Result<std::optional<Compression>> compression_named(std::string_view encoding) {
  // RFC 9110 §8.4.1: the case of these names does not matter.
  const auto is = [&](std::string_view name) {
    return std::ranges::equal(encoding, name, {}, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  };
  if (encoding.empty() || is("identity")) {
    return std::nullopt;
  }
  if (is("gzip") || is("x-gzip")) {
    return Compression::gzip;
  }
  if (is("zstd")) {
    return Compression::zstd;
  }
  if (is("deflate")) {
    return Compression::deflate;
  }
  return fail(ErrorCode::unsupported, "Content-Encoding is none of gzip, zstd, deflate");
}

}  // namespace

HttpBody::HttpBody(Content content, std::uint64_t plain_bytes_max, FramingLimits limits)
    : content_(content),
      plain_bytes_max_(plain_bytes_max),
      records_(limits, JsonSplitter::Arrays::split),
      hec_(limits) {}

Result<void> HttpBody::set_encoding(std::string_view encoding, ExpansionLimit limit) {
  const Result<std::optional<Compression>> compression = compression_named(encoding);
  if (!compression) {
    return tl::unexpected<Error>(compression.error());
  }
  if (*compression) {
    Result<std::unique_ptr<Inflater>> inflater = Inflater::create(**compression, limit);
    if (!inflater) {
      return tl::unexpected<Error>(std::move(inflater.error()));
    }
    inflater_ = std::move(*inflater);
  }
  return {};
}

Result<void> HttpBody::push(std::string_view bytes) {
  if (inflater_ == nullptr) {
    return push_plain(bytes);
  }
  inflater_->feed(bytes);
  for (;;) {
    const Result<std::string_view> piece = inflater_->next();
    if (!piece) {
      return tl::unexpected<Error>(piece.error());
    }
    if (piece->empty()) {
      return {};
    }
    if (Result<void> pushed = push_plain(*piece); !pushed) {
      return pushed;
    }
  }
}

Result<void> HttpBody::push_plain(std::string_view bytes) {
  plain_bytes_ += bytes.size();
  if (plain_bytes_ > plain_bytes_max_) {
    return fail(ErrorCode::oversize,
                "the body is longer than " + std::to_string(plain_bytes_max_) + " bytes");
  }
  switch (content_) {
    case Content::records: records_.push(bytes, batch_); break;
    case Content::hec_events: hec_.push(bytes, batch_); break;
    case Content::text: text_.append(bytes); break;
  }
  if (memory() > plain_bytes_max_) {
    return fail(ErrorCode::oversize, "the body has so many records that they take more than " +
                                         std::to_string(plain_bytes_max_) + " bytes");
  }
  return {};
}

Result<void> HttpBody::finish() {
  if (inflater_ != nullptr) {
    if (Result<void> finished = inflater_->finish(); !finished) {
      return finished;
    }
  }
  if (content_ == Content::records) {
    records_.finish(StreamEnd::closed, batch_);
  } else if (content_ == Content::hec_events) {
    hec_.finish(batch_);
  }
  return {};
}

}  // namespace spoor
