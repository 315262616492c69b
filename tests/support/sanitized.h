// Under a sanitizer everything takes several times as long, and what it looks for shows in fewer
// cases: the plain suite runs all of them.
#pragma once

#include <cstdint>

namespace spoor::test {

/// `cases`, or a quarter of them in a build with the address sanitizer.
constexpr std::uint64_t fewer_if_sanitized(std::uint64_t cases) {
#ifdef __SANITIZE_ADDRESS__
  return cases / 4;
#else
  return cases;
#endif
}

}  // namespace spoor::test
