// How long things took, counted by steps: what a histogram of Prometheus holds.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace spoor {

class LatencyHistogram {
 public:
  /// The upper bounds of the steps but the last, in seconds. Around what a commit takes they are
  /// close.
  static constexpr std::array<double, 9> kBounds = {0.001, 0.005, 0.025, 0.1, 0.25, 1, 5, 30, 300};

  /// So many things took so long.
  void add(std::chrono::nanoseconds took, std::uint64_t count = 1) {
    const double seconds = std::chrono::duration<double>(took).count();
    const auto* const bound = std::ranges::lower_bound(kBounds, seconds);
    counts_[static_cast<std::size_t>(bound - kBounds.begin())] += count;
    sum_ += seconds * static_cast<double>(count);
  }

  /// Of each step: not those of the steps before it.
  [[nodiscard]] const std::array<std::uint64_t, kBounds.size() + 1>& counts() const {
    return counts_;
  }

  /// In seconds.
  [[nodiscard]] double sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace spoor
