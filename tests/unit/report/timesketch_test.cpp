#include "engine/report/timesketch.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "engine/finding/render.h"
#include "tests/support/golden.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

std::string lines_of(const Finding& finding) {
  const Result<ReportFinding> read = read_finding(render_ocsf(finding), nullptr);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? render_timesketch(*read) : std::string();
}

/// What Timesketch's importer asks of each line. The number of lines.
std::size_t check(const std::string& lines) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < lines.size(); ++count) {
    const std::size_t end = lines.find('\n', at);
    EXPECT_NE(end, std::string::npos);
    rapidjson::Document line;
    line.Parse<rapidjson::kParseValidateEncodingFlag>(lines.data() + at, end - at);
    EXPECT_TRUE(line.IsObject()) << lines.substr(at, end - at);
    for (const char* name : {"message", "datetime", "timestamp_desc"}) {
      EXPECT_TRUE(line.HasMember(name) && line[name].IsString() && line[name].GetStringLength() > 0)
          << name;
    }
    EXPECT_TRUE(line.HasMember("timestamp") && line["timestamp"].IsInt64());
    at = end + 1;
  }
  return count;
}

TEST(Timesketch, SampleIsAsAgreed) {
  const std::string lines = lines_of(sample_finding());
  EXPECT_EQ(check(lines), 6U);
  EXPECT_TRUE(matches_golden("report/sample.timesketch.jsonl", lines));
}

TEST(Timesketch, TimesAreMicrosecondsOfTheEvent) {
  const std::string lines = lines_of(sample_finding());
  EXPECT_NE(lines.find(R"("datetime":"2023-03-14T08:01:24.190Z","timestamp":1678780884190000)"),
            std::string::npos);
}

TEST(Timesketch, AnEventOfSeveralStepsIsOneLine) {
  Finding finding = sample_finding();
  finding.evidence.insert(finding.evidence.begin() + 1, finding.evidence[0]);
  finding.evidence[1].step = "another";
  const std::string lines = lines_of(finding);
  EXPECT_EQ(check(lines), 6U);
  EXPECT_NE(lines.find(R"("step":"threecx_running, another")"), std::string::npos);
}

TEST(Timesketch, AFindingWithoutEventsIsALine) {
  EXPECT_EQ(check(lines_of(minimal_finding())), 1U);
}

TEST(Timesketch, WhateverAFindingHoldsTheLinesAreSound) {
  EXPECT_GT(check(lines_of(hostile_finding())), 0U);
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    EXPECT_GT(check(lines_of(finding_of_type(static_cast<EventType>(type)))), 0U);
  }
}

}  // namespace
}  // namespace spoor
