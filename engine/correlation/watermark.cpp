#include "engine/correlation/watermark.h"

#include <algorithm>

namespace spoor {
Duration Lateness::of(Source source) const {
  switch (source) {
    case Source::crowdstrike:
    case Source::sentinelone: return batched_export;
    default: return agent_stream;
  }
}

bool HostWatermark::see(Source source, Timestamp time) {
  Timestamp& newest = newest_[static_cast<std::size_t>(source)];
  if (time <= newest) {
    return false;
  }
  newest = time;
  const Timestamp before = value_;
  recompute();
  return value_ != before;
}

void HostWatermark::absorb(const HostWatermark& other) {
  for (std::size_t source = 0; source < kSourceCount; ++source) {
    newest_[source] = std::max(newest_[source], other.newest_[source]);
  }
  recompute();
}

void HostWatermark::save(StateWriter& into) const {
  for (const Timestamp newest : newest_) {
    into.time(newest);
  }
  into.time(value_);
}

void HostWatermark::restore(StateReader& from) {
  for (Timestamp& newest : newest_) {
    newest = from.time();
  }
  value_ = from.time();
}

void HostWatermark::recompute() {
  const Timestamp newest = *std::ranges::max_element(newest_);
  const Timestamp silent = minus(newest, lateness_.source_silence);
  Timestamp least = kAllClosed;
  for (std::size_t source = 0; source < kSourceCount; ++source) {
    if (newest_[source] != kNothingClosed && newest_[source] >= silent) {
      least = std::min(least, minus(newest_[source], lateness_.of(static_cast<Source>(source))));
    }
  }
  value_ = std::max(value_, least);
}

}  // namespace spoor
