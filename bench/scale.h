// How large a benchmark of live processes is, and what it came to hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <malloc.h>

#include "engine/base/huge_pages.h"

namespace spoor::bench {

struct Scale {
  std::uint32_t hosts = 0;
  std::uint32_t processes = 0;  ///< Of a host.
  std::uint32_t chains = 0;     ///< Half open.
};

inline constexpr Scale kSmallScale{.hosts = 10, .processes = 1'000, .chains = 100};

/// [HOSTS [PROCESSES_PER_HOST [CHAINS]]]; by default ten million processes.
inline Scale large_scale(int argc, char** argv) {
  const auto number = [&](int at, std::uint32_t otherwise) {
    const unsigned long told = argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
    return static_cast<std::uint32_t>(std::max(told, 1UL));  // What is no number is taken as one.
  };
  return {.hosts = number(1, 10'000), .processes = number(2, 1'000), .chains = number(3, 100'000)};
}

/// By malloc, and of large pages, of this process.
inline std::size_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd + piece_bytes_taken();
}

}  // namespace spoor::bench
