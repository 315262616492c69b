#include "engine/finding/ocsf_event.h"

#include <forward_list>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "tests/support/golden.h"
#include "tests/support/ocsf_schema.h"
#include "tests/support/sample_events.h"

namespace spoor {
namespace {

const std::vector<std::string> kNone;

struct Part {
  const char* path;
  const char* object;
};

// What is there of these must be what OCSF says it is.
constexpr Part kParts[] = {
    {"actor", "actor"},
    {"process", "process"},
    {"file", "file"},
    {"file_result", "file"},
    {"module.file", "file"},
    {"driver.file", "file"},
    {"script", "script"},
    {"job", "job"},
    {"user", "user"},
    {"query", "dns_query"},
    {"http_request", "http_request"},
    {"url", "url"},
    {"connection_info", "network_connection_info"},
    {"src_endpoint", "network_endpoint"},
    {"dst_endpoint", "network_endpoint"},
    {"finding_info", "finding_info"},
    {"evidences", "evidences"},
};

std::vector<std::string> violations_of(const std::string& json) {
  std::vector<std::string> found;
  const auto add = [&](const std::vector<std::string>& violations) {
    found.insert(found.end(), violations.begin(), violations.end());
  };
  add(ocsf_object_violations(json, "metadata", "metadata"));
  add(ocsf_object_violations(json, "device", "device"));
  for (const Part& part : kParts) {
    const std::vector<std::string> violations =
        ocsf_object_violations(json, part.path, part.object);
    if (violations != std::vector{std::string(part.path) + ": is missing"}) {
      add(violations);
    }
  }
  if (json.find(R"("class_uid":2004)") != std::string::npos) {
    add(ocsf_violations(json));
  }
  return found;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// One member a line, so that a diff of the golden file can be read.
std::string by_member(std::string json) {
  for (std::size_t at = json.find(",\""); at != std::string::npos; at = json.find(",\"", at + 3)) {
    json.insert(at + 1, "\n");
  }
  return json.append("\n\n");
}

TEST(OcsfEvent, SamplesAreValidAndAsAgreed) {
  std::string all;
  for (const Event& event :
       {test::sample_process_creation(), test::sample_image_load(), test::sample_process_access(),
        test::sample_dns_query(), test::sample_connection(), test::sample_registry_set()}) {
    const std::string json = render_ocsf_event(event);
    EXPECT_EQ(violations_of(json), kNone) << json;
    all += by_member(json);
  }
  EXPECT_TRUE(matches_golden("finding/events.ocsf.json", all));
}

/// An event of the type with every field filled as a sensor might.
Event full_event(EventType type, std::forward_list<std::string>& texts) {
  Event event = test::sample_event(type);
  for (const FieldRow& row : field_table()) {
    const std::string number = std::to_string(1000 + static_cast<int>(row.id));
    switch (row.kind) {
      case FieldKind::number: texts.push_front(number); break;
      case FieldKind::path: texts.push_front(R"(C:\dir\file)" + number + ".exe"); break;
      case FieldKind::registry: texts.push_front(R"(HKLM\Software\key)" + number); break;
      case FieldKind::hashes: texts.push_front("SHA256=AA" + number); break;
      case FieldKind::boolean: texts.push_front("true"); break;
      case FieldKind::time: texts.push_front("2023-03-14 09:13:42." + number.substr(1)); break;
      case FieldKind::address: texts.push_front("10.0.0." + number.substr(2)); break;
      default: texts.push_front("value of " + std::string(row.name)); break;
    }
    event.set(row.id, texts.front());
  }
  return event;
}

TEST(OcsfEvent, EveryTypeIsValidWithEveryField) {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    std::forward_list<std::string> texts;
    const std::string json = render_ocsf_event(full_event(static_cast<EventType>(type), texts));
    EXPECT_EQ(violations_of(json), kNone) << to_string(static_cast<EventType>(type)) << "\n"
                                          << json;
  }
}

/// Nothing of an event is lost: what has no attribute of its type stands under `unmapped`.
TEST(OcsfEvent, EveryValueOfEveryTypeIsThere) {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    Event event = test::sample_event(static_cast<EventType>(type));
    std::forward_list<std::string> texts;
    for (const FieldRow& row : field_table()) {
      event.set(row.id, texts.emplace_front("v" + to_lower_ascii(row.name) + "v"));
    }
    event.creator.image = "vcreatorv";
    event.target.user = "vtargetv";
    event.target.pid = "77";
    event.parent.image = "vparentv";
    event.extra = {{.name = "own", .value = "vextrav"},
                   {.name = "Image", .value = "vclashv"},
                   {.name = "spoor", .value = "vspoorv"}};
    const std::string json = render_ocsf_event(event);
    EXPECT_EQ(violations_of(json), kNone) << json;
    for (const std::string& text : texts) {
      EXPECT_TRUE(holds(json, text)) << to_string(event.type) << " lost " << text << "\n" << json;
    }
    for (const char* text :
         {"vcreatorv", "vtargetv", "vparentv", "vextrav", "vclashv", "vspoorv"}) {
      EXPECT_TRUE(holds(json, text)) << to_string(event.type) << " lost " << text << "\n" << json;
    }
  }
}

TEST(OcsfEvent, HostileTextIsValidUtf8) {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    Event event = test::sample_event(static_cast<EventType>(type));
    for (const FieldRow& row : field_table()) {
      event.set(row.id, "\xff\n\x1b\\\\\"");
    }
    event.hostname = "\xfe";
    event.extra = {{.name = "\x80", .value = "\x81"}};
    const std::string json = render_ocsf_event(event);
    EXPECT_TRUE(is_valid_utf8(json));
    EXPECT_EQ(violations_of(json), kNone) << json;
  }
}

TEST(OcsfEvent, AnEmptyEventIsABaseEvent) {
  Event event;
  event.type = EventType::image_load;  // But not which image.
  const std::string json = render_ocsf_event(event);
  EXPECT_TRUE(holds(json, R"("class_uid":0,"class_name":"Base Event","activity_id":99)")) << json;
  EXPECT_TRUE(holds(json, R"("activity_name":"image_load","type_uid":99)")) << json;
}

struct ClassCase {
  EventType type;
  test::Fields fields;
  const char* want;
};

const ClassCase kClasses[] = {
    {EventType::file_event, {{FieldId::target_filename, "a"}}, R"("type_uid":100101)"},
    {EventType::file_access, {{FieldId::target_filename, "a"}}, R"("type_uid":100114)"},
    {EventType::file_rename, {{FieldId::target_filename, "a"}}, R"("type_uid":100105)"},
    {EventType::file_modify, {{FieldId::target_filename, "a"}}, R"("type_uid":100103)"},
    {EventType::driver_load, {{FieldId::image_loaded, "a"}}, R"("type_uid":100201)"},
    {EventType::registry_delete,
     {{FieldId::target_object, R"(HKLM\a\b)"}},
     R"("type_uid":20100104)"},
    {EventType::registry_delete,
     {{FieldId::target_object, R"(HKLM\a\b)"}, {FieldId::event_type, "DeleteValue"}},
     R"("type_uid":20100204)"},
    {EventType::network_listen, {{FieldId::source_port, "445"}}, R"("type_uid":400107)"},
    {EventType::network_close, {}, R"("type_uid":400102)"},
    {EventType::http_request, {{FieldId::url, "http://a/"}}, R"("type_uid":400200)"},
    {EventType::http_request,
     {{FieldId::url, "http://a/"}, {FieldId::http_method, "post"}},
     R"("type_uid":400206)"},
    {EventType::script, {{FieldId::script_block_text, "x"}}, R"("type_uid":100901)"},
    {EventType::ps_script, {{FieldId::script_block_text, "x"}}, R"("type_uid":100901)"},
    {EventType::ps_module, {{FieldId::payload, "x"}}, R"("type_uid":99)"},
    {EventType::service, {{FieldId::service_name, "x"}}, R"("type_uid":20100400)"},
    {EventType::service,
     {{FieldId::service_name, "x"}, {FieldId::event_id, "7045"}},
     R"("type_uid":20100401)"},
    {EventType::scheduled_task, {{FieldId::task_name, "x"}}, R"("type_uid":100600)"},
    {EventType::logon, {{FieldId::target_user_name, "kim"}}, R"("type_uid":300201)"},
    {EventType::logoff, {}, R"("type_uid":300202)"},
    {EventType::antivirus, {{FieldId::threat_name, "x"}}, R"("type_uid":200401)"},
    {EventType::wmi_event, {{FieldId::query, "x"}}, R"("type_uid":99)"},
};

TEST(OcsfEvent, TypesHaveTheirClass) {
  for (const ClassCase& test : kClasses) {
    const std::string json = render_ocsf_event(test::sample_event(test.type, test.fields));
    EXPECT_TRUE(holds(json, test.want)) << to_string(test.type) << "\n" << json;
    EXPECT_EQ(violations_of(json), kNone) << json;
  }
}

struct ValueCase {
  const char* name;
  EventType type;
  test::Fields fields;
  const char* want;
};

const ValueCase kValues[] = {
    {"integrity has its id",
     EventType::process_creation,
     {{FieldId::integrity_level, "high"}},
     R"("integrity_id":4,"integrity":"High")"},
    {"a word that the enumeration lacks is other",
     EventType::process_creation,
     {{FieldId::integrity_level, "Medium_Plus"}},
     R"("integrity_id":99,"integrity":"Medium_Plus")"},
    {"hex is a number",
     EventType::process_access,
     {{FieldId::target_process_id, "744"}, {FieldId::granted_access, "0x1FFFFF"}},
     R"("requested_permissions":2097151)"},
    {"a pid that is none is not mapped",
     EventType::image_load,
     {{FieldId::image_loaded, "a"}, {FieldId::process_id, "x"}},
     R"("unmapped":{"ProcessId":"x")"},
    {"a port that is none is not mapped",
     EventType::network_connection,
     {{FieldId::destination_ip, "1.2.3.4"}, {FieldId::destination_port, "65536"}},
     R"("unmapped":{"DestinationPort":"65536")"},
    {"a connection that came in",
     EventType::network_connection,
     {{FieldId::initiated, "false"}},
     R"("direction_id":1,"direction":"Inbound")"},
    {"a connection of which nobody says who opened it",
     EventType::network_connection,
     {{FieldId::protocol, "17"}},
     R"("protocol_name":"udp","protocol_num":17,"direction_id":0,"direction":"Unknown")"},
    {"the host is an end of its own look-ups",
     EventType::dns_query,
     {{FieldId::query_name, "a.example"}},
     R"("src_endpoint":{"hostname":"PC042.acme.example","uid":"pc042"})"},
    {"Windows' DNS errors are DNS's own",
     EventType::dns_query,
     {{FieldId::query_name, "a.example"}, {FieldId::query_status, "9003"}},
     R"("rcode_id":3,"rcode":"NXDomain")"},
    {"a registry value is a key and a name",
     EventType::registry_set,
     {{FieldId::target_object, R"(HKLM\a\b)"}, {FieldId::details, "1"}},
     R"("reg_value":{"path":"HKLM\\a","name":"b","data":"1"})"},
    {"a renamed key has an old and a new name",
     EventType::registry_rename,
     {{FieldId::target_object, R"(HKLM\a)"}, {FieldId::new_name, R"(HKLM\b)"}},
     R"("prev_reg_key":{"path":"HKLM\\a"},"reg_key":{"path":"HKLM\\b"})"},
    {"a renamed file has an old and a new name",
     EventType::file_rename,
     {{FieldId::target_filename, "/b/new"}, {FieldId::source_filename, "/a/old"}},
     R"("file":{"path":"/a/old","type_id":1,"type":"Regular File","name":"old"})"},
    {"a renamed file of which only the new name is known",
     EventType::file_rename,
     {{FieldId::target_filename, "/b/new"}},
     R"("file":{"path":"/b/new","type_id":1)"},
    {"a pipe is a file of that type",
     EventType::pipe_created,
     {{FieldId::pipe_name, R"(\PSHost.1)"}},
     R"("type_id":6,"type":"Named Pipe","name":"PSHost.1")"},
    {"a logon type has its name",
     EventType::logon,
     {{FieldId::logon_type, "3"}, {FieldId::target_user_name, "kim"}},
     R"("logon_type_id":3,"logon_type":"Network")"},
    {"the severity of a vendor's detection is the event's",
     EventType::antivirus,
     {{FieldId::severity, "High"}},
     R"("severity_id":4,"severity":"High")"},
    {"the file of a vendor's detection is evidence",
     EventType::antivirus,
     {{FieldId::file_name, R"(C:\a\b.exe)"}},
     R"("evidences":[{"file":{"path":"C:\\a\\b.exe")"},
    {"a script says what interprets it",
     EventType::ps_script,
     {{FieldId::script_block_text, "gci"}, {FieldId::path, R"(C:\a.ps1)"}},
     R"("script":{"script_content":{"value":"gci"},"file":{"path":"C:\\a.ps1")"},
    {"where the vendor writes nothing, nothing is written",
     EventType::image_load,
     {{FieldId::image_loaded, "a"}, {FieldId::company, "-"}, {FieldId::description, ""}},
     R"("unmapped":{"spoor":)"},
};

TEST(OcsfEvent, ValuesAreOfTheirAttributesType) {
  for (const ValueCase& test : kValues) {
    const std::string json = render_ocsf_event(test::sample_event(test.type, test.fields));
    EXPECT_TRUE(holds(json, test.want)) << test.name << "\n" << json;
    EXPECT_EQ(violations_of(json), kNone) << test.name << "\n" << json;
  }
}

TEST(OcsfEvent, AParentWithoutIdsIsAnAncestor) {
  Event event = test::sample_event(EventType::process_creation,
                                   {{FieldId::parent_image, R"(C:\p\winword.exe)"},
                                    {FieldId::parent_user, "kim"},
                                    {FieldId::grand_parent_image, R"(C:\g\explorer.exe)"}});
  const std::string json = render_ocsf_event(event);
  EXPECT_EQ(violations_of(json), kNone) << json;
  EXPECT_TRUE(holds(json, R"("ancestry":[{"name":"winword.exe","path":"C:\\p\\winword.exe"},)"
                          R"({"name":"explorer.exe","path":"C:\\g\\explorer.exe"}])"))
      << json;
  EXPECT_TRUE(holds(json, R"("ParentUser":"kim")")) << json;
}

TEST(OcsfEvent, AnActorWithoutIdsIsAnApplication) {
  Event event;
  event.type = EventType::file_event;
  event.set(FieldId::image, R"(C:\p\winword.exe)");
  event.set(FieldId::target_filename, R"(C:\a.txt)");
  const std::string json = render_ocsf_event(event);
  EXPECT_EQ(ocsf_object_violations(json, "actor", "actor"), kNone) << json;
  EXPECT_TRUE(holds(json, R"("actor":{"app_name":"winword.exe"})")) << json;
  EXPECT_TRUE(holds(json, R"("Image":"C:\\p\\winword.exe")")) << json;
}

TEST(OcsfEvent, AnEventOfNoHostIsOfAnUnknownOne) {
  Event event;
  event.type = EventType::antivirus;
  event.host = "-";
  const std::string json = render_ocsf_event(event);
  EXPECT_EQ(violations_of(json), kNone) << json;
  EXPECT_TRUE(holds(json, R"("device":{"type_id":0,"type":"Unknown","hostname":"Unknown"})"))
      << json;
}

TEST(OcsfEvent, TheProductIsTheVendors) {
  struct Case {
    Source source;
    const char* want;
  };

  for (const Case& test :
       {Case{Source::sysmon, R"("name":"Sysmon","vendor_name":"Microsoft")"},
        Case{Source::windows, R"("name":"Windows","vendor_name":"Microsoft")"},
        Case{Source::crowdstrike, R"("name":"Falcon","vendor_name":"CrowdStrike")"},
        Case{Source::sentinelone, R"("name":"Singularity","vendor_name":"SentinelOne")"}}) {
    Event event = test::sample_image_load();
    event.source = test.source;
    EXPECT_TRUE(holds(render_ocsf_event(event), test.want)) << to_string(test.source);
  }
}

}  // namespace
}  // namespace spoor
