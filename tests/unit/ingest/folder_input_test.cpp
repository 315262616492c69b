#include "ingest/folder_input.h"

#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "ingest/folder_watch.h"
#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

class FolderInputs : public testing::Test {
 protected:
  void SetUp() override {
    root_ =
        fs::temp_directory_path() / ("spoor_folder_" + std::to_string(getpid()) + "_" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "in" / "deep");
    fs::create_directories(root_ / "away");
    settings_.folder = (root_ / "in").string();
    settings_.settle = std::chrono::milliseconds(0);
    settings_.rescan = std::chrono::milliseconds(50);
    settings_.input.name = "fdr";
    settings_.input.warn = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      warnings_.emplace_back(text);
    };
  }

  void TearDown() override {
    stop();
    fs::remove_all(root_);
  }

  void start() {
    queue_.emplace(std::size_t{1} << 20U);
    engine_.emplace(*queue_, &state_);
    Result<std::unique_ptr<FolderInput>> made =
        FolderInput::create(*queue_, settings_, state_, system_clock());
    ASSERT_TRUE(made) << made.error().message;
    input_ = std::move(*made);
    input_->start();
  }

  /// As a program that ends in order.
  void stop() {
    if (input_) {
      input_.reset();
      queue_->close();
      engine_.reset();
      queue_.reset();
    }
  }

  /// In one move, as tools that take care do.
  void put(const std::string& name, const std::string& bytes) {
    std::ofstream(root_ / "new", std::ios::binary) << bytes;
    fs::rename(root_ / "new", root_ / "in" / name);
  }

  [[nodiscard]] static bool wait_until(const std::function<bool()>& holds) {
    return PoppingEngine::wait_until(holds);
  }

  [[nodiscard]] std::size_t rows() const {
    std::size_t count = 0;
    state_.for_each(StateWriter(StateRow::input).bytes(), [&](std::string_view, std::string_view) {
      ++count;
      return true;
    });
    return count;
  }

  [[nodiscard]] Texts warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

  fs::path root_;
  FolderInputSettings settings_;
  MemoryState state_;
  std::optional<IngestQueue> queue_;
  std::optional<PoppingEngine> engine_;
  std::unique_ptr<FolderInput> input_;
  std::mutex mutex_;
  Texts warnings_;
};

TEST_F(FolderInputs, TakesWhatIsThereAndWhatComesEachOnce) {
  put("b.gz", gzip_of("{\"n\":2}\n{\"n\":3}\n"));
  put("a.ndjson", "{\"n\":1}\n");
  start();
  EXPECT_EQ(engine_->wait_for(3), (Texts{"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"}));
  put("deep/c.zst", zstd_of("{\"n\":4}\nno json\n"));
  EXPECT_EQ(engine_->wait_for(5).size(), 5U);
  stop();
  put("d", "{\"n\":5}");
  start();
  EXPECT_EQ(engine_->wait_for(1), Texts{"{\"n\":5}"});
  EXPECT_EQ(warnings(), Texts{});
}

TEST_F(FolderInputs, PassesOverWhatIsNotFinishedOrNotWanted) {
  for (const std::string& name : Texts{"a.gz.tmp", "b.part", ".hidden", "_SUCCESS", "~c", "d~",
                                       "e.filepart", "f.txt", "g.json.gz"}) {
    put(name, R"({"name":")" + name + R"("})");
  }
  fs::create_directories(root_ / "in" / ".cache");
  put(".cache/h.gz", "{}");
  put("deep/i.gz", R"({"name":"i"})");
  settings_.pattern = "*.gz";
  start();
  EXPECT_EQ(engine_->wait_for(2), (Texts{R"({"name":"i"})", R"({"name":"g.json.gz"})"}));
}

/// In this thread, and in those that it starts, root may do no more than others.
class AsAnyone {
 public:
  AsAnyone() : before_(geteuid() == 0 ? setfsuid(kNobody) : setfsuid(geteuid())) {}

  ~AsAnyone() { setfsuid(static_cast<uid_t>(before_)); }

  AsAnyone(const AsAnyone&) = delete;
  AsAnyone& operator=(const AsAnyone&) = delete;
  AsAnyone(AsAnyone&&) = delete;
  AsAnyone& operator=(AsAnyone&&) = delete;

 private:
  static constexpr uid_t kNobody = 65'534;
  int before_;
};

TEST_F(FolderInputs, WhatCannotBeReadIsToldOnceAndHoldsUpNothing) {
  fs::create_directories(root_ / "in" / "a_closed");
  put("a_closed/x", "{\"n\":1}\n");
  put("b_closed", "{\"n\":2}\n");
  put("deep/c", "{\"n\":3}\n");
  put("d", "{\"n\":4}\n");
  fs::permissions(root_ / "in" / "a_closed", fs::perms::none);
  fs::permissions(root_ / "in" / "b_closed", fs::perms::none);
  {
    const AsAnyone user;
    start();
  }
  EXPECT_EQ(engine_->wait_for(2).size(), 2U);
  put("e", "{\"n\":5}\n");
  EXPECT_EQ(engine_->wait_for(3).size(), 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));  // Some more scans.
  const Texts told = warnings();
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(std::ranges::count_if(
                told, [](const std::string& text) { return text.find("closed") != text.npos; }),
            2);
  EXPECT_EQ(input_->counters().streams_failed, 2U);
  fs::permissions(root_ / "in" / "a_closed", fs::perms::all);
  fs::permissions(root_ / "in" / "b_closed", fs::perms::all);
  EXPECT_EQ(engine_->wait_for(5).size(), 5U);
}

/// What is in a folder that cannot be read now is not gone: it is not read again.
TEST_F(FolderInputs, WhatCannotBeSeenForAWhileIsNotForgotten) {
  put("deep/a", "{\"n\":1}\n");
  put("b", "{\"n\":2}\n");
  {
    const AsAnyone user;
    start();
  }
  EXPECT_EQ(engine_->wait_for(2).size(), 2U);
  EXPECT_TRUE(wait_until([&] { return rows() == 2; }));
  fs::permissions(root_ / "in" / "deep", fs::perms::none);
  fs::remove(root_ / "in" / "b");
  EXPECT_TRUE(wait_until([&] { return rows() == 1; })) << "the other is forgotten";
  EXPECT_TRUE(wait_until([&] { return !warnings().empty(); }));
  fs::permissions(root_ / "in" / "deep", fs::perms::all);
  put("c", "{\"n\":3}\n");
  EXPECT_EQ(engine_->wait_for(3).size(), 3U);
}

TEST_F(FolderInputs, WhatCouldNotBePutAwayIsTriedAgain) {
  settings_.after = FileAfter::move;
  settings_.move_to = (root_ / "away").string();
  std::ofstream(root_ / "away" / "deep") << "where a folder should be";
  put("deep/a", "{\"n\":1}\n");
  start();
  EXPECT_TRUE(wait_until([&] { return !warnings().empty(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(600));  // Some more scans.
  EXPECT_EQ(warnings().size(), 1U);
  fs::remove(root_ / "away" / "deep");
  EXPECT_TRUE(wait_until([&] { return fs::exists(root_ / "away" / "deep" / "a"); }));
  EXPECT_FALSE(fs::exists(root_ / "in" / "deep" / "a"));
  EXPECT_EQ(engine_->records().size(), 1U);
}

TEST_F(FolderInputs, AFileThatIsBeingWrittenWaits) {
  settings_.settle = std::chrono::seconds(3);
  start();
  std::ofstream file(root_ / "in" / "slow", std::ios::binary);
  for (int i = 0; i < 10; ++i) {
    file << "{\"n\":" << i << "}\n" << std::flush;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(engine_->records().size(), 0U) << i;
  }
  EXPECT_EQ(engine_->wait_for(10).size(), 10U);
}

TEST_F(FolderInputs, ReadsOnWhatGrewAndAnewWhatIsAnother) {
  put("log", "{\"n\":1}\n{\"n\":2}\n{\"n\":");
  start();
  EXPECT_EQ(engine_->wait_for(3).size(), 2U);
  EXPECT_EQ(engine_->bad(), Texts{"{\"n\":"});
  std::ofstream(root_ / "in" / "log", std::ios::app) << "3}\n{\"n\":4}\n";
  // The torn one again, whole now, and what follows.
  EXPECT_EQ(engine_->wait_for(5), (Texts{"{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"}));
  put("log", "{\"m\":1}\n");
  EXPECT_EQ(engine_->wait_for(6).back(), "{\"m\":1}");
}

TEST_F(FolderInputs, GoesOnInTheMiddleOfAFile) {
  std::string text;
  constexpr int kRecords = 20'000;  // Ten batches.
  for (int i = 0; i < kRecords; ++i) {
    text += "{\"n\":" + std::to_string(i) + "}\n";
  }
  put("long.gz", gzip_of(text));
  queue_.emplace(std::size_t{1} << 14U);  // One batch at a time.
  engine_.emplace(*queue_, &state_);
  input_ = std::move(*FolderInput::create(*queue_, settings_, state_, system_clock()));
  engine_->hold_commits_after(4'000);  // From there on nothing is kept: it dies.
  input_->start();
  static_cast<void>(engine_->wait_for(8'000));
  engine_->pause();
  queue_->close();
  input_.reset();
  engine_.reset();
  FileLedger ledger("fdr");
  ledger.load(state_);
  ASSERT_NE(ledger.find("long.gz"), nullptr);
  const std::uint64_t kept = ledger.find("long.gz")->records;
  EXPECT_GE(kept, 4'000U);
  EXPECT_LT(kept, static_cast<std::uint64_t>(kRecords));
  start();
  const Texts rest = engine_->wait_for(kRecords - kept);
  ASSERT_EQ(rest.size(), kRecords - kept);
  EXPECT_EQ(rest.front(), "{\"n\":" + std::to_string(kept) + "}");
  EXPECT_EQ(rest.back(), "{\"n\":" + std::to_string(kRecords - 1) + "}");
}

TEST_F(FolderInputs, MovesOrRemovesWhatIsSafe) {
  put("deep/a", "{\"n\":1}\n");
  std::ofstream(root_ / "away" / "b") << "there already";
  settings_.after = FileAfter::move;
  settings_.move_to = (root_ / "away").string();
  start();
  put("b", "{\"n\":2}\n");
  EXPECT_TRUE(wait_until([&] {
    return fs::exists(root_ / "away" / "deep" / "a") && fs::exists(root_ / "away" / "b.1");
  }));
  EXPECT_FALSE(fs::exists(root_ / "in" / "deep" / "a"));
  EXPECT_TRUE(wait_until([&] { return rows() == 0; }));
  stop();
  settings_.after = FileAfter::remove;
  settings_.move_to = "";
  put("c", "{\"n\":3}\n");
  start();
  EXPECT_TRUE(wait_until([&] { return !fs::exists(root_ / "in" / "c") && rows() == 0; }));
  EXPECT_EQ(engine_->wait_for(1), Texts{"{\"n\":3}"});
}

TEST_F(FolderInputs, AFileStaysUntilItsEffectIsOnDisk) {
  settings_.after = FileAfter::remove;
  put("a", "{\"n\":1}\n");
  start();
  engine_->hold_commits();
  static_cast<void>(engine_->wait_for(1));
  engine_->commit(false);  // It never will be.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(fs::exists(root_ / "in" / "a"));
}

TEST_F(FolderInputs, OneThatWasReadBeforeARestartIsPutAwayAfterIt) {
  put("a", "{\"n\":1}\n");
  start();
  static_cast<void>(engine_->wait_for(1));
  EXPECT_TRUE(wait_until([&] { return rows() == 1; }));
  stop();
  settings_.after = FileAfter::remove;
  start();
  EXPECT_TRUE(wait_until([&] { return !fs::exists(root_ / "in" / "a") && rows() == 0; }));
  EXPECT_EQ(engine_->records(), Texts{});
}

TEST_F(FolderInputs, ADamagedFileStaysAndIsReadAgainWhenItIsWhole) {
  std::string lines;
  for (int i = 0; i < 3'000; ++i) {
    lines += "{\"n\":" + std::to_string(i) + R"(,"x":")" + std::to_string(i * 7'919) + "\"}\n";
  }
  const std::string whole = gzip_of(lines);
  settings_.after = FileAfter::remove;
  start();
  put("a.gz", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(wait_until([&] { return !warnings().empty(); }));
  EXPECT_NE(warnings()[0].find("is damaged behind"), std::string::npos) << warnings()[0];
  const std::size_t before = engine_->records().size();
  EXPECT_TRUE(fs::exists(root_ / "in" / "a.gz"));
  put("a.gz", whole);
  EXPECT_TRUE(wait_until([&] { return !fs::exists(root_ / "in" / "a.gz"); }));
  const Texts all = engine_->records();
  EXPECT_GE(all.size(), 3'000U);
  EXPECT_LE(all.size(), 3'000U + before);
  std::string last;
  for (const std::string& text : all) {
    last = text;
  }
  EXPECT_EQ(last, R"({"n":2999,"x":"23749081"})");
}

TEST_F(FolderInputs, ForgetsWhatIsGone) {
  put("a", "{\"n\":1}\n");
  start();
  static_cast<void>(engine_->wait_for(1));
  EXPECT_TRUE(wait_until([&] { return rows() == 1; }));
  fs::remove(root_ / "in" / "a");
  EXPECT_TRUE(wait_until([&] { return rows() == 0; }));
}

TEST_F(FolderInputs, SettingsThatCannotHoldAreRefused) {
  FolderInputSettings wrong = settings_;
  wrong.folder = (root_ / "nowhere").string();
  EXPECT_NE(FolderInput::check(wrong).error().message.find("is no folder"), std::string::npos);
  wrong = settings_;
  wrong.after = FileAfter::move;
  EXPECT_NE(FolderInput::check(wrong).error().message.find("move_to"), std::string::npos);
  wrong.move_to = (root_ / "nowhere").string();
  EXPECT_FALSE(FolderInput::check(wrong));
}

}  // namespace
}  // namespace spoor
