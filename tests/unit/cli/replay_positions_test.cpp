#include "cli/replay_positions.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/uid.h"
#include "engine/state/memory_state.h"
#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

SeenRecord settled(std::uint64_t offset) {
  return {.position = {.offset = offset}, .size = 5};
}

SeenRecord open(std::uint64_t offset, std::uint64_t size, bool is_bad = false) {
  return {.position = {.offset = offset}, .size = size, .is_bad = is_bad, .is_open = true};
}

/// One file, and the state of the replays that read it.
class Positions : public test::RuleFolder {
 protected:
  std::vector<InputFile> file(const std::string& content) {
    write("file", content);
    return {{.path = path("file"), .bytes = content.size()}};
  }

  /// A replay that passed these records and read the file to its end.
  void read(const std::vector<InputFile>& files,
            const std::vector<SeenRecord>& records,
            bool has_failed = false) {
    ReplayPositions positions(files, 1);
    for (const SeenRecord& record : records) {
      EXPECT_FALSE(positions.pass(record));
    }
    positions.end_file(0, {.has_failed = has_failed, .raw_bytes = files.front().bytes});
    positions.finished();
    positions.save(state_);
    state_.commit();
  }

  ReplayPositions go_on(const std::vector<InputFile>& files) {
    std::optional<ReplayPositions> positions = ReplayPositions::restore(state_);
    EXPECT_TRUE(positions);
    changed_.clear();
    left_ = positions->go_on(files, changed_).size();
    return std::move(*positions);
  }

  MemoryState state_;
  std::vector<std::string> changed_;
  std::size_t left_ = 0;
};

TEST_F(Positions, LeaveOutWhatWasReadAndIsAsLong) {
  read(file("aaaaa\nbbbbb\n"), {settled(0), settled(6)});
  go_on(file("aaaaa\nbbbbb\n"));
  EXPECT_EQ(left_, 0);
  ReplayPositions positions = go_on(file("aaaaa\nbbbbb\nccccc\n"));
  EXPECT_EQ(left_, 1);
  EXPECT_TRUE(positions.pass(settled(0)));
  EXPECT_TRUE(positions.pass(settled(6)));
  EXPECT_FALSE(positions.pass(settled(12)));
  EXPECT_TRUE(changed_.empty());
}

TEST_F(Positions, ReadAgainWhatFailed) {
  read(file("aaaaa\nbbbbb\n"), {settled(0), open(6, 3, true)}, true);
  ReplayPositions positions = go_on(file("aaaaa\nbbbbb\n"));
  EXPECT_EQ(left_, 1);
  EXPECT_TRUE(positions.pass(settled(0)));
  EXPECT_FALSE(positions.pass(settled(6)));
}

TEST_F(Positions, TellAnotherFile) {
  read(file("aaaaa\nbbbbb\n"), {settled(0), settled(6)});
  for (const char* other : {"aaaaa\n", "aaaac\nbbbbb\nccccc\n", ""}) {
    ReplayPositions positions = go_on(file(other));
    EXPECT_EQ(changed_.size(), 1);
    EXPECT_FALSE(positions.pass(settled(0)));
  }
}

TEST_F(Positions, PassByAnOpenRecordThatComesAsItWas) {
  read(file("aaaaa\nbbbbb"), {settled(0), open(6, 5)});
  // Its newline came, or a record behind it on its line.
  ReplayPositions positions = go_on(file("aaaaa\nbbbbb\n"));
  EXPECT_TRUE(positions.pass(settled(0)));
  EXPECT_TRUE(positions.pass(settled(6)));
  // Or nothing but what makes it longer.
  positions = go_on(file("aaaaa\nbbbbbbb"));
  EXPECT_FALSE(positions.pass(open(6, 7)));
}

TEST_F(Positions, TakeWhatWasTornWhenItIsWhole) {
  // A torn object costs its first line; what follows was told line by line.
  read(file("aaaaa\n{\nb\nc"), {settled(0), open(6, 1, true), open(8, 1), open(10, 1)});
  ReplayPositions positions = go_on(file("aaaaa\n{\nb\nc\n}\n"));
  EXPECT_FALSE(positions.pass({.position = {.offset = 6}, .size = 7}));
  // Still torn: it is all the same, but for the last line.
  positions = go_on(file("aaaaa\n{\nb\ncc"));
  EXPECT_TRUE(positions.pass(open(6, 1, true)));
  EXPECT_TRUE(positions.pass(open(8, 1)));
  EXPECT_FALSE(positions.pass(open(10, 2)));
  // Torn by what follows it now, which is another dead letter, and no reason to trust the rest.
  positions = go_on(file("aaaaa\n{\nb\nc\n{}\n"));
  EXPECT_FALSE(positions.pass({.position = {.offset = 6}, .size = 1, .is_bad = true}));
  EXPECT_FALSE(positions.pass(settled(8)));
}

TEST_F(Positions, KeepHowMuchOfTheDeadLettersIsCommitted) {
  ReplayPositions positions(file("aaaaa\n"), 1);
  positions.dead_letters = {.path = "/letters", .bytes = 300};
  positions.save(state_);
  state_.commit();
  const ReplayPositions broken_off = go_on(file("aaaaa\n"));
  ASSERT_TRUE(broken_off.dead_letters);
  EXPECT_EQ(broken_off.dead_letters->path, "/letters");
  EXPECT_EQ(broken_off.dead_letters->bytes, 300);
  positions.finished();
  positions.save(state_);
  state_.commit();
  EXPECT_FALSE(go_on(file("aaaaa\n")).dead_letters);
}

/// As rows were written before a file's length was kept.
TEST_F(Positions, OfTheFirstVersionAreReadFromTheLastRecordOn) {
  const std::string content = "aaaaa\nbbbbb\nccccc\n";
  const std::vector<InputFile> files = file(content);
  StateWriter row;
  row.number(41).flag(true).number(1);
  row.text(files.front().path).key64(UidBuilder().add(content).finish().low);
  row.flag(true).flag(true).number(6);
  state_.put(StateWriter(StateRow::position).bytes(), row.bytes());
  state_.commit();
  ReplayPositions positions = go_on(files);
  EXPECT_EQ(positions.first_finding(), 41);
  EXPECT_TRUE(changed_.empty());
  EXPECT_EQ(left_, 1);
  EXPECT_TRUE(positions.pass(settled(6)));
  EXPECT_FALSE(positions.pass(settled(12)));
}

TEST_F(Positions, ThatAreDamagedAreNone) {
  read(file("aaaaa\n"), {settled(0), open(6, 1)});
  const std::string key = StateWriter(StateRow::position).bytes();
  const std::string whole = *state_.get(key);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    state_.put(key, whole.substr(0, size));
    state_.commit();
    EXPECT_FALSE(ReplayPositions::restore(state_)) << size;
  }
}

}  // namespace
}  // namespace spoor
