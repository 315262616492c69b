// Asking for memory before it is read.
#pragma once

namespace spoor {

/// Asks for the cache line that `place` is in. Any address will do: nothing is read, and where
/// nothing is, nothing happens.
///
/// Not __builtin_prefetch() alone: g++ 12 takes a function in which nothing else happens for one
/// without effect and leaves out its calls (docs/decisions/0055).
[[gnu::always_inline]] inline void prefetch_line(const void* place) {
  __builtin_prefetch(place);
  asm volatile("" : : "r"(place));  // NOLINT(hicpp-no-assembler): an effect that costs nothing.
}

}  // namespace spoor
