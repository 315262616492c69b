// Reading events allocates nothing once the parser is warm: counted, by an operator new of this
// program. A program of its own, because the count is everybody's.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "parsers/record_parser.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"

namespace {

std::size_t allocations = 0;

void* count_and_allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);  // NOLINT(*-no-malloc): this is where memory comes from
  if (memory == nullptr) {
    std::abort();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return count_and_allocate(size);
}

void operator delete(void* memory) noexcept {
  std::free(memory);  // NOLINT(*-no-malloc)
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);  // NOLINT(*-no-malloc)
}

namespace spoor {
namespace {

struct CorpusRow {
  const char* name;
  const char* path;  ///< From the repository.
};

class Counter final : public RecordSink {
 public:
  void on_event(const Event& /*event*/) override { ++events; }

  void on_bad_record(const Error& /*error*/,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    ++bad;
  }

  std::size_t events = 0;
  std::size_t bad = 0;
};

std::vector<std::string> read_records(const std::string& path) {
  std::vector<std::string> records;
  auto source = open_source(path);
  if (!source) {
    return records;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status == ReadStatus::record; read = reader.read()) {
    std::string record(read.text);
    record.reserve(record.size() + RecordParser::kJsonPadding);
    records.push_back(std::move(record));
  }
  return records;
}

void parse_all(RecordParser& parser, const std::vector<std::string>& records, Counter& counter) {
  for (const std::string& record : records) {
    parser.parse(record, {}, counter);
  }
}

class Allocations : public testing::TestWithParam<CorpusRow> {
 protected:
  void expect_none(const Projection& projection) {
    const std::string path = std::string(SPOOR_SOURCE_DIR) + "/" + GetParam().path;
    if (!std::filesystem::exists(path)) {
      GTEST_SKIP() << path << " is not here";
    }
    const std::vector<std::string> records = read_records(path);
    ASSERT_FALSE(records.empty());
    RecordParser parser(projection);
    Counter counter;
    // What came twice makes a shape, and what has a shape makes a plan.
    parse_all(parser, records, counter);
    parse_all(parser, records, counter);
    parse_all(parser, records, counter);
    parse_all(parser, records, counter);
    const std::size_t events = counter.events;
    const std::size_t before = allocations;
    parse_all(parser, records, counter);
    EXPECT_EQ(allocations, before) << "in " << records.size() << " records";
    EXPECT_GT(counter.events, events);
    EXPECT_EQ(counter.bad, 0U);
  }
};

TEST_P(Allocations, NoneOnceWarmForTheGraphsFields) {
  expect_none({});
}

TEST_P(Allocations, NoneOnceWarmForEveryField) {
  expect_none({.fields = FieldSet::all(), .extra_fields = {}, .all_extra_fields = false});
}

INSTANTIATE_TEST_SUITE_P(
    Carriages,
    Allocations,
    testing::Values(CorpusRow{"nxlog", "tests/data/scenarios/A.sysmon-nxlog.ndjson.gz"},
                    CorpusRow{"nxlog_otrf",
                              "tests/data/otrf/covenant_persistwmi_2019-12-05044734.ndjson.zst"},
                    CorpusRow{"winlogbeat", "tests/data/scenarios/A.sysmon-winlogbeat.ndjson.gz"},
                    CorpusRow{"evtx_dump", "tests/data/scenarios/A.sysmon-evtxdump.ndjson.gz"},
                    CorpusRow{"fdr", "tests/data/scenarios/A.crowdstrike-fdr.ndjson.gz"},
                    CorpusRow{"cloud_funnel", "tests/data/scenarios/A.sentinelone-cf2.ndjson.gz"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace spoor
