// Events to render, as parsers would make them: one of each kind that is shown differently.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "engine/event/event.h"

namespace spoor::test {

using Fields = std::vector<std::pair<FieldId, std::string_view>>;

/// An event of pc042 as Sysmon tells of it, done by the 3CX app. All text is static.
inline Event sample_event(EventType type, const Fields& fields = {}) {
  Event event;
  event.type = type;
  event.source = Source::sysmon;
  event.platform = Platform::windows;
  event.carriage = "nxlog";
  event.vendor_type = "7";
  event.time = 1'678'785'222'214 * kNanosPerMilli;  // 2023-03-14T09:13:42.214Z
  event.uid = {.high = 0x0123456789abcdef, .low = 0xfedcba9876543210};
  event.vendor_event_uid = "sysmon:pc042.acme.example:184302";
  event.host = "pc042";
  event.hostname = "PC042.acme.example";
  event.position = {.input = 0, .offset = 8192, .line = 17};
  event.actor = {.key = {.high = 1, .low = 2},
                 .vendor_uid = "{8f4c1e20-0564-641b-fb01-000000002f00}",
                 .pid = "6712",
                 .image = R"(C:\Users\kim\AppData\Local\Programs\3CXDesktopApp\3CXDesktopApp.exe)",
                 .command_line = "",
                 .user = R"(ACME\kim)",
                 .start = 1'678'785'220 * kNanosPerSecond,
                 .start_is_exact = false};
  event.set(FieldId::event_id, "7");
  event.set(FieldId::channel, "Microsoft-Windows-Sysmon/Operational");
  event.set(FieldId::provider_name, "Microsoft-Windows-Sysmon");
  event.set(FieldId::computer, "PC042.acme.example");
  event.set(FieldId::utc_time, "2023-03-14 09:13:42.214");
  event.set(FieldId::process_guid, event.actor.vendor_uid);
  event.set(FieldId::process_id, event.actor.pid);
  event.set(FieldId::image, event.actor.image);
  event.set(FieldId::user, event.actor.user);
  for (const auto& [id, value] : fields) {
    event.set(id, value);
  }
  return event;
}

inline Event sample_image_load() {
  return sample_event(
      EventType::image_load,
      {{FieldId::image_loaded,
        R"(C:\Users\kim\AppData\Local\Programs\3CXDesktopApp\app\ffmpeg.dll)"},
       {FieldId::hashes,
        "SHA1=BF939C9C261D27EE7BB92325CC588624FCA75429,MD5=74BC2D0B6680FAA1A5A76B27E5479CBC,"
        "IMPHASH=00000000000000000000000000000000"},
       {FieldId::is_signed, "true"},
       {FieldId::signature, "3CX Ltd"},
       {FieldId::signature_status, "Valid"},
       {FieldId::rule_name, "-"}});
}

inline Event sample_process_creation() {
  Event event = sample_event(
      EventType::process_creation,
      {{FieldId::command_line, R"("C:\Users\kim\3CXDesktopApp.exe" --autoLaunch)"},
       {FieldId::current_directory, R"(C:\Windows\system32\)"},
       {FieldId::integrity_level, "Medium"},
       {FieldId::logon_guid, "{8f4c1e20-0001-641b-0000-0020aabb0400}"},
       {FieldId::logon_id, "0x4bbaa"},
       {FieldId::terminal_session_id, "1"},
       {FieldId::company, "3CX Ltd"},
       {FieldId::hashes, "SHA256=7986BBAEE8940DA11CE089383521AB420C443AB7B15ED42AED91FD31CE833896"},
       {FieldId::parent_process_guid, "{8f4c1e20-0001-641b-3a00-000000002f00}"},
       {FieldId::parent_process_id, "4412"},
       {FieldId::parent_image, R"(C:\Windows\explorer.exe)"},
       {FieldId::parent_user, R"(ACME\kim)"}});
  event.vendor_type = "1";
  event.actor.command_line = event.field(FieldId::command_line);
  event.actor.start_is_exact = true;
  event.parent = {.key = {.high = 1, .low = 1},
                  .vendor_uid = event.field(FieldId::parent_process_guid),
                  .pid = "4412",
                  .image = event.field(FieldId::parent_image),
                  .command_line = "",
                  .user = event.field(FieldId::parent_user),
                  .start = 1'678'785'000 * kNanosPerSecond,
                  .start_is_exact = false};
  return event;
}

/// A handle on another process: source and target instead of an image.
inline Event sample_process_access() {
  Event event = sample_event(EventType::process_access);
  const ProcessMention actor = event.actor;
  Event access;
  access.type = event.type;
  access.source = event.source;
  access.platform = event.platform;
  access.carriage = event.carriage;
  access.vendor_type = "10";
  access.time = event.time;
  access.uid = event.uid;
  access.host = event.host;
  access.hostname = event.hostname;
  access.position = event.position;
  access.actor = actor;
  access.target = {.key = {.high = 9, .low = 9},
                   .vendor_uid = "{8f4c1e20-0002-641b-0c00-000000002f00}",
                   .pid = "744",
                   .image = R"(C:\Windows\system32\lsass.exe)",
                   .command_line = "",
                   .user = R"(NT AUTHORITY\SYSTEM)",
                   .start = 0,
                   .start_is_exact = false};
  access.set(FieldId::source_process_guid, actor.vendor_uid);
  access.set(FieldId::source_process_id, actor.pid);
  access.set(FieldId::source_image, actor.image);
  access.set(FieldId::target_process_guid, access.target.vendor_uid);
  access.set(FieldId::target_process_id, access.target.pid);
  access.set(FieldId::target_image, access.target.image);
  access.set(FieldId::granted_access, "0x1010");
  access.set(FieldId::call_trace, R"(C:\Windows\SYSTEM32\ntdll.dll+9d4c4)");
  return access;
}

inline Event sample_dns_query() {
  return sample_event(
      EventType::dns_query,
      {{FieldId::query_name, "raw.githubusercontent.com"},
       {FieldId::query_status, "0"},
       {FieldId::query_results,
        "type:  5 github.map.fastly.net;::ffff:185.199.108.133;2606:50c0:8000::154;"}});
}

inline Event sample_connection() {
  return sample_event(EventType::network_connection, {{FieldId::protocol, "tcp"},
                                                      {FieldId::initiated, "true"},
                                                      {FieldId::source_is_ipv6, "false"},
                                                      {FieldId::source_ip, "10.1.2.42"},
                                                      {FieldId::source_port, "50112"},
                                                      {FieldId::source_port_name, "-"},
                                                      {FieldId::destination_is_ipv6, "false"},
                                                      {FieldId::destination_ip, "198.51.100.7"},
                                                      {FieldId::destination_port, "443"},
                                                      {FieldId::destination_port_name, "https"}});
}

inline Event sample_registry_set() {
  return sample_event(
      EventType::registry_set,
      {{FieldId::event_type, "SetValue"},
       {FieldId::target_object, R"(HKU\S-1-5-21-1-2-3-1001\Software\Microsoft\Run\3CXDesktopApp)"},
       {FieldId::details, "DWORD (0x00000001)"}});
}

}  // namespace spoor::test
