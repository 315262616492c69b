// One event in the five carriages gives one and the same normalised event.

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/parsing.h"

namespace spoor {
namespace {

struct Case {
  const char* name;
  const char* json;
};

// The same image load, as each shipper writes it.
constexpr Case kCarriages[] = {
    {"evtx_dump",
     R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":7,"TimeCreated":{"#attributes":{"SystemTime":"2023-03-14T09:13:42.300Z"}},"EventRecordID":184302,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example"},"EventData":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"8F4C1E20-3AC6-6410-D101-000000002F00","ProcessId":10212,"Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"}}})"},
    {"evtx_dump, separate attributes",
     R"({"Event":{"System":{"Provider_attributes":{"Name":"Microsoft-Windows-Sysmon"},"EventID":{"#text":7,"#attributes":{"Qualifiers":0}},"EventRecordID":184302,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC042.acme.example"},"EventData":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"8F4C1E20-3AC6-6410-D101-000000002F00","ProcessId":10212,"Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"}}})"},
    {"NXLog",
     R"({"@timestamp":"2023-03-14T09:13:44Z","EventType":"INFO","host":"wec01","ProcessID":2928,"SourceModuleType":"im_msvistalog","SourceName":"Microsoft-Windows-Sysmon","EventTime":"2023-03-14 05:13:42","EventID":7,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"PC042.acme.example","RecordNumber":184302,"Version":3,"Message":"Image loaded:\r\nImage: forged","UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"})"},
    {"flat evtx export",
     R"({"SourceName":"Microsoft-Windows-Sysmon","TimeCreated":"2023-03-14T01:13:42.300Z","EventID":7,"EventRecordID":"184302","Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"PC042.acme.example","UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"})"},
    {"Winlogbeat 6",
     R"({"@timestamp":"2023-03-14T09:13:42.300Z","log_name":"Microsoft-Windows-Sysmon/Operational","source_name":"Microsoft-Windows-Sysmon","event_id":7,"record_number":"184302","computer_name":"PC042.acme.example","host":{"name":"WEC01"},"event_data":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"}})"},
    {"Winlogbeat 7",
     R"({"@timestamp":"2023-03-14T09:13:42.300Z","host":{"name":"wec01"},"winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":"7","record_id":184302,"computer_name":"PC042.acme.example","process":{"pid":2928},"event_data":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":"{8f4c1e20-3ac6-6410-d101-000000002f00}","ProcessId":"10212","Image":"C:\\app\\3CXDesktopApp.exe","ImageLoaded":"C:\\app\\ffmpeg.dll","Signed":"false"}}})"},
};

TEST(Carriage, TheSameEventWhateverTheShipper) {
  Uid uid;
  for (const Case& test : kCarriages) {
    SCOPED_TRACE(test.name);
    const test::Looker looker = test::parse(test.json, [&uid](const Event& event) {
      EXPECT_EQ(event.source, Source::sysmon);
      EXPECT_EQ(event.type, EventType::image_load);
      EXPECT_EQ(event.host, "pc042");
      EXPECT_EQ(event.hostname, "PC042.acme.example");
      EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
      EXPECT_FALSE(event.time_suspect);
      EXPECT_EQ(event.field(FieldId::event_id), "7");
      EXPECT_EQ(event.field(FieldId::image), "C:\\app\\3CXDesktopApp.exe");
      EXPECT_EQ(event.field(FieldId::image_loaded), "C:\\app\\ffmpeg.dll");
      EXPECT_EQ(event.field(FieldId::process_id), "10212");
      EXPECT_EQ(event.field(FieldId::is_signed), "false");
      EXPECT_EQ(event.actor.vendor_uid, "{8f4c1e20-3ac6-6410-d101-000000002f00}");
      EXPECT_EQ(event.actor.pid, "10212");
      EXPECT_EQ(format_timestamp(event.actor.start), "2023-03-14T09:13:42.000Z");
      EXPECT_FALSE(event.actor.start_is_exact);
      EXPECT_TRUE(event.parent.key.is_none());
      EXPECT_EQ(event.vendor_event_uid, "sysmon:pc042.acme.example:184302");
      EXPECT_TRUE(event.extra.empty()) << event.extra.front().name;
      if (uid.is_none()) {
        uid = event.uid;
      }
      EXPECT_EQ(event.uid, uid);
    });
    EXPECT_EQ(looker.events, 1U);
    EXPECT_TRUE(looker.errors.empty());
  }
}

TEST(Carriage, WithoutARecordIdTheContentIsTheIdentity) {
  const char* one =
      R"({"SourceName":"S","TimeCreated":"t","EventID":7,"Channel":"C","Hostname":"h","A":"1","B":"2"})";
  const char* same_in_another_order =
      R"({"B":"2","Hostname":"h","A":"1","Channel":"C","EventID":7,"TimeCreated":"t","SourceName":"S"})";
  const char* other =
      R"({"SourceName":"S","TimeCreated":"t","EventID":7,"Channel":"C","Hostname":"h","A":"1","B":"3"})";
  std::vector<Uid> uids;
  for (const char* json : {one, same_in_another_order, other}) {
    test::parse(json, [&uids](const Event& event) { uids.push_back(event.uid); });
  }
  ASSERT_EQ(uids.size(), 3U);
  EXPECT_EQ(uids[0], uids[1]);
  EXPECT_NE(uids[0], uids[2]);
}

TEST(Carriage, SecurityTellsOfProcessesUnderOtherNames) {
  const char* json =
      R"({"log_name":"Security","source_name":"Microsoft-Windows-Security-Auditing","event_id":4688,"computer_name":"HR001","record_number":"1","@timestamp":"2019-05-18T20:37:10.356Z","event_data":{"SubjectUserName":"kim","SubjectDomainName":"ACME","NewProcessName":"C:\\reg.exe","NewProcessId":"0x154c","ProcessId":"0x10","ParentProcessName":"C:\\cmd.exe","MandatoryLabel":"S-1-16-12288","CommandLine":"reg add"}})";
  const test::Looker looker = test::parse(json, [](const Event& event) {
    EXPECT_EQ(event.source, Source::windows);
    EXPECT_EQ(event.type, EventType::process_creation);
    EXPECT_EQ(event.field(FieldId::channel), "Security");
    EXPECT_EQ(event.field(FieldId::command_line), "reg add");
    EXPECT_EQ(event.field(FieldId::image), "C:\\reg.exe");
    EXPECT_EQ(event.field(FieldId::process_id), "5452");
    EXPECT_EQ(event.field(FieldId::parent_process_id), "16");
    EXPECT_EQ(event.field(FieldId::parent_image), "C:\\cmd.exe");
    EXPECT_EQ(event.field(FieldId::integrity_level), "High");
    EXPECT_EQ(event.field(FieldId::user), "ACME\\kim");
    // With time and image a pid is an identity, alone it is none.
    EXPECT_EQ(event.actor.key, named_process_key(5452, event.time, "D:\\REG.exe"));
    EXPECT_TRUE(event.actor.vendor_uid.empty());
    EXPECT_TRUE(event.parent.key.is_none());
    EXPECT_EQ(format_timestamp(event.time), "2019-05-18T20:37:10.356Z");
    // The channel's own names stay, for the rules that are written for it.
    const auto extra = std::ranges::find(event.extra, "NewProcessName", &ExtraField::name);
    ASSERT_NE(extra, event.extra.end());
    EXPECT_EQ(extra->value, "C:\\reg.exe");
  });
  EXPECT_EQ(looker.events, 1U);
}

TEST(Carriage, OtherChannelsKeepTheirFieldsByName) {
  const char* json =
      R"({"log_name":"Security","source_name":"Microsoft-Windows-Security-Auditing","event_id":4672,"computer_name":"HR001","record_number":"1","@timestamp":"2019-05-18T20:37:10.356Z","event_data":{"PrivilegeList":"SeDebugPrivilege"}})";
  const test::Looker looker = test::parse(json, [](const Event& event) {
    EXPECT_EQ(event.type, EventType::other);
    ASSERT_EQ(event.extra.size(), 1U);
    EXPECT_EQ(event.extra[0].name, "PrivilegeList");
    EXPECT_EQ(event.extra[0].value, "SeDebugPrivilege");
  });
  EXPECT_EQ(looker.events, 1U);
}

TEST(Carriage, UserDataIsReadLeafByLeaf) {
  const char* json =
      R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":1102,"Channel":"Security","Computer":"H"},"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"x"},"SubjectUserName":"kim"}}}})";
  test::parse(json, [](const Event& event) {
    ASSERT_EQ(event.extra.size(), 1U);
    EXPECT_EQ(event.extra[0].name, "SubjectUserName");
    EXPECT_EQ(event.extra[0].value, "kim");
  });
}

TEST(Carriage, WhatItCannotReadItNames) {
  const test::Looker looker = test::parse(R"({"foo":1,"bar":{"baz":2}})");
  ASSERT_EQ(looker.errors.size(), 1U);
  EXPECT_EQ(looker.errors[0].code, ErrorCode::unknown_source);
  EXPECT_NE(looker.errors[0].message.find("foo, bar"), std::string::npos)
      << looker.errors[0].message;
}

TEST(Carriage, FieldsThatWinlogbeatsModuleMovedAreBroughtBack) {
  const test::Looker looker = test::parse(
      R"({"@timestamp":"2023-03-14T09:13:42.214Z","winlog":{"channel":"Microsoft-Windows-Sysmon/Operational","provider_name":"Microsoft-Windows-Sysmon","event_id":"7","record_id":184302,"computer_name":"PC042.acme.example","event_data":{"Signed":"false"}},"process":{"entity_id":"{8f4c1e20-3ac6-6410-d101-000000002f00}","pid":10212,"executable":"C:\\app\\3CXDesktopApp.exe"},"file":{"path":"C:\\app\\ffmpeg.dll","hash":{"sha256":"7986"},"pe":{"imphash":"beb6"}},"user":{"domain":"ACME","name":"jdoe"},"rule":{"name":"-"}})",
      [](const Event& event) {
        EXPECT_EQ(event.type, EventType::image_load);
        EXPECT_EQ(event.field(FieldId::image), "C:\\app\\3CXDesktopApp.exe");
        EXPECT_EQ(event.field(FieldId::image_loaded), "C:\\app\\ffmpeg.dll");
        EXPECT_EQ(event.field(FieldId::hashes), "SHA256=7986,IMPHASH=beb6");
        EXPECT_EQ(event.field(FieldId::user), "ACME\\jdoe");
        EXPECT_EQ(event.field(FieldId::is_signed), "false");
        EXPECT_EQ(event.actor.pid, "10212");
        EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
        EXPECT_FALSE(event.time_suspect);
        EXPECT_EQ(event.vendor_event_uid, "sysmon:pc042.acme.example:184302");
      });
  EXPECT_EQ(looker.events, 1U);
}

TEST(Carriage, ALineMayHoldABatch) {
  std::string batch = "[" + std::string(kCarriages[0].json) + "," + kCarriages[2].json + ",7]";
  const test::Looker looker = test::parse(batch);
  EXPECT_EQ(looker.events, 2U);
  EXPECT_EQ(looker.errors.size(), 1U);
  EXPECT_EQ(test::parse("[]").errors.size(), 1U);

  // The bound on keys is one on an event, not on the batch.
  std::string large = "[" + std::string(kCarriages[0].json);
  for (int i = 0; i < 500; ++i) {
    large.append(",").append(kCarriages[0].json);
  }
  EXPECT_EQ(test::parse(large + "]").events, 501U);
}

}  // namespace
}  // namespace spoor
