#include "engine/state/state_store.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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

  /// A state with so many commits in its log.
  void make(int commits = 3) const {
    auto store = open();
    ASSERT_TRUE(store.has_value()) << store.error().message;
    for (int i = 0; i < commits; ++i) {
      (*store)->put("a" + std::to_string(i), std::string(1'000, 'x'));
      ASSERT_TRUE((*store)->commit().has_value());
    }
  }

  [[nodiscard]] fs::path log() const {
    fs::path found;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
      found = entry.path().extension() == ".log" ? entry.path() : found;
    }
    return found;
  }

  /// Read or written it is refused, and stays as it is.
  void expect_damaged() const {
    const std::size_t files = count();
    for (const StateStore::Access access : {StateStore::Access::read, StateStore::Access::write}) {
      const auto store = open(access);
      ASSERT_FALSE(store.has_value());
      EXPECT_EQ(store.error().code, ErrorCode::bad_state);
      EXPECT_NE(store.error().message.find("is damaged"), std::string::npos)
          << store.error().message;
      EXPECT_NE(store.error().message.find(".log"), std::string::npos) << store.error().message;
    }
    EXPECT_EQ(count(), files);
  }

  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
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

// Until the first table is written everything is in the log.
TEST_F(StateStores, ALogThatIsGoneIsNoEmptyState) {
  make();
  const fs::path lost = log();
  const fs::path kept = folder_.string() + ".log";
  for (const bool has_mark : {true, false}) {
    fs::rename(lost, kept);
    expect_damaged();
    std::ofstream(lost, std::ios::trunc).flush();
    expect_damaged();
    fs::rename(kept, lost);
    if (has_mark) {
      fs::remove(folder_ / "COMMITTED");  // As of a folder that was made before there were marks.
    }
  }
  const auto store = open();
  ASSERT_TRUE(store.has_value()) << "the log was put back: " << store.error().message;
  EXPECT_TRUE((*store)->get("a2").has_value());
}

TEST_F(StateStores, ALogThatIsCutIsRefusedWhereverItIsCut) {
  make();
  const std::uintmax_t size = fs::file_size(log());
  const fs::path whole = folder_.string() + ".whole";
  fs::copy_file(log(), whole, fs::copy_options::overwrite_existing);
  for (std::uintmax_t cut = 1; cut < size; cut += 97) {
    fs::resize_file(log(), size - cut);
    expect_damaged();
    fs::copy_file(whole, log(), fs::copy_options::overwrite_existing);
  }
  fs::remove(whole);
  EXPECT_TRUE(open().has_value());
}

// RocksDB takes it for the end of a record that was being written.
TEST_F(StateStores, AByteThatFlippedInTheLastCommitRollsNothingBack) {
  make();
  const std::string path = log().string();
  const std::uintmax_t size = fs::file_size(path);
  for (std::uintmax_t back = 1; back < 1'000; back += 31) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto place = static_cast<std::streamoff>(size - back);
    const auto flip = [&] {
      file.seekg(place);
      const char byte = static_cast<char>(file.get() ^ 0x10);
      file.seekp(place);
      file.put(byte).flush();
    };
    flip();
    const auto store = open(StateStore::Access::read);
    ASSERT_FALSE(store.has_value()) << back;
    EXPECT_EQ(store.error().code, ErrorCode::bad_state) << store.error().message;
    flip();
  }
  EXPECT_TRUE(open(StateStore::Access::read).has_value());
}

// What is written aside is not synced: a crash of the machine may take it.
TEST_F(StateStores, RowsWrittenAsideMayBeMissing) {
  std::uintmax_t committed = 0;
  {
    auto store = open();
    ASSERT_TRUE(store.has_value());
    (*store)->put("a", "b");
    ASSERT_TRUE((*store)->commit().has_value());
    committed = fs::file_size(log());
    ASSERT_TRUE((*store)->put_aside("c", "d").has_value());
  }
  ASSERT_GT(fs::file_size(log()), committed);
  fs::resize_file(log(), committed);
  const auto store = open();
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_TRUE((*store)->get("a").has_value());
  EXPECT_FALSE((*store)->get("c").has_value());
}

TEST_F(StateStores, AMarkThatIsDamagedIsMadeAnewAndTold) {
  make();
  std::string mark(54, ' ');
  std::ifstream(folder_ / "COMMITTED").read(mark.data(), 54);
  for (const std::size_t place : {0U, 19U, 30U, 53U}) {
    std::string damaged = mark;
    damaged[place] = '7';
    std::ofstream(folder_ / "COMMITTED") << damaged;
    EXPECT_TRUE(open(StateStore::Access::read).has_value());
    for (const std::size_t warnings : {1U, 0U}) {
      std::vector<std::string> told;
      const auto warn = [&told](std::string_view what) { told.emplace_back(what); };
      ASSERT_TRUE(StateStore::open(folder_, StateStore::Access::write, warn).has_value());
      EXPECT_EQ(told.size(), warnings);
    }
  }
}

TEST_F(StateStores, AMarkThatCannotBeWrittenIsToldOnceAndHindersNothing) {
  make();
  fs::remove(folder_ / "COMMITTED");
  fs::create_directory(folder_ / "COMMITTED");
  std::vector<std::string> told;
  const auto warn = [&told](std::string_view what) { told.emplace_back(what); };
  const auto store = StateStore::open(folder_, StateStore::Access::write, warn);
  ASSERT_TRUE(store.has_value()) << store.error().message;
  (*store)->put("b", "c");
  ASSERT_TRUE((*store)->commit().has_value());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("COMMITTED"), std::string::npos) << told[0];
}

TEST_F(StateStores, WhatTheRootOfAFileSystemHasIsNoState) {
  fs::create_directories(folder_ / "lost+found");
  EXPECT_FALSE(open(StateStore::Access::read).has_value());
  std::ofstream(folder_ / "BEING-MADE").put('\n');
  const auto store = open();
  ASSERT_TRUE(store.has_value()) << store.error().message;
  EXPECT_TRUE(fs::exists(folder_ / "lost+found"));
  EXPECT_FALSE(fs::exists(folder_ / "BEING-MADE"));
}

TEST_F(StateStores, AFolderOnlyWithWhatTheRootOfAFileSystemHasIsEmpty) {
  fs::create_directories(folder_ / "lost+found");
  const auto store = open();
  ASSERT_TRUE(store.has_value()) << store.error().message;
}

TEST_F(StateStores, AFolderThatIsMadeIsItsOwnersAlone) {
  const fs::path inner = folder_ / "inner";
  ASSERT_TRUE(StateStore::open(inner.string() + "/", StateStore::Access::write).has_value());
  EXPECT_EQ(fs::status(inner).permissions(), fs::perms::owner_all);
  EXPECT_NE(fs::status(folder_).permissions(), fs::perms::owner_all) << "only the last is ours";
  const fs::path other = folder_ / "other";
  fs::create_directory(other);
  fs::permissions(other, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec);
  ASSERT_TRUE(StateStore::open(other, StateStore::Access::write).has_value());
  EXPECT_NE(fs::status(other).permissions(), fs::perms::owner_all);
}

TEST_F(StateStores, OnlyWhatIsInUseIsCalledThat) {
  make();
  {
    const auto first = open();
    const auto second = open();
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find("in use by another Spoor"), std::string::npos);
  }
  fs::remove(folder_ / "LOCK");
  fs::create_directory(folder_ / "LOCK");
  const auto store = open();
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().message.find("in use"), std::string::npos) << store.error().message;
  EXPECT_NE(store.error().message.find("LOCK"), std::string::npos) << store.error().message;
}

// CURRENT is what else would tell that there is something.
TEST_F(StateStores, OneThatWasCommittedToIsNeverTakenForBrokenOff) {
  make();
  std::ofstream(folder_ / "BEING-MADE").put('\n');
  fs::remove(folder_ / "CURRENT");
  const std::size_t files = count();
  EXPECT_FALSE(open().has_value());
  EXPECT_EQ(count(), files);
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
