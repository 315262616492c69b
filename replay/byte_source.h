// Where bytes come from: a plain file, standard input, gzip or zstd, all behind one read().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "engine/base/limits.h"
#include "engine/base/result.h"

namespace spoor {

/// A stream of (decompressed) bytes. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads at most `into.size()` bytes, which must not be 0. Gives 0 at the end. After an error the
  /// source is at its end.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> into) = 0;
  /// Bytes taken from the file so far, compressed if it is: what progress is measured by.
  [[nodiscard]] virtual std::uint64_t raw_bytes_read() const = 0;
};

/// How far compressed input may expand: `ratio_max` times its size, once `floor_bytes` came out.
struct ExpansionLimit {
  std::uint64_t ratio_max = kDecompressionRatioMax;
  std::uint64_t floor_bytes = kBombFloorBytes;
};

/// Opens `path`; "-" is standard input. The format is told by the first bytes (gzip 1f 8b, zstd
/// 28 b5 2f fd or a skippable frame), not by the name. Never mmap: it is slower here and dies when
/// a file shrinks. Multi-member gzip and multi-frame zstd are read through; a torn member is an
/// error at the place it tears, with what came before it delivered. Fails for directories and,
/// unless it is "-", for anything that is not a regular file.
///
/// `before_wait` is called when standard input has nothing at the moment and the read would wait:
/// the time to pass on what was made of the bytes so far.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> open_source(
    const std::string& path, ExpansionLimit limit = {}, std::function<void()> before_wait = {});

/// Bytes out of memory, at most `chunk` a read (0: all at once). For tests and fuzzers. Told plain,
/// gzip or zstd like a file; `chunk` then cuts the compressed side.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> memory_source(std::string bytes,
                                                                std::size_t chunk = 0,
                                                                ExpansionLimit limit = {});

}  // namespace spoor
