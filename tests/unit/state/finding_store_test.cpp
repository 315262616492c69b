#include "engine/state/finding_store.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/memory_state.h"

namespace spoor {
namespace {

Finding finding(std::uint64_t uid, std::uint32_t revision, std::string level = "high") {
  Finding made;
  made.uid = {.high = 1, .low = uid};
  made.revision = revision;
  made.level = std::move(level);
  made.rule.id = "r";
  made.rule.title = "Rule";
  return made;
}

std::vector<std::uint64_t> sequences(const StateSource& state, std::uint64_t from = 1) {
  std::vector<std::uint64_t> found;
  EXPECT_TRUE(FindingReader(state)
                  .for_each(from,
                            [&found](const StoredFinding& one) {
                              found.push_back(one.sequence);
                              return true;
                            })
                  .has_value());
  return found;
}

TEST(FindingStores, NumberWithoutGapsOverRestarts) {
  test::MemoryState state;
  {
    FindingStore store = *FindingStore::open(state, state);
    EXPECT_EQ(store.add(finding(1, 1), "{}", 10), 1U);
    EXPECT_EQ(store.add(finding(2, 1, "low"), "{}", 11), 2U);
    state.commit();
    store.add(finding(3, 1), "{}", 12);  // Not committed: never told.
    state.crash();
  }
  FindingStore store = *FindingStore::open(state, state);
  EXPECT_EQ(store.head(), 2U);
  EXPECT_EQ(store.add(finding(1, 2), "{\"a\":1}", 13), 3U);
  state.commit();
  EXPECT_EQ(sequences(state), (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(sequences(state, 3), (std::vector<std::uint64_t>{3}));
  const auto last = FindingReader(state).latest({.high = 1, .low = 1});
  ASSERT_TRUE(last.has_value() && last->has_value());
  EXPECT_EQ((*last)->revision, 2U);
  EXPECT_EQ((*last)->level_sequence, 2U);
  EXPECT_EQ((*last)->payload, "{\"a\":1}");
  EXPECT_FALSE((*FindingReader(state).latest({.high = 9, .low = 9})).has_value());
}

TEST(FindingStores, ForgetTheOldestByAgeAndBySize) {
  test::MemoryState state;
  FindingStore store = *FindingStore::open(state, state);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    store.add(finding(i, 1), std::string(1000, 'x'), static_cast<Timestamp>(i) * 100);
    state.commit();
  }
  EXPECT_EQ(store.forget({.age = 500, .bytes = 1U << 20U}, 1000), 4U);
  state.commit();
  EXPECT_EQ(sequences(state).front(), 5U);
  EXPECT_EQ(store.forget({.age = 5000, .bytes = 3'500}, 1000), 3U);
  state.commit();
  EXPECT_EQ(sequences(state), (std::vector<std::uint64_t>{8, 9, 10}));
  EXPECT_FALSE((*FindingReader(state).latest({.high = 1, .low = 2})).has_value());
  EXPECT_TRUE((*FindingReader(state).latest({.high = 1, .low = 9})).has_value());
}

TEST(FindingStores, ADamagedRowIsTold) {
  test::MemoryState state;
  FindingStore store = *FindingStore::open(state, state);
  store.add(finding(1, 1), "{}", 10);
  state.commit();
  for (auto& [key, value] : state.rows()) {
    if (key.front() == static_cast<char>(StateRow::finding)) {
      value.resize(value.size() - 1);
    }
  }
  const Result<void> read =
      FindingReader(state).for_each(1, [](const StoredFinding&) { return true; });
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::bad_state);
}

}  // namespace
}  // namespace spoor
