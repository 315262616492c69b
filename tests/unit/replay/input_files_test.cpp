#include "replay/input_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// A directory with history in it. Paths in arguments and answers are relative to it.
class InputFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "spoor_test_XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    for (const char* name : {"logs/b.ndjson", "logs/a.json.gz", "logs/B.JSONL", "logs/readme.txt",
                             "logs/day/c.json.zst", "logs/day-2/d.ndjson", "logs/x.json.bak",
                             "texts/one.log", "odd[1].json", "odd1.json"}) {
      fs::create_directories((root_ / name).parent_path());
      std::ofstream(root_ / name) << name;
    }
  }

  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] Result<std::vector<InputFile>> expand(const std::vector<std::string>& names) const {
    std::vector<std::string> arguments;
    arguments.reserve(names.size());
    for (const std::string& name : names) {
      arguments.push_back(name == "-" ? name : (root_ / name).native());
    }
    return expand_inputs(arguments);
  }

  [[nodiscard]] std::vector<std::string> names_of(const std::vector<std::string>& arguments) const {
    const Result<std::vector<InputFile>> inputs = expand(arguments);
    std::vector<std::string> names;
    if (!inputs) {
      return {inputs.error().message};
    }
    for (const InputFile& input : *inputs) {
      names.push_back(input.path == "-" ? "-" : input.path.substr(root_.native().size() + 1));
    }
    return names;
  }

  /// The message, with the directory taken out.
  [[nodiscard]] std::string refusal_of(const std::string& argument) const {
    const Result<std::vector<InputFile>> inputs = expand({argument});
    if (inputs) {
      return "no refusal";
    }
    std::string message = inputs.error().message;
    const std::string prefix = root_.native() + "/";
    for (std::size_t at = message.find(prefix); at != std::string::npos;
         at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  fs::path root_;
};

using Names = std::vector<std::string>;

TEST_F(InputFiles, AFileIsTakenWhateverItsName) {
  EXPECT_EQ(names_of({"logs/readme.txt"}), Names{"logs/readme.txt"});
  EXPECT_EQ(expand({"logs/readme.txt"})->front().bytes, 15U);
}

TEST_F(InputFiles, ADirectoryGivesItsLogsByName) {
  const Names want = {"logs/B.JSONL", "logs/a.json.gz", "logs/b.ndjson", "logs/day-2/d.ndjson",
                      "logs/day/c.json.zst"};
  EXPECT_EQ(names_of({"logs"}), want);
}

TEST_F(InputFiles, AGlobGivesItsMatchesByName) {
  EXPECT_EQ(names_of({"logs/?.*json*"}),
            (Names{"logs/a.json.gz", "logs/b.ndjson", "logs/x.json.bak"}));
  EXPECT_EQ(names_of({"logs/da*"}), (Names{"logs/day-2/d.ndjson", "logs/day/c.json.zst"}));
}

TEST_F(InputFiles, ANameThatExistsIsNoGlob) {
  EXPECT_EQ(names_of({"odd[1].json"}), Names{"odd[1].json"});
}

TEST_F(InputFiles, ArgumentsKeepTheirOrderAndFilesAreReadOnce) {
  EXPECT_EQ(names_of({"logs/b.ndjson", "-", "logs/day", "logs/../logs/b.ndjson", "-"}),
            (Names{"logs/b.ndjson", "-", "logs/day/c.json.zst"}));
}

TEST_F(InputFiles, LinkedDirectoriesInsideADirectoryAreNotFollowed) {
  fs::create_directory_symlink(root_ / "logs", root_ / "logs/day/loop");
  fs::create_directory_symlink(root_ / "logs/day-2", root_ / "named");
  EXPECT_EQ(names_of({"logs/day"}), Names{"logs/day/c.json.zst"});
  EXPECT_EQ(names_of({"named"}), Names{"named/d.ndjson"});
}

TEST_F(InputFiles, ARefusalNamesTheArgumentAndHelps) {
  const std::pair<std::string, std::string> cases[] = {
      {"logs/a.json", "no such file: 'logs/a.json'; did you mean 'logs/a.json.gz'?"},
      {"logs/B.jsonl", "no such file: 'logs/B.jsonl'; did you mean 'logs/B.JSONL'?"},
      {"logs/nothing", "no such file: 'logs/nothing'"},
      {"log/a.json", "no such file: 'log/a.json'; there is no directory 'log'"},
      {"logs/A*", "no file matches 'logs/A*'; did you mean 'logs/a.json.gz'?"},
      {"lags/*.json", "no file matches 'lags/*.json'; there is no directory 'lags'"},
      {"texts",
       "directory 'texts' holds no *.ndjson, *.json or *.jsonl (plain, .gz or .zst); other files "
       "are read when "
       "named themselves, such as 'texts/one.log'"},
  };
  for (const auto& [argument, want] : cases) {
    EXPECT_EQ(refusal_of(argument), want);
  }
}

TEST_F(InputFiles, APipeIsRefused) {
  ASSERT_EQ(::mkfifo((root_ / "logs/pipe.json").c_str(), 0600), 0);
  EXPECT_EQ(
      refusal_of("logs/pipe.json"),
      "'logs/pipe.json' is not a regular file; pipe it in and name '-' to read standard input");
  EXPECT_EQ(names_of({"logs/day"}).size(), 1U);
}

TEST_F(InputFiles, AnUnreadableFileIsRefused) {
  if (::geteuid() == 0) {
    GTEST_SKIP() << "root reads everything";
  }
  fs::permissions(root_ / "logs/b.ndjson", fs::perms::none);
  EXPECT_EQ(refusal_of("logs"), "cannot read 'logs/b.ndjson': Permission denied");
}

}  // namespace
}  // namespace spoor
