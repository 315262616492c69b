// A line of processes, each the child of the one before, made `spoor tree` recurse as deep as the
// line is long, and write an indent as long for each.

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace spoor {
namespace {

TEST(DeepTree, IsDrawnToABound) {
  const std::string path = testing::TempDir() + fmt::format("deep_tree_{}.ndjson", ::getpid());
  std::ofstream file(path);
  for (int i = 1; i <= 5'000; ++i) {
    file
        << fmt::format(
               R"({{"Event":{{"System":{{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc","EventRecordID":{0}}},)"
               R"("EventData":{{"UtcTime":"2023-03-14 09:00:{2:02}.{3:03}","ProcessGuid":"8F4C1E20-3AC6-6410-0000-{0:012X}",)"
               R"("ProcessId":{0},"Image":"C:\\a.exe","ParentProcessGuid":"8F4C1E20-3AC6-6410-0000-{1:012X}"}}}}}})",
               i + 1, i, i / 1'000, i % 1'000)
        << "\n";
  }
  file.close();
  testing::internal::CaptureStdout();
  const int code =
      run_tree({.inputs = {path}, .host = "", .pid = {}, .uid = "", .color = ColorChoice::never});
  const std::string drawn = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, exit_ok);
  EXPECT_LT(drawn.size(), 1'000'000U);  // Else it was 38 MB.
  EXPECT_NE(drawn.find("deeper levels are left out"), std::string::npos);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace spoor
