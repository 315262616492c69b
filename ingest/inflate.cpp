#include "ingest/inflate.h"

#include <string>
#include <vector>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "replay/decompress.h"

namespace spoor {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr int kWindow = 15;  // zlib: the largest.
constexpr int kGzip = kWindow + 16;
constexpr unsigned char kGzipMagic = 0x1f;

/// The first byte of the zlib format (RFC 1950 §2.2): method 8, a window of at most 32 KiB.
bool starts_zlib(unsigned char first) {
  constexpr unsigned kMethodMask = 0x0f;
  constexpr unsigned kDeflate = 8;
  constexpr unsigned kWindowLogMax = 7;
  return (first & kMethodMask) == kDeflate && (first >> 4U) <= kWindowLogMax;
}

class ZlibInflater final : public Inflater {
 public:
  ZlibInflater(Compression compression, ExpansionLimit limit)
      : compression_(compression), limit_(limit), out_(kPieceBytes) {}

  ~ZlibInflater() override {
    if (ready_) {
      inflateEnd(&zlib_);
    }
  }

  ZlibInflater(const ZlibInflater&) = delete;
  ZlibInflater& operator=(const ZlibInflater&) = delete;
  ZlibInflater(ZlibInflater&&) = delete;
  ZlibInflater& operator=(ZlibInflater&&) = delete;

  [[nodiscard]] bool init() {
    ready_ = inflateInit2(&zlib_, compression_ == Compression::gzip ? kGzip : kWindow) == Z_OK;
    return ready_;
  }

  void feed(std::string_view bytes) override {
    // zlib's interface is not const-correct about what it only reads.
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    zlib_.avail_in = static_cast<uInt>(bytes.size());
    taken_ += bytes.size();
    if (place_ == Place::start && !bytes.empty()) {
      place_ = Place::in_member;
      if (compression_ == Compression::deflate && !starts_zlib(*zlib_.next_in)) {
        inflateReset2(&zlib_, -kWindow);
      }
    }
  }

  [[nodiscard]] Result<std::string_view> next() override;

  [[nodiscard]] Result<void> finish() const override {
    if (place_ == Place::in_member || place_ == Place::start) {
      return tl::unexpected<Error>(
          compression_error(name(), taken_, "the stream ends inside a member"));
    }
    return {};
  }

 private:
  enum class Place : std::uint8_t { start, in_member, between, padding };

  [[nodiscard]] std::string_view name() const {
    return compression_ == Compression::gzip ? "gzip" : "deflate";
  }

  [[nodiscard]] std::uint64_t consumed() const { return taken_ - zlib_.avail_in; }

  /// Steps over what stands between members; an error if that is neither one nor padding.
  [[nodiscard]] Result<void> leave_gap();
  [[nodiscard]] Result<std::size_t> inflate_some();

  Compression compression_;
  ExpansionLimit limit_;
  std::vector<char> out_;
  z_stream zlib_{};
  bool ready_ = false;
  bool output_full_ = false;  // zlib may hold more output than there was room for.
  Place place_ = Place::start;
  std::uint64_t taken_ = 0;
  std::uint64_t produced_ = 0;
};

Result<void> ZlibInflater::leave_gap() {
  if (place_ == Place::between && compression_ == Compression::gzip &&
      *zlib_.next_in == kGzipMagic) {
    inflateReset(&zlib_);
    place_ = Place::in_member;
    return {};
  }
  place_ = Place::padding;
  for (; zlib_.avail_in != 0; --zlib_.avail_in, ++zlib_.next_in) {
    if (*zlib_.next_in != 0) {
      return tl::unexpected<Error>(compression_error(name(), consumed(), "trailing bytes"));
    }
  }
  return {};
}

Result<std::size_t> ZlibInflater::inflate_some() {
  zlib_.next_out = reinterpret_cast<Bytef*>(out_.data());
  zlib_.avail_out = static_cast<uInt>(out_.size());
  const int status = inflate(&zlib_, Z_NO_FLUSH);
  if (status == Z_STREAM_END) {
    place_ = Place::between;
  } else if (status != Z_OK && status != Z_BUF_ERROR) {
    // Z_BUF_ERROR only says that zlib wants more input.
    return tl::unexpected<Error>(compression_error(
        name(), consumed(), zlib_.msg != nullptr ? zlib_.msg : "not enough memory"));
  }
  output_full_ = status == Z_OK && zlib_.avail_out == 0;
  const std::size_t got = out_.size() - zlib_.avail_out;
  produced_ += got;
  return got;
}

Result<std::string_view> ZlibInflater::next() {
  while (zlib_.avail_in != 0 || output_full_) {
    if (place_ != Place::in_member) {
      if (Result<void> gap = leave_gap(); !gap) {
        return tl::unexpected<Error>(std::move(gap.error()));
      }
      continue;
    }
    const Result<std::size_t> got = inflate_some();
    if (!got) {
      return tl::unexpected<Error>(got.error());
    }
    if (std::optional<Error> bomb = expansion_error(consumed(), produced_, limit_)) {
      return tl::unexpected<Error>(*std::move(bomb));
    }
    if (*got != 0) {
      return std::string_view(out_.data(), *got);
    }
  }
  return std::string_view();
}

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdInflater final : public Inflater {
 public:
  explicit ZstdInflater(ExpansionLimit limit) : limit_(limit), out_(kPieceBytes) {}

  [[nodiscard]] bool init() {
    context_.reset(ZSTD_createDCtx());
    return context_ != nullptr &&
           ZSTD_isError(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax,
                                               kStreamZstdWindowLogMax)) == 0;
  }

  void feed(std::string_view bytes) override {
    in_ = {bytes.data(), bytes.size(), 0};
    taken_ += bytes.size();
  }

  [[nodiscard]] Result<std::string_view> next() override;

  [[nodiscard]] Result<void> finish() const override {
    if (wanted_ != 0) {
      return tl::unexpected<Error>(
          compression_error("zstd", taken_, "the stream ends inside a frame"));
    }
    return {};
  }

 private:
  [[nodiscard]] std::uint64_t consumed() const { return taken_ - (in_.size - in_.pos); }

  ExpansionLimit limit_;
  std::vector<char> out_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  ZSTD_inBuffer in_{};
  std::size_t wanted_ = 1;    // What libzstd wants next; 0 between frames.
  bool output_full_ = false;  // libzstd may hold more output than there was room for.
  std::uint64_t taken_ = 0;
  std::uint64_t produced_ = 0;
};

/// Why libzstd gave up.
std::string zstd_problem(std::size_t status) {
  if (ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge) {
    return "its window is larger than " +
           std::to_string((std::size_t{1} << kStreamZstdWindowLogMax) >> 20U) +
           " MiB: levels up to 19, without --ultra and --long, need no more";
  }
  return ZSTD_getErrorName(status);
}

Result<std::string_view> ZstdInflater::next() {
  while (in_.pos < in_.size || output_full_) {
    ZSTD_outBuffer output{out_.data(), out_.size(), 0};
    const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &in_);
    if (ZSTD_isError(status) != 0) {
      return tl::unexpected<Error>(compression_error("zstd", consumed(), zstd_problem(status)));
    }
    wanted_ = status;
    output_full_ = status != 0 && output.pos == output.size;
    produced_ += output.pos;
    if (std::optional<Error> bomb = expansion_error(consumed(), produced_, limit_)) {
      return tl::unexpected<Error>(*std::move(bomb));
    }
    if (output.pos != 0) {
      return std::string_view(out_.data(), output.pos);
    }
  }
  return std::string_view();
}

template <typename T>
Result<std::unique_ptr<Inflater>> ready(std::unique_ptr<T> inflater) {
  if (!inflater->init()) {
    return fail(ErrorCode::limit, "no memory to decompress");
  }
  return inflater;
}

}  // namespace

std::optional<Compression> compression_of(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b")) {
    return Compression::gzip;
  }
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) {
    return Compression::zstd;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Inflater>> Inflater::create(Compression compression, ExpansionLimit limit) {
  if (compression == Compression::zstd) {
    return ready(std::make_unique<ZstdInflater>(limit));
  }
  return ready(std::make_unique<ZlibInflater>(compression, limit));
}

}  // namespace spoor
