// The records of a bundled scenario, as a pipeline takes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"

namespace spoor::test {

/// A record with the padding that the parser reads into.
using PaddedRecord = std::string;

/// Of tests/data/scenarios. Fails the test if it cannot be read.
inline std::vector<PaddedRecord> scenario_records(const std::string& name) {
  std::vector<PaddedRecord> records;
  auto source = open_source(SPOOR_SOURCE_DIR "/tests/data/scenarios/" + name);
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return records;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    EXPECT_EQ(read.status, ReadStatus::record);
    records.emplace_back(read.text);
    records.back().append(RecordParser::kJsonPadding, ' ');
  }
  return records;
}

/// The record itself.
inline std::string_view text_of(const PaddedRecord& record) {
  return std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding);
}

}  // namespace spoor::test
