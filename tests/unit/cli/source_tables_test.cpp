// The tables of source_support.h against what the parsers make of every sample record: nothing that
// comes may be said never to come.
#include <filesystem>

#include <gtest/gtest.h>

#include "cli/rule_samples.h"
#include "engine/matcher/source_support.h"
#include "parsers/record_parser.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

TEST(SourceTables, AllowWhatTheParsersGive) {
  std::size_t events = 0;
  test::Looker looker([&events](const Event& event) {
    ++events;
    const std::string what =
        std::string(to_string(event.source)) + " " + std::string(to_string(event.type));
    if (event.platform != Platform::unknown) {
      EXPECT_TRUE(gives(event.source, event.platform, event.type)) << what;
    }
    event.fields().for_each([&](FieldId id) {
      EXPECT_TRUE(gives(event.source, event.type, id)) << what << " " << field_name(id);
    });
  });
  RecordParser parser(Projection::everything());
  for (const auto& entry : fs::directory_iterator(SPOOR_SOURCE_DIR "/tests/data/parse")) {
    const Result<std::vector<SampleRecord>> records = read_sample(entry.path().string());
    if (!records) {
      continue;  // XML and syslog, and what is bad on purpose.
    }
    for (const SampleRecord& record : *records) {
      parser.parse(record.text(), {}, looker);
    }
  }
  EXPECT_GT(events, 300U);
}

}  // namespace
}  // namespace spoor
