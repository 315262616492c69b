// Decompressors: a source of compressed bytes becomes a source of plain ones. Only byte_source.cpp,
// which tells the formats apart, needs these.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "replay/byte_source.h"

namespace spoor {

/// Every member of a gzip stream, one after the other. Zero bytes after the last one are padding
/// (tape blocks, preallocated files) and accepted; anything else there is an error.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> gzip_source(
    std::unique_ptr<ByteSource> compressed, ExpansionLimit limit);

/// Every frame of a zstd stream, skippable ones passed over. A frame that needs a window of more
/// than 2^kZstdWindowLogMax bytes is refused, so memory is bounded.
[[nodiscard]] Result<std::unique_ptr<ByteSource>> zstd_source(
    std::unique_ptr<ByteSource> compressed, ExpansionLimit limit);

/// The bomb, if `produced` bytes out of `consumed` are beyond `limit`.
[[nodiscard]] std::optional<Error> expansion_error(std::uint64_t consumed,
                                                   std::uint64_t produced,
                                                   ExpansionLimit limit);

/// "bad gzip data at compressed byte 1234: <reason>".
[[nodiscard]] Error compression_error(std::string_view format,
                                      std::uint64_t offset,
                                      std::string_view reason);

}  // namespace spoor
