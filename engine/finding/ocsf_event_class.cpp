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
};

// OCSF 1.6, categories system and network; 2010xx are the registry classes of its Windows
// extension.
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
    {EventType::create_stream_hash, {100101, "File System Activity: Create"}},
    {EventType::pipe_created, {100101, "File System Activity: Create"}},
    {EventType::raw_access_thread, {100102, "File System Activity: Read"}},
    {EventType::registry_add, {20100101, "Registry Key Activity: Create"}},
    {EventType::registry_delete, {20100104, "Registry Key Activity: Delete"}},
    {EventType::registry_set, {20100202, "Registry Value Activity: Set"}},
    {EventType::registry_rename, {20100105, "Registry Key Activity: Rename"}},
    {EventType::registry_event, {20100103, "Registry Key Activity: Modify"}},
    {EventType::network_connection, {400101, "Network Activity: Open"}},
    {EventType::dns_query, {400301, "DNS Activity: Query"}},
});

constexpr OcsfEventClass kValueDeleted = {20100204, "Registry Value Activity: Delete"};

}  // namespace

std::optional<OcsfEventClass> ocsf_event_class(const FindingEvidence& evidence) {
  // Sysmon has one event id for deleted keys and deleted values; its EventType field tells them
  // apart.
  if (evidence.type == EventType::registry_delete &&
      equals_ignore_case_ascii(field_of(evidence, FieldId::event_type), "DeleteValue")) {
    return kValueDeleted;
  }
  const auto* row = std::ranges::find(kClasses, evidence.type, &ClassRow::type);
  return row == kClasses.end() ? std::nullopt : std::optional(row->event_class);
}

}  // namespace spoor
