#include "engine/correlation/hit_store.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "engine/base/limits.h"

namespace spoor {
namespace {

Hit hit_at(Timestamp time, const std::string& record = "r") {
  auto event = std::make_shared<KeptEvent>();
  event->order = {
      .time = time, .rank = 0, .uid = {.high = static_cast<std::uint64_t>(time), .low = 1}};
  event->record = record;
  return {.event = event, .matched = {}};
}

void offer(HitSet& set, const Hit& hit, bool duplicate = false) {
  if (set.wants(hit.event->order, hit.event->record, duplicate)) {
    set.add(hit);
  }
}

std::vector<Timestamp> times_of(const HitSet& set) {
  std::vector<Timestamp> times;
  for (const Hit& hit : set.hits()) {
    times.push_back(hit.event->order.time);
  }
  return times;
}

TEST(HitSet, KeepsTheFirstAndTheLastHalfWhateverTheOrder) {
  constexpr Timestamp kCount = 3 * static_cast<Timestamp>(kHitsPerStepMax);
  constexpr auto kHalf = static_cast<Timestamp>(kHitsPerStepMax / 2);
  std::vector<Timestamp> want;
  for (Timestamp time = 0; time < kHalf; ++time) {
    want.push_back(time);
  }
  for (Timestamp time = kCount - kHalf; time < kCount; ++time) {
    want.push_back(time);
  }
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<Timestamp> order(static_cast<std::size_t>(kCount));
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = static_cast<Timestamp>(i);
    }
    std::mt19937_64 random(seed);
    std::ranges::shuffle(order, random);
    HitSet set;
    for (const Timestamp time : order) {
      offer(set, hit_at(time));
    }
    EXPECT_EQ(times_of(set), want) << "seed " << seed;
    EXPECT_EQ(set.total(), static_cast<std::size_t>(kCount));
  }
}

TEST(HitSet, AtTheBoundAllAreKept) {
  HitSet set;
  for (std::size_t i = 0; i < kHitsPerStepMax; ++i) {
    offer(set, hit_at(static_cast<Timestamp>(i)));
  }
  EXPECT_EQ(set.hits().size(), kHitsPerStepMax);
  offer(set, hit_at(static_cast<Timestamp>(kHitsPerStepMax)));
  EXPECT_EQ(set.hits().size(), kHitsPerStepMax);
  EXPECT_EQ(set.total(), kHitsPerStepMax + 1);
}

TEST(HitSet, TheSameEventCountsOnce) {
  HitSet set;
  offer(set, hit_at(5));
  offer(set, hit_at(5), true);
  EXPECT_EQ(set.hits().size(), 1U);
  EXPECT_EQ(set.total(), 1U);
}

TEST(HitSet, OfTwoCarriagesOfOneEventTheLesserRecordStays) {
  for (const bool reversed : {false, true}) {
    HitSet set;
    offer(set, hit_at(5, reversed ? "b" : "a"));
    offer(set, hit_at(5, reversed ? "a" : "b"));
    ASSERT_EQ(set.hits().size(), 1U);
    EXPECT_EQ(set.hits()[0].event->record, "a");
  }
}

}  // namespace
}  // namespace spoor
