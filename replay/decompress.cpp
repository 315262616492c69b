#include "replay/decompress.h"

#include <algorithm>
#include <string>

namespace spoor {

std::optional<Error> expansion_error(std::uint64_t consumed,
                                     std::uint64_t produced,
                                     ExpansionLimit limit) {
  // Divided rather than multiplied, so that no ratio overflows.
  const std::uint64_t ratio_max = std::max<std::uint64_t>(limit.ratio_max, 1);
  if (produced <= limit.floor_bytes || produced / ratio_max <= consumed) {
    return std::nullopt;
  }
  return Error{ErrorCode::decompression_bomb,
               std::to_string(produced) + " bytes came out of the first " +
                   std::to_string(consumed) + " compressed bytes: more than " +
                   std::to_string(ratio_max) + ":1, as only a decompression bomb does"};
}

Error compression_error(std::string_view format, std::uint64_t offset, std::string_view reason) {
  std::string message = "bad ";
  message += format;
  message += " data at compressed byte ";
  message += std::to_string(offset);
  message += ": ";
  message += reason;
  return Error{ErrorCode::bad_compression, std::move(message)};
}

}  // namespace spoor
