// Which bytes of a block of JSON are escaped.
#pragma once

#include <cstdint>

namespace spoor {

/// For sums of bits that came from a comparison: g++ would do them in mask registers, at three
/// cycles a step.
[[gnu::always_inline]] inline std::uint64_t in_general_register(std::uint64_t bits) {
#if defined(__x86_64__)
  asm("" : "+r"(bits));  // NOLINT(hicpp-no-assembler): no instruction, only a place.
#endif
  return bits;
}

/// Of a run of backslashes every second one is escaped, and so is what follows an odd run. As in
/// simdjson's later versions: a subtraction runs through each run and leaves every second bit of
/// it. `carry`: does an escaping backslash end the block before?
[[gnu::always_inline]] inline std::uint64_t escaped_bytes(std::uint64_t mask,
                                                          std::uint64_t& carry) {
  constexpr std::uint64_t kOdd = 0xAAAAAAAAAAAAAAAAULL;
  const std::uint64_t may_escape = mask & ~carry;
  const std::uint64_t may_be_escaped = may_escape << 1U;
  // The bits of backslashes that escape something, and of what ends an odd run.
  const std::uint64_t codes = ((may_be_escaped | kOdd) - may_escape) ^ kOdd;
  const std::uint64_t escaped = codes ^ (mask | carry);
  carry = (codes & mask) >> 63U;
  return escaped;
}

}  // namespace spoor
