#include "engine/finding/ocsf_event_class.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"

namespace spoor {
namespace {

struct ClassRow {
  EventType type;
  OcsfEventClass event_class;
  /// The row holds if this field has this value, in whatever case; without a value always.
  FieldId field = FieldId::count;
  std::string_view value = {};
};

constexpr OcsfEventClass kServiceCreate = {20100401, "Windows Service Activity: Create"};
constexpr OcsfEventClass kServiceReconfigure = {20100402, "Windows Service Activity: Reconfigure"};
constexpr OcsfEventClass kServiceStart = {20100403, "Windows Service Activity: Start"};
constexpr OcsfEventClass kJobCreate = {100601, "Scheduled Job Activity: Create"};
constexpr OcsfEventClass kJobUpdate = {100602, "Scheduled Job Activity: Update"};
constexpr OcsfEventClass kJobDelete = {100603, "Scheduled Job Activity: Delete"};
constexpr OcsfEventClass kJobEnable = {100604, "Scheduled Job Activity: Enable"};
constexpr OcsfEventClass kJobDisable = {100605, "Scheduled Job Activity: Disable"};
constexpr OcsfEventClass kJobStart = {100606, "Scheduled Job Activity: Start"};

// OCSF 1.6, categories system, findings, identity and network; 2010xx are the classes of its
// Windows extension. The first row of a type that holds counts. Where it takes the vendor's name of
// what happened to tell the activity, that is the event's code.
constexpr auto kClasses = std::to_array<ClassRow>({
    {EventType::process_creation, {100701, "Process Activity: Launch"}},
    {EventType::process_termination, {100702, "Process Activity: Terminate"}},
    {EventType::process_access, {100703, "Process Activity: Open"}},
    {EventType::create_remote_thread, {100704, "Process Activity: Inject"}},
    {EventType::process_tampering, {100799, "Process Activity: Other"}},
    {EventType::image_load, {100501, "Module Activity: Load"}},
    {EventType::driver_load, {100201, "Kernel Extension Activity: Load"}},
    {EventType::file_event, {100101, "File System Activity: Create"}},
    {EventType::file_change, {100106, "File System Activity: Set Attributes"}},
    {EventType::file_delete, {100104, "File System Activity: Delete"}},
    {EventType::file_delete_detected, {100104, "File System Activity: Delete"}},
    {EventType::file_block_executable, {100101, "File System Activity: Create"}},
    {EventType::file_block_shredding, {100104, "File System Activity: Delete"}},
    {EventType::file_executable_detected, {100101, "File System Activity: Create"}},
    {EventType::file_access, {100114, "File System Activity: Open"}},
    {EventType::file_rename, {100105, "File System Activity: Rename"}},
    {EventType::file_modify, {100103, "File System Activity: Update"}},
    {EventType::create_stream_hash, {100101, "File System Activity: Create"}},
    {EventType::pipe_created, {100101, "File System Activity: Create"}},
    {EventType::raw_access_thread, {100102, "File System Activity: Read"}},
    {EventType::registry_add, {20100101, "Registry Key Activity: Create"}},
    // Sysmon has one event id for deleted keys and deleted values; its EventType field tells them
    // apart.
    {EventType::registry_delete,
     {20100204, "Registry Value Activity: Delete"},
     FieldId::event_type,
     "DeleteValue"},
    {EventType::registry_delete, {20100104, "Registry Key Activity: Delete"}},
    {EventType::registry_set, {20100202, "Registry Value Activity: Set"}},
    {EventType::registry_rename, {20100105, "Registry Key Activity: Rename"}},
    {EventType::registry_event, {20100103, "Registry Key Activity: Modify"}},
    {EventType::network_connection, {400101, "Network Activity: Open"}},
    {EventType::network_listen, {400107, "Network Activity: Listen"}},
    {EventType::network_close, {400102, "Network Activity: Close"}},
    {EventType::dns_query, {400301, "DNS Activity: Query"}},
    {EventType::http_request, {400201, "HTTP Activity: Connect"}, FieldId::http_method, "CONNECT"},
    {EventType::http_request, {400202, "HTTP Activity: Delete"}, FieldId::http_method, "DELETE"},
    {EventType::http_request, {400203, "HTTP Activity: Get"}, FieldId::http_method, "GET"},
    {EventType::http_request, {400204, "HTTP Activity: Head"}, FieldId::http_method, "HEAD"},
    {EventType::http_request, {400205, "HTTP Activity: Options"}, FieldId::http_method, "OPTIONS"},
    {EventType::http_request, {400206, "HTTP Activity: Post"}, FieldId::http_method, "POST"},
    {EventType::http_request, {400207, "HTTP Activity: Put"}, FieldId::http_method, "PUT"},
    {EventType::http_request, {400208, "HTTP Activity: Trace"}, FieldId::http_method, "TRACE"},
    {EventType::http_request, {400200, "HTTP Activity: Unknown"}},
    {EventType::script, {100901, "Script Activity: Execute"}},
    {EventType::ps_script, {100901, "Script Activity: Execute"}},
    {EventType::service, kServiceCreate, FieldId::event_id, "7045"},
    {EventType::service, kServiceCreate, FieldId::event_id, "4697"},
    {EventType::service, kServiceCreate, FieldId::event_id, "CreateService"},
    {EventType::service, kServiceReconfigure, FieldId::event_id, "ModifyServiceBinary"},
    {EventType::service, kServiceStart, FieldId::event_id, "ServiceStarted"},
    {EventType::service, kServiceStart, FieldId::event_id, "HostedServiceStarted"},
    {EventType::service, {20100400, "Windows Service Activity: Unknown"}},
    {EventType::scheduled_task, kJobCreate, FieldId::event_id, "4698"},
    {EventType::scheduled_task, kJobCreate, FieldId::event_id, "106"},
    {EventType::scheduled_task, kJobCreate, FieldId::event_id, "ScheduledTaskRegistered"},
    {EventType::scheduled_task, kJobCreate, FieldId::event_id, "Task Register"},
    {EventType::scheduled_task, kJobUpdate, FieldId::event_id, "4702"},
    {EventType::scheduled_task, kJobUpdate, FieldId::event_id, "140"},
    {EventType::scheduled_task, kJobUpdate, FieldId::event_id, "ScheduledTaskModified"},
    {EventType::scheduled_task, kJobUpdate, FieldId::event_id, "Task Update"},
    {EventType::scheduled_task, kJobDelete, FieldId::event_id, "4699"},
    {EventType::scheduled_task, kJobDelete, FieldId::event_id, "141"},
    {EventType::scheduled_task, kJobDelete, FieldId::event_id, "ScheduledTaskDeleted"},
    {EventType::scheduled_task, kJobDelete, FieldId::event_id, "Task Delete"},
    {EventType::scheduled_task, kJobEnable, FieldId::event_id, "4700"},
    {EventType::scheduled_task, kJobDisable, FieldId::event_id, "4701"},
    {EventType::scheduled_task, kJobStart, FieldId::event_id, "Task Start"},
    {EventType::scheduled_task, {100600, "Scheduled Job Activity: Unknown"}},
    {EventType::logon, {300201, "Authentication: Logon"}},
    {EventType::logoff, {300202, "Authentication: Logoff"}},
    {EventType::antivirus, {200401, "Detection Finding: Create"}},
});

// 99 is "Other": the activity's name is then ours.
constexpr OcsfEventClass kBaseEvent = {99, "Base Event: Other"};

constexpr std::string_view kNameSeparator = ": ";

template <typename FieldOf>
std::optional<OcsfEventClass> find_class(EventType type, FieldOf field_of) {
  const auto* row = std::ranges::find_if(kClasses, [&](const ClassRow& candidate) {
    return candidate.type == type &&
           (candidate.value.empty() ||
            equals_ignore_case_ascii(field_of(candidate.field), candidate.value));
  });
  return row == kClasses.end() ? std::nullopt : std::optional(row->event_class);
}

}  // namespace

std::string_view OcsfEventClass::class_name() const {
  return type_name.substr(0, type_name.find(kNameSeparator));
}

std::string_view OcsfEventClass::activity_name() const {
  return type_name.substr(type_name.find(kNameSeparator) + kNameSeparator.size());
}

std::optional<OcsfEventClass> ocsf_event_class(const FindingEvidence& evidence) {
  return find_class(evidence.type, [&](FieldId id) { return field_of(evidence, id); });
}

std::optional<OcsfEventClass> ocsf_event_class(const Event& event) {
  // The class of services is of OCSF's Windows extension.
  if (event.type == EventType::service && event.platform != Platform::windows) {
    return std::nullopt;
  }
  return find_class(event.type, [&](FieldId id) {
    const bool is_code = id == FieldId::event_id && !event.has(id);
    return is_code ? event.vendor_type : event.field(id);
  });
}

OcsfEventClass ocsf_base_event() {
  return kBaseEvent;
}

std::string_view ocsf_category_name(std::int64_t category_uid) {
  switch (category_uid) {
    case 1: return "System Activity";
    case 2: return "Findings";
    case 3: return "Identity & Access Management";
    case 4: return "Network Activity";
    default: return "Uncategorized";
  }
}

}  // namespace spoor
