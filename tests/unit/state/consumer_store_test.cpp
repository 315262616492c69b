#include "engine/state/consumer_store.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/memory_state.h"

namespace spoor {
namespace {

// Clients must not be able to keep the engine from starting.
TEST(ConsumerStores, WhatClientsHoldIsBoundedAndTheEnginesOwnIsNot) {
  test::MemoryState state;
  ConsumerStore clients(state, state);
  for (std::size_t i = 0; i < kConsumersMax; ++i) {
    ASSERT_TRUE(clients.greet("c" + std::to_string(i), "", 1).has_value());
  }
  EXPECT_EQ(clients.greet("one-more", "", 1).error().code, ErrorCode::limit);
  for (int start = 0; start < 2; ++start) {
    for (const char* sink : {"sink.soar", "sink.thehive"}) {
      ConsumerStore engine(state, state);
      ASSERT_TRUE(engine.greet(sink, "", 2).has_value()) << start;
      ASSERT_TRUE(engine.acknowledge(sink, 7, 2).has_value());
    }
  }
  const ConsumerStore after(state, state);
  EXPECT_EQ(after.all().size(), kConsumersMax + 2);
  EXPECT_EQ(after.find("sink.thehive")->cursor, 7U);
}

TEST(ConsumerStores, TheEnginesOwnTakeNoClientsPlace) {
  test::MemoryState state;
  ConsumerStore consumers(state, state);
  ASSERT_TRUE(consumers.greet("sink.soar", "", 1).has_value());
  for (std::size_t i = 0; i < kConsumersMax; ++i) {
    ASSERT_TRUE(consumers.greet("c" + std::to_string(i), "", 1).has_value()) << i;
  }
  EXPECT_FALSE(consumers.greet("one-more", "", 1).has_value());
}

}  // namespace
}  // namespace spoor
