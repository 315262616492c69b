// gzip, streamed through zlib.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>

#include "replay/decompress.h"

namespace spoor {
namespace {

constexpr std::size_t kCompressedBytes = std::size_t{128} << 10;
constexpr int kGzipOnly = 15 + 16;  // zlib: the largest window, gzip framing and no other.
constexpr unsigned char kMagic = 0x1f;

class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> compressed, ExpansionLimit limit)
      : compressed_(std::move(compressed)), limit_(limit), in_(kCompressedBytes) {}

  ~GzipSource() override {
    if (ready_) {
      inflateEnd(&zlib_);
    }
  }

  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  GzipSource(GzipSource&&) = delete;
  GzipSource& operator=(GzipSource&&) = delete;

  [[nodiscard]] bool init() {
    ready_ = inflateInit2(&zlib_, kGzipOnly) == Z_OK;
    return ready_;
  }

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

  [[nodiscard]] std::uint64_t raw_bytes_read() const override {
    return compressed_->raw_bytes_read();
  }

 private:
  enum class Place { in_member, between, padding, at_end };

  [[nodiscard]] std::uint64_t consumed() const { return taken_ - zlib_.avail_in; }

  /// False at the end of the compressed bytes.
  [[nodiscard]] Result<bool> refill();
  /// Steps over what stands between members. The error is trailing garbage.
  [[nodiscard]] std::optional<Error> leave_gap();
  [[nodiscard]] std::size_t inflate_into(std::span<char> into);

  [[nodiscard]] tl::unexpected<Error> stop(Error error) {
    place_ = Place::at_end;
    return tl::unexpected<Error>(std::move(error));
  }

  std::unique_ptr<ByteSource> compressed_;
  ExpansionLimit limit_;
  std::vector<char> in_;
  z_stream zlib_{};
  bool ready_ = false;
  bool output_full_ = false;  // zlib may hold more output than there was room for.
  Place place_ = Place::in_member;
  std::uint64_t taken_ = 0;  // Compressed bytes handed to zlib.
  std::uint64_t produced_ = 0;
  std::optional<Error> pending_;  // Found behind bytes that had to be delivered first.
};

Result<bool> GzipSource::refill() {
  const Result<std::size_t> got = compressed_->read(in_);
  if (!got) {
    return tl::unexpected<Error>(got.error());
  }
  // zlib's interface is not const-correct about what it only reads.
  zlib_.next_in = reinterpret_cast<Bytef*>(in_.data());
  zlib_.avail_in = static_cast<uInt>(*got);
  taken_ += *got;
  return *got != 0;
}

std::optional<Error> GzipSource::leave_gap() {
  if (place_ == Place::between && *zlib_.next_in == kMagic) {
    inflateReset(&zlib_);
    place_ = Place::in_member;
    return std::nullopt;
  }
  place_ = Place::padding;
  while (zlib_.avail_in != 0 && *zlib_.next_in == 0) {
    ++zlib_.next_in;
    --zlib_.avail_in;
  }
  if (zlib_.avail_in == 0) {
    return std::nullopt;
  }
  return compression_error("gzip", consumed(), "trailing bytes that are neither gzip nor zero");
}

std::size_t GzipSource::inflate_into(std::span<char> into) {
  const std::size_t room = std::min<std::size_t>(into.size(), std::numeric_limits<uInt>::max());
  zlib_.next_out = reinterpret_cast<Bytef*>(into.data());
  zlib_.avail_out = static_cast<uInt>(room);
  const int status = inflate(&zlib_, Z_NO_FLUSH);
  if (status == Z_STREAM_END) {
    place_ = Place::between;
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    // Z_BUF_ERROR only says that zlib wants more input.
    pending_ = compression_error("gzip", consumed(),
                                 zlib_.msg != nullptr ? zlib_.msg : "not enough memory");
  }
  output_full_ = status == Z_OK && zlib_.avail_out == 0;
  const std::size_t got = room - zlib_.avail_out;
  produced_ += got;
  return got;
}

Result<std::size_t> GzipSource::read(std::span<char> into) {
  if (std::optional<Error> bomb = expansion_error(consumed(), produced_, limit_);
      bomb && place_ != Place::at_end) {
    return stop(std::move(*bomb));
  }
  while (place_ != Place::at_end) {
    if (pending_) {
      return stop(std::move(*pending_));
    }
    if (zlib_.avail_in == 0 && !output_full_) {
      Result<bool> more = refill();
      if (!more) {
        return stop(std::move(more.error()));
      }
      if (!*more) {
        if (place_ == Place::in_member) {
          return stop(compression_error("gzip", consumed(), "the file ends inside a member"));
        }
        place_ = Place::at_end;
        break;
      }
    }
    if (place_ != Place::in_member) {
      pending_ = leave_gap();
      continue;
    }
    const std::size_t got = inflate_into(into);
    if (got != 0) {
      return got;
    }
  }
  return std::size_t{0};
}

}  // namespace

Result<std::unique_ptr<ByteSource>> gzip_source(std::unique_ptr<ByteSource> compressed,
                                                ExpansionLimit limit) {
  auto source = std::make_unique<GzipSource>(std::move(compressed), limit);
  if (!source->init()) {
    return fail(ErrorCode::limit, "no memory to decompress gzip");
  }
  return source;
}

}  // namespace spoor
