#include "engine/finding/event_json.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "tests/support/golden.h"
#include "tests/support/sample_events.h"

namespace spoor {
namespace {

TEST(EventJson, IsAsAgreed) {
  std::string lines;
  for (const Event& event :
       {test::sample_process_creation(), test::sample_image_load(), test::sample_process_access(),
        test::sample_dns_query(), test::sample_connection(), test::sample_registry_set()}) {
    lines += render_event(event, "logs/pc042.ndjson") + "\n";
  }
  EXPECT_TRUE(matches_golden("finding/events.ndjson", lines));
}

TEST(EventJson, WhatIsAbsentIsLeftOutAndWhatIsEmptyStays) {
  Event event;
  event.set(FieldId::command_line, "");
  EXPECT_EQ(render_event(event),
            R"({"type":"other","source":"windows","uid":"00000000000000000000000000000000",)"
            R"("fields":{"CommandLine":""}})");
}

TEST(EventJson, ExtraFieldsStandByNameAndOriginalsByField) {
  Event event;
  event.set(FieldId::image, R"(C:\Windows\a.exe)");
  event.originals.push_back(
      {.field = FieldId::image, .value = R"(\Device\HarddiskVolume3\Windows\a.exe)"});
  event.extra = {{.name = "TreeId", .value = "7"},
                 {.name = "aid", .value = "f"},
                 {.name = "EffectiveTransmissionClass", .value = ""},
                 {.name = "TreeId", .value = "a second value"}};
  const std::string json = render_event(event);
  EXPECT_NE(json.find(R"("extra":{"EffectiveTransmissionClass":"","TreeId":"7","aid":"f"})"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("originals":{"Image":"\\Device\\HarddiskVolume3\\Windows\\a.exe"})"),
            std::string::npos)
      << json;
}

TEST(EventJson, WhatIsDressedUpIsShownBesideIt) {
  Event event;
  event.set(FieldId::image, R"(C:\PROGRA~1\a.exe)");
  event.set(FieldId::parent_image, "C:\\Users\\cv\xE2\x80\xAEtxt\xE2\x80\xAC.exe");
  event.set(FieldId::command_line, "po^wershell %ComSpec:~0,1%");
  event.set(FieldId::target_filename, R"(C:\Windows\..\b.dll)");
  event.set(FieldId::user, "a^b");
  const std::string json = render_event(event);
  const std::string wanted =
      R"("revealed":{"Image":{"seen":["short_name"]},)"
      R"("CommandLine":{"value":"powershell %ComSpec:~0,1%","seen":["part_of_variable"]},)"
      R"("ParentImage":{"value":"C:\\Users\\cvtxt.exe","seen":["invisible"]},)"
      R"("TargetFilename":{"value":"C:\\b.dll"}})";
  EXPECT_NE(json.find(wanted), std::string::npos) << json;
  EXPECT_EQ(render_event(test::sample_dns_query()).find("revealed"), std::string::npos);
}

TEST(EventJson, FlagsTellWhatToMistrust) {
  Event event;
  EXPECT_EQ(render_event(event).find("flags"), std::string::npos);
  event.salvaged = true;
  event.duplicate_keys = true;
  event.time_suspect = true;
  EXPECT_NE(render_event(event).find(R"("flags":["salvaged","duplicate_keys","time_suspect"])"),
            std::string::npos);
}

TEST(EventJson, HostileTextIsValidUtf8OnOneLine) {
  Event event;
  event.host = "\xff\n\x1b[2J";
  event.set(FieldId::command_line, std::string_view("a\0b\xc3\x28\r\n\xed\xa0\x80", 10));
  event.extra = {{.name = "\xfe\"\n", .value = "\x80"}};
  const std::string json = render_event(event, "\xff.ndjson");
  EXPECT_TRUE(is_valid_utf8(json));
  for (const char c : json) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

}  // namespace
}  // namespace spoor
