// SentinelOne: each rule of its mapping, and each trap of its data. The records are our own.

#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/process_graph/process_graph.h"
#include "tests/source_dir.h"
#include "tests/support/parsing.h"

namespace spoor {
namespace {

constexpr std::string_view kAgent = "7F3C2B1E9D4A4C55B6A0D1E2F3A4B5C6";
constexpr std::string_view kHost = "7f3c2b1e9d4a4c55b6a0d1e2f3a4b5c6";

/// A Cloud Funnel record of that type, on Windows.
std::string funnel(std::string_view type, const std::string& more = "") {
  return fmt::format(
      R"({{"i.scheme":"edr","event.type":"{}","event.time":1678785222214,"event.id":"01G_1","endpoint.os":"windows","endpoint.name":"PC042.acme.example","agent.uuid":"{}"{}{}}})",
      type, kAgent, more.empty() ? "" : ",", more);
}

/// Its parts of a process: funnel(…, process("src.process.", …)).
std::string process(std::string_view prefix,
                    std::string_view uid,
                    int pid,
                    std::string_view image) {
  return fmt::format(R"("{0}uid":"{1}","{0}pid":{2},"{0}image.path":"{3}")", prefix, uid, pid,
                     image);
}

std::string deep(std::string_view type, const std::string& more) {
  return fmt::format(
      R"({{"eventType":"{}","eventTime":"2023-03-14T09:13:42.214Z","id":"77","endpointOs":"windows","endpointName":"PC042","agentUuid":"{}",{}}})",
      type, kAgent, more);
}

/// Parses a record that gives exactly one event, and looks at it.
void expect_event(std::string_view record, const std::function<void(const Event&)>& look) {
  const test::Looker looker = test::parse(record, look);
  EXPECT_EQ(looker.events, 1U) << record;
  for (const Error& error : looker.errors) {
    ADD_FAILURE() << error.message;
  }
}

std::string extra_of(const Event& event, std::string_view name) {
  for (const ExtraField& field : event.extra) {
    if (field.name == name) {
      return std::string(field.value);
    }
  }
  return "(absent)";
}

struct TypeCase {
  const char* type;
  EventType want;
};

TEST(SentinelOne, EachEventTypeIsOneOfSigmas) {
  const TypeCase cases[] = {
      {"Process Creation", EventType::process_creation},
      {"Process Exit", EventType::process_termination},
      {"Process Termination", EventType::process_termination},
      {"Command Script", EventType::script},
      {"Duplicate Process Handle", EventType::process_access},
      {"Duplicate Thread Handle", EventType::process_access},
      {"Open Remote Process Handle", EventType::process_access},
      {"Remote Thread Creation", EventType::create_remote_thread},
      {"DNS Resolved", EventType::dns_query},
      {"DNS Unresolved", EventType::dns_query},
      {"File Creation", EventType::file_event},
      {"File Deletion", EventType::file_delete},
      {"File Scan", EventType::file_access},
      {"File Modification", EventType::file_modify},
      {"File Rename", EventType::file_rename},
      {"Pre Execution Detection", EventType::antivirus},
      {"Behavioral Indicators", EventType::antivirus},
      {"Threat Intelligence Indicators", EventType::antivirus},
      {"Login", EventType::logon},
      {"Logout", EventType::logoff},
      {"Module Load", EventType::image_load},
      {"Driver Load", EventType::driver_load},
      {"IP Connect", EventType::network_connection},
      {"IP Listen", EventType::network_listen},
      {"Registry Key Create", EventType::registry_add},
      {"Registry Key Delete", EventType::registry_delete},
      {"Registry Key Rename", EventType::registry_rename},
      {"Registry Key Export", EventType::other},
      {"Registry Key Import", EventType::other},
      {"Registry Key Security Changed", EventType::other},
      {"Registry Value Create", EventType::registry_set},
      {"Registry Value Delete", EventType::registry_delete},
      {"Registry Value Modified", EventType::registry_set},
      {"Scheduled Task Start", EventType::scheduled_task},
      {"Task Start", EventType::scheduled_task},
      {"Task Register", EventType::scheduled_task},
      {"Task Update", EventType::scheduled_task},
      {"Task Delete", EventType::scheduled_task},
      {"Task Trigger", EventType::scheduled_task},
      {"GET", EventType::http_request},
      {"POST", EventType::http_request},
      {"PUT", EventType::http_request},
      {"HEAD", EventType::http_request},
      {"CONNECT", EventType::http_request},
      {"OPTIONS", EventType::http_request},
      {"DELETE", EventType::http_request},
      {"Group Creation", EventType::other},
      {"Named Pipe Creation", EventType::pipe_created},
      {"Named Pipe Connection", EventType::pipe_created},
      {"Windows Event Log Creation", EventType::other},
      {"Something of 2031", EventType::other},
  };
  for (const TypeCase& test : cases) {
    std::string unspaced(test.type);
    std::erase(unspaced, ' ');
    for (const std::string& type : {std::string(test.type), unspaced}) {
      expect_event(funnel(type), [&](const Event& event) {
        EXPECT_EQ(to_string(event.type), to_string(test.want)) << type;
        EXPECT_EQ(event.vendor_type, type);
      });
    }
  }
}

TEST(SentinelOne, TheTypeMayStandInMetaEventNameAlone) {
  const TypeCase cases[] = {
      {"PROCESSCREATION", EventType::process_creation},
      {"MODULELOAD", EventType::image_load},
      {"DNS", EventType::dns_query},
      {"TCPV4", EventType::network_connection},
      {"HTTP", EventType::http_request},
      {"FILERENAME", EventType::file_rename},
      {"REGVALUEMODIFIED", EventType::registry_set},
      {"REGKEYCREATE", EventType::registry_add},
      {"SCRIPTS", EventType::script},
      {"DUPLICATEPROCESS", EventType::process_access},
      {"SCHEDTASKREGISTER", EventType::scheduled_task},
      {"WINLOGONATTEMPT", EventType::logon},
      {"WINLOGOFF", EventType::logoff},
      {"GROUPCREATION", EventType::other},
      {"THREATINTEL", EventType::antivirus},
  };
  for (const TypeCase& test : cases) {
    expect_event(fmt::format(R"({{"meta.event.name":"{}","agent.uuid":"a"}})", test.type),
                 [&](const Event& event) {
                   EXPECT_EQ(to_string(event.type), to_string(test.want)) << test.type;
                   EXPECT_EQ(event.vendor_type, test.type);
                 });
  }
}

TEST(SentinelOne, TheEnvelopeIsThePayloads) {
  expect_event(funnel("Module Load", R"("timestamp":"10:47:24.180","sca:ingestTime":1678785999)"),
               [](const Event& event) {
                 EXPECT_EQ(event.source, Source::sentinelone);
                 EXPECT_EQ(event.carriage, "cloud_funnel");
                 EXPECT_EQ(event.platform, Platform::windows);
                 EXPECT_EQ(event.host, kHost);
                 EXPECT_EQ(event.hostname, "PC042.acme.example");
                 EXPECT_EQ(event.field(FieldId::computer), "PC042.acme.example");
                 EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
                 EXPECT_FALSE(event.time_suspect);
                 EXPECT_EQ(event.vendor_event_uid, "sentinelone:" + std::string(kHost) + ":01G_1");
                 EXPECT_EQ(event.uid,
                           UidBuilder().add("sentinelone").add(kHost).add("01G_1").finish());
               });
}

TEST(SentinelOne, WithoutAnAgentTheHostIsItsShortName) {
  expect_event(
      R"({"event.type":"Login","event.id":"1","endpoint.name":"PC042.acme.example","endpoint.os":"osx"})",
      [](const Event& event) {
        EXPECT_EQ(event.host, "pc042");
        EXPECT_EQ(event.platform, Platform::macos);
      });
}

TEST(SentinelOne, PlatformsHaveSeveralNames) {
  const std::pair<const char*, Platform> cases[] = {
      {"windows", Platform::windows}, {"linux", Platform::linux},   {"osx", Platform::macos},
      {"macos", Platform::macos},     {"solaris", Platform::other}, {"", Platform::unknown},
  };
  for (const auto& [name, want] : cases) {
    expect_event(
        fmt::format(R"({{"event.type":"Login","agent.uuid":"a","endpoint.os":"{}"}})", name),
        [&, want = want](const Event& event) { EXPECT_EQ(event.platform, want); });
  }
}

TEST(SentinelOne, ATimestampCountsOnlyIfItIsWholeAndThereIsNoEventTime) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("timestamp":"2023-03-30T13:46:07.040Z")", "2023-03-30T13:46:07.040Z"},
      {R"("timestamp":"10:47:24.180")", ""},
      {R"("timestamp":"2023-03-30T13:46:07.040Z","event.time":1678785222214)",
       "2023-03-14T09:13:42.214Z"},
      {R"("timestamp":"2023-03-30T13:46:07.040Z","event.time":null)", "2023-03-30T13:46:07.040Z"},
      {R"("event.time":"1678785222214")", "2023-03-14T09:13:42.214Z"},
      {R"("sca:ingestTime":1678785999)", ""},
  };
  for (const auto& [time, want] : cases) {
    expect_event(fmt::format(R"({{"event.type":"Login","agent.uuid":"a",{}}})", time),
                 [&, want = std::string_view(want)](const Event& event) {
                   EXPECT_EQ(event.time_suspect, want.empty()) << want;
                   if (!want.empty()) {
                     EXPECT_EQ(format_timestamp(event.time), want);
                   }
                 });
  }
}

TEST(SentinelOne, WithoutAnIdTheContentIsTheIdentityWhateverTheOrderAndTheDelivery) {
  const std::string records[] = {
      R"({"event.type":"Login","agent.uuid":"a","event.login.userName":"kim","sca:ingestTime":1})",
      R"({"event.login.userName":"kim","sca:ingestTime":2,"event.type":"Login","agent.uuid":"a"})",
      R"({"event":{"login":{"userName":"kim"},"type":"Login"},"agent":{"uuid":"a"},"endpoint":{}})",
      R"({"event.type":"Login","agent.uuid":"a","event.login.userName":"lee"})",
  };
  std::vector<Uid> uids;
  for (const std::string& record : records) {
    expect_event(record, [&](const Event& event) {
      uids.push_back(event.uid);
      EXPECT_EQ(event.vendor_event_uid, "");
    });
  }
  ASSERT_EQ(uids.size(), 4U);
  EXPECT_EQ(uids[0], uids[1]);
  EXPECT_EQ(uids[0], uids[2]);
  EXPECT_NE(uids[0], uids[3]);
}

TEST(SentinelOne, AProcessCreationNamesTheNewProcessItsParentAndAbove) {
  const std::string record = funnel(
      "Process Creation",
      process("tgt.process.", "D0046CBAF5BC03DA", 4720, R"(C:\\app\\child.exe)") + "," +
          process("src.process.", "F59445BAF5BC03DA", 3596, R"(C:\\app\\parent.exe)") + "," +
          process("src.process.parent.", "C19445BAF5BC03DA", 3132, R"(C:\\app\\above.exe)") +
          R"(,"tgt.process.cmdline":"child -x","tgt.process.user":"ACME\\jdoe","tgt.process.startTime":1678785222200,"tgt.process.integrityLevel":"MEDIUM","tgt.process.sessionId":2,"tgt.process.publisher":"ACME LTD","tgt.process.displayName":"The child","tgt.process.signedStatus":"signed","tgt.process.storyline.id":"ST1","tgt.process.image.sha1":"a1d7ac9e15c26535a7dec40bba21cda4de078504","tgt.process.image.md5":"65f9131df4b7c909ae41add0fcd172fa","tgt.process.image.sha256":"b00b5e5d4e268b8dbd0af0749edb6626e686403c71f1c81ae08d18242046f29e","src.process.cmdline":"parent","src.process.user":"NT AUTHORITY\\SYSTEM","src.process.integrityLevel":"SYSTEM","src.process.startTime":1678785000000,"src.process.storyline.id":"ST0","src.process.parent.cmdline":"above")");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.type, EventType::process_creation);
    EXPECT_EQ(event.actor.vendor_uid, "D0046CBAF5BC03DA");
    EXPECT_EQ(event.actor.pid, "4720");
    EXPECT_EQ(event.actor.image, R"(C:\app\child.exe)");
    EXPECT_EQ(event.actor.command_line, "child -x");
    EXPECT_EQ(event.actor.user, R"(ACME\jdoe)");
    EXPECT_EQ(format_timestamp(event.actor.start), "2023-03-14T09:13:42.200Z");
    EXPECT_TRUE(event.actor.start_is_exact);
    EXPECT_EQ(event.parent.vendor_uid, "F59445BAF5BC03DA");
    EXPECT_EQ(event.parent.pid, "3596");
    EXPECT_EQ(event.parent.image, R"(C:\app\parent.exe)");
    EXPECT_EQ(event.parent.command_line, "parent");
    EXPECT_EQ(event.parent.user, R"(NT AUTHORITY\SYSTEM)");
    EXPECT_EQ(format_timestamp(event.parent.start), "2023-03-14T09:10:00.000Z");
    EXPECT_TRUE(event.creator.key.is_none());
    EXPECT_TRUE(event.target.key.is_none());
    const std::pair<FieldId, const char*> fields[] = {
        {FieldId::process_guid, "D0046CBAF5BC03DA"},
        {FieldId::process_id, "4720"},
        {FieldId::image, R"(C:\app\child.exe)"},
        {FieldId::command_line, "child -x"},
        {FieldId::user, R"(ACME\jdoe)"},
        {FieldId::integrity_level, "Medium"},
        {FieldId::terminal_session_id, "2"},
        {FieldId::company, "ACME LTD"},
        {FieldId::description, "The child"},
        {FieldId::is_signed, "true"},
        {FieldId::group_uid, "ST1"},
        {FieldId::hashes,
         "SHA1=a1d7ac9e15c26535a7dec40bba21cda4de078504,MD5=65f9131df4b7c909ae41add0fcd172fa,"
         "SHA256=b00b5e5d4e268b8dbd0af0749edb6626e686403c71f1c81ae08d18242046f29e"},
        {FieldId::parent_process_guid, "F59445BAF5BC03DA"},
        {FieldId::parent_process_id, "3596"},
        {FieldId::parent_image, R"(C:\app\parent.exe)"},
        {FieldId::parent_command_line, "parent"},
        {FieldId::parent_user, R"(NT AUTHORITY\SYSTEM)"},
        {FieldId::parent_integrity_level, "System"},
        {FieldId::grand_parent_image, R"(C:\app\above.exe)"},
        {FieldId::grand_parent_command_line, "above"},
    };
    for (const auto& [id, want] : fields) {
      EXPECT_EQ(event.field(id), want) << field_name(id);
    }
    EXPECT_FALSE(event.duplicate_keys);
  });
}

TEST(SentinelOne, WhereTheSystemSeesAnotherParentTheStorylinesIsTheCreator) {
  const std::string record =
      funnel("Process Creation",
             process("tgt.process.", "C1", 10, R"(C:\\RuntimeBroker.exe)") + "," +
                 process("src.process.", "B1", 20, R"(C:\\backgroundTaskHost.exe)") + "," +
                 process("src.process.parent.", "A1", 30, R"(C:\\above-src.exe)") + "," +
                 process("osSrc.process.", "B2", 40, R"(C:\\svchost.exe)") + "," +
                 process("osSrc.process.parent.", "A2", 50, R"(C:\\services.exe)"));
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.actor.vendor_uid, "C1");
    EXPECT_EQ(event.parent.vendor_uid, "B2");
    EXPECT_EQ(event.field(FieldId::parent_image), R"(C:\svchost.exe)");
    EXPECT_EQ(event.creator.vendor_uid, "B1");
    EXPECT_EQ(event.creator.image, R"(C:\backgroundTaskHost.exe)");
    EXPECT_EQ(event.field(FieldId::grand_parent_image), R"(C:\services.exe)");
  });
}

TEST(SentinelOne, AnOsSourceThatIsTheSourceIsNoCreator) {
  const std::string record =
      funnel("Process Creation", process("tgt.process.", "C1", 10, "c") + "," +
                                     process("src.process.", "b1", 20, "b") + "," +
                                     process("osSrc.process.", "B1", 20, "b"));
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.parent.vendor_uid, "B1");
    EXPECT_TRUE(event.creator.key.is_none());
    EXPECT_EQ(event.creator.vendor_uid, "");
  });
}

TEST(SentinelOne, OtherEventsOfAnotherOsSourceStayTheSources) {
  const std::string record =
      funnel("DNS Resolved", process("src.process.", "B1", 20, "b") + "," +
                                 process("osSrc.process.", "B2", 40, "dnscache") +
                                 R"(,"event.dns.request":"a.example")");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.actor.vendor_uid, "B1");
    EXPECT_TRUE(event.creator.key.is_none());
    EXPECT_EQ(extra_of(event, "osSrc.process.uid"), "B2");
  });
}

TEST(SentinelOne, ACreationWithoutSourceHasNoParent) {
  const std::string record = fmt::format(
      R"({{"event.type":"Process Creation","endpoint.os":"osx","agent.uuid":"{}",{}}})", kAgent,
      process("tgt.process.", "51F29457-ED8E-2D5A-0000-000000000000", 7, "/usr/bin/curl"));
  expect_event(record, [](const Event& event) {
    EXPECT_FALSE(event.actor.key.is_none());
    EXPECT_TRUE(event.parent.key.is_none());
    EXPECT_EQ(event.parent.image, "");
    EXPECT_FALSE(event.has(FieldId::parent_image));
    EXPECT_FALSE(event.has(FieldId::parent_process_guid));
  });
}

TEST(SentinelOne, OneProcessHasOneKeyHoweverItsUidIsCased) {
  std::vector<Uid> keys;
  for (const char* uid : {"D0046CBAF5BC03DA", "d0046cbaf5bc03da"}) {
    expect_event(funnel("Module Load", process("src.process.", uid, 1, "i")),
                 [&](const Event& event) {
                   keys.push_back(event.actor.key);
                   EXPECT_EQ(event.actor.vendor_uid, uid);  // As written.
                   EXPECT_EQ(event.field(FieldId::process_guid), uid);
                 });
  }
  expect_event(funnel("Process Creation", process("tgt.process.", "D0046CBAF5BC03DA", 1, "i")),
               [&](const Event& event) { keys.push_back(event.actor.key); });
  expect_event(deep("Module Load", R"("srcProcUid":"D0046CBAF5BC03DA")"),
               [&](const Event& event) { keys.push_back(event.actor.key); });
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_EQ(keys[0], keys[2]);
  EXPECT_EQ(keys[0], keys[3]);
  // Of another agent it is another process.
  expect_event(R"({"event.type":"Login","agent.uuid":"b","src.process.uid":"D0046CBAF5BC03DA"})",
               [&](const Event& event) { EXPECT_NE(event.actor.key, keys[0]); });
}

TEST(SentinelOne, TheUniqueKeyIsTheSubjects) {
  expect_event(funnel("Process Creation", R"("process.unique.key":"D1","tgt.process.pid":4)"),
               [](const Event& event) { EXPECT_EQ(event.actor.vendor_uid, "D1"); });
  expect_event(funnel("Login", R"("process.unique.key":"D2")"),
               [](const Event& event) { EXPECT_EQ(event.actor.vendor_uid, "D2"); });
}

TEST(SentinelOne, StartsBeforeTimeAreNone) {
  for (const char* start :
       {"0", "-11644473600000", "\"None\"", "null", R"("1970-01-01T00:00:00Z")"}) {
    expect_event(funnel("Process Creation", process("tgt.process.", "D1", 4, "i") +
                                                R"(,"tgt.process.startTime":)" + start),
                 [](const Event& event) {
                   EXPECT_EQ(event.actor.start, 0);
                   EXPECT_FALSE(event.actor.start_is_exact);
                 });
  }
}

TEST(SentinelOne, OtherEventsNameTheSourceAndItsParent) {
  const std::string record = funnel(
      "Module Load",
      process("src.process.", "51F29457ED8E2D5A", 10212, R"(C:\\app\\3CXDesktopApp.exe)") + "," +
          process("src.process.parent.", "51F29457ED8E2D59", 6640, R"(C:\\Windows\\explorer.exe)") +
          R"(,"src.process.startTime":1678785000000,"src.process.parent.startTime":1678784000000,"src.process.parent.cmdline":"explorer","src.process.parent.user":"ACME\\jdoe","src.process.integrityLevel":"MEDIUM","src.process.storyline.id":"A3C0000000000010")");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.actor.vendor_uid, "51F29457ED8E2D5A");
    EXPECT_EQ(event.field(FieldId::image), R"(C:\app\3CXDesktopApp.exe)");
    EXPECT_EQ(event.field(FieldId::integrity_level), "Medium");
    EXPECT_EQ(event.field(FieldId::group_uid), "A3C0000000000010");
    EXPECT_EQ(event.parent.vendor_uid, "51F29457ED8E2D59");
    EXPECT_EQ(event.parent.pid, "6640");
    EXPECT_EQ(event.parent.user, R"(ACME\jdoe)");
    EXPECT_EQ(format_timestamp(event.parent.start), "2023-03-14T08:53:20.000Z");
    EXPECT_EQ(event.field(FieldId::parent_image), R"(C:\Windows\explorer.exe)");
    EXPECT_EQ(event.field(FieldId::parent_command_line), "explorer");
    EXPECT_EQ(event.field(FieldId::parent_process_guid), "51F29457ED8E2D59");
  });
}

TEST(SentinelOne, AParentWithoutAUidIsKnownByPidStartAndImage) {
  const std::string mac = fmt::format(
      R"({{"event.type":"DNS Resolved","endpoint.os":"osx","agent.uuid":"{}",{},"src.process.startTime":1679735976090,"src.process.parent.pid":3417,"src.process.parent.startTime":1679735976000,"src.process.parent.image.path":"/tmp/UpdateAgent","src.process.parent.cmdline":" UpdateAgent -x","src.process.parent.user":"mkim"}})",
      kAgent, process("src.process.", "A285A74B-E038-600B-2DE6-AF095ED79473", 3418, "/tmp/x"));
  const std::string deep_visibility = deep(
      "DNS Resolved",
      R"("srcProcUid":"AA","srcProcPid":"3418","srcProcParentPid":"3417","srcProcParentStartTime":"2023-03-25T09:19:36.000Z","srcProcParentImagePath":"/tmp/UpdateAgent","srcProcParentCmdLine":"UpdateAgent -x","srcProcParentUser":"mkim")");
  // The key beside it is the process's own.
  const std::string old_names = deep(
      "DNS Resolved",
      R"("processUniqueKey":"AA","pid":"3418","parentProcessUniqueKey":"AA","parentPid":"3417","parentProcessStartTime":"2023-03-25T09:19:36.000Z","parentProcessName":"UpdateAgent")");
  std::vector<Uid> keys;
  for (const std::string& record : {mac, deep_visibility, old_names}) {
    expect_event(record, [&](const Event& event) {
      EXPECT_FALSE(event.actor.key.is_none());
      EXPECT_TRUE(event.parent.key.is_none());
      EXPECT_EQ(event.parent.vendor_uid, "");
      EXPECT_EQ(event.parent.pid, "3417");
      EXPECT_EQ(format_timestamp(event.parent.start), "2023-03-25T09:19:36.000Z");
      EXPECT_TRUE(event.parent.start_is_exact);
      EXPECT_EQ(basename_of(event.parent.image), "UpdateAgent");
      EXPECT_FALSE(event.has(FieldId::parent_process_guid));
      keys.push_back(parent_key(event));
      if (record != old_names) {
        EXPECT_EQ(event.parent.command_line, "UpdateAgent -x");
        EXPECT_EQ(event.parent.user, "mkim");
      }
    });
  }
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_FALSE(keys[0].is_none());
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_EQ(keys[0], keys[2]);
}

TEST(SentinelOne, NoProcessIsItsOwnParent) {
  expect_event(funnel("Driver Load", process("src.process.", "AA", 4, "ntoskrnl.exe") + "," +
                                         process("src.process.parent.", "aa", 4, "ntoskrnl.exe")),
               [](const Event& event) {
                 EXPECT_EQ(event.actor.vendor_uid, "AA");
                 EXPECT_TRUE(event.parent.key.is_none());
                 EXPECT_FALSE(event.has(FieldId::parent_image));
               });
}

TEST(SentinelOne, HandlesAndThreadsHaveSourceAndTarget) {
  const std::string processes = process("src.process.", "51", 10, R"(C:\\a.exe)") + "," +
                                process("src.process.parent.", "50", 9, R"(C:\\p.exe)") + "," +
                                process("tgt.process.", "52", 11, R"(C:\\lsass.exe)") +
                                R"(,"tgt.process.accessRights":5136,"tgt.process.user":"SYSTEM")";
  for (const char* type : {"Open Remote Process Handle", "Duplicate Process Handle",
                           "Duplicate Thread Handle", "Remote Thread Creation"}) {
    expect_event(funnel(type, processes), [](const Event& event) {
      EXPECT_EQ(event.actor.vendor_uid, "51");
      EXPECT_EQ(event.target.vendor_uid, "52");
      EXPECT_EQ(event.target.image, R"(C:\lsass.exe)");
      EXPECT_EQ(event.field(FieldId::source_image), R"(C:\a.exe)");
      EXPECT_EQ(event.field(FieldId::source_process_guid), "51");
      EXPECT_EQ(event.field(FieldId::source_parent_image), R"(C:\p.exe)");
      EXPECT_EQ(event.field(FieldId::target_image), R"(C:\lsass.exe)");
      EXPECT_EQ(event.field(FieldId::target_process_id), "11");
      EXPECT_EQ(event.field(FieldId::target_user), "SYSTEM");
      EXPECT_EQ(event.field(FieldId::granted_access), "0x1410");
    });
  }
}

TEST(SentinelOne, OneBlankBeforeAUnixCommandLineIsTheSensors) {
  const std::string linux = fmt::format(
      R"({{"event.type":"Process Creation","endpoint.os":"linux","agent.uuid":"a",{},"tgt.process.cmdline":"  curl -x","src.process.cmdline":" bash","src.process.uid":"s"}})",
      process("tgt.process.", "t", 7, "/usr/bin/curl"));
  expect_event(linux, [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::command_line), " curl -x");
    EXPECT_EQ(event.actor.command_line, " curl -x");
    EXPECT_EQ(event.field(FieldId::parent_command_line), "bash");
    EXPECT_EQ(event.original(FieldId::parent_command_line), " bash");
  });
  expect_event(funnel("Process Creation", R"("tgt.process.uid":"t","tgt.process.cmdline":" curl")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::command_line), " curl"); });
}

TEST(SentinelOne, AUnixUserIsTheEffectiveOneIfThereIsNoOther) {
  expect_event(
      funnel(
          "Process Creation",
          R"("tgt.process.uid":"t","tgt.process.rUserName":"kim","tgt.process.eUserName":"root")"),
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::user), "root"); });
}

TEST(SentinelOne, AModuleIsNotSignedBecauseItsProcessIs) {
  const std::string module =
      R"("module.path":"C:\\app\\ffmpeg.dll","module.sha1":"bf939c9c261d27ee7bb92325cc588624fca75429","module.md5":"74bc2d0b6680faa1a5a76b27e5479cbc","src.process.signedStatus":"signed","src.process.publisher":"3CX LTD","src.process.image.sha1":"1111111111111111111111111111111111111111","tgt.file.isSigned":"signed")";
  expect_event(funnel("Module Load", module), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::image_loaded), R"(C:\app\ffmpeg.dll)");
    EXPECT_EQ(event.field(FieldId::hashes),
              "SHA1=bf939c9c261d27ee7bb92325cc588624fca75429,MD5=74bc2d0b6680faa1a5a76b27e5479cbc");
    EXPECT_FALSE(event.has(FieldId::is_signed));
    EXPECT_FALSE(event.has(FieldId::company));
    EXPECT_EQ(extra_of(event, "tgt.file.isSigned"), "signed");
  });
  expect_event(funnel("ModuleLoad", module + R"(,"module.signedStatus":"unsigned")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::is_signed), "false"); });
}

TEST(SentinelOne, ADriverIsATargetFileWithHashesOfItsOwn) {
  expect_event(
      funnel(
          "Driver Load",
          R"("tgt.file.path":"\\Device\\HarddiskVolume3\\Windows\\d.sys","driver.peSha1":"0000000000000000000000000000000000000000","driver.peSha256":"7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896","tgt.file.isSigned":"signed")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::image_loaded), R"(C:\Windows\d.sys)");
        EXPECT_EQ(event.original(FieldId::image_loaded),
                  R"(\Device\HarddiskVolume3\Windows\d.sys)");
        EXPECT_EQ(event.field(FieldId::hashes),
                  "SHA256=7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896");
        EXPECT_FALSE(event.has(FieldId::target_filename));
      });
}

TEST(SentinelOne, FilesHaveTheirPathTheirOldPathAndTheirHashes) {
  expect_event(
      funnel(
          "File Rename",
          R"("tgt.file.path":"C:\\b.exe","tgt.file.oldPath":"C:\\a.tmp","tgt.file.sha256":"7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896","tgt.file.creationTime":1678785222214,"tgt.file.isExecutable":true,"task.path":"C:\\b.exe")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::target_filename), R"(C:\b.exe)");
        EXPECT_EQ(event.field(FieldId::source_filename), R"(C:\a.tmp)");
        EXPECT_EQ(event.field(FieldId::hashes),
                  "SHA256=7986bbaee8940da11ce089383521ab420c443ab7b15ed42aed91fd31ce833896");
        EXPECT_EQ(event.field(FieldId::creation_utc_time), "2023-03-14 09:13:42.214");
        EXPECT_EQ(event.field(FieldId::is_executable), "true");
        EXPECT_FALSE(event.has(FieldId::task_name));
      });
  expect_event(funnel("File Creation", R"("tgt.file.creationTime":-11644473600000)"),
               [](const Event& event) { EXPECT_FALSE(event.has(FieldId::creation_utc_time)); });
}

TEST(SentinelOne, RegistryEventsSayWhatSysmonSays) {
  struct Case {
    const char* type;
    const char* verb;
  };

  const Case cases[] = {
      {"Registry Key Create", "CreateKey"},    {"Registry Key Delete", "DeleteKey"},
      {"Registry Key Rename", "RenameKey"},    {"Registry Value Create", "SetValue"},
      {"Registry Value Modified", "SetValue"}, {"Registry Value Delete", "DeleteValue"},
      {"Registry Key Security Changed", ""},
  };
  for (const Case& test : cases) {
    expect_event(
        funnel(
            test.type,
            R"("registry.keyPath":"MACHINE\\SYSTEM\\ControlSet001\\Services\\x","registry.value":"C:\\x.exe")"),
        [&](const Event& event) {
          EXPECT_EQ(event.field(FieldId::event_type), test.verb) << test.type;
          EXPECT_EQ(event.field(FieldId::target_object),
                    R"(HKLM\SYSTEM\CurrentControlSet\Services\x)");
          EXPECT_EQ(event.field(FieldId::details), R"(C:\x.exe)");
        });
  }
  expect_event(
      funnel("Registry Value Modified",
             R"("registry.keyPath":"MACHINE\\SOFTWARE\\Run","registry.valueName":"Updater")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::target_object), R"(HKLM\SOFTWARE\Run\Updater)");
        EXPECT_EQ(event.original(FieldId::target_object), R"(MACHINE\SOFTWARE\Run\Updater)");
      });
}

TEST(SentinelOne, ConnectionsHaveAProtocolAndADirection) {
  const auto connection = [](std::string_view code, std::string_view direction) {
    return funnel(
        "IP Connect",
        fmt::format(
            R"("meta.event.name":"{}","event.network.direction":"{}","event.network.protocolName":"https","src.ip.address":"10.0.0.1","src.port.number":50123,"dst.ip.address":"::ffff:10.0.0.2","dst.port.number":443)",
            code, direction));
  };
  expect_event(connection("TCPV4", "OUTGOING"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::protocol), "tcp");
    EXPECT_EQ(event.field(FieldId::initiated), "true");
    EXPECT_EQ(event.field(FieldId::source_ip), "10.0.0.1");
    EXPECT_EQ(event.field(FieldId::source_port), "50123");
    EXPECT_EQ(event.field(FieldId::destination_ip), "10.0.0.2");
    EXPECT_EQ(event.field(FieldId::destination_port), "443");
    EXPECT_EQ(event.field(FieldId::destination_port_name), "https");
    EXPECT_EQ(event.field(FieldId::destination_is_ipv6), "false");
  });
  // Who connects is the source: the acting process is at the destination.
  expect_event(connection("UDPV6", "INCOMING"), [](const Event& event) {
    EXPECT_EQ(event.field(FieldId::protocol), "udp");
    EXPECT_EQ(event.field(FieldId::initiated), "false");
    EXPECT_EQ(event.field(FieldId::source_ip), "10.0.0.1");
    EXPECT_EQ(event.field(FieldId::destination_port), "443");
    EXPECT_EQ(event.field(FieldId::source_is_ipv6), "true");
  });
  expect_event(funnel("IP Connect", R"("event.network.protocolName":"https")"),
               [](const Event& event) {
                 EXPECT_FALSE(event.has(FieldId::protocol));
                 EXPECT_FALSE(event.has(FieldId::initiated));
               });
}

TEST(SentinelOne, QueriesLoseTheTypeThatMacSensorsPutBeforeTheName) {
  expect_event(
      funnel(
          "DNS Resolved",
          R"("meta.event.name":"DNS","event.dns.request":"type:  28 raw.githubusercontent.com","event.dns.response":"type:  5 a.example;::ffff:1.2.3.4;")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::query_name), "raw.githubusercontent.com");
        EXPECT_EQ(event.field(FieldId::record_type), "AAAA");
        EXPECT_EQ(event.field(FieldId::query_results), "type:  5 a.example;::ffff:1.2.3.4;");
        EXPECT_EQ(event.field(FieldId::query_status), "0");
      });
  expect_event(funnel("DNS Unresolved", R"("event.dns.request":"type.example")"),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::query_name), "type.example");
                 EXPECT_FALSE(event.has(FieldId::query_status));
               });
  for (const char* odd : {"type:", "type:   ", "type:  28", "type:  28 "}) {
    expect_event(funnel("DNS Resolved", fmt::format(R"("event.dns.request":"{}")", odd)),
                 [](const Event& event) { EXPECT_FALSE(event.has(FieldId::query_name)); });
  }
}

TEST(SentinelOne, AVerbOfHttpIsARequest) {
  expect_event(funnel("POST", R"("event.category":"url","url.address":"https://a.example/x")"),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::url), "https://a.example/x");
                 EXPECT_EQ(event.field(FieldId::http_method), "POST");
               });
  expect_event(
      R"({"meta.event.name":"HTTP","agent.uuid":"a","event.url.action":"GET","url.address":"u"})",
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::http_method), "GET"); });
}

TEST(SentinelOne, AScriptIsPowerShellsIfItsApplicationIs) {
  const std::pair<const char*, EventType> cases[] = {
      {R"(PowerShell_C:\\Windows\\System32\\powershell.exe_10.0)", EventType::ps_script},
      {"powershell", EventType::ps_script},
      {"VBScript", EventType::script},
      {"None", EventType::script},
  };
  for (const auto& [application, want] : cases) {
    expect_event(
        funnel("Command Script",
               fmt::format(R"("cmdScript.content":"iex $x","cmdScript.applicationName":"{}")",
                           application)),
        [&, want = want](const Event& event) {
          EXPECT_EQ(to_string(event.type), to_string(want));
          EXPECT_EQ(event.field(FieldId::script_block_text), "iex $x");
        });
  }
}

TEST(SentinelOne, TasksPipesAndLoginsHaveTheirNames) {
  expect_event(
      funnel("Task Register", R"("task.name":"\\Updater","task.path":"C:\\x")"),
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::task_name), R"(\Updater)"); });
  expect_event(
      funnel("Named Pipe Creation", R"("namedPipe.name":"\\MSSE-1-server")"),
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::pipe_name), R"(\MSSE-1-server)"); });
  expect_event(
      funnel(
          "Login",
          R"("event.login.userName":"kim","event.login.type":"REMOTE_INTERACTIVE","src.endpoint.ip.address":"10.0.0.9")"),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::target_user_name), "kim");
        EXPECT_EQ(event.field(FieldId::logon_type), "REMOTE_INTERACTIVE");
        EXPECT_EQ(event.field(FieldId::source_ip), "10.0.0.9");
      });
}

TEST(SentinelOne, IndicatorsAreDetectionsWithTacticAndTechnique) {
  expect_event(
      funnel(
          "Behavioral Indicators",
          R"("indicator.name":"PreloadInjection","indicator.category":"Injection","indicator.description":"Code injection. MITRE: Execution {<a href=\"https://attack.mitre.org/techniques/T1569/002/\" target=\"_blank\">T1569.002</a>}")"),
      [](const Event& event) {
        EXPECT_EQ(event.type, EventType::antivirus);
        EXPECT_EQ(event.field(FieldId::threat_name), "PreloadInjection");
        EXPECT_EQ(event.field(FieldId::technique), "T1569.002");
        EXPECT_EQ(event.field(FieldId::tactic), "Execution");
        EXPECT_EQ(extra_of(event, "indicator.category"), "Injection");
      });
  expect_event(
      funnel(
          "Behavioral Indicators",
          R"("indicator.name":"x","indicator.description":"MITRE: Discovery {T1057} or Tactic")"),
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::technique), "T1057"); });
  expect_event(
      funnel(
          "Behavioral Indicators",
          R"("indicator.name":"x","indicator.description":"MITRE: Execution {https://attack.mitre.org/techniques/T1569/002/}")"),
      [](const Event& event) { EXPECT_EQ(event.field(FieldId::technique), "T1569"); });
  expect_event(funnel("Threat Intelligence Indicators", R"("tiindicator.value":"evil.example")"),
               [](const Event& event) {
                 EXPECT_EQ(event.field(FieldId::threat_name), "evil.example");
                 EXPECT_FALSE(event.has(FieldId::technique));
               });
}

TEST(SentinelOne, KeysMayBearTheTrademarkSign) {
  expect_event(
      funnel("Login", "\"src.process.uid\":\"AA\",\"src.process.Storyline\xE2\x84\xA2.id\":\"ST\""),
      [](const Event& event) {
        EXPECT_EQ(event.field(FieldId::group_uid), "ST");
        EXPECT_FALSE(event.duplicate_keys);
      });
  expect_event(funnel("Login", R"("src.process.Storyline\u2122.id":"ST")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::group_uid), "ST"); });
}

TEST(SentinelOne, WordsThatSayNothingAreAbsent) {
  for (const char* nothing : {"\"None\"", "\"null\"", "\"\"", "null"}) {
    expect_event(
        funnel(
            "Process Creation",
            fmt::format(
                R"("tgt.process.uid":"AA","tgt.process.user":{0},"tgt.process.cmdline":{0},"src.process.uid":{0},"src.process.image.path":{0},"osSrc.process.uid":{0})",
                nothing)),
        [](const Event& event) {
          EXPECT_FALSE(event.has(FieldId::user));
          EXPECT_FALSE(event.has(FieldId::command_line));
          EXPECT_FALSE(event.has(FieldId::parent_image));
          EXPECT_TRUE(event.parent.key.is_none());
        });
  }
}

TEST(SentinelOne, NumbersAndBooleansMayBeText) {
  expect_event(deep("IP Connect",
                    R"("srcProcUid":"AA","srcProcPid":"4452","dstPort":"443","srcPort":50123)"),
               [](const Event& event) {
                 EXPECT_EQ(event.actor.pid, "4452");
                 EXPECT_EQ(event.field(FieldId::destination_port), "443");
                 EXPECT_EQ(event.field(FieldId::source_port), "50123");
               });
  expect_event(deep("File Deletion", R"("srcProcUid":"AA","tgtFileIsExecutable":"True")"),
               [](const Event& event) { EXPECT_EQ(event.field(FieldId::is_executable), "true"); });
}

// --- Deep Visibility
// ------------------------------------------------------------------------------------------

TEST(SentinelOne, DeepVisibilityIsTheSameInOtherNames) {
  const std::string record = deep(
      "Process Creation",
      R"("metaEventName":"PROCESSCREATION","tgtProcUid":"D1","tgtProcPid":"4720","tgtProcImagePath":"C:\\c.exe","tgtProcCmdLine":"c","tgtProcUser":"ACME\\jdoe","tgtProcStartTime":"2023-03-14T09:13:42.200Z","tgtProcIntegrityLevel":"HIGH","tgtProcStorylineId":"ST","tgtProcImageSha1":"a1d7ac9e15c26535a7dec40bba21cda4de078504","srcProcUid":"C1","srcProcPid":"3596","srcProcImagePath":"C:\\p.exe","srcProcParentUid":"B1","srcProcParentProcUid":"B1","srcProcParentImagePath":"C:\\g.exe")");
  expect_event(record, [](const Event& event) {
    EXPECT_EQ(event.carriage, "deep_visibility");
    EXPECT_EQ(event.host, kHost);
    EXPECT_EQ(event.vendor_event_uid, "sentinelone:" + std::string(kHost) + ":77");
    EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
    EXPECT_EQ(event.actor.vendor_uid, "D1");
    EXPECT_EQ(format_timestamp(event.actor.start), "2023-03-14T09:13:42.200Z");
    EXPECT_EQ(event.parent.vendor_uid, "C1");
    EXPECT_EQ(event.field(FieldId::integrity_level), "High");
    EXPECT_EQ(event.field(FieldId::grand_parent_image), R"(C:\g.exe)");
    EXPECT_EQ(event.field(FieldId::hashes), "SHA1=a1d7ac9e15c26535a7dec40bba21cda4de078504");
    EXPECT_FALSE(event.duplicate_keys);
  });
}

TEST(SentinelOne, DeepVisibilitysNewNamesWinOverItsOldOnes) {
  const std::string fields[] = {
      R"("srcProcUid":"AA","srcProcPid":"1","srcProcImagePath":"C:\\new.exe","srcProcUser":null)",
      R"("processUniqueKey":"BB","pid":"2","processImagePath":"C:\\old.exe","user":"old")",
      R"("tgtFilePath":"C:\\new","fileFullName":"C:\\old","fileMd5":"74bc2d0b6680faa1a5a76b27e5479cbc")",
  };
  for (const std::string& record :
       {deep("File Creation", fields[0] + "," + fields[1] + "," + fields[2]),
        deep("File Creation", fields[2] + "," + fields[1] + "," + fields[0])}) {
    expect_event(record, [](const Event& event) {
      EXPECT_EQ(event.actor.vendor_uid, "AA");
      EXPECT_EQ(event.field(FieldId::image), R"(C:\new.exe)");
      EXPECT_FALSE(event.has(FieldId::user));
      EXPECT_EQ(event.field(FieldId::target_filename), R"(C:\new)");
      EXPECT_EQ(event.field(FieldId::hashes), "MD5=74bc2d0b6680faa1a5a76b27e5479cbc");
      EXPECT_FALSE(event.duplicate_keys);
    });
  }
}

TEST(SentinelOne, DeepVisibilitysOldNamesSufficeAlone) {
  expect_event(
      R"({"eventType":"IP Connect","createdAt":"2020-05-01T10:00:00.000Z","agentName":"PC042.acme.example","agentOs":"windows","processUniqueKey":"AA","pid":"1188","processImagePath":"C:\\s.exe","processCmd":"s -k","user":"u","trueContext":"TC","direction":"INCOMING","parentPid":"868","parentProcessName":"services.exe","parentProcessUniqueKey":"AA"})",
      [](const Event& event) {
        EXPECT_EQ(event.host, "pc042");
        EXPECT_EQ(event.platform, Platform::windows);
        EXPECT_EQ(format_timestamp(event.time), "2020-05-01T10:00:00.000Z");
        EXPECT_EQ(event.actor.vendor_uid, "AA");
        EXPECT_EQ(event.field(FieldId::command_line), "s -k");
        EXPECT_EQ(event.field(FieldId::group_uid), "TC");
        EXPECT_EQ(event.field(FieldId::initiated), "false");
        // The trap: the parent's key is the process's own. The rest of it is the parent's.
        EXPECT_TRUE(event.parent.key.is_none());
        EXPECT_FALSE(event.has(FieldId::parent_process_guid));
        EXPECT_EQ(event.parent.pid, "868");
        EXPECT_EQ(event.field(FieldId::parent_image), "services.exe");
      });
}

TEST(SentinelOne, DeepVisibilitysParentKeyMeansNothingAndSrcProcParentUidIsTheParent) {
  const char* both[] = {"srcProcParentUid", "srcProcParentProcUid"};
  for (const char* key : both) {
    expect_event(
        deep(
            "Login",
            fmt::format(
                R"("processUniqueKey":"AA","parentProcessUniqueKey":"AA","srcProcUid":"AA","{}":"BB","srcProcParentImagePath":"C:\\p.exe")",
                key)),
        [](const Event& event) {
          EXPECT_EQ(event.actor.vendor_uid, "AA");
          EXPECT_EQ(event.parent.vendor_uid, "BB");
          EXPECT_EQ(event.field(FieldId::parent_image), R"(C:\p.exe)");
        });
  }
}

TEST(SentinelOne, TheQueryLanguagesPascalCaseIsRead) {
  expect_event(
      R"({"EventType":"DNS Resolved","EventTime":"2023-03-14T09:13:42.214Z","AgentUuid":"a","EndpointOs":"windows","SrcProcUID":"AA","SrcProcPID":7,"SrcProcName":"x","SrcProcImagePath":"C:\\x.exe","SrcProcParentUid":"BB","DnsRequest":"a.example"})",
      [](const Event& event) {
        EXPECT_EQ(event.carriage, "deep_visibility");
        EXPECT_EQ(event.actor.vendor_uid, "AA");
        EXPECT_EQ(event.actor.pid, "7");
        EXPECT_EQ(event.parent.vendor_uid, "BB");
        EXPECT_EQ(event.field(FieldId::query_name), "a.example");
        EXPECT_EQ(format_timestamp(event.time), "2023-03-14T09:13:42.214Z");
      });
}

// --- Forms
// ----------------------------------------------------------------------------------------------------

TEST(SentinelOne, NestedObjectsAreTheDottedKeys) {
  const std::string nested =
      R"({"dataSource":{"name":"SentinelOne"},"event":{"type":"Module Load","time":1678785222214,"id":"01G_1"},"endpoint":{"os":"windows","name":"PC042"},"agent":{"uuid":"7F3C2B1E9D4A4C55B6A0D1E2F3A4B5C6"},"src":{"process":{"uid":"AA","pid":7,"image":{"path":"C:\\x.exe"},"parent":{"uid":"BB"},"Storyline™":{"id":"ST"},"dnsCount":3}},"module":{"path":"C:\\m.dll"}})";
  const std::string dotted =
      R"({"dataSource.name":"SentinelOne","event.type":"Module Load","event.time":1678785222214,"event.id":"01G_1","endpoint.os":"windows","endpoint.name":"PC042","agent.uuid":"7F3C2B1E9D4A4C55B6A0D1E2F3A4B5C6","src.process.uid":"AA","src.process.pid":7,"src.process.image.path":"C:\\x.exe","src.process.parent.uid":"BB","src.process.Storyline™.id":"ST","src.process.dnsCount":3,"module.path":"C:\\m.dll"})";
  std::vector<Uid> uids;
  for (const std::string& record : {nested, dotted}) {
    expect_event(record, [&](const Event& event) {
      uids.push_back(event.uid);
      EXPECT_EQ(event.carriage, "cloud_funnel");
      EXPECT_EQ(event.type, EventType::image_load);
      EXPECT_EQ(event.host, kHost);
      EXPECT_EQ(event.actor.vendor_uid, "AA");
      EXPECT_EQ(event.parent.vendor_uid, "BB");
      EXPECT_EQ(event.field(FieldId::image_loaded), R"(C:\m.dll)");
      EXPECT_EQ(event.field(FieldId::group_uid), "ST");
      EXPECT_EQ(extra_of(event, "src.process.dnsCount"), "3");
      EXPECT_EQ(extra_of(event, "dataSource.name"), "SentinelOne");
      EXPECT_EQ(event.extra.size(), 2U);
    });
  }
  ASSERT_EQ(uids.size(), 2U);
  EXPECT_EQ(uids[0], uids[1]);
}

TEST(SentinelOne, AnEnvelopeOfTheApiIsOpened) {
  const std::string record = R"({"data":[)" + deep("Login", R"("srcProcUid":"AA")") + "," +
                             deep("Logout", R"("srcProcUid":"AA")") +
                             R"(],"pagination":{"nextCursor":null}})";
  EXPECT_EQ(test::parse(record).events, 2U);
}

TEST(SentinelOne, OfADuplicateKeyTheFirstCounts) {
  expect_event(funnel("Login", R"("src.process.uid":"AA","src.process.uid":"BB")"),
               [](const Event& event) {
                 EXPECT_EQ(event.actor.vendor_uid, "AA");
                 EXPECT_TRUE(event.duplicate_keys);
               });
  expect_event(R"({"src":{"process":{"uid":"AA","uid":"BB"}},"event":{"type":"Login"}})",
               [](const Event& event) {
                 EXPECT_EQ(event.actor.vendor_uid, "AA");
                 EXPECT_TRUE(event.duplicate_keys);
               });
}

TEST(SentinelOne, CloudFunnel1IsRefusedWithTheWayOut) {
  const test::Looker looker = test::parse(
      R"({"meta":{"traceId":"x"},"processCreation":{"process":{"executable":{"path":"C:\\x.exe"}}}})");
  ASSERT_EQ(looker.errors.size(), 1U);
  EXPECT_EQ(looker.events, 0U);
  EXPECT_EQ(looker.errors[0].code, ErrorCode::unsupported);
  EXPECT_NE(looker.errors[0].message.find("Cloud Funnel 1.x"), std::string::npos);
  EXPECT_NE(looker.errors[0].message.find("Cloud Funnel 2.0"), std::string::npos);
}

TEST(SentinelOne, WhatOnlyLooksLikeItIsRefusedWithAReason) {
  for (const char* record : {R"({"src":"10.0.0.1","endpoint":"x"})", R"({"i.scheme":"edr"})",
                             R"({"event.type":["a"],"endpoint.name":"x"})"}) {
    const test::Looker looker = test::parse(record);
    EXPECT_EQ(looker.events, 0U) << record;
    ASSERT_EQ(looker.errors.size(), 1U) << record;
    EXPECT_EQ(looker.errors[0].code, ErrorCode::unknown_source);
    EXPECT_NE(looker.errors[0].message.find("event.type"), std::string::npos);
  }
}

// --- Extra fields
// ---------------------------------------------------------------------------------------------

TEST(SentinelOne, WhatNoFieldShowsIsKeptByItsOwnKey) {
  expect_event(
      funnel("Module Load",
             R"("src.process.uid":"AA","src.process.dnsCount":3,"src.process.x":null,"l":[1,"a"])"),
      [](const Event& event) {
        EXPECT_EQ(extra_of(event, "src.process.dnsCount"), "3");
        EXPECT_EQ(extra_of(event, "l"), R"([1,"a"])");
        EXPECT_EQ(extra_of(event, "src.process.x"), "(absent)");
        EXPECT_EQ(extra_of(event, "src.process.uid"), "(absent)");
        EXPECT_EQ(extra_of(event, "event.type"), "(absent)");
      });
}

TEST(SentinelOne, AKeyThatARuleNamesIsThereThoughAFieldShowsIt) {
  const Projection projection = {.fields = {},
                                 .extra_fields = {"src.process.uid", "src.process.dnsCount"}};
  for (
      const char* record :
      {R"({"event.type":"Login","agent.uuid":"a","src.process.uid":"AA","src.process.dnsCount":3})",
       R"({"event":{"type":"Login"},"src":{"process":{"uid":"AA","dnsCount":3,"x":1}}})"}) {
    RecordParser parser(projection);
    test::Looker looker([](const Event& event) {
      EXPECT_EQ(event.actor.vendor_uid, "AA");
      ASSERT_EQ(event.extra.size(), 2U);
      EXPECT_EQ(extra_of(event, "src.process.uid"), "AA");
      EXPECT_EQ(extra_of(event, "src.process.dnsCount"), "3");
    });
    const std::string text = test::padded(record);
    parser.parse(std::string_view(text).substr(0, text.size() - RecordParser::kJsonPadding), {},
                 looker);
    EXPECT_EQ(looker.events, 1U);
  }
}

TEST(SentinelOne, TheIdentityDoesNotDependOnWhatIsAskedFor) {
  const std::string text = test::padded(R"({"event.type":"Login","agent.uuid":"a","x":"y"})");
  const std::string_view record =
      std::string_view(text).substr(0, text.size() - RecordParser::kJsonPadding);
  std::vector<Uid> uids;
  for (const Projection& projection : {Projection(), Projection::everything()}) {
    RecordParser parser(projection);
    test::Looker looker([&](const Event& event) { uids.push_back(event.uid); });
    parser.parse(record, {}, looker);
  }
  ASSERT_EQ(uids.size(), 2U);
  EXPECT_EQ(uids[0], uids[1]);
}

// --- Management API
// -------------------------------------------------------------------------------------------

constexpr const char* kThreat =
    R"({"id":"1234","agentDetectionInfo":{"agentUuid":"AB12","agentOsName":"Windows 10 Pro"},"agentRealtimeInfo":{"agentComputerName":"PC042","agentOsType":"windows","agentUuid":"AB12"},"threatInfo":{"threatName":"3CXDesktopApp.exe","filePath":"\\Device\\HarddiskVolume3\\app\\3CXDesktopApp.exe","sha1":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d","sha256":null,"md5":null,"storyline":"ST","processUser":"ACME\\jdoe","maliciousProcessArguments":"--autoLaunch","classification":"Malware","confidenceLevel":"malicious","createdAt":"2023-03-22T10:00:01.500000Z","identifiedAt":"2023-03-22T10:00:00.250000Z"},"indicators":[{"category":"General","tactics":[]},{"category":"Evasion","tactics":[{"name":"Execution","techniques":[{"name":"T1055"},{"name":"T1055"}]},{"name":"Defense Evasion","techniques":[{"name":"T1055.001"}]}]}]})";

TEST(SentinelOne, AThreatIsADetection) {
  expect_event(kThreat, [](const Event& event) {
    EXPECT_EQ(event.type, EventType::antivirus);
    EXPECT_EQ(event.carriage, "management_api");
    EXPECT_EQ(event.vendor_type, "threat");
    EXPECT_EQ(event.host, "ab12");
    EXPECT_EQ(event.hostname, "PC042");
    EXPECT_EQ(event.platform, Platform::windows);
    EXPECT_EQ(format_timestamp(event.time), "2023-03-22T10:00:00.250Z");
    EXPECT_EQ(event.vendor_event_uid, "sentinelone:ab12:1234");
    const std::pair<FieldId, const char*> fields[] = {
        {FieldId::threat_name, "3CXDesktopApp.exe"},
        {FieldId::signature, "3CXDesktopApp.exe"},
        {FieldId::image, R"(C:\app\3CXDesktopApp.exe)"},
        {FieldId::hashes, "SHA1=aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"},
        {FieldId::user, R"(ACME\jdoe)"},
        {FieldId::command_line, "--autoLaunch"},
        {FieldId::severity, "High"},
        {FieldId::tactic, "Execution,Defense Evasion"},
        {FieldId::technique, "T1055,T1055.001"},
        {FieldId::group_uid, "ST"},
    };
    for (const auto& [id, want] : fields) {
      EXPECT_EQ(event.field(id), want) << field_name(id);
    }
    EXPECT_EQ(event.actor.image, R"(C:\app\3CXDesktopApp.exe)");
    EXPECT_TRUE(event.actor.key.is_none());
    EXPECT_FALSE(event.duplicate_keys);
    EXPECT_EQ(extra_of(event, "threatInfo.classification"), "Malware");
  });
}

/// A STAR alert about an event of that type.
std::string alert(std::string_view type, std::string_view info, std::string_view target = "") {
  return fmt::format(
      R"({{"agentDetectionInfo":{{"uuid":"AB12","name":"PC042","osFamily":"windows"}},"alertInfo":{{"alertId":"9","createdAt":"2023-03-22T10:00:00.000000Z","dvEventId":"01G_7","eventType":{},{}}},"ruleInfo":{{"name":"Our rule","severity":"Critical"}},"sourceProcessInfo":{{"uniqueId":"AA","pid":"7","filePath":"C:\\x.exe","commandline":"x","user":"u","integrityLevel":"medium","storyline":"ST","fileHashSha1":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"}},"sourceParentProcessInfo":{{"uniqueId":"BB","pid":"6","filePath":"C:\\p.exe","integrityLevel":"unknown"}},"targetProcessInfo":{{{}}}}})",
      type, info, target);
}

TEST(SentinelOne, AnAlertIsADetectionAndTheEventThatItTellsOf) {
  struct Case {
    const char* type;
    const char* info;
    const char* target;
    EventType want;
    FieldId field;
    const char* value;
  };

  const Case cases[] = {
      {R"("MODULELOAD")", R"("modulePath":"C:\\m.dll")", "", EventType::image_load,
       FieldId::image_loaded, R"(C:\m.dll)"},
      {R"("DNS")", R"("dnsRequest":"a.example","dstPort":null)", "", EventType::dns_query,
       FieldId::query_name, "a.example"},
      {R"("TCPV4")", R"("dstIp":"10.0.0.2","dstPort":"443","netEventDirection":"OUTGOING")", "",
       EventType::network_connection, FieldId::destination_port, "443"},
      {R"("FILECREATION")", R"("x":1)", R"("tgtFilePath":"C:\\f.exe")", EventType::file_event,
       FieldId::target_filename, R"(C:\f.exe)"},
      {R"("PROCESSCREATION")", R"("x":1)",
       R"("tgtProcUid":"CC","tgtProcPid":"8","tgtProcImagePath":"C:\\c.exe","tgtProcessStartTime":"2023-03-22T09:59:58.000Z")",
       EventType::process_creation, FieldId::image, R"(C:\c.exe)"},
      {"null", R"("dnsRequest":"a.example")", "", EventType::dns_query, FieldId::query_name,
       "a.example"},
      {"null", R"("modulePath":"C:\\m.dll")", "", EventType::image_load, FieldId::image_loaded,
       R"(C:\m.dll)"},
  };
  for (const Case& test : cases) {
    std::vector<Uid> uids;
    const test::Looker looker =
        test::parse(alert(test.type, test.info, test.target), [&](const Event& event) {
          uids.push_back(event.uid);
          EXPECT_EQ(event.host, "ab12");
          if (uids.size() == 1) {
            EXPECT_EQ(event.type, EventType::antivirus);
            EXPECT_EQ(event.field(FieldId::threat_name), "Our rule");
            EXPECT_EQ(event.field(FieldId::severity), "Critical");
            EXPECT_EQ(event.actor.vendor_uid, "AA");
            EXPECT_EQ(event.parent.vendor_uid, "BB");
            EXPECT_EQ(event.field(FieldId::integrity_level), "Medium");
            EXPECT_FALSE(event.has(FieldId::parent_integrity_level));
            EXPECT_EQ(event.vendor_event_uid, "sentinelone:ab12:9");
          } else {
            EXPECT_EQ(to_string(event.type), to_string(test.want));
            EXPECT_EQ(event.field(test.field), test.value);
            EXPECT_EQ(event.vendor_event_uid, "sentinelone:ab12:01G_7");
            EXPECT_FALSE(event.has(FieldId::threat_name));
          }
        });
    EXPECT_EQ(looker.events, 2U) << test.info;
    ASSERT_EQ(uids.size(), 2U);
    EXPECT_NE(uids[0], uids[1]);
  }
}

TEST(SentinelOne, AnAlertsNewProcessIsKeyedAndTimedLikeTheSensors) {
  Uid sensors;
  expect_event(R"({"event.type":"Process Creation","agent.uuid":"ab12","tgt.process.uid":"CC"})",
               [&](const Event& event) { sensors = event.actor.key; });
  test::parse(
      alert(
          R"("PROCESSCREATION")", R"("x":1)",
          R"("tgtProcUid":"CC","tgtProcImagePath":"C:\\c.exe","tgtProcessStartTime":"2023-03-22T09:59:58.000Z")"),
      [&](const Event& event) {
        if (event.type == EventType::process_creation) {
          EXPECT_EQ(event.actor.key, sensors);
          EXPECT_EQ(event.parent.vendor_uid, "AA");
          EXPECT_EQ(event.field(FieldId::grand_parent_image), R"(C:\p.exe)");
          EXPECT_EQ(format_timestamp(event.time), "2023-03-22T09:59:58.000Z");
        }
      });
}

TEST(SentinelOne, AnAlertOfAnIndicatorTellsOfNothingElse) {
  EXPECT_EQ(test::parse(alert(R"("BEHAVIORALINDICATORS")", R"("indicatorName":"x")")).events, 1U);
}

TEST(SentinelOne, AnActivityIsADetectionIfItsDataSaysSo) {
  // As the API writes the hits of customers' rules: its keys in lower case, ids twice.
  const char* star =
      R"({"id":"5","activityType":3608,"agentId":"1","createdAt":"2021-11-16T15:29:38.431997Z","data":{"alertId":9,"alertid":9,"rulename":"Our rule","severity":"E_MEDIUM","detectedat":1637076565467,"dveventtype":"DNS","dnsrequest":"a.example","origagentuuid":"AB12","origagentname":"PC042","origagentosfamily":"windows","sourceprocesskey":"AA","sourceprocesspid":7,"sourceprocessfilepath":"C:\\x.exe","sourceparentprocesskey":"BB","sourceparentprocesspath":"C:\\p.exe","dstip":"","dstport":0}})";
  std::vector<std::string> types;
  test::parse(star, [&](const Event& event) {
    types.emplace_back(to_string(event.type));
    EXPECT_EQ(event.host, "ab12");
    EXPECT_EQ(event.actor.vendor_uid, "AA");
    EXPECT_EQ(event.parent.image, R"(C:\p.exe)");
    EXPECT_EQ(format_timestamp(event.time), "2021-11-16T15:29:25.467Z");
    EXPECT_FALSE(event.duplicate_keys);
    if (event.type == EventType::antivirus) {
      EXPECT_EQ(event.vendor_type, "3608");
      EXPECT_EQ(event.field(FieldId::threat_name), "Our rule");
      EXPECT_EQ(event.field(FieldId::severity), "Medium");
    }
  });
  EXPECT_EQ(types, (std::vector<std::string>{"antivirus", "dns_query"}));

  expect_event(
      R"({"id":"6","activityType":19,"agentId":"1","createdAt":"2021-11-16T15:29:38.431997Z","data":{"computerName":"PC042","fileDisplayName":"x.exe","filePath":"C:\\x.exe","fileContentHash":"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d","threatClassification":"Malware","confidenceLevel":"suspicious"}})",
      [](const Event& event) {
        EXPECT_EQ(event.type, EventType::antivirus);
        EXPECT_EQ(event.vendor_type, "19");
        EXPECT_EQ(event.host, "pc042");
        EXPECT_EQ(event.field(FieldId::threat_name), "x.exe");
        EXPECT_EQ(event.field(FieldId::severity), "Medium");
        EXPECT_EQ(event.field(FieldId::hashes), "SHA1=aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
      });

  expect_event(
      R"({"id":"7","activityType":90,"agentId":"1","createdAt":"2021-11-16T15:29:38.431997Z","data":{"computerName":"PC042","status":"started"}})",
      [](const Event& event) {
        EXPECT_EQ(event.type, EventType::other);
        EXPECT_EQ(event.vendor_type, "90");
        EXPECT_FALSE(event.has(FieldId::threat_name));
        EXPECT_EQ(extra_of(event, "data.status"), "started");
      });
}

TEST(SentinelOne, AnAlertAndItsActivityAreOneEvent) {
  std::vector<Uid> uids;
  const auto keep = [&](const Event& event) { uids.push_back(event.uid); };
  test::parse(alert(R"("DNS")", R"("dnsRequest":"a.example")"), keep);
  test::parse(
      R"({"id":"5","activityType":3608,"agentId":"1","data":{"alertId":9,"rulename":"Our rule","dveventtype":"DNS","dnsrequest":"a.example","origagentuuid":"AB12"}})",
      keep);
  ASSERT_EQ(uids.size(), 4U);
  EXPECT_EQ(uids[0], uids[2]);
  EXPECT_EQ(uids[1], uids[3]);
}

TEST(SentinelOne, EachEventOfAnAlertKeepsWhatItDoesNotShow) {
  bool is_first = true;
  test::parse(alert(R"("DNS")", R"("dnsRequest":"a.example")"), [&](const Event& event) {
    const bool shows_rule = is_first;
    EXPECT_EQ(extra_of(event, "ruleInfo.name"), shows_rule ? "(absent)" : "Our rule");
    EXPECT_EQ(extra_of(event, "alertInfo.dnsRequest"), shows_rule ? "a.example" : "(absent)");
    is_first = false;
  });
  EXPECT_FALSE(is_first);
}

TEST(SentinelOne, AnAgentsStatesAreEventsOfTheSensor) {
  const char* agent =
      R"({{"id":"13","uuid":"AB12","computerName":"PC042","siteId":"1","isDecommissioned":false,"osType":"linux","createdAt":"2022-03-18T09:12:00.519500Z","updatedAt":"{}"}})";
  std::vector<Uid> uids;
  for (const char* updated : {"2022-04-07T08:31:47.481227Z", "2022-04-08T08:31:47.481227Z"}) {
    expect_event(fmt::format(fmt::runtime(agent), updated), [&](const Event& event) {
      uids.push_back(event.uid);
      EXPECT_EQ(event.type, EventType::sensor);
      EXPECT_EQ(event.vendor_type, "agent");
      EXPECT_EQ(event.host, "ab12");
      EXPECT_EQ(event.hostname, "PC042");
      EXPECT_EQ(event.platform, Platform::linux);
      EXPECT_EQ(format_timestamp(event.time).substr(0, 10),
                std::string_view(updated).substr(0, 10));
    });
  }
  ASSERT_EQ(uids.size(), 2U);
  EXPECT_NE(uids[0], uids[1]);
}

TEST(SentinelOne, FoldedKeysOfTheApiAreRead) {
  std::string folded(kThreat);
  for (const std::string_view key :
       {"threatInfo", "agentDetectionInfo", "agentUuid", "threatName"}) {
    for (std::size_t at = folded.find(key); at != std::string::npos;
         at = folded.find(key, at + 1)) {
      for (std::size_t i = 0; i < key.size(); ++i) {
        folded[at + i] = static_cast<char>(std::tolower(folded[at + i]));
      }
    }
  }
  expect_event(folded, [](const Event& event) {
    EXPECT_EQ(event.host, "ab12");
    EXPECT_EQ(event.field(FieldId::threat_name), "3CXDesktopApp.exe");
  });
}

TEST(SentinelOne, ARecordOfTheApiThatIsNoneOfTheseIsRefused) {
  const test::Looker looker = test::parse(R"({"threatInfo":{"x":1}})");
  EXPECT_EQ(looker.events, 0U);
  ASSERT_EQ(looker.errors.size(), 1U);
  EXPECT_EQ(looker.errors[0].code, ErrorCode::unsupported);
}

// --- Samples
// --------------------------------------------------------------------------------------------------

TEST(SentinelOne, EveryLineOfTheSamplesIsAnEventOrADeadLetter) {
  const std::filesystem::path folder = SPOOR_SOURCE_DIR "/../shared/data/samples/sentinelone";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "skipped: the shared samples are not here";
  }
  std::map<std::string, std::size_t> dead;
  std::size_t lines = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".ndjson" || name.find("expected") != std::string::npos) {
      continue;
    }
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const test::Looker looker = test::parse(line, [&](const Event& event) {
        EXPECT_EQ(event.source, Source::sentinelone) << name;
        EXPECT_FALSE(event.host.empty()) << name;
        EXPECT_FALSE(event.time_suspect) << name;
      });
      EXPECT_GE(looker.events + looker.errors.size(), 1U) << name;
      for (const Error& error : looker.errors) {
        EXPECT_FALSE(error.message.empty());
        ++dead[name];
      }
      ++lines;
    }
  }
  EXPECT_GE(lines, 25U);
  // What the tests of Panther's rules say of themselves: no record.
  EXPECT_EQ(dead, (std::map<std::string, std::size_t>{{"rule-tests.meta.ndjson", 3}}));
}

}  // namespace
}  // namespace spoor
