// Every rule of SigmaHQ loads, or says where and why it cannot.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "engine/rule/load.h"
#include "tests/source_dir.h"

namespace spoor {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The line of that number, or nothing.
std::optional<std::string_view> line_of(std::string_view content, std::size_t number) {
  for (; number > 1; --number) {
    const std::size_t newline = content.find('\n');
    if (newline == std::string_view::npos) {
      return std::nullopt;
    }
    content.remove_prefix(newline + 1);
  }
  return content.substr(0, content.find('\n'));
}

void expect_within_its_file(const Diagnostic& diagnostic) {
  const std::string content = content_of(diagnostic.file);
  const std::optional<std::string_view> line = line_of(content, diagnostic.position.line);
  ASSERT_TRUE(line) << render(diagnostic);
  EXPECT_GE(diagnostic.position.column, 1U) << render(diagnostic);
  EXPECT_LE(diagnostic.position.column, line->size() + 1) << render(diagnostic);
}

struct Part {
  const char* folder;
  std::size_t loaded;      ///< Rules that load: exactly these.
  std::size_t refused;     ///< Documents that do not.
  bool only_placeholders;  ///< Is each refusal for a placeholder without values?
};

// How googletest names the case; its own choice would print addresses.
void PrintTo(const Part& part, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << part.folder;
}

class SigmaHq : public testing::TestWithParam<Part> {};

TEST_P(SigmaHq, EveryRuleLoadsOrSaysWhereItCannot) {
  const std::string folder =
      std::string(SPOOR_SOURCE_DIR "/../shared/data/sigma/") + GetParam().folder;
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "skipped: the SigmaHQ rules are not here";
  }
  const Result<LoadedRules> loaded = load_rule_paths({folder});
  ASSERT_TRUE(loaded) << loaded.error().message;
  std::map<std::string, std::size_t> reasons;
  std::map<std::string, std::size_t> files;
  for (const Diagnostic& diagnostic : loaded->diagnostics) {
    expect_within_its_file(diagnostic);
    if (diagnostic.severity == Severity::error) {
      ++reasons[diagnostic.message];
      ++files[diagnostic.file];
    }
  }
  std::printf("%s: %zu of %zu rules load\n", GetParam().folder, loaded->rules.detections.size(),
              loaded->documents);
  for (const auto& [reason, count] : reasons) {
    std::printf("%5zu %s\n", count, reason.c_str());
    if (GetParam().only_placeholders) {
      EXPECT_NE(reason.find("placeholder"), std::string::npos) << reason;
    }
  }
  EXPECT_EQ(loaded->rules.detections.size() + loaded->rejected, loaded->documents);
  EXPECT_LE(files.size(), loaded->rejected);  // Some files are collections.
  EXPECT_EQ(loaded->rules.detections.size(), GetParam().loaded);
  EXPECT_EQ(loaded->rejected, GetParam().refused);
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         SigmaHq,
                         testing::Values(Part{"rules", 3'141, 0, true},
                                         Part{"rules-emerging-threats", 471, 2, true},
                                         Part{"rules-threat-hunting", 140, 0, true},
                                         Part{"rules-compliance", 3, 0, true},
                                         Part{"rules-placeholder", 0, 23, true},
                                         Part{"deprecated", 168, 4, false},
                                         Part{"unsupported", 27, 65, false}));

}  // namespace
}  // namespace spoor
