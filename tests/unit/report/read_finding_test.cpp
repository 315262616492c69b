#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "engine/report/report_finding.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

ReportFinding read(const Finding& finding) {
  Result<ReportFinding> read = read_finding(render_ocsf(finding), nullptr);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? std::move(*read) : ReportFinding();
}

TEST(ReadFinding, HasWhatTheFindingHas) {
  const ReportFinding finding = read(sample_finding());
  EXPECT_EQ(finding.head.uid, "6f1c0d2a9b3e4f5891a2b3c4d5e6f708");
  EXPECT_EQ(finding.head.level, ReportLevel::critical);
  EXPECT_EQ(finding.head.title, "3CX Desktop App acts as a loader");
  EXPECT_EQ(finding.head.host, "PC042.acme.example");
  EXPECT_EQ(finding.head.process, "3CXDesktopApp.exe (6712)");
  EXPECT_EQ(finding.head.first, sample_finding().first_seen);
  EXPECT_EQ(finding.evidence_total, 8);
  EXPECT_EQ(finding.evidence_shown, 6U);
  ASSERT_EQ(finding.processes.size(), 4U);
  EXPECT_EQ(finding.processes[0].knowledge, Knowledge::claimed);
  EXPECT_EQ(finding.processes[1].knowledge, Knowledge::inferred);
  EXPECT_EQ(finding.processes[3].parent, 2U);
  EXPECT_TRUE(finding.processes[2].anchor);
  EXPECT_TRUE(finding.processes[3].parent_mismatch);
  EXPECT_EQ(finding.processes[3].user, R"(ACME\jdoe)");
  ASSERT_EQ(finding.events.size(), 6U);
  EXPECT_EQ(finding.events[1].description, "3CXDesktopApp.exe loaded ffmpeg.dll");
  EXPECT_EQ(finding.events[1].process, 2U);
  EXPECT_EQ(finding.events[1].steps.front().matched.size(), 2U);
  EXPECT_EQ(finding.events[1].raw, R"({"EventRecordID":184231})");
  EXPECT_TRUE(finding.events[5].salvaged);
  EXPECT_EQ(finding.rules.size(), 6U);
  EXPECT_EQ(finding.rules[0].false_positives, std::vector<std::string>{"A test of this detection"});
}

TEST(ReadFinding, HashesSayOfWhat) {
  const ReportFinding finding = read(sample_finding());
  const auto hash = std::ranges::find(finding.indicators, "SHA-1", &ReportIndicator::type);
  ASSERT_NE(hash, finding.indicators.end());
  EXPECT_EQ(hash->value, "bf939c9c261d27ee7bb92325cc588624fca75429");
  EXPECT_EQ(hash->of, "ffmpeg.dll");
}

TEST(ReadFinding, OneEventOfSeveralStepsIsOneEvent) {
  Finding finding = sample_finding();
  finding.evidence.insert(finding.evidence.begin() + 1, finding.evidence[0]);
  finding.evidence[1].step = "another";
  const ReportFinding read_back = read(finding);
  EXPECT_EQ(read_back.events.size(), 6U);
  EXPECT_EQ(read_back.evidence_shown, 7U);
  ASSERT_EQ(read_back.events[0].steps.size(), 2U);
  EXPECT_EQ(read_back.events[0].steps[1].name, "another");
}

TEST(ReadFinding, ProcessesWithoutAnIdKeepTheirEvidence) {
  Finding finding = sample_finding();
  finding.processes[3].uid.clear();
  finding.processes[3].pid.clear();
  EXPECT_EQ(read(finding).events[4].process, 3U);
}

TEST(ReadFinding, RefusesWhatIsNone) {
  const std::string good = render_ocsf(sample_finding());
  std::size_t offset = 0;
  EXPECT_EQ(read_finding(good.substr(0, 500), &offset).error().code, ErrorCode::malformed_json);
  EXPECT_EQ(offset, 500U);
  EXPECT_EQ(read_finding("{\"class_uid\":2004,}", &offset).error().code, ErrorCode::malformed_json);
  EXPECT_EQ(offset, 18U);
  EXPECT_EQ(read_finding("\xFF", &offset).error().code, ErrorCode::malformed_json);
  for (const char* none :
       {"1", "[]", "{}", "null", R"({"class_uid":1007})", R"({"class_uid":"2004"})",
        R"({"class_uid":2004})", R"({"class_uid":2004,"finding_info":[]})"}) {
    EXPECT_EQ(read_finding(none, nullptr).error().code, ErrorCode::unknown_source) << none;
  }
}

/// Members of every wrong kind: read as absent, never a crash.
TEST(ReadFinding, TakesWhatItCanOfOddities) {
  for (
      const char* odd : {
          R"({"class_uid":2004,"finding_info":{"uid":"x"}})",
          R"({"class_uid":2004,"finding_info":{"uid":"x","attacks":{},"attack_graph":[1]},"evidences":{}})",
          R"({"class_uid":2004,"finding_info":{"uid":"x","attacks":[1,null],"related_events":[1]},"evidences":[null]})",
          R"({"class_uid":2004,"finding_info":{"uid":"x","related_events_count":-9}})",
          R"({"class_uid":2004,"finding_info":{"uid":"x"},"start_time":9223372036854775807,"end_time":-1})",
          R"({"class_uid":2004,"finding_info":{"uid":"x"},"unmapped":{"spoor":{"level":7,"rules":[3]}}})",
      }) {
    const Result<ReportFinding> finding = read_finding(odd, nullptr);
    ASSERT_TRUE(finding) << odd;
    EXPECT_EQ(finding->head.uid, "x");
    EXPECT_GE(finding->evidence_total, 0);
  }
}

TEST(ReadFinding, CirclesOfParentsAreCut) {
  const Result<ReportFinding> finding = read_finding(
      R"({"class_uid":2004,"finding_info":{"uid":"x","attack_graph":{"nodes":[)"
      R"({"uid":"a","type":"process"},{"uid":"b","type":"process"}],"edges":[)"
      R"({"source":"a","target":"b","relation":"spawned"},{"source":"b","target":"a","relation":"spawned"},)"
      R"({"source":"a","target":"a","relation":"spawned"}]}}})",
      nullptr);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->processes[0].parent, std::nullopt);
  EXPECT_EQ(finding->processes[1].parent, 0U);
}

TEST(ReadFinding, DepthIsNoProblem) {
  constexpr std::size_t kDepth = 200'000;
  const std::string deep = R"({"class_uid":2004,"finding_info":{"uid":"x"},"evidences":)" +
                           std::string(kDepth, '[') + std::string(kDepth, ']') + "}";
  EXPECT_TRUE(read_finding(deep, nullptr));
}

}  // namespace
}  // namespace spoor
