#include "engine/state/state_store.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

class StateStores : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("spoor-state-" + std::to_string(::getpid()) +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }

  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] Result<std::unique_ptr<StateStore>> open(
      StateStore::Access access = StateStore::Access::write) const {
    return StateStore::open(folder_.string(), access);
  }

  fs::path folder_;
};

TEST_F(StateStores, WhatWasCommittedIsThereAndNothingElse) {
  {
    auto store = open();
    ASSERT_TRUE(store.has_value()) << store.error().message;
    (*store)->put("a1", "one");
    (*store)->put("a2", "two");
    (*store)->put("b1", "three");
    EXPECT_FALSE((*store)->get("a1").has_value());
    ASSERT_TRUE((*store)->commit().has_value());
    (*store)->put("a3", "lost");
    (*store)->erase("a1");
  }
  auto store = open(StateStore::Access::read);
  ASSERT_TRUE(store.has_value());
  std::string seen;
  (*store)->for_each("a", [&seen](std::string_view key, std::string_view value) {
    seen.append(key).append("=").append(value).append(" ");
    return true;
  });
  EXPECT_EQ(seen, "a1=one a2=two ");
  EXPECT_EQ((*store)->last_key("a"), "a2");
  EXPECT_FALSE((*store)->last_key("c").has_value());
}

TEST_F(StateStores, ARangeIsErasedWhole) {
  auto store = open();
  ASSERT_TRUE(store.has_value());
  for (const char* key : {"a1", "a2", "a\xFF", "b"}) {
    (*store)->put(key, "");
  }
  (*store)->erase_prefix("a");
  ASSERT_TRUE((*store)->commit().has_value());
  EXPECT_FALSE((*store)->get("a1").has_value());
  EXPECT_FALSE((*store)->get("a\xFF").has_value());
  EXPECT_TRUE((*store)->get("b").has_value());
}

// Rows and erased ranges of one host in turn: what RocksDB aborted on when rows were put in by
// hints.
TEST_F(StateStores, RowsAndErasedRangesOfOneHostMix) {
  auto store = open();
  ASSERT_TRUE(store.has_value());
  const auto row = [](std::uint64_t host, std::uint64_t number) {
    return StateWriter(StateRow::process)
        .key32(static_cast<std::uint32_t>(host))
        .key64(number)
        .bytes();
  };
  std::uint64_t dice = 1;
  for (std::uint64_t round = 0; round < 300; ++round) {
    for (std::uint64_t i = 0; i < 30; ++i) {
      dice = dice * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      (*store)->put(row(round % 3, dice >> 33U), "value");
    }
    (*store)->erase_range(row(round % 3, 0), row(round % 3, dice >> 34U));
    ASSERT_TRUE((*store)->commit().has_value());
  }
  (*store)->erase_prefix(StateWriter(StateRow::process).key32(1).bytes());
  ASSERT_TRUE((*store)->commit().has_value());
  std::size_t of_host_1 = 0;
  std::size_t of_others = 0;
  (*store)->for_each(StateWriter(StateRow::process).bytes(),
                     [&](std::string_view key, std::string_view) {
                       StateReader from(key.substr(1));
                       ++(from.key32() == 1 ? of_host_1 : of_others);
                       return true;
                     });
  EXPECT_EQ(of_host_1, 0U);
  EXPECT_GT(of_others, 100U);
}

// What `done` uses may be gone when wait() has returned.
TEST_F(StateStores, WaitsForTheCommitAndForWhatIsToldOfIt) {
  auto store = open();
  ASSERT_TRUE(store.has_value());
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> was_told = false;
    (*store)->put("a", "b");
    ASSERT_TRUE((*store)->commit_later([&was_told] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      was_told = true;
    }));
    ASSERT_TRUE((*store)->wait());
    EXPECT_TRUE(was_told);
  }
}

TEST_F(StateStores, KeepItsNameAndCountHowOftenItWasOpened) {
  std::string instance;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ((*store)->epoch(), epoch);
    instance = instance.empty() ? (*store)->instance() : instance;
    EXPECT_EQ((*store)->instance(), instance);
  }
  EXPECT_EQ(instance.size(), 32U);
}

TEST_F(StateStores, AnotherFormatIsRefusedWithBothVersions) {
  {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    (*store)->put("!format", StateWriter().number(kStateFormat + 41).text("9.8.7").bytes());
    ASSERT_TRUE((*store)->commit().has_value());
  }
  const auto store = open();
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().code, ErrorCode::bad_state);
  for (const std::string& part : {std::to_string(kStateFormat + 41), std::string("9.8.7"),
                                  "format " + std::to_string(kStateFormat)}) {
    EXPECT_NE(store.error().message.find(part), std::string::npos) << store.error().message;
  }
}

TEST_F(StateStores, OneThatWasBrokenOffBeforeThereWasAnythingIsMadeAnew) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "BEING-MADE").put('\n');
  std::ofstream(folder_ / "000004.log").put('x');
  const auto store = open();
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_FALSE(fs::exists(folder_ / "BEING-MADE"));
}

TEST_F(StateStores, AFolderOfSomethingElseStaysAsItIs) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "letter.txt").put('x');
  const auto store = open();
  ASSERT_FALSE(store.has_value());
  EXPECT_TRUE(fs::exists(folder_ / "letter.txt"));
}

TEST(StateWriters, WriteWhatReadersRead) {
  StateWriter writer;
  writer.number(0).number(127).number(128).number(~std::uint64_t{0}).time(-1).time(kNanosPerSecond);
  writer.text("").text("abc").flag(true).uid({.high = 1, .low = 2});
  StateReader reader(writer.bytes());
  EXPECT_EQ(reader.number(), 0U);
  EXPECT_EQ(reader.number(), 127U);
  EXPECT_EQ(reader.number(), 128U);
  EXPECT_EQ(reader.number(), ~std::uint64_t{0});
  EXPECT_EQ(reader.time(), -1);
  EXPECT_EQ(reader.time(), kNanosPerSecond);
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.text(), "abc");
  EXPECT_TRUE(reader.flag());
  EXPECT_EQ(reader.uid(), (Uid{.high = 1, .low = 2}));
  EXPECT_TRUE(reader.is_done());
  EXPECT_EQ(reader.number(), 0U);
  EXPECT_FALSE(reader.ok());
}

TEST(StateWriters, KeysOfTimesSortAsTheTimesDo) {
  const auto key = [](Timestamp time) { return StateWriter().key_time(time).bytes(); };
  EXPECT_LT(key(-5), key(0));
  EXPECT_LT(key(0), key(5));
  EXPECT_LT(key(5), key(std::numeric_limits<Timestamp>::max()));
}

}  // namespace
}  // namespace spoor
