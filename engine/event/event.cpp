#include "engine/event/event.h"

#include <cstring>
#include <type_traits>

#include "engine/base/text.h"

namespace spoor {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::process_creation: return "process_creation";
    case EventType::process_termination: return "process_termination";
    case EventType::process_access: return "process_access";
    case EventType::create_remote_thread: return "create_remote_thread";
    case EventType::process_tampering: return "process_tampering";
    case EventType::image_load: return "image_load";
    case EventType::driver_load: return "driver_load";
    case EventType::file_event: return "file_event";
    case EventType::file_change: return "file_change";
    case EventType::file_delete: return "file_delete";
    case EventType::file_delete_detected: return "file_delete_detected";
    case EventType::file_block_executable: return "file_block_executable";
    case EventType::file_block_shredding: return "file_block_shredding";
    case EventType::file_executable_detected: return "file_executable_detected";
    case EventType::create_stream_hash: return "create_stream_hash";
    case EventType::raw_access_thread: return "raw_access_thread";
    case EventType::registry_add: return "registry_add";
    case EventType::registry_delete: return "registry_delete";
    case EventType::registry_set: return "registry_set";
    case EventType::registry_rename: return "registry_rename";
    case EventType::registry_event: return "registry_event";
    case EventType::network_connection: return "network_connection";
    case EventType::dns_query: return "dns_query";
    case EventType::pipe_created: return "pipe_created";
    case EventType::wmi_event: return "wmi_event";
    case EventType::clipboard_capture: return "clipboard_capture";
    case EventType::sysmon_status: return "sysmon_status";
    case EventType::sysmon_error: return "sysmon_error";
    case EventType::file_access: return "file_access";
    case EventType::file_rename: return "file_rename";
    case EventType::ps_script: return "ps_script";
    case EventType::ps_module: return "ps_module";
    case EventType::ps_classic_start: return "ps_classic_start";
    case EventType::ps_classic_provider_start: return "ps_classic_provider_start";
    case EventType::ps_classic_script: return "ps_classic_script";
    case EventType::antivirus: return "antivirus";
    case EventType::file_modify: return "file_modify";
    case EventType::network_listen: return "network_listen";
    case EventType::network_close: return "network_close";
    case EventType::http_request: return "http_request";
    case EventType::script: return "script";
    case EventType::service: return "service";
    case EventType::scheduled_task: return "scheduled_task";
    case EventType::logon: return "logon";
    case EventType::logoff: return "logoff";
    case EventType::sensor: return "sensor";
    case EventType::other: return "other";
    case EventType::count: break;
  }
  return "other";
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::sysmon: return "sysmon";
    case Source::windows: return "windows";
    case Source::crowdstrike: return "crowdstrike";
    case Source::sentinelone: return "sentinelone";
  }
  return "windows";
}

std::string_view to_string(Platform platform) {
  switch (platform) {
    case Platform::windows: return "windows";
    case Platform::linux: return "linux";
    case Platform::macos: return "macos";
    default: return "";
  }
}

int canonical_rank(EventType type) {
  switch (type) {
    case EventType::process_creation: return 0;
    case EventType::image_load:
    case EventType::driver_load: return 1;
    case EventType::file_event:
    case EventType::file_change:
    case EventType::file_delete:
    case EventType::file_delete_detected:
    case EventType::file_block_executable:
    case EventType::file_block_shredding:
    case EventType::file_executable_detected:
    case EventType::create_stream_hash:
    case EventType::registry_add:
    case EventType::registry_delete:
    case EventType::registry_set:
    case EventType::registry_rename:
    case EventType::registry_event:
    case EventType::file_access:
    case EventType::file_rename:
    case EventType::file_modify: return 2;
    case EventType::network_connection:
    case EventType::network_listen:
    case EventType::network_close:
    case EventType::http_request:
    case EventType::dns_query: return 3;
    case EventType::process_termination: return 9;
    default: return 4;
  }
}

std::string_view Event::original(FieldId id) const {
  for (const OriginalValue& original : originals) {
    if (original.field == id) {
      return original.value;
    }
  }
  return {};
}

Uid named_process_key(std::uint32_t pid, Timestamp start, std::string_view image) {
  constexpr Timestamp kMillisecond = 1'000'000;
  return UidBuilder()
      .add("process named by pid, start and image")
      .add(std::uint64_t{pid})
      .add(static_cast<std::uint64_t>(start / kMillisecond))
      .add(fold(basename_of(image)))
      .finish();
}

namespace {

/// mention.clear(), in half the stores: all of it is nothing where its bytes are zero. In steps,
/// for of the whole g++ makes a loop that costs more than both.
void clear_quickly(ProcessMention& mention) {
  constexpr std::size_t kStep = 16;
  static_assert(std::is_trivially_copyable_v<ProcessMention> &&
                sizeof(ProcessMention) % kStep == 0);
  auto* const bytes = reinterpret_cast<char*>(&mention);
#pragma GCC unroll 8
  for (std::size_t at = 0; at < sizeof mention; at += kStep) {
    std::memset(bytes + at, 0, kStep);
  }
}

}  // namespace

void Event::clear() {
  present_.for_each([this](FieldId id) {
    // One store, not two.
    std::memset(static_cast<void*>(&fields_[static_cast<std::size_t>(id)]), 0,
                sizeof(std::string_view));
  });
  present_.clear();
  extra.clear();
  originals.clear();
  type = EventType::other;
  source = Source::windows;
  platform = Platform::unknown;
  carriage = {};
  vendor_type = {};
  time = 0;
  time_suspect = false;
  salvaged = false;
  duplicate_keys = false;
  uid = {};
  vendor_event_uid = {};
  host = {};
  hostname = {};
  position = {};
  record = {};
  clear_quickly(actor);
  clear_quickly(parent);
  clear_quickly(target);
  clear_quickly(creator);
}

}  // namespace spoor
