// zstd, streamed through libzstd.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <zstd.h>

#include "replay/decompress.h"

namespace spoor {
namespace {

constexpr std::size_t kFrameStartBytes =
    5;  // Magic number and descriptor: the least libzstd asks for.

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdSource final : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> compressed, ExpansionLimit limit)
      : compressed_(std::move(compressed)), limit_(limit), in_(ZSTD_DStreamInSize()) {}

  [[nodiscard]] bool init() {
    context_.reset(ZSTD_createDCtx());
    return context_ != nullptr && ZSTD_isError(ZSTD_DCtx_setParameter(
                                      context_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax)) == 0;
  }

  [[nodiscard]] Result<std::size_t> read(std::span<char> into) override;

  [[nodiscard]] std::uint64_t raw_bytes_read() const override {
    return compressed_->raw_bytes_read();
  }

 private:
  [[nodiscard]] std::uint64_t consumed() const { return taken_ - (available_ - position_); }

  /// False at the end of the compressed bytes.
  [[nodiscard]] Result<bool> refill();
  [[nodiscard]] Result<std::size_t> decompress_into(std::span<char> into);

  [[nodiscard]] tl::unexpected<Error> stop(Error error) {
    at_end_ = true;
    return tl::unexpected<Error>(std::move(error));
  }

  std::unique_ptr<ByteSource> compressed_;
  ExpansionLimit limit_;
  std::vector<char> in_;
  std::size_t position_ = 0;
  std::size_t available_ = 0;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::size_t wanted_ = 0;    // What libzstd wants next; 0 between frames.
  bool output_full_ = false;  // libzstd may hold more output than there was room for.
  bool at_end_ = false;
  std::uint64_t taken_ = 0;  // Compressed bytes read.
  std::uint64_t produced_ = 0;
};

Result<bool> ZstdSource::refill() {
  const Result<std::size_t> got = compressed_->read(in_);
  if (!got) {
    return tl::unexpected<Error>(got.error());
  }
  position_ = 0;
  available_ = *got;
  taken_ += *got;
  return *got != 0;
}

Result<std::size_t> ZstdSource::decompress_into(std::span<char> into) {
  // Fed one block at a time: when a call fails, libzstd does not say how much of the blocks before
  // it has been written, and those must not be lost.
  const std::size_t block = wanted_ == 0 ? kFrameStartBytes : wanted_;
  ZSTD_inBuffer input{in_.data(), std::min(available_, position_ + block), position_};
  ZSTD_outBuffer output{into.data(), into.size(), 0};
  const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
  if (ZSTD_isError(status) != 0) {
    return tl::unexpected<Error>(compression_error("zstd", consumed(), ZSTD_getErrorName(status)));
  }
  position_ = input.pos;
  wanted_ = status;
  output_full_ = status != 0 && output.pos == output.size;
  produced_ += output.pos;
  return output.pos;
}

Result<std::size_t> ZstdSource::read(std::span<char> into) {
  if (std::optional<Error> bomb = expansion_error(consumed(), produced_, limit_);
      bomb && !at_end_) {
    return stop(std::move(*bomb));
  }
  while (!at_end_) {
    if (position_ == available_ && !output_full_) {
      Result<bool> more = refill();
      if (!more) {
        return stop(std::move(more.error()));
      }
      if (!*more) {
        if (wanted_ != 0) {
          return stop(compression_error("zstd", consumed(), "the file ends inside a frame"));
        }
        at_end_ = true;
        break;
      }
    }
    Result<std::size_t> got = decompress_into(into);
    if (!got) {
      return stop(std::move(got.error()));
    }
    if (*got != 0) {
      return got;
    }
  }
  return std::size_t{0};
}

}  // namespace

Result<std::unique_ptr<ByteSource>> zstd_source(std::unique_ptr<ByteSource> compressed,
                                                ExpansionLimit limit) {
  auto source = std::make_unique<ZstdSource>(std::move(compressed), limit);
  if (!source->init()) {
    return fail(ErrorCode::limit, "no memory to decompress zstd");
  }
  return source;
}

}  // namespace spoor
