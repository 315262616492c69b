// What stands in a window, and in the windows of the firings that stand in it.
#include "engine/correlation/window_finding.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace spoor {
namespace {

EvidenceRef event_of(std::uint64_t number) {
  auto kept = std::make_shared<KeptEvent>();
  kept->order.uid = {.high = 1, .low = number};
  auto evidence = std::make_shared<WindowEvidence>();
  evidence->order = kept->order;
  evidence->hits = std::make_shared<const WindowHits>(
      WindowHits{{"rule", Hit{.event = std::move(kept), .matched = {}}}});
  return evidence;
}

EvidenceRef firing_of(const std::vector<EvidenceRef>& window) {
  auto evidence = std::make_shared<WindowEvidence>();
  evidence->of_firing = window;
  return evidence;
}

// Firings of firings share events: forty windows within one another, of two firings each, would
// else be 2^40 visits.
TEST(WindowFinding, AnEventIsMetOnceHoweverManyWindowsShareIt) {
  std::vector<EvidenceRef> window{event_of(1), event_of(2)};
  for (int depth = 0; depth < 40; ++depth) {
    window = {firing_of(window), firing_of(window)};
  }
  std::size_t met = 0;
  for_each_event(window, [&met](const KeptEvent&) { ++met; });
  EXPECT_EQ(met, 2U);
}

}  // namespace
}  // namespace spoor
