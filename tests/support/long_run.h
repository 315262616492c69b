// How much a property test does: usually little, with SPOOR_LONG=1 much; with SPOOR_SEED=n one
// case.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace spoor::test {

/// SPOOR_LONG=1.
inline bool is_long_run() {
  const char* value = std::getenv("SPOOR_LONG");  // NOLINT(concurrency-mt-unsafe): one thread.
  return value != nullptr && std::string_view(value) == "1";
}

/// `many` in a long run, else `usual`.
inline std::uint64_t rounds(std::uint64_t usual, std::uint64_t many) {
  return is_long_run() ? many : usual;
}

/// SPOOR_SEED; 0 if it is not set.
inline std::uint64_t asked_seed() {
  const char* value = std::getenv("SPOOR_SEED");  // NOLINT(concurrency-mt-unsafe): one thread.
  return value == nullptr ? 0 : std::strtoull(value, nullptr, 10);
}

}  // namespace spoor::test
