// Events that name their process by its pid alone: whose act they are, and when that is known.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr std::int64_t kBegin = 1'679'443'200;  // 2023-03-22T00:00:00Z, in seconds.

std::string time_of(std::int64_t second, char separator) {
  const std::int64_t day = second / 86'400;
  return fmt::format("2023-03-{:02}{}{:02}:{:02}:{:02}.000", 22 + day, separator,
                     second / 3'600 % 24, second / 60 % 60, second % 60);
}

std::string record_of(const std::string& provider,
                      const std::string& channel,
                      int id,
                      std::int64_t second,
                      const std::string& data,
                      const std::string& more = "") {
  static int number = 0;
  std::string record = fmt::format(
      R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"{}"}}}},"EventID":{},)"
      R"("EventRecordID":{},"Channel":"{}","Computer":"PC7.acme.test","TimeCreated":)"
      R"({{"#attributes":{{"SystemTime":"{}Z"}}}}{}}},"EventData":{{{}}}}}}})",
      provider, id, ++number, channel, time_of(second, 'T'), more, data);
  record.append(RecordParser::kJsonPadding, ' ');
  return record;
}

std::string guid(int number, std::int64_t start) {
  const auto time = static_cast<std::uint32_t>(kBegin + start);
  return fmt::format("{{000000a0-{:04x}-{:04x}-{:04x}-000000002f00}}", time & 0xFFFFU, time >> 16U,
                     number);
}

struct Process {
  int number = 0;
  std::uint32_t pid = 0;
  std::string image;
  std::int64_t start = 0;
};

std::string sysmon(int id, const Process& process, std::int64_t second, const std::string& more) {
  return record_of(
      "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", id, second,
      fmt::format(R"("UtcTime":"{}","ProcessGuid":"{}","ProcessId":{},"Image":"C:\\W\\{}"{})",
                  time_of(second, ' '), guid(process.number, process.start), process.pid,
                  process.image, more));
}

std::string start(const Process& process, const Process& parent) {
  return sysmon(
      1, process, process.start,
      fmt::format(R"(,"CommandLine":"{}","ParentProcessGuid":"{}","ParentProcessId":{},)"
                  R"("ParentImage":"C:\\W\\{}")",
                  process.image, guid(parent.number, parent.start), parent.pid, parent.image));
}

std::string end(const Process& process, std::int64_t second) {
  return sysmon(5, process, second, "");
}

std::string script(std::uint32_t pid, std::int64_t second, const std::string& text) {
  return record_of("Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4104,
                   second, fmt::format(R"("ScriptBlockText":"{}")", text),
                   fmt::format(R"(,"Execution":{{"#attributes":{{"ProcessID":{}}}}})", pid));
}

std::string object_access(const std::string& pid, std::int64_t second) {
  return record_of("Microsoft-Windows-Security-Auditing", "Security", 4663, second,
                   fmt::format(R"("ObjectName":"C:\\secret","ProcessId":"{}")", pid));
}

const Process kApp{.number = 1, .pid = 100, .image = "app.exe", .start = 10};
const Process kShell{.number = 2, .pid = 200, .image = "powershell.exe", .start = 20};
const Process kLaterShell{.number = 3, .pid = 200, .image = "powershell.exe", .start = 600};

class BarePid : public testing::Test {
 protected:
  void take(const std::string& record) {
    pipeline_.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                   {});
  }

  void take(const std::vector<std::string>& records) {
    for (const std::string& record : records) {
      take(record);
    }
  }

  /// What holds at the end, by rule: how many.
  std::map<std::string, std::size_t> found() {
    std::map<std::string, std::size_t> counts;
    findings_ = pipeline_.findings();
    for (const Finding& finding : findings_) {
      ++counts[finding.rule.id];
    }
    return counts;
  }

  /// The process of the last evidence of a rule's finding.
  [[nodiscard]] std::string process_of(const std::string& rule) const {
    for (const Finding& finding : findings_) {
      if (finding.rule.id == rule) {
        const auto& process = finding.evidence.back().process;
        return process ? finding.processes[*process].uid : "none";
      }
    }
    return "no finding";
  }

  [[nodiscard]] const Finding& of(const std::string& rule) const {
    return *std::ranges::find_if(
        findings_, [&rule](const Finding& finding) { return finding.rule.id == rule; });
  }

  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

  [[nodiscard]] const RuleSet& rules() const { return rules_; }

 private:
  RuleSet rules_ = test::rules_of(
      "title: App\nid: app\nname: app\nlogsource: {product: windows, category: process_creation}\n"
      "detection: {s: {Image|endswith: '\\app.exe'}, condition: s}\n---\n"
      "title: Script\nid: script\nname: script\nlogsource: {product: windows, category: "
      "ps_script}\ndetection: {s: {ScriptBlockText: evil}, condition: s}\n---\n"
      "title: Access\nid: access\nname: access\nlogsource: {product: windows, service: security}\n"
      "detection: {s: {EventID: 4663}, condition: s}\n---\n"
      "title: Below\nid: below\nspoor: lineage\nlogsource: {product: windows, category: "
      "ps_script}\ndetection: {s: {ScriptBlockText: evil, ParentImage|endswith: '\\app.exe'}, "
      "condition: s}\n---\n"
      "title: Chain\nid: chain\ncorrelation: {type: temporal, rules: [app, script],\n"
      "  group-by: [process_tree], anchor: app, timespan: 1h, condition: script}\n"
      "---\n"
      "title: Files\nid: files\ncorrelation: {type: temporal, rules: [app, access],\n"
      "  group-by: [process_tree], anchor: app, timespan: 1h, condition: access}\n---\n"
      "title: Often\nid: often\ncorrelation: {type: event_count, rules: [script],\n"
      "  group-by: [Computer], timespan: 1h, condition: {gte: 1}, generate: true}\n");
  Pipeline pipeline_{rules_, {}};
  std::vector<Finding> findings_;
};

TEST_F(BarePid, IsTheProcessThatHadThePidThen) {
  take({script(200, 60, "evil"), start(kLaterShell, kLaterShell), end(kShell, 100),
        start(kShell, kApp), start(kApp, kApp)});
  EXPECT_EQ(found(), (std::map<std::string, std::size_t>{
                         {"below", 1}, {"chain", 1}, {"often", 1}, {"script", 1}}));
  for (const char* rule : {"below", "chain", "often", "script"}) {
    EXPECT_EQ(process_of(rule), guid(2, 20)) << rule;
  }
  for (const Finding& finding : findings()) {
    EXPECT_FALSE(finding.evidence.back().process_ambiguous);
  }
}

TEST_F(BarePid, IsNobodyBetweenTwo) {
  take({start(kApp, kApp), start(kShell, kApp), end(kShell, 100), start(kLaterShell, kApp),
        script(200, 300, "evil")});
  EXPECT_EQ(found(), (std::map<std::string, std::size_t>{{"often", 1}, {"script", 1}}));
  EXPECT_EQ(process_of("script"), "none");
}

TEST_F(BarePid, IsToldWhereItMayBeAnother) {
  const Process at_once{.number = 4, .pid = 200, .image = "other.exe", .start = 21};
  take({start(kApp, kApp), start(kShell, kApp), start(at_once, kApp), script(200, 21, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  EXPECT_EQ(process_of("chain"), guid(4, 21));
  for (const Finding& finding : findings()) {
    EXPECT_TRUE(finding.evidence.back().process_ambiguous) << finding.rule.id;
    EXPECT_NE(render_ocsf(finding).find(R"("process_ambiguous":true)"), std::string::npos);
  }
}

TEST_F(BarePid, OfTheSecurityLogIsInHexAndInItsData) {
  take({start(kApp, kApp), start(kShell, kApp), object_access("0xc8", 60)});
  EXPECT_EQ(found(), (std::map<std::string, std::size_t>{{"files", 1}}));
  EXPECT_EQ(process_of("files"), guid(2, 20));
}

/// Of the Security log, which names the parent by its pid.
std::string security_start(const Process& process, std::uint32_t parent) {
  return record_of("Microsoft-Windows-Security-Auditing", "Security", 4688, process.start,
                   fmt::format(R"("NewProcessId":"{:#x}","NewProcessName":"C:\\W\\{}",)"
                               R"("ProcessId":"{:#x}")",
                               process.pid, process.image, parent));
}

TEST_F(BarePid, TheSecurityLogAloneMakesATree) {
  const Process middle{.number = 0, .pid = 150, .image = "cmd.exe", .start = 15};
  const Process earlier{.number = 0, .pid = 150, .image = "old.exe", .start = 5};
  std::vector<std::string> records = {script(200, 60, "evil"), security_start(kShell, 150),
                                      security_start(middle, 100), security_start(earlier, 4),
                                      security_start(kApp, 4)};
  take(records);
  EXPECT_EQ(found(),
            (std::map<std::string, std::size_t>{{"chain", 1}, {"often", 1}, {"script", 1}}));
  const Finding& chain = of("chain");
  ASSERT_EQ(chain.processes.size(), 3U);
  EXPECT_EQ(chain.processes[2].image, R"(C:\W\powershell.exe)");
  EXPECT_EQ(chain.processes[2].parent, 1U);
  EXPECT_EQ(chain.processes[1].parent, 0U);
  EXPECT_EQ(chain.evidence.back().process, 2U);
  for (const FindingProcess& process : chain.processes) {
    EXPECT_FALSE(process.parent_ambiguous);
    EXPECT_EQ(process.knowledge, Knowledge::known);
  }
}

TEST_F(BarePid, AStartOfBothLogsIsOneProcess) {
  take({security_start(kShell, 100), start(kShell, kApp), start(kApp, kApp),
        security_start(kApp, 4), script(200, 60, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  EXPECT_EQ(process_of("chain"), guid(2, 20));
  EXPECT_EQ(of("chain").processes.size(), 2U);
}

TEST_F(BarePid, AParentThatMayBeAnotherSaysSo) {
  const Process app_too{.number = 0, .pid = 100, .image = "app.exe", .start = 19};
  take({security_start(kApp, 4), security_start(app_too, 4), security_start(kShell, 100),
        script(200, 60, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  const FindingProcess& shell = of("chain").processes.back();
  EXPECT_TRUE(shell.parent_ambiguous);
  EXPECT_EQ(of("chain").processes.front().start / kNanosPerSecond, kBegin + 19);
  EXPECT_NE(render_ocsf(of("chain")).find(R"("parent_ambiguous":true)"), std::string::npos);
}

/// Of the Security log, which names the process by its pid.
std::string security_end(const Process& process, std::int64_t second) {
  return record_of(
      "Microsoft-Windows-Security-Auditing", "Security", 4689, second,
      fmt::format(R"("ProcessId":"{:#x}","ProcessName":"C:\\W\\{}")", process.pid, process.image));
}

TEST_F(BarePid, AnEndOfTheSecurityLogEndsWhoHadThePid) {
  std::vector<std::string> records = {start(kApp, kApp), start(kShell, kApp),
                                      security_end(kShell, 100), script(200, 300, "evil")};
  std::ranges::sort(records);
  do {
    Pipeline pipeline(rules(), {});
    for (const std::string& record : records) {
      pipeline.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                    {});
    }
    const std::vector<Finding> found = pipeline.findings();
    ASSERT_EQ(found.size(), 2U);  // Often and script: whose it is nobody knows.
    for (const Finding& finding : found) {
      EXPECT_FALSE(finding.evidence.back().process) << finding.rule.id;
    }
  } while (std::ranges::next_permutation(records).found);
}

TEST_F(BarePid, AnEndOfTheSecurityLogShows) {
  take(
      {security_end(kShell, 100), start(kShell, kApp), start(kApp, kApp), script(200, 60, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  EXPECT_EQ(of("chain").processes.back().end / kNanosPerSecond, kBegin + 100);
  EXPECT_NE(render_ocsf(of("chain")).find(R"("terminated_time")"), std::string::npos);
}

TEST_F(BarePid, TheOwnEndOfAProcessIsBetter) {
  take({start(kApp, kApp), start(kShell, kApp), security_end(kShell, 100), end(kShell, 101),
        script(200, 60, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  EXPECT_EQ(of("chain").processes.back().end / kNanosPerSecond, kBegin + 101);
}

TEST_F(BarePid, AnEndOfAnotherImageOrOfALaterProcessEndsNotThisOne) {
  const Process other{.number = 0, .pid = 200, .image = "other.exe", .start = 0};
  take({start(kApp, kApp), start(kShell, kApp), security_end(other, 100),
        security_end(kLaterShell, 700), start(kLaterShell, kApp), script(200, 60, "evil")});
  ASSERT_EQ(found().at("chain"), 1U);
  EXPECT_EQ(process_of("chain"), guid(2, 20));
  EXPECT_EQ(of("chain").processes.back().end, 0) << "that it ended is known from the next start";
}

TEST_F(BarePid, AParentByPidIsNotOneThatHadEnded) {
  const Process child{.number = 5, .pid = 300, .image = "powershell.exe", .start = 150};
  take({security_start(kApp, 4), security_end(kApp, 100), security_start(child, 100),
        script(300, 160, "evil")});
  EXPECT_EQ(found(), (std::map<std::string, std::size_t>{{"often", 1}, {"script", 1}}));
}

/// The same, as a stream.
class BarePidInAStream : public BarePid {
 protected:
  void hear(const std::string& record) {
    stream_.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                 {});
    tell(stream_.updates());
  }

  void hear(const std::vector<std::string>& records) {
    for (const std::string& record : records) {
      hear(record);
    }
  }

  /// Both sources have come so far.
  void pass(std::int64_t second) {
    hear({script(7, second, "other"),
          end({.number = 12, .pid = 8, .image = "x.exe", .start = 1}, second)});
  }

  void end_input() { tell(stream_.last_updates()); }

  [[nodiscard]] bool knows(std::uint32_t pid) const {
    return !stream_.correlator().graph("pc7")->with_pid(pid).empty();
  }

  /// "chain {guid}": what of each rule was told last, and the process of its last evidence.
  [[nodiscard]] std::map<std::string, std::string> told() const {
    std::map<std::string, std::string> lines;
    for (const auto& [uid, line] : told_) {
      lines.insert(line);
    }
    return lines;
  }

 private:
  void tell(const std::vector<Finding>& news) {
    for (const Finding& finding : news) {
      if (finding.status == FindingStatus::retracted) {
        told_.erase(finding.uid);
        continue;
      }
      const auto& process = finding.evidence.back().process;
      told_[finding.uid] = {finding.rule.id, process ? finding.processes[*process].uid : "none"};
    }
  }

  Pipeline stream_{rules(), {.lateness = Lateness{}}};
  std::map<Uid, std::pair<std::string, std::string>> told_;
};

using Lines = std::map<std::string, std::string>;

TEST_F(BarePidInAStream, IsLookedUpWhenTheEventsOfThatTimeAreHere) {
  hear({start(kApp, kApp), start(kShell, kApp), script(200, 60, "evil")});
  EXPECT_EQ(told(), (Lines{{"script", "none"}})) << "the hit is told at once";
  pass(60 + 31);
  EXPECT_EQ(told(), (Lines{{"script", "none"}})) << "the process may have started a second later";
  pass(60 + 33);
  const std::string shell = guid(2, 20);
  EXPECT_EQ(told(),
            (Lines{{"script", shell}, {"below", shell}, {"chain", shell}, {"often", shell}}));
}

TEST_F(BarePidInAStream, IsAnotherWhenALateFactSaysSo) {
  hear({start(kApp, kApp), script(200, 60, "evil")});
  pass(200);
  EXPECT_EQ(told(), (Lines{{"script", "none"}, {"often", "none"}}));
  hear(start(kShell, kApp));
  const std::string shell = guid(2, 20);
  // A window that is closed shows it, too; what a rule asks of its parent is learned.
  EXPECT_EQ(told(),
            (Lines{{"script", shell}, {"below", shell}, {"chain", shell}, {"often", shell}}));
  const Process late{.number = 9, .pid = 200, .image = "stranger.exe", .start = 50};
  hear(start(late, late));
  const std::string stranger = guid(9, 50);
  EXPECT_EQ(told(), (Lines{{"script", stranger}, {"often", stranger}})) << "it was not the shell";
}

TEST_F(BarePidInAStream, IsNobodysWhenALateEndSaysSo) {
  hear({start(kApp, kApp), start(kShell, kApp), script(200, 60, "evil")});
  pass(200);
  const std::string shell = guid(2, 20);
  EXPECT_EQ(told(),
            (Lines{{"script", shell}, {"below", shell}, {"chain", shell}, {"often", shell}}));
  hear(security_end(kShell, 50));
  EXPECT_EQ(told(), (Lines{{"script", "none"}, {"often", "none"}}));
}

TEST_F(BarePidInAStream, AProcessThatEndedByItsPidIsForgotten) {
  hear({start(kApp, kApp), start(kShell, kApp), security_end(kShell, 100)});
  for (std::int64_t second = 200; second < 4'000; second += 100) {
    pass(second);
  }
  EXPECT_TRUE(knows(kApp.pid));
  EXPECT_FALSE(knows(kShell.pid));
}

TEST_F(BarePidInAStream, StaysWithAProcessThatIsForgotten) {
  hear({start(kApp, kApp), start(kShell, kApp), script(200, 60, "evil"), end(kShell, 100)});
  constexpr std::int64_t kLater = 14'400;  // Four hours.
  for (std::int64_t second = 200; second < kLater; second += 100) {
    const Process busy{.number = 10, .pid = 300, .image = "busy.exe", .start = second};
    hear({start(busy, kApp), end(busy, second + 50)});
  }
  const Lines before = told();
  EXPECT_EQ(before.at("below"), guid(2, 20));
  // Its pid is given to another.
  hear(start({.number = 11, .pid = 200, .image = "next.exe", .start = kLater}, kApp));
  EXPECT_EQ(told(), before);
  end_input();
  EXPECT_EQ(told(), before);
}

}  // namespace
}  // namespace spoor
