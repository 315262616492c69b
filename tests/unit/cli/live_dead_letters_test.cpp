#include "cli/live_dead_letters.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// No file may grow beyond that: writing fails in the middle of a line, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  FileSizeLimit(FileSizeLimit&&) = delete;
  FileSizeLimit& operator=(FileSizeLimit&&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

class LiveDeadLettersTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<LiveDeadLetters> open(std::size_t most = 1'000) const {
    auto opened = LiveDeadLetters::open(path_, most);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  void SetUp() override { fs::create_directory(folder_); }

  void TearDown() override { fs::remove_all(folder_); }

  std::string folder_ =
      (fs::temp_directory_path() / ("spoor_letters_" + std::to_string(getpid()))).string();
  std::string path_ = folder_ + "/dead.ndjson";
};

TEST_F(LiveDeadLettersTest, AreAppendedAtOnceAndForTheirOwnerAlone) {
  open()->add("one");
  const auto letters = open();
  letters->add("two");
  EXPECT_EQ(text_of(path_), "one\ntwo\n");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LiveDeadLettersTest, HalfALineThatIsThereIsEnded) {
  std::ofstream(path_) << "one\ntw";
  open()->add("three");
  EXPECT_EQ(text_of(path_), "one\ntw\nthree\n");
}

TEST_F(LiveDeadLettersTest, WhatFindsNoRoomWaitsAndIsWrittenOnce) {
  const auto letters = open();
  {
    const FileSizeLimit limit(6);
    letters->add("one");
    EXPECT_FALSE(letters->problem());
    letters->add("two");
    EXPECT_TRUE(letters->problem());
    letters->add("three");
    letters->try_again();
    EXPECT_EQ(letters->waiting(), 2U);
    EXPECT_EQ(text_of(path_), "one\ntw");
  }
  letters->try_again();
  EXPECT_FALSE(letters->problem());
  EXPECT_EQ(letters->waiting(), 0U);
  letters->add("four");
  EXPECT_EQ(text_of(path_), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(letters->lost(), 0U);
}

TEST_F(LiveDeadLettersTest, WhatWaitsIsBoundedAndTheRestCounted) {
  const auto letters = open(10);
  {
    const FileSizeLimit limit(1);
    for (const char* letter : {"aaaa", "bbbb", "cccc", "dddd"}) {
      letters->add(letter);
    }
  }
  EXPECT_EQ(letters->waiting(), 2U);
  EXPECT_EQ(letters->lost(), 2U);
  letters->try_again();
  letters->add("eeee");
  EXPECT_EQ(text_of(path_), "aaaa\nbbbb\neeee\n");
  EXPECT_EQ(letters->lost(), 2U);
}

TEST_F(LiveDeadLettersTest, ANewFileGetsWholeLines) {
  const auto letters = open();
  {
    const FileSizeLimit limit(2);
    letters->add("one");
  }
  fs::rename(path_, path_ + ".1");
  ASSERT_TRUE(letters->reopen());
  letters->add("two");
  EXPECT_EQ(text_of(path_ + ".1"), "on");
  EXPECT_EQ(text_of(path_), "one\ntwo\n");
  // The same file again: nothing is lost of it.
  ASSERT_TRUE(letters->reopen());
  letters->add("three");
  EXPECT_EQ(text_of(path_), "one\ntwo\nthree\n");
}

TEST_F(LiveDeadLettersTest, WhereItCannotBeOpenedTheOldFileStays) {
  const auto letters = open();
  fs::rename(path_, path_ + ".1");
  fs::create_directory(path_);
  const Result<void> reopened = letters->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, ErrorCode::bad_usage);
  letters->add("one");
  EXPECT_EQ(text_of(path_ + ".1"), "one\n");
}

TEST_F(LiveDeadLettersTest, AreCheckedWithoutMakingAnything) {
  const std::string state = folder_ + "/state";
  EXPECT_TRUE(check_dead_letters(path_, state));
  EXPECT_TRUE(check_dead_letters(state + "/dead.ndjson", state));
  EXPECT_TRUE(check_dead_letters("dead.ndjson", state));
  EXPECT_FALSE(fs::exists(path_));
  const Result<void> nowhere = check_dead_letters(folder_ + "/none/dead.ndjson", state);
  ASSERT_FALSE(nowhere);
  EXPECT_TRUE(nowhere.error().message.ends_with(": No such file or directory"));
  EXPECT_FALSE(check_dead_letters(folder_, state));
}

}  // namespace
}  // namespace spoor
