#include "ingest/recorder.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/input_files.h"
#include "replay/record_reader.h"
#include "tests/unit/ingest/batch_text.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

class Recorders : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() /
               ("spoor_recorder_" + std::to_string(getpid()) + "_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()))
                  .string();
    fs::remove_all(folder_);
    settings_.folder = folder_;
    settings_.inputs = {"shippers", "web"};
    clock_.advance(std::chrono::hours(24 * 365));
  }

  void TearDown() override {
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  std::unique_ptr<Recorder> open() {
    Result<std::unique_ptr<Recorder>> made = Recorder::open(settings_, clock_);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> paths;
    const auto found = expand_inputs({folder_});
    EXPECT_TRUE(found);
    for (const InputFile& file : *found) {
      paths.push_back(file.path);
    }
    return paths;
  }

  /// All that the recording holds.
  [[nodiscard]] std::vector<BatchItem> read_back() const {
    std::vector<BatchItem> items;
    for (const std::string& path : files()) {
      RecordReader reader(std::move(*open_source(path)));
      RecordRead read = reader.read();
      for (; read.status == ReadStatus::record || read.status == ReadStatus::bad;
           read = reader.read()) {
        const bool is_bad = read.status == ReadStatus::bad;
        items.push_back(
            {std::string(read.text), is_bad, is_bad ? read.error.code : ErrorCode::malformed_json});
      }
      EXPECT_EQ(read.status, ReadStatus::end) << path << ": " << read.error.message;
    }
    return items;
  }

  std::string folder_;
  RecorderSettings settings_;
  ManualClock clock_;
};

TEST_F(Recorders, GiveBackWhatCameInByteForByte) {
  IngestBatch first;
  first.input = 1;
  first.add_record("{\n  \"laid\": \"out\"\n}");
  first.add_record(std::string("\xff\0\n\n{", 5));
  first.add_bad(ErrorCode::oversize, "{\"cut");
  first.add_record("");
  first.add_bad(ErrorCode::malformed_frame, "\n");
  IngestBatch second;
  second.add_record("<13>Nov 23 vm edr: {\"n\":1}");
  {
    const auto recorder = open();
    recorder->add(first);
    ASSERT_TRUE(recorder->flush());
    recorder->add(second);
    recorder->add(first);
    ASSERT_TRUE(recorder->flush());
    ASSERT_TRUE(recorder->flush());
  }
  std::vector<BatchItem> want = items_of(first);
  for (const IngestBatch* batch : {&second, &first}) {
    const std::vector<BatchItem> items = items_of(*batch);
    want.insert(want.end(), items.begin(), items.end());
  }
  EXPECT_EQ(read_back(), want);
}

TEST_F(Recorders, TellWhenTheBatchWasReceived) {
  IngestBatch batch;
  batch.add_record("{}");
  batch.received_at = 1'679'443'200 * kNanosPerSecond;
  {
    const auto recorder = open();
    recorder->add(batch);
    ASSERT_TRUE(recorder->flush());
  }
  RecordReader reader(std::move(*open_source(files().at(0))));
  EXPECT_EQ(reader.read().received, batch.received_at);
}

TEST_F(Recorders, BeginANewFileWhenOneIsFullOrOld) {
  settings_.file_bytes = 1'000;
  settings_.file_age = std::chrono::minutes(10);
  IngestBatch batch;
  batch.add_record(std::string(600, 'x'));
  const auto recorder = open();
  for (int i = 0; i < 5; ++i) {
    recorder->add(batch);
    ASSERT_TRUE(recorder->flush());
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(files().size(), 3U);  // Two in each.
  clock_.advance(std::chrono::minutes(11));
  recorder->add(batch);
  ASSERT_TRUE(recorder->flush());
  recorder->add(batch);
  ASSERT_TRUE(recorder->flush());
  EXPECT_EQ(files().size(), 4U);
  EXPECT_EQ(read_back().size(), 7U);
  EXPECT_TRUE(files()[0].ends_with("/19710101T000000.000000000Z.recording.zst")) << files()[0];
}

TEST_F(Recorders, FilesAreTheirOwnersAlone) {
  const auto recorder = open();
  IngestBatch batch;
  batch.add_record("{}");
  recorder->add(batch);
  ASSERT_TRUE(recorder->flush());

  struct stat status {};

  ASSERT_EQ(stat(files().at(0).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Recorders, SayWhenTheyCannotWrite) {
  const auto recorder = open();
  fs::remove_all(folder_);
  IngestBatch batch;
  batch.add_record("{}");
  recorder->add(batch);
  const Result<void> flushed = recorder->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::io);
  EXPECT_NE(flushed.error().message.find("No such file"), std::string::npos);
  settings_.folder = "/proc/nowhere";
  EXPECT_FALSE(Recorder::open(settings_, clock_));
  fs::create_directories(folder_);
}

TEST_F(Recorders, StayBrokenOnceAWriteHasFailed) {
  const auto recorder = open();
  IngestBatch batch;
  batch.add_record("{}");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  recorder->add(batch);
  const Result<void> first = recorder->flush();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::io);
  // What is missing in the middle must not look like a whole recording.
  recorder->add(batch);
  EXPECT_FALSE(recorder->flush());
}

}  // namespace
}  // namespace spoor
