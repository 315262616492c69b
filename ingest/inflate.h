// gzip, zstd or deflate, in pieces.
//
// The rules are those of replay/decompress.h: every member of a gzip stream and every frame of a
// zstd stream, a bound on how far it may expand, and on the memory zstd may ask for, which is less
// than for files: a window of 2^kStreamZstdWindowLogMax bytes. "deflate" is what HTTP calls so (RFC
// 9110 §8.4.1.2: the zlib format), and the raw deflate that some send.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "replay/byte_source.h"

namespace spoor {

enum class Compression : std::uint8_t { gzip, zstd, deflate };

// Of what comes over many connections at once.
inline constexpr std::uint64_t kStreamBombFloorBytes = std::uint64_t{1} << 20;  ///< As kBomb….
inline constexpr int kStreamZstdWindowLogMax = 23;  ///< 8 MiB: levels up to 19 need no more.

/// Told by the first bytes of a stream; 4 are enough. Nothing: neither gzip nor zstd.
[[nodiscard]] std::optional<Compression> compression_of(std::string_view first_bytes);

/// Not thread-safe. Use: feed(), then next() until it gives an empty piece, and so on; finish().
/// After an error it gives no more.
class Inflater {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Inflater>> create(Compression compression,
                                                                ExpansionLimit limit = {});
  virtual ~Inflater() = default;

  /// `bytes` must live until next() gave an empty piece.
  virtual void feed(std::string_view bytes) = 0;

  /// The next piece of what was fed, at most 64 KiB and valid until the next call; empty when more
  /// must be fed.
  [[nodiscard]] virtual Result<std::string_view> next() = 0;

  /// At the end: an error if that is inside a member or frame.
  [[nodiscard]] virtual Result<void> finish() const = 0;
};

}  // namespace spoor
