#include <algorithm>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/finding/render.h"
#include "tests/support/golden.h"
#include "tests/support/ocsf_schema.h"
#include "tests/support/sample_finding.h"

namespace spoor {
namespace {

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// gtest shows the violations themselves.
std::vector<std::string> violations_of(const Finding& finding) {
  return ocsf_violations(render_ocsf(finding));
}

const std::vector<std::string> kNone;

/// One member a line, so that a diff of the golden file can be read. No value of the sample holds
/// `,"`.
std::string by_member(std::string json) {
  for (std::size_t at = json.find(",\""); at != std::string::npos; at = json.find(",\"", at + 3)) {
    json.insert(at + 1, "\n");
  }
  return json.append("\n");
}

TEST(Ocsf, SampleIsValidAndAsAgreed) {
  EXPECT_EQ(violations_of(sample_finding()), kNone);
  EXPECT_TRUE(matches_golden("finding/sample.ocsf.json", by_member(render_ocsf(sample_finding()))));
}

TEST(Ocsf, MinimalIsValidAndAsAgreed) {
  EXPECT_EQ(violations_of(minimal_finding()), kNone);
  EXPECT_TRUE(
      matches_golden("finding/minimal.ocsf.json", by_member(render_ocsf(minimal_finding()))));
}

TEST(Ocsf, HostileIsValid) {
  const std::string json = render_ocsf(hostile_finding());
  EXPECT_EQ(ocsf_violations(json), kNone);
  EXPECT_TRUE(is_valid_utf8(json));
  EXPECT_TRUE(
      std::ranges::none_of(json, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}

TEST(Ocsf, EveryEventTypeIsValid) {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    EXPECT_EQ(violations_of(finding_of_type(static_cast<EventType>(type))), kNone)
        << to_string(static_cast<EventType>(type));
  }
}

TEST(Ocsf, EveryLevelStatusAndSystemIsValid) {
  for (const char* level :
       {"informational", "low", "medium", "high", "critical", "Critical", "", "odd"}) {
    for (const FindingStatus status :
         {FindingStatus::provisional, FindingStatus::final, FindingStatus::retracted}) {
      for (const char* system : {"Windows", "Linux", "macOS", "", "Plan 9"}) {
        Finding finding = sample_finding();
        finding.level = level;
        finding.status = status;
        finding.os_type = system;
        finding.revision = status == FindingStatus::final ? 2 : 1;
        EXPECT_EQ(violations_of(finding), kNone)
            << level << " " << to_string(status) << " " << system;
      }
    }
  }
}

TEST(Ocsf, EveryIntegrityLevelIsValid) {
  for (const char* level :
       {"Untrusted", "low", "Medium", "HIGH", "System", "Protected", "S-1-16-8192"}) {
    Finding finding = sample_finding();
    finding.processes[2].integrity_level = level;
    EXPECT_EQ(violations_of(finding), kNone) << level;
  }
}

TEST(Ocsf, OneLineAndPure) {
  const std::string json = render_ocsf(sample_finding());
  EXPECT_FALSE(holds(json, "\n"));
  EXPECT_EQ(json, render_ocsf(sample_finding()));
}

TEST(Ocsf, AbsentValuesAreNotWritten) {
  const std::string json = render_ocsf(sample_finding());
  for (const char* empty : {":\"\"", ":[]", ":{}", "null"}) {
    EXPECT_FALSE(holds(json, empty)) << empty;
  }
}

TEST(Ocsf, FindingInfoStandsBeforeEvidences) {
  const std::string json = render_ocsf(sample_finding());
  EXPECT_LT(json.find("\"finding_info\":"), json.find("\"evidences\":"));
}

TEST(Ocsf, ActivityFollowsRevisionAndStatus) {
  Finding finding = sample_finding();
  EXPECT_TRUE(
      holds(render_ocsf(finding), R"("activity_id":1,"activity_name":"Create","type_uid":200401)"));
  finding.revision = 2;
  EXPECT_TRUE(
      holds(render_ocsf(finding), R"("activity_id":2,"activity_name":"Update","type_uid":200402)"));
  EXPECT_TRUE(holds(render_ocsf(finding), R"("uid":"6f1c0d2a9b3e4f5891a2b3c4d5e6f708:2")"));
  finding.status = FindingStatus::retracted;
  EXPECT_TRUE(
      holds(render_ocsf(finding), R"("activity_id":3,"activity_name":"Close","type_uid":200403)"));
  EXPECT_TRUE(holds(render_ocsf(finding), R"("status_id":4,"status":"Resolved","is_alert":false)"));
}

/// As a stream tells a finding: created, updated as often as may be, closed.
TEST(Ocsf, EveryRevisionIsValid) {
  for (const FindingStatus status :
       {FindingStatus::provisional, FindingStatus::final, FindingStatus::retracted}) {
    for (const std::uint32_t revision : {1U, 2U, 3U, 4'294'967'295U}) {
      Finding finding = sample_finding();
      finding.status = status;
      finding.revision = revision;
      if (status == FindingStatus::retracted) {
        finding.superseded_by = Uid{.high = 1, .low = 2};
      }
      const std::string json = render_ocsf(finding);
      EXPECT_EQ(ocsf_violations(json), kNone) << to_string(status) << " " << revision;
      const bool is_closed = status == FindingStatus::retracted;
      const int activity = is_closed ? 3 : (revision == 1 ? 1 : 2);
      EXPECT_TRUE(holds(json, "\"type_uid\":" + std::to_string(200400 + activity) + ","));
      EXPECT_TRUE(holds(json, "\"status_id\":" + std::string(is_closed ? "4," : "1,")));
      EXPECT_EQ(holds(json, R"("modified_time":1679497802000)"), revision > 1);
    }
  }
}

TEST(Ocsf, TimesAreThoseOfTheEvents) {
  const std::string json = render_ocsf(sample_finding());
  EXPECT_TRUE(
      holds(json, R"("time":1679497802000,"start_time":1678780883500,"end_time":1679497802000)"));
  // The last required evidence is the connection of 13:41:09.118; what came later only adds to it.
  EXPECT_TRUE(holds(json, R"("created_time":1679492469118,"first_seen_time":1678780883500)"));
}

TEST(Ocsf, MessageIsASentence) {
  EXPECT_TRUE(holds(
      render_ocsf(sample_finding()),
      R"("message":"3CX Desktop App acts as a loader: 3CXDesktopApp.exe (6712) on PC042.acme.example )"
      R"(matched threecx_running, threecx_loader_known_bad, dead_drop_lookup, threecx_c2_domain and )"
      R"(shell_started.")"));
}

TEST(Ocsf, MessageNamesSomeStepsAndCountsTheRest) {
  Finding finding = sample_finding();
  finding.evidence.resize(1);
  for (int i = 0; i < 11; ++i) {
    finding.evidence.push_back(finding.evidence.front());
    finding.evidence.back().step = "step_" + std::to_string(i);
  }
  EXPECT_TRUE(holds(render_ocsf(finding), "step_5, step_6 and 4 more."));
}

TEST(Ocsf, ObservablesAreListedOnce) {
  const std::string json = render_ocsf(sample_finding());
  const std::string list =
      json.substr(json.find(R"("observables":)"),
                  json.find(R"("resources":[{"uid")") - json.find(R"("observables":)"));
  const std::string_view once[] = {"\"msstorageazure.com\"",  "\"198.51.100.7\"",
                                   "\"3CXDesktopApp.exe\"",   "\"185.199.108.133\"",
                                   "\"2606:50c0:8000::154\"", "\"ffmpeg.dll\""};
  for (const std::string_view value : once) {
    const std::size_t first = list.find(value);
    ASSERT_NE(first, std::string::npos) << value;
    EXPECT_EQ(list.find(value, first + 1), std::string::npos) << value;
  }
}

TEST(Ocsf, EvidenceNamesItsNodeOfTheGraphEvenWithoutAnIdOfItsOwn) {
  Finding finding = sample_finding();
  finding.processes[3].uid.clear();
  finding.processes[3].pid.clear();
  const std::string json = render_ocsf(finding);
  EXPECT_TRUE(holds(json, R"("nodes":[{"uid":"8F4C1E20-2912-6410-B501-000000002F00")"));
  EXPECT_TRUE(holds(json, R"({"uid":"process-3","name":"cmd.exe","type":"process")"));
  EXPECT_TRUE(holds(json, R"("node":"process-3","event":{)"));
}

TEST(Ocsf, ProcessNodesSayWhatTheTreeHasToShow) {
  EXPECT_TRUE(
      holds(render_ocsf(sample_finding()),
            R"("path":"C:\\Windows\\System32\\cmd.exe","cmd_line":"cmd.exe /c whoami",)"
            R"("user":"ACME\\jdoe","integrity":"Medium","created_time":1679496737000,)"
            R"("terminated_time":1679496739250,"knowledge":"known","parent_mismatch":true)"));
}

TEST(Ocsf, FalsePositivesTravelWithTheirRule) {
  EXPECT_TRUE(
      holds(render_ocsf(sample_finding()), R"("false_positives":["A test of this detection"])"));
}

TEST(Ocsf, ZeroHashesAndForeignHashesAreAbsent) {
  EXPECT_FALSE(holds(render_ocsf(sample_finding()), R"("algorithm":"IMPHASH")"));
}

TEST(Ocsf, RegistryKeyTravelsAsAResource) {
  Finding finding = finding_of_type(EventType::registry_set);
  EXPECT_TRUE(holds(render_ocsf(finding),
                    R"("resources":[{"name":"value of TargetObject","type":"Windows registry"}])"));
}

TEST(Ocsf, ChainAsDeepAsTheGraphWalksIsValid) {
  Finding finding = sample_finding();
  finding.processes.resize(1);
  for (std::size_t i = 1; i <= kAncestorsMax + 5; ++i) {
    finding.processes.push_back(finding.processes.front());
    finding.processes.back().parent = i - 1;
  }
  finding.anchor = finding.processes.size() - 1;
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.process = finding.anchor;
  }
  EXPECT_EQ(violations_of(finding), kNone);
}

TEST(Ocsf, LongCommandLinesDoNotMultiply) {
  constexpr std::size_t kCommandLine = 32'767;  // What Windows allows.
  constexpr std::size_t kEvidence = 100;
  Finding finding = sample_finding();
  finding.processes.resize(1);
  finding.processes.front().command_line = std::string(kCommandLine, 'x');
  for (std::size_t i = 1; i < kAncestorsMax; ++i) {
    finding.processes.push_back(finding.processes.front());
    finding.processes.back().parent = i - 1;
  }
  finding.anchor = finding.processes.size() - 1;
  finding.evidence.resize(1);
  finding.evidence.front().process = finding.anchor;
  finding.evidence.resize(kEvidence, finding.evidence.front());
  // Once in the graph, once for the actor, twice for each evidence; not evidence times ancestors.
  EXPECT_LT(render_ocsf(finding).size(), (2 * kAncestorsMax + 2 * kEvidence + 50) * kCommandLine);
}

}  // namespace
}  // namespace spoor
