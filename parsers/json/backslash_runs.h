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
/// simdjson's stage 1: runs that begin at even and at odd places are told apart by the carry of an
/// addition. `carry`: does an escaping backslash end the block before?
[[gnu::always_inline]] inline std::uint64_t escaped_bytes(std::uint64_t mask,
                                                          std::uint64_t& carry) {
  constexpr std::uint64_t kEven = 0x5555555555555555ULL;
  const std::uint64_t backslash = mask & ~carry;
  const std::uint64_t follows = (backslash << 1U) | carry;
  const std::uint64_t odd_starts = backslash & ~kEven & ~follows;
  std::uint64_t even_runs = 0;
  const bool runs_on = __builtin_add_overflow(odd_starts, backslash, &even_runs);
  // A branch that is nearly always right, so that the next block need not wait for this one.
  carry = 0;
  if ((mask >> 63U) != 0) [[unlikely]] {
    asm volatile("");  // NOLINT(hicpp-no-assembler): no instruction, but a branch it stays.
    carry = runs_on ? 1 : 0;
  }
  return (kEven ^ (even_runs << 1U)) & follows;
}

}  // namespace spoor
