// The remaining ways in which a Windows event travels: each gives the event of carriage_test.cpp.

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/parsing.h"

namespace spoor {
namespace {

// --- The image load of carriage_test.cpp

constexpr std::string_view kEvtxDump =
    R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":7,"TimeCreated":{"#attributes":{"SystemTime":"2023-03-14T09:13:42.300Z"}},"EventRecordID":184302,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example"},"EventData":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"8F4C1E20-3AC6-6410-D101-000000002F00","ProcessId":10212,"Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"}}})";

constexpr std::string_view kNxlog =
    R"({"SourceModuleType":"im_msvistalog","SourceName":"Microsoft-Windows-Sysmon","EventID":7,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"PC042.acme.example","RecordNumber":184302,"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"})";

constexpr std::string_view kEventData =
    R"({"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"})";

/// The event log's own XML, as XmlWinEventLog and RawXml have it.
constexpr std::string_view kXml =
    R"(<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-Sysmon" Guid="{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"/><EventID>7</EventID><Version>3</Version><Level>4</Level><Task>7</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="2023-03-14T09:13:42.300000000Z"/><EventRecordID>184302</EventRecordID><Correlation/><Execution ProcessID="2928" ThreadID="4024"/><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>PC042.acme.example</Computer><Security UserID="S-1-5-18"/></System><EventData><Data Name="UtcTime">2023-03-14 09:13:42.214</Data><Data Name="ProcessGuid">{8f4c1e20-3ac6-6410-d101-000000002f00}</Data><Data Name="ProcessId">10212</Data><Data Name="Image">C:\app\3CXDesktopApp.exe</Data><Data Name="ImageLoaded">C:\app\ffmpeg.dll</Data><Data Name="Signed">false</Data></EventData></Event>)";

/// The rendered text of that event.
constexpr std::string_view kMessage =
    "Image loaded:\r\nRuleName: -\r\nUtcTime: 2023-03-14 09:13:42.214\r\nProcessGuid: "
    "{8f4c1e20-3ac6-6410-d101-000000002f00}\r\nProcessId: 10212\r\nImage: "
    "C:\\app\\3CXDesktopApp.exe\r\nImageLoaded: C:\\app\\ffmpeg.dll\r\nFileVersion: "
    "-\r\nDescription: -\r\nProduct: -\r\nCompany: -\r\nOriginalFileName: -\r\nHashes: "
    "-\r\nSigned: false\r\nSignature: -\r\nSignatureStatus: Unavailable\r\nUser: ACME\\kim";

/// A text as a JSON string.
std::string json_string(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\n': json += "\\n"; break;
      case '\r': json += "\\r"; break;
      case '\t': json += "\\t"; break;
      default: json.push_back(c);
    }
  }
  return json + "\"";
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  for (std::size_t at = result.find(from); at != std::string::npos;
       at = result.find(from, at + to.size())) {
    result.replace(at, from.size(), to);
  }
  return result;
}

void expect_event(std::string_view record, const std::function<void(const Event&)>& look) {
  const test::Looker looker = test::parse(record, look);
  EXPECT_EQ(looker.events, 1U) << record;
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << error.message << ": " << record;
  }
}

std::string extra_of(const Event& event, std::string_view name) {
  const auto found = std::ranges::find(event.extra, name, &ExtraField::name);
  return found == event.extra.end() ? "(absent)" : std::string(found->value);
}

Uid uid_of(std::string_view record) {
  Uid uid;
  expect_event(record, [&uid](const Event& event) { uid = event.uid; });
  return uid;
}

/// Is it the image load?
void expect_image_load(std::string_view record,
                       std::string_view carriage,
                       bool has_record_id = true) {
  SCOPED_TRACE(record);
  expect_event(record, [&](const Event& event) {
    EXPECT_EQ(event.carriage, carriage);
    EXPECT_EQ(event.source, Source::sysmon);
    EXPECT_EQ(event.platform, Platform::windows);
    EXPECT_EQ(to_string(event.type), "image_load");
    EXPECT_EQ(event.vendor_type, "7");
    EXPECT_EQ(event.host, "pc042");
    EXPECT_EQ(event.hostname, "PC042.acme.example");
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
    EXPECT_FALSE(event.time_suspect);
    EXPECT_FALSE(event.duplicate_keys);
    EXPECT_EQ(event.field(FieldId::event_id), "7");
    EXPECT_EQ(event.field(FieldId::channel), "Microsoft-Windows-Sysmon/Operational");
    EXPECT_EQ(event.field(FieldId::provider_name), "Microsoft-Windows-Sysmon");
    EXPECT_EQ(event.field(FieldId::computer), "PC042.acme.example");
    EXPECT_EQ(event.field(FieldId::image), "C:\\app\\3CXDesktopApp.exe");
    EXPECT_EQ(event.field(FieldId::image_loaded), "C:\\app\\ffmpeg.dll");
    EXPECT_EQ(event.field(FieldId::process_id), "10212");
    EXPECT_EQ(event.field(FieldId::is_signed), "false");
    EXPECT_EQ(event.actor.vendor_uid, "{8f4c1e20-3ac6-6410-d101-000000002f00}");
    EXPECT_EQ(event.actor.pid, "10212");
    EXPECT_EQ(event.actor.image, "C:\\app\\3CXDesktopApp.exe");
    EXPECT_EQ(format_timestamp(event.actor.start), "2023-03-14T09:13:42.000Z");
    EXPECT_FALSE(event.actor.start_is_exact);
    EXPECT_TRUE(event.parent.key.is_none());
    EXPECT_TRUE(event.extra.empty()) << event.extra.front().name;
    EXPECT_EQ(event.vendor_event_uid, has_record_id ? "sysmon:pc042.acme.example:184302" : "");
    EXPECT_FALSE(event.uid.is_none());
  });
  if (has_record_id) {
    EXPECT_EQ(uid_of(record), uid_of(kEvtxDump));
  }
}

// --- Fluent Bit

std::string fluent_bit(std::string_view rest) {
  return fmt::format(
      R"({{"ProviderName":"Microsoft-Windows-Sysmon","ProviderGuid":"{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}","Qualifiers":"","EventID":7,"Version":3,"Level":4,"Task":7,"Opcode":0,"Keywords":"0x8000000000000000","TimeCreated":"2023-03-14 10:13:42 +0100","EventRecordID":184302,"ActivityID":"","RelatedActivityID":"","ProcessID":2928,"ThreadID":4024,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example","UserID":"NT AUTHORITY\\SYSTEM",{}}})",
      rest);
}

TEST(WindowsCarriage, FluentBitsValuesByTheirPosition) {
  expect_image_load(
      fluent_bit(
          R"("Message":"","StringInserts":["-","2023-03-14 09:13:42.214","{8f4c1e20-3ac6-6410-d101-000000002f00}",10212,"C:\\app\\3CXDesktopApp.exe","C:\\app\\ffmpeg.dll","-","-","-","-","-","-","false","-","Unavailable","ACME\\kim"])"),
      "fluent_bit");
}

TEST(WindowsCarriage, FluentBitsValuesOfAnOlderSchema) {
  // Without RuleName (before Sysmon 8) and OriginalFileName (before 10).
  expect_image_load(
      fluent_bit(
          R"("Message":"","StringInserts":["2023-03-14 09:13:42.214","{8f4c1e20-3ac6-6410-d101-000000002f00}",10212,"C:\\app\\3CXDesktopApp.exe","C:\\app\\ffmpeg.dll","-","-","-","-","-","false","-","Unavailable"])"),
      "fluent_bit");
}

TEST(WindowsCarriage, FluentBitsValuesThatFitNoSchemaGiveWayToTheMessage) {
  expect_image_load(fluent_bit(fmt::format(R"("StringInserts":["a","b","c","d"],"Message":{})",
                                           json_string(kMessage))),
                    "fluent_bit");
}

TEST(WindowsCarriage, FluentBitsEventDataAsAMap) {
  expect_image_load(fluent_bit(fmt::format(R"("Message":"","EventData":{})", kEventData)),
                    "fluent_bit");
}

TEST(WindowsCarriage, FluentBitsMessageAlone) {
  expect_image_load(
      fluent_bit(fmt::format(R"("StringInserts":[],"Message":{})", json_string(kMessage))),
      "fluent_bit");
}

TEST(WindowsCarriage, FluentBitsTimeOfOtherChannelsIsRead) {
  const std::string record = replaced(replaced(fluent_bit(R"("Message":"m","StringInserts":["a"])"),
                                               "Microsoft-Windows-Sysmon/Operational", "System"),
                                      "Microsoft-Windows-Sysmon", "Service Control Manager");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.source, Source::windows);
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.000Z");
    EXPECT_FALSE(event.time_suspect);
  });
}

// --- Others that keep the event log's parts

TEST(WindowsCarriage, VectorsWindowsEventLog) {
  expect_image_load(
      fmt::format(
          R"({{"timestamp":"2023-03-14T09:13:42.300Z","source_type":"windows_event_log","host":"wec01","channel":"Microsoft-Windows-Sysmon/Operational","computer":"PC042.acme.example","event_id":7,"record_id":184302,"provider_name":"Microsoft-Windows-Sysmon","provider_guid":"{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}","level":"Information","level_value":4,"task":7,"opcode":0,"process_id":2928,"thread_id":4024,"user_id":"S-1-5-18","message":{},"event_data":{}}})",
          json_string(kMessage), kEventData),
      "vector");
}

std::string log_analytics(std::string_view event_data) {
  return fmt::format(
      R"({{"TenantId":"t","SourceSystem":"OpsManager","TimeGenerated":"2023-03-14T09:13:43.347Z","Provider":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example","Task":1,"EventLevel":4,"EventLevelName":"Information","EventData":{},"EventID":7,"ManagementGroupName":"AOI","Type":"WindowsEvent"}})",
      event_data);
}

TEST(WindowsCarriage, LogAnalyticsEventDataAsAStringOfJson) {
  const std::string data =
      replaced(kEventData, "2023-03-14 09:13:42.214", "2023-03-14T09:13:42.2140000Z");
  expect_image_load(log_analytics(json_string(data)), "log_analytics", false);
}

TEST(WindowsCarriage, TimesThatAzureRewroteAreSysmonsAgain) {
  const std::string data =
      replaced(kEventData, "2023-03-14 09:13:42.214", "2023-03-14T09:13:42.2140000Z");
  expect_event(log_analytics(json_string(data)), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::utc_time), "2023-03-14 09:13:42.214");
    EXPECT_EQ(event.original(FieldId::utc_time), "2023-03-14T09:13:42.2140000Z");
  });
}

TEST(WindowsCarriage, LogAnalyticsEventDataAsAnObject) {
  expect_image_load(log_analytics(kEventData), "log_analytics", false);
}

TEST(WindowsCarriage, LogAnalyticsEventsThatDifferInTheirDataAreTwo) {
  const std::string other = replaced(kEventData, "ffmpeg.dll", "d3dcompiler_47.dll");
  EXPECT_NE(uid_of(log_analytics(kEventData)), uid_of(log_analytics(other)));
  EXPECT_NE(uid_of(log_analytics(json_string(kEventData))),
            uid_of(log_analytics(json_string(other))));
  EXPECT_EQ(uid_of(log_analytics(json_string(kEventData))),
            uid_of(log_analytics(json_string(kEventData))));
}

TEST(WindowsCarriage, AzureDiagnosticsRawXml) {
  const std::string record = fmt::format(
      R"({{"time":"2023-03-14T09:13:43Z","category":"WindowsEventLogsTable","level":"Informational","properties":{{"DeploymentId":"d","Role":"IaaS","RoleInstance":"_wec01","ProviderGuid":"{{5770385F-C22A-43E0-BF4C-06F5698FFBD9}}","ProviderName":"Microsoft-Windows-Sysmon","EventId":7,"Level":4,"Pid":2928,"Tid":4024,"Opcode":0,"Task":7,"Channel":"Microsoft-Windows-Sysmon/Operational","Description":{},"RawXml":{}}}}})",
      json_string(kMessage), json_string(kXml));
  expect_image_load(record, "evtx");
  expect_image_load(R"({"records":[)" + record + "]}", "evtx");
}

std::string event_table(std::string_view xml_data) {
  const std::string xml = fmt::format(
      R"(<DataItem type="System.XmlData" time="2023-03-14T09:13:42.3000000Z" sourceHealthServiceId="s"><EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">{}</EventData></DataItem>)",
      xml_data);
  return fmt::format(
      R"({{"TenantId":"t","SourceSystem":"OpsManager","TimeGenerated":"2023-03-14T09:13:42.3Z","Source":"Microsoft-Windows-Sysmon","EventLog":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example","EventLevel":4,"EventLevelName":"Information","ParameterXml":"<Param>-</Param>","EventData":{},"EventID":7,"RenderedDescription":"Image loaded:","EventCategory":7,"UserName":"NT AUTHORITY\\SYSTEM","Type":"Event"}})",
      json_string(xml));
}

constexpr std::string_view kXmlData =
    R"(<Data Name="UtcTime">2023-03-14 09:13:42.214</Data><Data Name="ProcessGuid">{8f4c1e20-3ac6-6410-d101-000000002f00}</Data><Data Name="ProcessId">10212</Data><Data Name="Image">C:\app\3CXDesktopApp.exe</Data><Data Name="ImageLoaded">C:\app\ffmpeg.dll</Data><Data Name="Signed">false</Data>)";

TEST(WindowsCarriage, AzuresEventTable) {
  expect_image_load(event_table(kXmlData), "event_table", false);
}

TEST(WindowsCarriage, AzuresEventTableEventsThatDifferInTheirDataAreTwo) {
  EXPECT_NE(uid_of(event_table(kXmlData)),
            uid_of(event_table(replaced(kXmlData, "ffmpeg", "other"))));
  EXPECT_EQ(uid_of(event_table(kXmlData)), uid_of(event_table(kXmlData)));
}

// --- XML

TEST(WindowsCarriage, SplunksXmlWithDoubleQuotes) {
  expect_image_load(kXml, "evtx");
}

TEST(WindowsCarriage, SplunksXmlWithSingleQuotes) {
  expect_image_load(replaced(kXml, "\"", "'"), "evtx");
}

TEST(WindowsCarriage, XmlLaidOutOverLinesAndWithAPrologue) {
  const std::string lines = replaced(replaced(kXml, "><", ">\n  <"), "xmlns", "\n xmlns");
  expect_image_load("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + lines, "evtx");
  expect_image_load("\xEF\xBB\xBF" + std::string(kXml), "evtx");
}

TEST(WindowsCarriage, EntitiesOfXmlAreRead) {
  const std::string record = replaced(kXml, "C:\\app\\ffmpeg.dll",
                                      "&quot;a&quot; &lt;b&gt; &amp;amp; &#233;&#x2122; ]]&gt;");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::image_loaded), "\"a\" <b> &amp; é™ ]]>");
  });
}

TEST(WindowsCarriage, AnEmptyValueOfXmlIsThereAndEmpty) {
  for (const char* empty : {"<Data Name=\"Signed\"></Data>", "<Data Name=\"Signed\"/>"}) {
    const std::string record = replaced(kXml, "<Data Name=\"Signed\">false</Data>", empty);
    expect_event(record, [](const Event& event) {
      EXPECT_TRUE(event.has(FieldId::is_signed));
      EXPECT_EQ(event.field(FieldId::is_signed), "");
    });
  }
}

TEST(WindowsCarriage, SplunksHecAroundXml) {
  expect_image_load(
      fmt::format(
          R"({{"time":"1678785222.300","host":"wec01","source":"XmlWinEventLog:Microsoft-Windows-Sysmon/Operational","sourcetype":"XmlWinEventLog","index":"main","event":{}}})",
          json_string(kXml)),
      "evtx");
}

TEST(WindowsCarriage, SplunksExportAroundXml) {
  expect_image_load(
      fmt::format(
          R"({{"preview":false,"offset":0,"result":{{"_time":"2023-03-14","host":"wec01","_raw":{}}}}})",
          json_string(kXml)),
      "evtx");
  expect_image_load(
      fmt::format(R"({{"_raw":{},"host":"wec01"}})", json_string(replaced(kXml, "\"", "'"))),
      "evtx");
}

// --- Wazuh

std::string wazuh(std::string_view system, std::string_view data) {
  return fmt::format(
      R"({{"timestamp":"2023-03-14T09:13:44.111+0000","rule":{{"level":3,"description":"d","id":"61609","groups":["windows","sysmon"]}},"agent":{{"id":"002","name":"pc042","ip":"10.0.0.9"}},"manager":{{"name":"wazuh"}},"id":"1.2","decoder":{{"name":"windows_eventchannel"}},"data":{{"win":{{"system":{{{}}},"eventdata":{{{}}}}}}},"location":"EventChannel"}})",
      system, data);
}

constexpr std::string_view kWazuhSystem =
    R"("providerName":"Microsoft-Windows-Sysmon","providerGuid":"{5770385f-c22a-43e0-bf4c-06f5698ffbd9}","eventID":"7","version":"3","level":"4","task":"7","opcode":"0","keywords":"0x8000000000000000","systemTime":"2023-03-14T09:13:42.3000000Z","eventRecordID":"184302","processID":"2928","threadID":"4024","channel":"Microsoft-Windows-Sysmon/Operational","computer":"PC042.acme.example","severityValue":"INFORMATION","message":"\"Image loaded:\"")";

TEST(WindowsCarriage, WazuhsLowerCamelCaseAndDoubledBackslashes) {
  expect_image_load(
      wazuh(
          kWazuhSystem,
          R"("utcTime":"2023-03-14 09:13:42.214","processGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","processId":"10212","image":"C:\\\\app\\\\3CXDesktopApp.exe","imageLoaded":"C:\\\\app\\\\ffmpeg.dll","signed":"false")"),
      "wazuh");
}

TEST(WindowsCarriage, WazuhsValuesAreEscapedTwice) {
  const std::string system = replaced(kWazuhSystem, R"("eventID":"7")", R"("eventID":"1")");
  expect_event(
      wazuh(
          system,
          R"("image":"C:\\\\a.exe","commandLine":"\\\"C:\\\\a.exe\\\" \\\\\\\\srv\\\\share -x","user":"ACME\\\\kim","parentImage":"C:\\single\\backslashes.exe","currentDirectory":"C:\\\\Windows\\\\")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::image), R"(C:\a.exe)");
        EXPECT_EQ(event.field(FieldId::command_line), R"("C:\a.exe" \\srv\share -x)");
        EXPECT_EQ(event.field(FieldId::user), R"(ACME\kim)");
        EXPECT_EQ(event.field(FieldId::current_directory), R"(C:\Windows\)");
        // What is not doubled stays.
        EXPECT_EQ(event.field(FieldId::parent_image), R"(C:\single\backslashes.exe)");
        EXPECT_EQ(event.actor.image, R"(C:\a.exe)");
        EXPECT_EQ(event.actor.user, R"(ACME\kim)");
      });
}

TEST(WindowsCarriage, WazuhsOtherChannelsHaveTheEventLogsNames) {
  const std::string system =
      replaced(replaced(replaced(kWazuhSystem, "Microsoft-Windows-Sysmon/Operational", "Security"),
                        "Microsoft-Windows-Sysmon", "Microsoft-Windows-Security-Auditing"),
               R"("eventID":"7")", R"("eventID":"4688")");
  expect_event(
      wazuh(
          system,
          R"("subjectUserName":"kim","subjectDomainName":"ACME","newProcessName":"C:\\\\reg.exe","newProcessId":"0x154c","processId":"0x10","commandLine":"reg add","parentProcessName":"C:\\\\cmd.exe","mandatoryLabel":"S-1-16-12288")"),
      [](const Event& event) {
        EXPECT_EQ(to_string(event.type), "process_creation");
        EXPECT_EQ(event.field(FieldId::image), "C:\\reg.exe");
        EXPECT_EQ(event.field(FieldId::process_id), "5452");
        EXPECT_EQ(event.field(FieldId::parent_process_id), "16");
        EXPECT_EQ(event.field(FieldId::parent_image), "C:\\cmd.exe");
        EXPECT_EQ(event.field(FieldId::integrity_level), "High");
        EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
        EXPECT_EQ(extra_of(event, "NewProcessName"), "C:\\reg.exe");
      });
}

// --- Sysmon for Linux

constexpr std::string_view kLinuxXml =
    R"(<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/><EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="2023-03-14T09:13:42.399931000Z"/><EventRecordID>245753</EventRecordID><Correlation/><Execution ProcessID="1590" ThreadID="1590"/><Channel>Linux-Sysmon/Operational</Channel><Computer>vm7</Computer><Security UserId="0"/></System><EventData><Data Name="RuleName">-</Data><Data Name="UtcTime">2023-03-14 09:13:42.395</Data><Data Name="ProcessGuid">{94325212-3ac6-6410-082b-60e4b9550000}</Data><Data Name="ProcessId">1774</Data><Data Name="Image">/usr/bin/curl</Data><Data Name="CommandLine">curl -s &quot;http://a.example/x&quot;</Data><Data Name="User">root</Data><Data Name="Hashes">-</Data><Data Name="ParentProcessGuid">{94325212-3ac5-6410-9d51-6ce4b9550000}</Data><Data Name="ParentProcessId">1700</Data><Data Name="ParentImage">/usr/bin/bash</Data><Data Name="ParentCommandLine">bash</Data><Data Name="ParentUser">root</Data></EventData></Event>)";

void expect_linux_start(std::string_view record) {
  SCOPED_TRACE(record);
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.source, Source::sysmon);
    EXPECT_EQ(event.platform, Platform::linux);
    EXPECT_EQ(event.carriage, "evtx");
    EXPECT_EQ(to_string(event.type), "process_creation");
    EXPECT_EQ(event.host, "vm7");
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.395Z");
    EXPECT_EQ(event.field(FieldId::image), "/usr/bin/curl");
    EXPECT_EQ(event.field(FieldId::command_line), R"(curl -s "http://a.example/x")");
    EXPECT_EQ(event.actor.vendor_uid, "{94325212-3ac6-6410-082b-60e4b9550000}");
    EXPECT_EQ(event.actor.user, "root");
    EXPECT_EQ(event.parent.image, "/usr/bin/bash");
    EXPECT_EQ(event.vendor_event_uid, "sysmon:vm7:245753");
  });
  EXPECT_EQ(uid_of(record), uid_of(kLinuxXml));
}

TEST(WindowsCarriage, SysmonForLinuxAsASyslogLine) {
  expect_linux_start("<14>Mar 14 09:13:42 vm7 sysmon[3099]: " + std::string(kLinuxXml));
  expect_linux_start("<14>1 2023-03-14T09:13:42.399Z vm7 sysmon 3099 - - " +
                     std::string(kLinuxXml));
}

TEST(WindowsCarriage, SysmonForLinuxAsASyslogLineWithoutAPriority) {
  expect_linux_start("Mar 14 09:13:42 vm7 sysmon: " + std::string(kLinuxXml));
}

TEST(WindowsCarriage, SysmonForLinuxInAzuresSyslogTable) {
  expect_linux_start(fmt::format(
      R"({{"TenantId":"t","SourceSystem":"Linux","TimeGenerated":"2023-03-14T09:13:42.4Z","Computer":"COLLECTOR","EventTime":"2023-03-14T09:13:42Z","Facility":"user","HostName":"COLLECTOR","SeverityLevel":"info","SyslogMessage":{},"HostIP":"10.0.0.5","ProcessName":"sysmon","Type":"Syslog"}})",
      json_string(kLinuxXml)));
}

TEST(WindowsCarriage, SysmonForLinuxInTheJournal) {
  expect_linux_start(fmt::format(
      R"({{"__CURSOR":"s","__REALTIME_TIMESTAMP":"1678785222399931","_HOSTNAME":"collector","SYSLOG_IDENTIFIER":"sysmon","_PID":"1590","PRIORITY":"6","MESSAGE":{}}})",
      json_string(kLinuxXml)));
}

// --- Flattened keys

TEST(WindowsCarriage, KeysFlattenedWithUnderscores) {
  expect_image_load(
      R"({"version":"1.1","host":"wec01","short_message":"Image loaded:","winlog_channel":"Microsoft-Windows-Sysmon/Operational","winlog_provider_name":"Microsoft-Windows-Sysmon","winlog_event_id":"7","winlog_record_id":"184302","winlog_computer_name":"PC042.acme.example","winlog_event_data_UtcTime":"2023-03-14 09:13:42.214","winlog_event_data_ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","winlog_event_data_ProcessId":"10212","winlog_event_data_Image":"C:\\app\\3CXDesktopApp.exe","winlog_event_data_ImageLoaded":"C:\\app\\ffmpeg.dll","winlog_event_data_Signed":"false"})",
      "flattened");
}

TEST(WindowsCarriage, KeysFlattenedWithDots) {
  expect_image_load(
      R"({"winlog.channel":"Microsoft-Windows-Sysmon/Operational","winlog.provider_name":"Microsoft-Windows-Sysmon","winlog.event_id":"7","winlog.record_id":184302,"winlog.computer_name":"PC042.acme.example","winlog.event_data.UtcTime":"2023-03-14 09:13:42.214","winlog.event_data.ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","winlog.event_data.ProcessId":"10212","winlog.event_data.Image":"C:\\app\\3CXDesktopApp.exe","winlog.event_data.ImageLoaded":"C:\\app\\ffmpeg.dll","winlog.event_data.Signed":"false"})",
      "flattened");
}

TEST(WindowsCarriage, EventDataFlattenedBesideTheEventLogsOwnNames) {
  expect_image_load(
      R"({"Channel":"Microsoft-Windows-Sysmon/Operational","SourceName":"Microsoft-Windows-Sysmon","EventID":7,"EventRecordID":184302,"Computer":"PC042.acme.example","EventData.UtcTime":"2023-03-14 09:13:42.214","EventData.ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","EventData.ProcessId":"10212","EventData.Image":"C:\\app\\3CXDesktopApp.exe","EventData.ImageLoaded":"C:\\app\\ffmpeg.dll","EventData.Signed":"false"})",
      "flattened");
}

TEST(WindowsCarriage, FlattenedEventsOfOtherChannelsKeepTheirTime) {
  expect_event(
      R"({"winlog.channel":"System","winlog.provider_name":"Service Control Manager","winlog.event_id":"7045","winlog.computer_name":"PC042","@timestamp":"2023-03-14T09:13:42.300Z","winlog.event_data.ServiceName":"svc"})",
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::service_name), "svc");
        EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.300Z");
        EXPECT_FALSE(event.time_suspect);
      });
}

// --- Wrappers

TEST(WindowsCarriage, ChainsawsHuntDocument) {
  const std::string hit = fmt::format(
      R"({{"group":"Sigma","kind":"individual","document":{{"kind":"evtx","path":"a.evtx","data":{}}},"name":"rule","timestamp":"2023-03-14T09:13:42.300+00:00","authors":["a"],"level":"high"}})",
      kEvtxDump);
  expect_image_load(hit, "evtx");
  expect_image_load("[" + hit + "]", "evtx");
}

TEST(WindowsCarriage, ElasticsSearchHit) {
  expect_image_load(
      fmt::format(R"({{"_index":"i","_id":"x","_score":1.0,"_source":{}}})", kEvtxDump), "evtx");
}

TEST(WindowsCarriage, FluentdsLogString) {
  expect_image_load(fmt::format(R"({{"log":{},"stream":"stdout","time":"2023-03-14T09:13:44Z"}})",
                                json_string(std::string(kNxlog) + "\n")),
                    "nxlog");
}

TEST(WindowsCarriage, BeatsMessageString) {
  expect_image_load(
      fmt::format(R"({{"@timestamp":"2023-03-14T09:13:44Z","message":{}}})", json_string(kNxlog)),
      "nxlog");
  // As Filebeat writes it, with objects of its own under other wrappers' names.
  expect_image_load(
      fmt::format(
          R"({{"@timestamp":"2023-03-14T09:13:44Z","host":{{"name":"wec01"}},"agent":{{"type":"filebeat"}},"event":{{"dataset":"sysmon"}},"log":{{"offset":0,"file":{{"path":"/var/log/a"}}}},"message":{}}})",
          json_string(kNxlog)),
      "nxlog");
}

TEST(WindowsCarriage, AzuresRecords) {
  const test::Looker looker =
      test::parse(fmt::format(R"({{"records":[{},{}]}})", kEvtxDump, kNxlog));
  EXPECT_EQ(looker.events, 2U);
  EXPECT_TRUE(looker.errors.empty());
  expect_image_load(fmt::format(R"({{"records":[{}]}})", kEvtxDump), "evtx");
}

TEST(WindowsCarriage, AStringOfJson) {
  expect_image_load(json_string(kEvtxDump), "evtx");
}

TEST(WindowsCarriage, AnArray) {
  expect_image_load("[" + std::string(kEvtxDump) + "]", "evtx");
  const test::Looker looker = test::parse("[" + std::string(kEvtxDump) + "," + json_string(kXml) +
                                          "," + std::string(kNxlog) + "]");
  EXPECT_EQ(looker.events, 3U);
  EXPECT_TRUE(looker.errors.empty());
}

TEST(WindowsCarriage, ASyslogLineWithJson) {
  expect_image_load("<133>Nov 23 09:09:05 vm7 edr: " + std::string(kNxlog), "nxlog");
}

TEST(WindowsCarriage, WrappersInWrappers) {
  expect_image_load(fmt::format(R"({{"_source":{{"message":{}}}}})",
                                json_string(fmt::format(R"({{"event":{}}})", json_string(kXml)))),
                    "evtx");
}

// --- What NXLog loses

std::string nxlog(int id, std::string_view fields, std::string_view message) {
  return fmt::format(
      R"({{"SourceModuleType":"im_msvistalog","SourceName":"Microsoft-Windows-Sysmon","EventID":{},"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"PC042.acme.example","RecordNumber":184302,"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{{8f4c1e20-3ac6-6410-d101-000000002f00}}",{}{}{}}})",
      id, fields,
      message.empty() ? "" : ",\"Message\":", message.empty() ? "" : json_string(message));
}

TEST(WindowsCarriage, ALostProcessIdIsInTheMessage) {
  expect_image_load(
      nxlog(
          7,
          R"("ProcessID":2928,"Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false")",
          kMessage),
      "nxlog");
}

TEST(WindowsCarriage, ALostVerbIsInTheMessage) {
  struct Case {
    int id;
    const char* verb;
    const char* want;
  };

  for (const Case& test :
       {Case{12, "CreateKey", "registry_add"}, Case{12, "DeleteValue", "registry_delete"},
        Case{13, "SetValue", "registry_set"}, Case{18, "ConnectPipe", "pipe_created"}}) {
    for (const char* newline : {"\r\n", "\n"}) {
      const std::string message = fmt::format(
          "Registry object added or deleted:{0}RuleName: -{0}EventType: {1}{0}ProcessId: 10212",
          newline, test.verb);
      for (const char* shippers : {R"("EventType":"INFO")", R"("EventTypeOrignal":"INFO")"}) {
        expect_event(nxlog(test.id, std::string(shippers) + R"(,"ProcessId":"10212")", message),
                     [&test](const Event& event) {
                       EXPECT_EQ(to_string(event.type), test.want);
                       EXPECT_EQ(event.field(FieldId::event_type), test.verb);
                     });
      }
    }
  }
}

TEST(WindowsCarriage, AVerbThatIsLostEntirelyLeavesARegistryEvent) {
  for (const char* shippers : {R"("EventType":"INFO")", R"("EventTypeOrignal":"INFO")"}) {
    expect_event(
        nxlog(12, std::string(shippers) + R"(,"ProcessId":"10212","TargetObject":"HKLM\\a")", ""),
        [](const Event& event) {
          EXPECT_EQ(to_string(event.type), "registry_event");
          EXPECT_FALSE(event.has(FieldId::event_type));
        });
  }
}

TEST(WindowsCarriage, ALineOfACommandIsNoField) {
  // The command line holds line breaks, and what looks like a field behind them.
  const std::string message =
      "Process Create:\r\nRuleName: -\r\nUtcTime: 2023-03-14 09:13:42.214\r\nProcessGuid: "
      "{8f4c1e20-3ac6-6410-d101-000000002f00}\r\nProcessId: 10212\r\nImage: "
      "C:\\a.exe\r\nCommandLine: a.exe\r\nProcessId: 666\r\nUser: forged\r\nCurrentDirectory: C:\\";
  expect_event(nxlog(1, R"("ProcessID":2928,"Image":"C:\\a.exe","User":"ACME\\kim")", message),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::process_id), "10212");
                 EXPECT_EQ(event.actor.pid, "10212");
                 EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
               });
}

TEST(WindowsCarriage, ACommandThatComesBeforeTheFieldDoesNotForgeIt) {
  // RuleName, which its administrator chose, stands before ProcessId; nothing an attacker writes
  // does.
  const std::string message =
      "Registry value set:\r\nRuleName: -\r\nEventType: SetValue\r\nProcessId: 10212\r\nImage: "
      "C:\\a.exe\r\nTargetObject: HKLM\\x\r\nDetails: y\r\nEventType: DeleteValue\r\nProcessId: "
      "666";
  expect_event(nxlog(13, R"("EventType":"INFO","ProcessID":2928)", message),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::event_type), "SetValue");
                 EXPECT_EQ(event.field(FieldId::process_id), "10212");
               });
}

TEST(WindowsCarriage, AFieldThatIsThereIsNotReadFromTheMessage) {
  expect_event(nxlog(1, R"("ProcessId":"10212","CommandLine":"real")",
                     "Process Create:\r\nProcessId: 666\r\nCommandLine: forged"),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::process_id), "10212");
                 EXPECT_EQ(event.field(FieldId::command_line), "real");
               });
}

TEST(WindowsCarriage, ACommandCannotForgeTheFieldsBehindIt) {
  // Nothing but the text is there: the forged lines stand before the real ones.
  const std::string message =
      "Process Create:\r\nUtcTime: 2023-03-14 09:13:42.214\r\nProcessGuid: "
      "{8f4c1e20-3ac6-6410-d101-000000002f00}\r\nProcessId: 10212\r\nImage: "
      "C:\\a.exe\r\nCommandLine: a.exe\r\nProcessId: 666\r\nUser: forged\r\nCurrentDirectory: "
      "C:\\forged\r\nCurrentDirectory: C:\\\r\nUser: ACME\\kim\r\nIntegrityLevel: Medium";
  const std::string record =
      replaced(fluent_bit(fmt::format(R"("StringInserts":[],"Message":{})", json_string(message))),
               R"("EventID":7)", R"("EventID":1)");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::process_id), "10212");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
    EXPECT_EQ(event.field(FieldId::current_directory), "C:\\");
    EXPECT_EQ(event.field(FieldId::image), "C:\\a.exe");
    EXPECT_EQ(event.field(FieldId::command_line),
              "a.exe\r\nProcessId: 666\r\nUser: forged\r\nCurrentDirectory: C:\\forged");
  });
}

TEST(WindowsCarriage, ACommandOfSeveralLinesIsWhole) {
  const std::string message =
      "Process Create:\r\nUtcTime: 2023-03-14 09:13:42.214\r\nProcessGuid: "
      "{8f4c1e20-3ac6-6410-d101-000000002f00}\r\nProcessId: 10212\r\nImage: "
      "C:\\a.exe\r\nCommandLine: "
      "a.exe -c \"one\r\ntwo: three\r\nfour\"\r\nCurrentDirectory: C:\\\r\nUser: ACME\\kim";
  const std::string record =
      replaced(fluent_bit(fmt::format(R"("StringInserts":[],"Message":{})", json_string(message))),
               R"("EventID":7)", R"("EventID":1)");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::command_line), "a.exe -c \"one\r\ntwo: three\r\nfour\"");
    EXPECT_EQ(event.field(FieldId::current_directory), "C:\\");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
  });
}

// --- Other channels

std::string evtx(std::string_view channel, int id, std::string_view data) {
  return fmt::format(
      R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"P"}}}},"EventID":{},"TimeCreated":{{"#attributes":{{"SystemTime":"2023-03-14T09:13:42.300Z"}}}},"EventRecordID":7,"Channel":"{}","Computer":"PC042.acme.example"}},"EventData":{{{}}}}}}})",
      id, channel, data);
}

/// The same as XML, of plain names and values.
std::string xml(std::string_view channel,
                int id,
                std::initializer_list<std::pair<const char*, const char*>> data) {
  std::string fields;
  for (const auto& [name, value] : data) {
    fields += fmt::format("<Data Name='{}'>{}</Data>", name, value);
  }
  return fmt::format(
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
      "Name='P'/><EventID>{}</EventID><TimeCreated "
      "SystemTime='2023-03-14T09:13:42.300Z'/><EventRecordID>7</EventRecordID><Channel>{}</"
      "Channel><Computer>PC042.acme.example</Computer></System><EventData>{}</EventData></Event>",
      id, channel, fields);
}

void expect_type(std::string_view record,
                 std::string_view type,
                 const std::function<void(const Event&)>& look) {
  SCOPED_TRACE(record);
  expect_event(record, [&](const Event& event) {
    EXPECT_EQ(event.source, Source::windows);
    EXPECT_EQ(event.platform, Platform::windows);
    EXPECT_EQ(to_string(event.type), type);
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.300Z");
    EXPECT_EQ(event.host, "pc042");
    look(event);
  });
}

TEST(WindowsChannel, PowerShellsScriptBlock) {
  const auto look = [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::script_block_text), "Invoke-Mimikatz");
    EXPECT_EQ(event.field(FieldId::path), "C:\\a.ps1");
    EXPECT_EQ(extra_of(event, "MessageNumber"), "1");
    EXPECT_EQ(event.vendor_event_uid,
              "windows:pc042.acme.example:Microsoft-Windows-PowerShell/Operational:7");
  };
  expect_type(
      evtx(
          "Microsoft-Windows-PowerShell/Operational", 4104,
          R"("MessageNumber":1,"MessageTotal":1,"ScriptBlockText":"Invoke-Mimikatz","ScriptBlockId":"x","Path":"C:\\a.ps1")"),
      "ps_script", look);
  expect_type(
      xml("Microsoft-Windows-PowerShell/Operational", 4104,
          {{"MessageNumber", "1"}, {"ScriptBlockText", "Invoke-Mimikatz"}, {"Path", "C:\\a.ps1"}}),
      "ps_script", look);
  expect_type(evtx("PowerShellCore/Operational", 4104, R"("ScriptBlockText":"x")"), "ps_script",
              [](const Event&) {});
}

TEST(WindowsChannel, PowerShellsModule) {
  expect_type(
      evtx(
          "Microsoft-Windows-PowerShell/Operational", 4103,
          R"("ContextInfo":"Host Application = powershell","UserData":"","Payload":"CommandInvocation: Get-Date")"),
      "ps_module", [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::payload), "CommandInvocation: Get-Date");
        EXPECT_EQ(event.field(FieldId::context_info), "Host Application = powershell");
      });
}

TEST(WindowsChannel, ClassicPowerShellsStart) {
  // The values have no names: a rule asks for Data.
  const auto look = [](const Event& event) {
    const std::string data = extra_of(event, "Data");
    EXPECT_NE(data.find("HostVersion=2.0"), std::string::npos) << data;
    EXPECT_NE(data.find("Available"), std::string::npos) << data;
    EXPECT_FALSE(event.duplicate_keys);
  };
  expect_type(
      evtx(
          "Windows PowerShell", 400,
          R"("Data":{"#text":["Available","None","\tNewEngineState=Available\r\n\tHostVersion=2.0"]},"Binary":null)"),
      "ps_classic_start", look);
  expect_type(replaced(xml("Windows PowerShell", 400,
                           {{"X", "Available"}, {"X", "None"}, {"X", "\tHostVersion=2.0"}}),
                       " Name='X'", ""),
              "ps_classic_start", look);
}

TEST(WindowsChannel, WhereTheValuesOfClassicPowerShellAreLostItsMessageHasThem) {
  expect_event(
      R"({"SourceModuleType":"im_msvistalog","SourceName":"PowerShell","EventID":400,"Channel":"Windows PowerShell","Hostname":"H","RecordNumber":1,"Message":"Engine state is changed.\r\n\tHostVersion=2.0"})",
      [](const Event& event) {
        EXPECT_EQ(to_string(event.type), "ps_classic_start");
        EXPECT_NE(extra_of(event, "Data").find("HostVersion=2.0"), std::string::npos);
      });
}

TEST(WindowsChannel, AServiceIsInstalled) {
  const auto look = [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::service_name), "svc");
    EXPECT_EQ(event.field(FieldId::image_path), "C:\\svc.exe -k");
    EXPECT_EQ(extra_of(event, "StartType"), "auto start");
  };
  expect_type(
      evtx(
          "System", 7045,
          R"("ServiceName":"svc","ImagePath":"C:\\svc.exe -k","ServiceType":"user mode service","StartType":"auto start","AccountName":"LocalSystem")"),
      "service", look);
  expect_type(
      xml("System", 7045,
          {{"ServiceName", "svc"}, {"ImagePath", "C:\\svc.exe -k"}, {"StartType", "auto start"}}),
      "service", look);
}

TEST(WindowsChannel, SecurityTellsOfAServiceToo) {
  expect_type(
      evtx(
          "Security", 4697,
          R"("SubjectUserName":"kim","ServiceName":"svc","ServiceFileName":"C:\\svc.exe -k","ServiceType":"0x10")"),
      "service", [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::service_name), "svc");
        EXPECT_EQ(event.field(FieldId::image_path), "C:\\svc.exe -k");
        EXPECT_EQ(extra_of(event, "ServiceFileName"), "C:\\svc.exe -k");
      });
}

TEST(WindowsChannel, ALogon) {
  const auto look = [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::target_user_name), "kim");
    EXPECT_EQ(event.field(FieldId::logon_type), "3");
    EXPECT_EQ(extra_of(event, "IpAddress"), "10.1.2.3");
    EXPECT_EQ(extra_of(event, "AuthenticationPackageName"), "NTLM");
    EXPECT_TRUE(event.actor.key.is_none());
  };
  expect_type(
      evtx(
          "Security", 4624,
          R"("SubjectUserSid":"S-1-0-0","TargetUserName":"kim","TargetDomainName":"ACME","LogonType":3,"AuthenticationPackageName":"NTLM","IpAddress":"10.1.2.3","IpPort":"50112","ProcessId":"0x0","ProcessName":"-")"),
      "logon", look);
  expect_type(xml("Security", 4624,
                  {{"TargetUserName", "kim"},
                   {"LogonType", "3"},
                   {"AuthenticationPackageName", "NTLM"},
                   {"IpAddress", "10.1.2.3"}}),
              "logon", look);
}

TEST(WindowsChannel, DefendersThreat) {
  const auto look = [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::threat_name), "Trojan:Win32/X");
    EXPECT_EQ(event.field(FieldId::signature), "Trojan:Win32/X");
    EXPECT_EQ(event.field(FieldId::severity), "Severe");
    EXPECT_EQ(event.field(FieldId::path), "file:_C:\\a.exe");
    EXPECT_EQ(event.field(FieldId::image), "C:\\p.exe");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
    EXPECT_EQ(extra_of(event, "ProcessName"), "C:\\p.exe");  // As Sigma's rules name it.
  };
  expect_type(
      evtx(
          "Microsoft-Windows-Windows Defender/Operational", 1116,
          R"("Product Name":"Defender","Threat ID":"1","Threat Name":"Trojan:Win32/X","Severity ID":"5","Severity Name":"Severe","Detection User":"ACME\\kim","Process Name":"C:\\p.exe","Path":"file:_C:\\a.exe")"),
      "antivirus", look);
  expect_type(xml("Microsoft-Windows-Windows Defender/Operational", 1116,
                  {{"Threat Name", "Trojan:Win32/X"},
                   {"Severity Name", "Severe"},
                   {"Detection User", "ACME\\kim"},
                   {"Process Name", "C:\\p.exe"},
                   {"Path", "file:_C:\\a.exe"}}),
              "antivirus", look);
}

TEST(WindowsChannel, AProcessExits) {
  const auto look = [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::image), "C:\\a.exe");
    EXPECT_EQ(event.field(FieldId::process_id), "5452");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
    EXPECT_EQ(event.actor.pid, "5452");
    EXPECT_EQ(event.actor.image, "C:\\a.exe");
    EXPECT_TRUE(event.actor.key.is_none());
  };
  expect_type(
      evtx(
          "Security", 4689,
          R"("SubjectUserName":"kim","SubjectDomainName":"ACME","SubjectLogonId":"0x3e7","Status":"0x0","ProcessId":"0x154c","ProcessName":"C:\\a.exe")"),
      "process_termination", look);
  expect_type(xml("Security", 4689,
                  {{"SubjectUserName", "kim"},
                   {"SubjectDomainName", "ACME"},
                   {"ProcessId", "0x154c"},
                   {"ProcessName", "C:\\a.exe"}}),
              "process_termination", look);
}

/// A process creation as Security tells of it, whatever carries it.
void expect_security_start(std::string_view record) {
  SCOPED_TRACE(record);
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(to_string(event.type), "process_creation");
    EXPECT_EQ(event.field(FieldId::image), "C:\\reg.exe");
    EXPECT_EQ(event.field(FieldId::process_id), "5452");
    EXPECT_EQ(event.field(FieldId::parent_process_id), "16");
    EXPECT_EQ(event.field(FieldId::parent_image), "C:\\cmd.exe");
    EXPECT_EQ(event.field(FieldId::integrity_level), "High");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
    EXPECT_EQ(event.actor.pid, "5452");
    EXPECT_EQ(event.parent.pid, "16");
  });
}

TEST(WindowsChannel, ASecurityStartIsTheSameInEveryCarriage) {
  constexpr std::string_view kData =
      R"("SubjectUserName":"kim","SubjectDomainName":"ACME","NewProcessName":"C:\\reg.exe","NewProcessId":"0x154c","ProcessId":"0x10","ParentProcessName":"C:\\cmd.exe","MandatoryLabel":"S-1-16-12288","CommandLine":"reg add")";
  const std::string object = "{" + std::string(kData) + "}";
  expect_security_start(evtx("Security", 4688, kData));
  expect_security_start(xml("Security", 4688,
                            {{"SubjectUserName", "kim"},
                             {"SubjectDomainName", "ACME"},
                             {"NewProcessName", "C:\\reg.exe"},
                             {"NewProcessId", "0x154c"},
                             {"ProcessId", "0x10"},
                             {"ParentProcessName", "C:\\cmd.exe"},
                             {"MandatoryLabel", "S-1-16-12288"}}));
  expect_security_start(fmt::format(
      R"({{"winlog":{{"channel":"Security","event_id":"4688","computer_name":"H","event_data":{}}}}})",
      object));
  expect_security_start(fmt::format(
      R"({{"SourceModuleType":"im_msvistalog","SourceName":"S","EventID":4688,"Channel":"Security","Hostname":"H",{}}})",
      kData));
  expect_security_start(fmt::format(
      R"({{"channel":"Security","event_id":4688,"computer":"H","provider_name":"S","event_data":{}}})",
      object));
  expect_security_start(fmt::format(
      R"({{"Channel":"Security","EventID":4688,"Computer":"H","Provider":"S","EventData":{},"Type":"WindowsEvent"}})",
      json_string(object)));
  std::string flat = object;
  for (const char* name : {"SubjectUserName", "SubjectDomainName", "NewProcessName", "NewProcessId",
                           "ParentProcessName", "MandatoryLabel", "CommandLine"}) {
    flat =
        replaced(flat, fmt::format("\"{}\"", name), fmt::format("\"winlog.event_data.{}\"", name));
  }
  flat = replaced(flat, R"("ProcessId")", R"("winlog.event_data.ProcessId")");
  flat.insert(
      1, R"("winlog.channel":"Security","winlog.event_id":"4688","winlog.computer_name":"H",)");
  expect_security_start(flat);
}

}  // namespace
}  // namespace spoor
