// Until when a host's events are known to be here.
//
// Event time moves on; a source may send what is older for a while: its lateness. The watermark of
// a host is the least over its sources of (greatest event time so far - lateness). A source that
// has fallen silent must not hold the host back for ever.
//
// No clock: event times alone. Times that are suspect are never shown to it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/event/event.h"

namespace spoor {

/// What becomes of what comes later still, where windows that it may stand in were judged.
enum class LatePolicy : std::uint8_t {
  count,   ///< Correlations in time leave it out; it is counted.
  revise,  ///< They are judged again: findings get a new revision, or are retracted.
};

/// How late the events of a source may come, in nanoseconds of event time (semantics: "Watermark").
struct Lateness {
  Duration agent_stream = 30 * kNanosPerSecond;     ///< Sysmon and other Windows channels.
  Duration batched_export = 900 * kNanosPerSecond;  ///< CrowdStrike, SentinelOne: cloud exports.
  /// A source whose last event is so much older than the host's newest one holds nothing back.
  Duration source_silence = 3'600 * kNanosPerSecond;
  LatePolicy policy = LatePolicy::count;

  [[nodiscard]] Duration of(Source source) const;
};

/// How long a stream keeps what may not be needed any more, in nanoseconds of event time behind the
/// watermark (semantics: "Retention").
struct Retention {
  Duration after_end = Duration{3'600} * kNanosPerSecond;        ///< Processes that ended.
  Duration idle_after = 72 * Duration{3'600} * kNanosPerSecond;  ///< Processes that no event named.
  /// Hits that report by themselves, and verdicts that leaned on the graph: so long an ancestor may
  /// still become known.
  Duration after_told = 24 * Duration{3'600} * kNanosPerSecond;
};

/// Before every event.
inline constexpr Timestamp kNothingClosed = std::numeric_limits<Timestamp>::min();
/// Behind every event: at the end of the input everything is here.
inline constexpr Timestamp kAllClosed = std::numeric_limits<Timestamp>::max();

/// `time` + `by`, at most kAllClosed. `by` is not negative.
[[nodiscard]] constexpr Timestamp plus(Timestamp time, Duration by) {
  return time > kAllClosed - by ? kAllClosed : time + by;
}

/// `time` - `by`, at least kNothingClosed.
[[nodiscard]] constexpr Timestamp minus(Timestamp time, Duration by) {
  return time < kNothingClosed + by ? kNothingClosed : time - by;
}

class HostWatermark {
 public:
  /// An event of a source, whose time is not suspect. True if value() may have moved.
  bool see(Source source, Timestamp time);

  /// No event before it is expected any more. Never goes back.
  [[nodiscard]] Timestamp value() const { return value_; }

  void set_lateness(const Lateness& lateness) { lateness_ = lateness; }

  /// Joins what another host key of the same machine saw.
  void absorb(const HostWatermark& other);

  void save(StateWriter& into) const;
  void restore(StateReader& from);

 private:
  void recompute();

  Lateness lateness_;
  std::array<Timestamp, kSourceCount> newest_ = [] {
    std::array<Timestamp, kSourceCount> none{};
    none.fill(kNothingClosed);
    return none;
  }();
  Timestamp value_ = kNothingClosed;
};

}  // namespace spoor
