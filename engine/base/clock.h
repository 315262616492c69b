// The one door to the wall clock.
//
// Only progress display, log lines, the bus's waiting and the measuring of what rules cost may ask;
// engine logic never does, so that replaying a log gives what streaming it gave. A ctest greps for
// any other use. Tests put their own clock behind it.
#pragma once

#include <chrono>
#include <memory>

#include "engine/base/time.h"

namespace spoor {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Grows steadily; its zero means nothing.
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() const = 0;
  /// The time of day, since 1970 in UTC: when something was stored, for people and for how long it
  /// is kept.
  [[nodiscard]] virtual Timestamp wall() const = 0;
};

/// The machine's clock. Lives as long as the program.
[[nodiscard]] const Clock& system_clock();

/// A clock that tests turn by hand.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds monotonic() const override { return now_; }

  [[nodiscard]] Timestamp wall() const override { return now_.count(); }

  void advance(std::chrono::nanoseconds by) { now_ += by; }

 private:
  std::chrono::nanoseconds now_{0};
};

}  // namespace spoor
