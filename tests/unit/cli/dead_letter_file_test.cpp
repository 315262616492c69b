#include "cli/dead_letter_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/cli/rule_files.h"

namespace spoor {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class DeadLetterFiles : public test::RuleFolder {
 protected:
  /// It holds that now.
  std::string letters(const std::string& content) {
    write("letters", content);
    return std::filesystem::canonical(path("letters")).string();
  }
};

using Opened = Result<std::unique_ptr<DeadLetterFile>>;

TEST_F(DeadLetterFiles, AreWrittenWhenTheyAreSynced) {
  const std::string path = letters("of another replay\n");
  const Opened file = DeadLetterFile::create(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(read_file(path), "");
  (*file)->add("{1}");
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(read_file(path), "{1}\n");
  ASSERT_TRUE((*file)->written());
  EXPECT_EQ((*file)->written()->bytes, 4);
}

TEST_F(DeadLetterFiles, LoseWhatNoCommitPassed) {
  const std::string path = letters("{1}\n{2}\n{3");
  const Opened file = DeadLetterFile::go_on(path, DeadLettersWritten{.path = path, .bytes = 4});
  ASSERT_TRUE(file);
  (*file)->add("{2}");
  ASSERT_TRUE((*file)->sync());
  EXPECT_EQ(read_file(path), "{1}\n{2}\n");
  EXPECT_EQ((*file)->written()->bytes, 8);
}

TEST_F(DeadLetterFiles, KeepWhatIsNotTheReplaysOwn) {
  const std::string there = "{of something else}\n{torn";
  const std::string path = letters(there);
  for (const DeadLettersWritten& committed : {
           DeadLettersWritten{.path = path + "2", .bytes = 0},    // Another file.
           DeadLettersWritten{.path = path, .bytes = 7},          // No line ends there.
           DeadLettersWritten{.path = path, .bytes = 1'000'000},  // It is shorter.
       }) {
    letters(there);
    const Opened file = DeadLetterFile::go_on(path, committed);
    ASSERT_TRUE(file);
    (*file)->add("{1}");
    ASSERT_TRUE((*file)->sync());
    EXPECT_EQ(read_file(path), there + "\n{1}\n");
  }
}

TEST_F(DeadLetterFiles, FailWhereThereIsNoRoom) {
  const Opened file = DeadLetterFile::create("/dev/full");
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->written());
  EXPECT_TRUE((*file)->sync());
  (*file)->add("{1}");
  EXPECT_FALSE((*file)->sync());
  ASSERT_TRUE((*file)->failure());
  EXPECT_EQ((*file)->failure()->message, "cannot write /dev/full: No space left on device");
  // It stays so: a letter is missing, whatever could be written later.
  EXPECT_FALSE((*file)->sync());
  EXPECT_FALSE((*file)->write_out());
}

TEST_F(DeadLetterFiles, DoNotWaitForASyncToTellThatThereIsNoRoom) {
  const Opened file = DeadLetterFile::create("/dev/full");
  ASSERT_TRUE(file);
  (*file)->add(std::string(1U << 20U, 'x'));
  EXPECT_TRUE((*file)->failure());
}

}  // namespace
}  // namespace spoor
