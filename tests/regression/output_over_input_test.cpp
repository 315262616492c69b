// An output could take the place of an input, or of another output, which was then lost without a
// word.

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace spoor {
namespace {

TEST(OutputOverInput, IsRefused) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) /
                                       ("output_over_input_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string input = (folder / "in.ndjson").string();
  const std::string output = (folder / "out.json").string();
  const std::string same = (folder / "." / "out.json").string();
  std::ofstream(input) << "{}\n";
  ReplayOptions options;
  options.inputs = {input};
  options.quiet = true;
  options.color = ColorChoice::never;
  ReplayOptions with = options;
  with.output = input;
  EXPECT_EQ(run_replay(with), exit_usage);
  with = options;
  with.dead_letters = input;
  EXPECT_EQ(run_replay(with), exit_usage);
  with = options;
  with.output = output;
  with.summary = same;
  EXPECT_EQ(run_replay(with), exit_usage);
  with.summary = with.output = with.dead_letters = "/dev/null";
  EXPECT_EQ(run_replay(with),
            exit_input_errors);  // Nothing is lost there that was not lost on purpose.
  std::ifstream kept(input);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "{}\n");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spoor
