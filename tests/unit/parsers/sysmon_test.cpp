#include "parsers/sysmon/sysmon.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/parsing.h"

namespace spoor {
namespace {

std::string sysmon(int id, const std::string& data) {
  return fmt::format(
      R"({{"Event":{{"System":{{"Provider":{{"#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":{},"EventRecordID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"H"}},"EventData":{{{}}}}}}})",
      id, data);
}

struct TypeCase {
  const char* data;
  int id;
  EventType want;
};

TEST(Sysmon, EachEventIdHasItsType) {
  const TypeCase cases[] = {
      {"", 1, EventType::process_creation},
      {"", 2, EventType::file_change},
      {"", 3, EventType::network_connection},
      {"", 5, EventType::process_termination},
      {"", 6, EventType::driver_load},
      {"", 7, EventType::image_load},
      {"", 8, EventType::create_remote_thread},
      {"", 10, EventType::process_access},
      {"", 11, EventType::file_event},
      {R"("EventType":"CreateKey")", 12, EventType::registry_add},
      {R"("EventType":"DeleteKey")", 12, EventType::registry_delete},
      {R"("EventType":"DeleteValue")", 12, EventType::registry_delete},
      {"", 12,
       EventType::registry_event},  // The verb was lost on the way: either may have happened.
      {"", 13, EventType::registry_set},
      {"", 14, EventType::registry_rename},
      {"", 22, EventType::dns_query},
      {"", 23, EventType::file_delete},
      {"", 255, EventType::sysmon_error},
      {"", 99, EventType::other},
  };
  for (const TypeCase& test : cases) {
    const test::Looker looker =
        test::parse(sysmon(test.id, test.data), [&test](const Event& event) {
          EXPECT_EQ(to_string(event.type), to_string(test.want)) << test.id << " " << test.data;
        });
    EXPECT_EQ(looker.events, 1U);
  }
}

TEST(Sysmon, AProcessCreationNamesChildAndParent) {
  const test::Looker looker = test::parse(
      sysmon(
          1,
          R"("UtcTime":"2023-03-22 13:40:52.125","ProcessGuid":"{8f4c1e20-0564-641b-fb01-000000002f00}","ProcessId":"6712","Image":"C:\\a.exe","CommandLine":"a","User":"ACME\\jdoe","ParentProcessGuid":"{8f4c1e20-0563-641b-f401-000000002f00}","ParentProcessId":"6640","ParentImage":"C:\\p.exe","ParentCommandLine":"p","ParentUser":"-")"),
      [](const Event& event) {
        EXPECT_EQ(event.actor.vendor_uid, "{8f4c1e20-0564-641b-fb01-000000002f00}");
        EXPECT_EQ(event.actor.command_line, "a");
        EXPECT_TRUE(event.actor.start_is_exact);
        EXPECT_EQ(format_timestamp(event.actor.start), "2023-03-22T13:40:52.125Z");
        EXPECT_EQ(event.parent.vendor_uid, "{8f4c1e20-0563-641b-f401-000000002f00}");
        EXPECT_EQ(event.parent.image, "C:\\p.exe");
        EXPECT_EQ(event.parent.command_line, "p");
        EXPECT_EQ(event.parent.user, "");                   // "-" says nothing…
        EXPECT_EQ(event.field(FieldId::parent_user), "-");  // …but a rule may ask for it.
        EXPECT_EQ(format_timestamp(event.parent.start), "2023-03-22T13:40:51.000Z");
      });
  EXPECT_EQ(looker.events, 1U);
}

TEST(Sysmon, EventTenSpellsGuidInCapitals) {
  for (const char* spelling : {"GUID", "Guid"}) {
    const std::string data = fmt::format(
        R"("SourceProcess{0}":"{{8f4c1e20-0564-641b-fb01-000000002f00}}","SourceImage":"s","TargetProcess{0}":"{{8f4c1e20-0563-641b-f401-000000002f00}}","TargetImage":"t","GrantedAccess":"0x1410")",
        spelling);
    const test::Looker looker = test::parse(sysmon(10, data), [](const Event& event) {
      EXPECT_EQ(event.actor.image, "s");
      EXPECT_EQ(event.target.image, "t");
      EXPECT_FALSE(event.actor.key.is_none());
      EXPECT_FALSE(event.target.key.is_none());
      EXPECT_TRUE(event.has(FieldId::source_process_guid));
    });
    EXPECT_EQ(looker.events, 1U);
  }
}

TEST(Sysmon, GuidsInEveryWriting) {
  const auto braced = parse_process_guid("{8f4c1e20-3ac6-6410-d101-000000002f00}");
  const auto bare_upper = parse_process_guid("8F4C1E20-3AC6-6410-D101-000000002F00");
  ASSERT_TRUE(braced && bare_upper);
  EXPECT_EQ(braced->key, bare_upper->key);
  EXPECT_EQ(format_timestamp(braced->start), "2023-03-14T09:13:42.000Z");
  for (const char* bad :
       {"", "-", "{00000000-0000-0000-0000-000000000000}", "{8f4c1e20-3ac6-6410-d101-000000002f0}",
        "8f4c1e203ac66410d101000000002f00", "{8f4c1e20-3ac6-6410-d101-00000000zz00}",
        "{-f4c1e20-3ac6-6410-d101-000000002f00}", "8f4c1e20--ac6-6410-d101-000000002f00"}) {
    EXPECT_FALSE(parse_process_guid(bad)) << bad;
  }
}

TEST(Sysmon, AZeroGuidIsNoProcess) {
  test::parse(
      sysmon(
          3,
          R"("ProcessGuid":"{00000000-0000-0000-0000-000000000000}","ProcessId":"4","Image":"System")"),
      [](const Event& event) {
        EXPECT_TRUE(event.actor.key.is_none());
        EXPECT_EQ(event.actor.image, "System");
      });
}

TEST(Sysmon, ARenamedDriverKeepsItsChannel) {
  test::parse(
      R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Renamed"}},"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"H"},"EventData":{}}})",
      [](const Event& event) { EXPECT_EQ(event.source, Source::sysmon); });
}

TEST(Sysmon, TimesThatCannotBeAreMarked) {
  for (const char* time :
       {"", "-", "10:47:24.180", "1601-01-01 00:00:00.000", "1980-01-01 00:00:00.000"}) {
    const test::Looker looker =
        test::parse(sysmon(5, fmt::format(R"("UtcTime":"{}")", time)), [](const Event& event) {
          EXPECT_TRUE(event.time_suspect);
          EXPECT_EQ(event.time, 0);
        });
    EXPECT_EQ(looker.events, 1U) << time;
  }
}

TEST(Sysmon, AnEmptyListIsAnAbsentField) {
  test::parse(
      R"({"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc"},"EventData":{"Image":[],"User":["a"]}}})",
      [](const Event& event) {
        EXPECT_FALSE(event.has(FieldId::image));
        EXPECT_EQ(event.field(FieldId::user), R"(["a"])");
      });
}

TEST(Sysmon, TheHostIsItsShortNameInLowerCase) {
  for (const char* computer : {"PC042", "pc042.acme.example", "Pc042.ACME.example"}) {
    std::string json = sysmon(5, "");
    json.replace(json.find(R"("Computer":"H")"), 14, fmt::format(R"("Computer":"{}")", computer));
    test::parse(json, [](const Event& event) { EXPECT_EQ(event.host, "pc042"); });
  }
}

}  // namespace
}  // namespace spoor
