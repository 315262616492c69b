#include "engine/base/uid_set.h"

#include <set>

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(UidSet, HoldsWhatASetHolds) {
  UidSet uids;
  std::set<Uid> plain;
  std::uint64_t state = 7;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const Uid uid{.high = (state >> 33U) % 3, .low = (state >> 40U) % 4'000};
    uids.prefetch(uid);
    EXPECT_EQ(uids.contains(uid), plain.contains(uid));
    EXPECT_EQ(uids.insert(uid), plain.insert(uid).second);
    EXPECT_TRUE(uids.contains(uid));
  }
  EXPECT_EQ(uids.size(), plain.size());
  EXPECT_FALSE(uids.contains({.high = 3, .low = 0}));
}

TEST(UidSet, TheUidThatIsNoneIsOneToo) {
  UidSet uids;
  EXPECT_FALSE(uids.contains({}));
  EXPECT_TRUE(uids.insert({}));
  EXPECT_FALSE(uids.insert({}));
  EXPECT_TRUE(uids.contains({}));
  EXPECT_EQ(uids.size(), 1U);
}

TEST(UidSet, ClearedItIsEmptyAndAsLargeAsBefore) {
  UidSet uids;
  EXPECT_TRUE(uids.insert({}));
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    EXPECT_TRUE(uids.insert({.high = i, .low = i}));
  }
  const std::size_t capacity = uids.capacity();
  EXPECT_GE(capacity, 1'000U);
  uids.clear();
  EXPECT_EQ(uids.size(), 0U);
  EXPECT_FALSE(uids.contains({}));
  EXPECT_FALSE(uids.contains({.high = 1, .low = 1}));
  EXPECT_EQ(uids.capacity(), capacity);
  EXPECT_TRUE(uids.insert({.high = 1, .low = 1}));
  EXPECT_EQ(uids.size(), 1U);
}

}  // namespace
}  // namespace spoor
