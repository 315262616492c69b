#include "engine/state/memory_state.h"

#include <string>

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(MemoryStates, ShowWhatWasCommitted) {
  MemoryState state;
  state.put("a1", "x");
  state.put("a2", "y");
  state.put("b1", "z");
  EXPECT_FALSE(state.get("a1").has_value());
  state.commit();
  EXPECT_EQ(state.get("a1"), "x");
  state.erase("a1");
  state.erase_range("b", "c");
  state.commit();
  EXPECT_FALSE(state.get("a1").has_value());
  EXPECT_FALSE(state.get("b1").has_value());
  state.put("a3", "lost");
  state.crash();
  state.commit();
  EXPECT_FALSE(state.get("a3").has_value());
}

// As a restart reads hosts, and of each its processes.
TEST(MemoryStates, AreReadWhileTheyAreRead) {
  MemoryState state;
  state.put("a1", "b");
  state.put("b1", "x");
  state.commit();
  std::string seen;
  state.for_each("a", [&](std::string_view, std::string_view value) {
    state.for_each(value, [&](std::string_view key, std::string_view inner) {
      seen.append(key).append(inner).append(state.get("a1").value_or(""));
      return true;
    });
    return true;
  });
  EXPECT_EQ(seen, "b1xb");
}

TEST(MemoryStates, RowsWrittenAsideCountAtOnce) {
  MemoryState state;
  ASSERT_TRUE(state.put_aside("p", "1"));
  EXPECT_EQ(state.get("p"), "1");
  state.crash();
  EXPECT_EQ(state.get("p"), "1");
  ASSERT_TRUE(state.erase_aside("p"));
  EXPECT_FALSE(state.get("p").has_value());
}

}  // namespace
}  // namespace spoor
