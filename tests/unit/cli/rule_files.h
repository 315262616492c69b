// Rule files and samples in a folder of their own, for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cli/rule_catalog.h"

namespace spoor::test {

/// A folder that goes away with the test.
class RuleFolder : public testing::Test {
 public:
  ~RuleFolder() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  RuleFolder(const RuleFolder&) = delete;
  RuleFolder& operator=(const RuleFolder&) = delete;

 protected:
  RuleFolder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("spoor-rules-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }

  void write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }

  [[nodiscard]] std::string path(const std::string& name = "") const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }

  [[nodiscard]] RuleCatalog catalog() const {
    Result<RuleCatalog> loaded = load_catalog({path()});
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return loaded ? std::move(*loaded) : RuleCatalog();
  }

 private:
  std::filesystem::path path_;
};

/// A detection of process starts: the name is its id, title and `name`, too.
inline std::string start_rule(const std::string& name,
                              const std::string& selection,
                              const std::string& tags = "[attack.execution]") {
  return "title: Title of " + name + "\nid: " + name + "\nname: " + name +
         "\nstatus: test\ndate: 2026-01-31\nlevel: high\ntags: " + tags +
         "\nlogsource: {product: windows, category: process_creation}\ndetection:\n  selection: " +
         selection + "\n  condition: selection\n";
}

/// A Sysmon record of a process start: `pid` makes it a process of its own.
inline std::string start_record(const std::string& image, int pid, int parent = 4) {
  const auto guid = [](int number) {
    std::string digits = std::to_string(number);
    digits.insert(0, 12 - digits.size(), '0');
    return "{8f4c1e20-0564-641b-0000-" + digits + "}";
  };
  return R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":1,)"
         R"("Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc1","EventRecordID":)" +
         std::to_string(pid) +
         R"(},"EventData":{"UtcTime":"2026-01-31 10:00:00.000","ProcessGuid":")" + guid(pid) +
         R"(","ProcessId":)" + std::to_string(pid) + R"(,"Image":")" + image +
         R"(","CommandLine":"x","ParentProcessGuid":")" + guid(parent) + R"(","ParentProcessId":)" +
         std::to_string(parent) + R"(,"ParentImage":"C:\\p.exe"}}})" + "\n";
}

}  // namespace spoor::test
