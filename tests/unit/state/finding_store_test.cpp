#include "engine/state/finding_store.h"

#include <optional>
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

bool is_told(const StateSource& state, std::uint64_t uid) {
  return state.get(StateWriter(StateRow::told).uid({.high = 1, .low = uid}).bytes()).has_value();
}

/// As the ledger writes it.
void tell(test::MemoryState& state,
          FindingStore& store,
          std::uint64_t uid,
          std::uint32_t revision,
          Timestamp now) {
  state.put(StateWriter(StateRow::told).uid({.high = 1, .low = uid}).bytes(), "told");
  store.add(finding(uid, revision), "{}", now);
}

TEST(FindingStores, KnowLongerWhatWasToldThanTheFindings) {
  const FindingRetention retention{.age = 30, .told_age = 1'000};
  test::MemoryState state;
  std::optional<FindingStore> store = *FindingStore::open(state, state);
  tell(state, *store, 1, 1, 100);
  tell(state, *store, 2, 1, 100);
  state.commit();
  EXPECT_EQ(store->forget(retention, 200), 2U);
  state.commit();
  EXPECT_TRUE(is_told(state, 1));
  EXPECT_FALSE((*FindingReader(state).latest({.high = 1, .low = 1})).has_value());
  tell(state, *store, 2, 2, 500);
  state.commit();
  EXPECT_EQ(store->forget(retention, 600), 1U);
  state.commit();
  store = *FindingStore::open(state, state);
  store->forget(retention, 1'101);
  state.commit();
  EXPECT_FALSE(is_told(state, 1));
  EXPECT_TRUE(is_told(state, 2)) << "it was told again since";
  store->forget(retention, 1'501);
  state.commit();
  EXPECT_FALSE(is_told(state, 2));
  EXPECT_EQ(state.rows().size(), 1U) << "of the numbers";
}

TEST(FindingStores, WhatIsToldInTheSameCommitIsNotForgotten) {
  const FindingRetention retention{.age = 30, .told_age = 1'000};
  test::MemoryState state;
  FindingStore store = *FindingStore::open(state, state);
  tell(state, store, 1, 1, 100);
  state.commit();
  tell(state, store, 1, 2, 200);
  EXPECT_EQ(store.forget(retention, 200), 1U);
  state.commit();
  EXPECT_TRUE(is_told(state, 1));
  EXPECT_TRUE((*FindingReader(state).latest({.high = 1, .low = 1})).has_value());
  EXPECT_EQ(store.forget(retention, 300), 1U);
  state.commit();
  tell(state, store, 1, 3, 1'300);
  store.forget(retention, 1'300);
  state.commit();
  EXPECT_TRUE(is_told(state, 1));
  EXPECT_EQ((*FindingReader(state).latest({.high = 1, .low = 1}))->revision, 3U);
}

TEST(FindingStores, KnowOfOnlySoManyWhatWasTold) {
  const FindingRetention retention{.age = 30, .told_age = 1'000'000, .told = 10};
  test::MemoryState state;
  FindingStore store = *FindingStore::open(state, state);
  for (std::uint64_t i = 1; i <= 50; ++i) {
    tell(state, store, i, 1, static_cast<Timestamp>(i) * 100);
    store.forget(retention, static_cast<Timestamp>(i) * 100);
    state.commit();
  }
  EXPECT_FALSE(is_told(state, 39));
  EXPECT_TRUE(is_told(state, 45));
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
