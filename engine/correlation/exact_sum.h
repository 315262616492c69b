// A sum of doubles that loses nothing, so that numbers can be taken out of it again.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace spoor {

/// Shewchuk's expansion ("Adaptive Precision Floating-Point Arithmetic", 1997), as in Python's
/// math.fsum: a few doubles whose exact sum is the exact sum of what was added. A running sum in
/// one double would drift as a window slides, and the drift would depend on what slid by.
/// O(parts) per call; there are few (at most 40, for numbers of every size there is).
class ExactSum {
 public:
  /// Beyond this, sums could leave the range of a double.
  static constexpr double kMagnitudeMax = 1e290;

  /// `number`: finite, at most kMagnitudeMax.
  void add(double number) {
    std::size_t kept = 0;
    for (double part : parts_) {
      if (std::abs(number) < std::abs(part)) {
        std::swap(number, part);
      }
      const double high = number + part;
      const double low = part - (high - number);
      if (low != 0) {
        parts_[kept++] = low;
      }
      number = high;
    }
    parts_.resize(kept);
    if (number != 0) {
      parts_.push_back(number);
    }
  }

  void subtract(double number) { add(-number); }

  /// The double nearest to the sum.
  [[nodiscard]] double value() const {
    if (parts_.empty()) {
      return 0;
    }
    std::size_t rest = parts_.size() - 1;
    double high = parts_[rest];
    double low = 0;
    while (rest > 0 && low == 0) {
      const double before = high;
      const double part = parts_[--rest];
      high = before + part;
      low = part - (high - before);
    }
    // Half-way cases: what lies below decides.
    if (rest > 0 && ((low < 0 && parts_[rest - 1] < 0) || (low > 0 && parts_[rest - 1] > 0))) {
      const double doubled = low * 2;
      const double rounded = high + doubled;
      if (doubled == rounded - high) {
        high = rounded;
      }
    }
    return high;
  }

 private:
  std::vector<double> parts_;  ///< Growing in magnitude, not overlapping.
};

}  // namespace spoor
