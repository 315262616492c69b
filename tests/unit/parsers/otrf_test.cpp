// Real captures: every line is one event, and the counts are those of the capture.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

using Counts = std::map<std::string, std::uint64_t>;

Counts read_counts(const std::filesystem::path& path, std::size_t& errors) {
  Counts counts;
  test::Looker looker([&counts](const Event& event) {
    ++counts[std::string(event.field(FieldId::channel)) + "|" +
             std::string(event.field(FieldId::event_id))];
  });
  RecordParser parser({});
  auto source = open_source(path);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return counts;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    if (read.status == ReadStatus::record) {
      parser.parse(read.text, {.input = 0, .offset = read.offset, .line = read.line}, looker);
    } else {
      ADD_FAILURE() << path << ":" << read.line << ": " << read.error.message;
    }
  }
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << path << ": " << error.message;
  }
  errors += looker.errors.size();
  return counts;
}

void compare_with_counts(const std::filesystem::path& folder, std::size_t files_wanted) {
  simdjson::dom::parser json;
  simdjson::dom::element expected = json.load(folder / "COUNTS.json");
  std::size_t files = 0;
  std::size_t errors = 0;
  for (const auto [name, entry] : expected.get_object()) {
    Counts want;
    for (const auto [key, value] : entry["counts"].get_object()) {
      want[std::string(key)] = value.get_uint64();
    }
    EXPECT_EQ(read_counts(folder / std::string(name), errors), want) << name;
    ++files;
  }
  EXPECT_GE(files, files_wanted);
  EXPECT_EQ(errors, 0U);
}

TEST(Otrf, TheBundledCapturesAreReadWhole) {
  compare_with_counts(SPOOR_SOURCE_DIR "/tests/data/otrf", 2);
}

TEST(Otrf, AllThirtyThreeCapturesAreReadWhole) {
  const std::filesystem::path folder = SPOOR_SOURCE_DIR "/../shared/data/samples/sysmon/otrf";
  if (!std::filesystem::exists(folder / "COUNTS.json")) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  compare_with_counts(folder, 33);
}

}  // namespace
}  // namespace spoor
