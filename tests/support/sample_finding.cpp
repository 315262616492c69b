#include "tests/support/sample_finding.h"

#include <utility>

namespace spoor {
namespace {

constexpr std::size_t kExplorer = 0;
constexpr std::size_t kLauncher = 1;
constexpr std::size_t kAnchor = 2;
constexpr std::size_t kShell = 3;

const char* const kAppPath =
    R"(C:\Users\jdoe\AppData\Local\Programs\3CXDesktopApp\app\3CXDesktopApp.exe)";
const char* const kModulePath =
    R"(C:\Users\jdoe\AppData\Local\Programs\3CXDesktopApp\app\ffmpeg.dll)";
const char* const kModuleSha1 = "bf939c9c261d27ee7bb92325cc588624fca75429";
const char* const kModuleSha256 =
    "7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896";

Timestamp at(const char* text) {
  return parse_timestamp(text).value();
}

FindingRule rule(std::string name,
                 std::string id,
                 std::string title,
                 std::vector<std::string> tags) {
  return {.id = std::move(id),
          .name = std::move(name),
          .title = std::move(title),
          .description = {},
          .author = "Spoor contributors",
          .license = "Apache-2.0",
          .references = {},
          .tags = std::move(tags),
          .logic_hash = {},
          .correlation = false};
}

struct Step {
  std::size_t rule;
  bool required;
  const char* time;
  EventType type;
  std::uint64_t record;
  std::size_t process;
};

FindingEvidence evidence(const Finding& finding,
                         const Step& step,
                         std::vector<FindingField> matched,
                         std::vector<FindingField> fields) {
  const FindingRule& of = finding.related_rules.at(step.rule);
  FindingEvidence evidence;
  evidence.step = of.name;
  evidence.step_title = of.title;
  evidence.step_rule_id = of.id;
  evidence.required = step.required;
  evidence.order = {.time = at(step.time),
                    .rank = canonical_rank(step.type),
                    .uid = {.high = 7, .low = step.record}};
  evidence.type = step.type;
  evidence.source = Source::sysmon;
  evidence.vendor_event_uid = "sysmon:pc042.acme.example:" + std::to_string(step.record);
  evidence.process = step.process;
  evidence.matched = std::move(matched);
  evidence.fields = {
      {.name = "Channel", .value = "Microsoft-Windows-Sysmon/Operational", .test = {}}};
  evidence.fields.insert(evidence.fields.end(), fields.begin(), fields.end());
  evidence.record = R"({"EventRecordID":)" + std::to_string(step.record) + "}";
  return evidence;
}

FindingField shown(std::string name, std::string value) {
  return {.name = std::move(name), .value = std::move(value), .test = {}};
}

FindingField matched(std::string name, std::string value, std::string test) {
  return {.name = std::move(name), .value = std::move(value), .test = std::move(test)};
}

void add_rules(Finding& finding) {
  finding.rule = rule("threecx_loader", "5b6b8a2e-0000-4000-8000-000000000001",
                      "3CX Desktop App acts as a loader",
                      {"attack.initial-access", "attack.t1195.002", "attack.command_and_control",
                       "detection.emerging-threats"});
  finding.rule.description =
      "3CXDesktopApp.exe loaded a known bad module and then spoke to the attacker, from the same "
      "process.";
  finding.rule.references = {"https://www.3cx.com/blog/news/desktopapp-security-alert/"};
  finding.rule.logic_hash = "0f343b0931126a20f133d67c2b018a3b";
  finding.rule.false_positives = {"A test of this detection"};
  finding.rule.correlation = true;
  finding.related_rules = {
      rule("threecx_running", "5b6b8a2e-0000-4000-8000-000000000002", "3CX Desktop App starts", {}),
      rule("threecx_loader_known_bad", "5b6b8a2e-0000-4000-8000-000000000003",
           "3CX loads a known bad module", {"attack.defense-evasion", "attack.t1574.002"}),
      rule("dead_drop_lookup", "5b6b8a2e-0000-4000-8000-000000000004", "3CX asks for its dead drop",
           {"attack.command-and-control", "attack.t1102.001"}),
      rule("threecx_c2_domain", "5b6b8a2e-0000-4000-8000-000000000005",
           "3CX connects to a known server", {"attack.command-and-control", "attack.t1071.001"}),
      rule("shell_started", "5b6b8a2e-0000-4000-8000-000000000006", "3CX starts a shell",
           {"attack.execution", "attack.t1059.003"}),
  };
}

FindingProcess process(std::string uid, std::string pid, std::string image, Knowledge knowledge) {
  FindingProcess process;
  process.uid = std::move(uid);
  process.pid = std::move(pid);
  process.image = std::move(image);
  process.knowledge = knowledge;
  return process;
}

void add_processes(Finding& finding) {
  finding.processes = {
      process("8F4C1E20-2912-6410-B501-000000002F00", "5012", R"(C:\Windows\explorer.exe)",
              Knowledge::claimed),
      process("8F4C1E20-29D2-6410-BC01-000000002F00", "6640", kAppPath, Knowledge::inferred),
      process("8F4C1E20-29D3-6410-BD01-000000002F00", "6712", kAppPath, Knowledge::known),
      process("8F4C1E20-9A41-641B-C104-000000002F00", "11872", R"(C:\Windows\System32\cmd.exe)",
              Knowledge::known),
  };
  finding.processes[kLauncher].parent = kExplorer;
  finding.processes[kAnchor].parent = kLauncher;
  finding.processes[kShell].parent = kAnchor;
  FindingProcess& anchor = finding.processes[kAnchor];
  anchor.command_line = "\"" + std::string(kAppPath) + "\" --autoLaunch";
  anchor.user = R"(ACME\jdoe)";
  anchor.integrity_level = "Medium";
  anchor.hashes = {{"SHA256", "fad482ded2e25ce9e1dd3d3ecc3227af714bdfbbde04347dbc1b21d6a3670405"},
                   {"IMPHASH", "00000000000000000000000000000000"}};
  anchor.start = at("2023-03-14T08:01:23.500Z");
  FindingProcess& shell = finding.processes[kShell];
  shell.command_line = "cmd.exe /c whoami";
  shell.user = R"(ACME\jdoe)";
  shell.integrity_level = "Medium";
  shell.start = at("2023-03-22T14:52:17.000Z");
  shell.end = at("2023-03-22T14:52:19.250Z");
  shell.parent_mismatch = true;
  finding.anchor = kAnchor;
}

void add_evidence(Finding& finding) {
  const std::string hashes = std::string("SHA1=") + kModuleSha1 + ",SHA256=" + kModuleSha256 +
                             ",IMPHASH=00000000000000000000000000000000";
  finding.evidence = {
      evidence(finding,
               {0, true, "2023-03-14T08:01:23.500Z", EventType::process_creation, 184207, kAnchor},
               {matched("Image", kAppPath, R"(endswith \3CXDesktopApp.exe)")},
               {shown("Image", kAppPath), shown("ProcessId", "6712")}),
      evidence(finding,
               {1, true, "2023-03-14T08:01:24.190Z", EventType::image_load, 184231, kAnchor},
               {matched("ImageLoaded", kModulePath, R"(endswith \ffmpeg.dll)"),
                matched("Hashes", hashes, std::string("contains ") + kModuleSha256)},
               {shown("ImageLoaded", kModulePath), shown("FileVersion", "18.12.416"),
                shown("Company", "3CX Ltd"), shown("Hashes", hashes)}),
      evidence(finding,
               {2, false, "2023-03-22T13:41:07.402Z", EventType::dns_query, 240917, kAnchor},
               {matched("QueryName", "raw.githubusercontent.com", "raw.githubusercontent.com")},
               {shown("QueryName", "raw.githubusercontent.com"),
                shown("QueryResults",
                      "type:  5 cdn.example.net;::ffff:185.199.108.133;2606:50c0:8000::154;")}),
      evidence(
          finding,
          {3, true, "2023-03-22T13:41:09.118Z", EventType::network_connection, 240930, kAnchor},
          {matched("DestinationHostname", "msstorageazure.com", "msstorageazure.com")},
          {shown("Protocol", "tcp"), shown("Initiated", "true"), shown("SourceIp", "10.20.4.42"),
           shown("SourcePort", "50211"), shown("DestinationIp", "198.51.100.7"),
           shown("DestinationHostname", "msstorageazure.com"), shown("DestinationPort", "443")}),
      evidence(finding,
               {4, false, "2023-03-22T14:52:17.000Z", EventType::process_creation, 241002, kShell},
               {matched("Image", R"(C:\Windows\System32\cmd.exe)", R"(endswith \cmd.exe)"),
                matched("CommandLine", "cmd.exe /c whoami", "exists")},
               {shown("Image", R"(C:\Windows\System32\cmd.exe)"),
                shown("CommandLine", "cmd.exe /c whoami")}),
      evidence(finding,
               {3, false, "2023-03-22T15:10:02.000Z", EventType::dns_query, 241377, kAnchor},
               {matched("QueryName", "msstorageazure.com", "msstorageazure.com")},
               {shown("QueryName", "msstorageazure.com"),
                shown("QueryResults", "::ffff:198.51.100.7;")}),
  };
  finding.evidence.back().salvaged = true;
  finding.evidence_total = 8;
}

/// Everything a terminal, a JSON reader or a UTF-8 decoder might stumble over.
std::string hostile_text() {
  std::string text = "\x1b[2J\x1b]0;owned\x07\r\n\tfake finding: none\b\"\\</script>";
  text.append("\xFF\xFE\xC0\xAF\xED\xA0\x80", 7);  // Never valid, overlong, a surrogate.
  text.push_back('\0');
  // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is for.
  text.append("\u202Egnp.exe\u2066 \u200Bx\u0301 日本語 😀 \x7F \u0085\u2028");
  return text;
}

}  // namespace

Finding sample_finding() {
  Finding finding;
  finding.uid = {.high = 0x6f1c0d2a9b3e4f58, .low = 0x91a2b3c4d5e6f708};
  finding.level = "critical";
  finding.host_key = "pc042";
  finding.hostname = "PC042.acme.example";
  finding.os_type = "Windows";
  add_rules(finding);
  add_processes(finding);
  add_evidence(finding);
  finding.first_seen = finding.evidence.front().order.time;
  finding.last_seen = finding.evidence.back().order.time;
  return finding;
}

Finding minimal_finding() {
  Finding finding;
  finding.uid = {.high = 1, .low = 2};
  finding.rule.id = "5b6b8a2e-0000-4000-8000-000000000009";
  return finding;
}

Finding hostile_finding() {
  constexpr std::size_t kHuge = 70'000;
  const std::string text = hostile_text();
  std::string huge;
  while (huge.size() < kHuge) {
    huge.append(text);
  }
  Finding finding = sample_finding();
  finding.level = text;
  finding.hostname = text;
  finding.os_type = text;
  finding.status = FindingStatus::retracted;
  finding.first_seen = at("1700-01-01T00:00:00Z");
  finding.last_seen = at("2200-12-31T23:59:59.999999999Z");
  finding.rule.title = huge;
  finding.rule.description = text;
  finding.rule.tags = {text, "attack.", "attack.t9999.999", "attack." + text, "attack.t15741"};
  for (FindingProcess& process : finding.processes) {
    process.image = text;
    process.image.append("\\").append(text);
    process.command_line = huge;
    process.uid = text;  // One uid for all: the graph must still tell its nodes apart.
    process.pid = "99999999999999999999";
    process.user = "\\";
    process.integrity_level = text;
    process.hashes = {{"SHA256", "not hex"}, {text, "00ff"}, {"MD5", ""}};
  }
  finding.processes[kExplorer].parent = kShell;  // A cycle.
  finding.processes[kAnchor].parent = 1'000;
  finding.processes[kShell].uid.clear();  // Neither uid nor a pid that is one.
  for (FindingEvidence& evidence : finding.evidence) {
    evidence.step = text;
    evidence.vendor_event_uid.clear();
    evidence.record = huge;
    for (FindingField& field : evidence.fields) {
      field.value = text;
    }
    evidence.fields.push_back(shown("Image", text));
    evidence.fields.push_back(shown("Image", "a second value"));
    evidence.fields.push_back(shown(text, huge));
    evidence.matched = {matched(text, huge, text), matched(text, text, "")};
  }
  finding.evidence[0].process = 1'000;
  finding.evidence[1].process = std::nullopt;
  return finding;
}

Finding finding_of_type(EventType type) {
  Finding finding = sample_finding();
  FindingEvidence& evidence = finding.evidence.front();
  evidence.type = type;
  evidence.fields.clear();
  for (const FieldRow& row : field_table()) {
    evidence.fields.push_back(shown(std::string(row.name), "value of " + std::string(row.name)));
  }
  finding.evidence.resize(1);
  finding.evidence_total = 1;
  return finding;
}

}  // namespace spoor
