#include "engine/event/field.h"

#include <algorithm>
#include <vector>

namespace spoor {
namespace {

// One row per FieldId, in its order. The names are Sigma's field taxonomy for Windows and Sysmon,
// which are Sysmon's own (SigmaHQ sigma-specification, appendix taxonomy).
constexpr std::array<FieldRow, kFieldCount> kTable = {{
    {FieldId::event_id, "EventID"},
    {FieldId::channel, "Channel"},
    {FieldId::provider_name, "Provider_Name"},
    {FieldId::computer, "Computer"},
    {FieldId::rule_name, "RuleName"},
    {FieldId::utc_time, "UtcTime"},
    {FieldId::process_guid, "ProcessGuid"},
    {FieldId::process_id, "ProcessId"},
    {FieldId::image, "Image"},
    {FieldId::command_line, "CommandLine"},
    {FieldId::current_directory, "CurrentDirectory"},
    {FieldId::user, "User"},
    {FieldId::integrity_level, "IntegrityLevel"},
    {FieldId::logon_guid, "LogonGuid"},
    {FieldId::logon_id, "LogonId"},
    {FieldId::terminal_session_id, "TerminalSessionId"},
    {FieldId::parent_process_guid, "ParentProcessGuid"},
    {FieldId::parent_process_id, "ParentProcessId"},
    {FieldId::parent_image, "ParentImage"},
    {FieldId::parent_command_line, "ParentCommandLine"},
    {FieldId::parent_user, "ParentUser"},
    {FieldId::file_version, "FileVersion"},
    {FieldId::description, "Description"},
    {FieldId::product, "Product"},
    {FieldId::company, "Company"},
    {FieldId::original_file_name, "OriginalFileName"},
    {FieldId::hashes, "Hashes"},
    {FieldId::hash, "Hash"},
    {FieldId::is_signed, "Signed"},
    {FieldId::signature, "Signature"},
    {FieldId::signature_status, "SignatureStatus"},
    {FieldId::image_loaded, "ImageLoaded"},
    {FieldId::target_filename, "TargetFilename"},
    {FieldId::creation_utc_time, "CreationUtcTime"},
    {FieldId::previous_creation_utc_time, "PreviousCreationUtcTime"},
    {FieldId::contents, "Contents"},
    {FieldId::is_executable, "IsExecutable"},
    {FieldId::archived, "Archived"},
    {FieldId::event_type, "EventType"},
    {FieldId::target_object, "TargetObject"},
    {FieldId::details, "Details"},
    {FieldId::new_name, "NewName"},
    {FieldId::protocol, "Protocol"},
    {FieldId::initiated, "Initiated"},
    {FieldId::source_ip, "SourceIp"},
    {FieldId::source_hostname, "SourceHostname"},
    {FieldId::source_port, "SourcePort"},
    {FieldId::source_port_name, "SourcePortName"},
    {FieldId::source_is_ipv6, "SourceIsIpv6"},
    {FieldId::destination_ip, "DestinationIp"},
    {FieldId::destination_hostname, "DestinationHostname"},
    {FieldId::destination_port, "DestinationPort"},
    {FieldId::destination_port_name, "DestinationPortName"},
    {FieldId::destination_is_ipv6, "DestinationIsIpv6"},
    {FieldId::query_name, "QueryName"},
    {FieldId::query_status, "QueryStatus"},
    {FieldId::query_results, "QueryResults"},
    {FieldId::source_process_guid, "SourceProcessGuid"},
    {FieldId::source_process_id, "SourceProcessId"},
    {FieldId::source_image, "SourceImage"},
    {FieldId::source_user, "SourceUser"},
    {FieldId::target_process_guid, "TargetProcessGuid"},
    {FieldId::target_process_id, "TargetProcessId"},
    {FieldId::target_image, "TargetImage"},
    {FieldId::target_user, "TargetUser"},
    {FieldId::new_thread_id, "NewThreadId"},
    {FieldId::start_address, "StartAddress"},
    {FieldId::start_module, "StartModule"},
    {FieldId::start_function, "StartFunction"},
    {FieldId::granted_access, "GrantedAccess"},
    {FieldId::call_trace, "CallTrace"},
    {FieldId::pipe_name, "PipeName"},
    {FieldId::device, "Device"},
    {FieldId::configuration, "Configuration"},
    {FieldId::configuration_file_hash, "ConfigurationFileHash"},
    {FieldId::state, "State"},
    {FieldId::version, "Version"},
    {FieldId::schema_version, "SchemaVersion"},
    {FieldId::operation, "Operation"},
    {FieldId::event_namespace, "EventNamespace"},
    {FieldId::name, "Name"},
    {FieldId::query, "Query"},
    {FieldId::type, "Type"},
    {FieldId::destination, "Destination"},
    {FieldId::consumer, "Consumer"},
    {FieldId::filter, "Filter"},
    {FieldId::session, "Session"},
    {FieldId::client_info, "ClientInfo"},
    {FieldId::id, "ID"},
}};

constexpr bool rows_follow_the_enumeration() {
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (static_cast<std::size_t>(kTable[i].id) != i || kTable[i].name.empty()) {
      return false;
    }
  }
  return true;
}

static_assert(rows_follow_the_enumeration(), "one row for each FieldId, in its order");

/// The rows by name, for binary search.
std::vector<FieldRow> sorted_rows() {
  std::vector<FieldRow> rows(kTable.begin(), kTable.end());
  std::ranges::sort(rows, {}, &FieldRow::name);
  return rows;
}

}  // namespace

const std::array<FieldRow, kFieldCount>& field_table() {
  return kTable;
}

std::string_view field_name(FieldId id) {
  return kTable[static_cast<std::size_t>(id)].name;
}

std::optional<FieldId> find_field(std::string_view name) {
  static const std::vector<FieldRow> kByName = sorted_rows();
  const auto row = std::ranges::lower_bound(kByName, name, {}, &FieldRow::name);
  if (row == kByName.end() || row->name != name) {
    return std::nullopt;
  }
  return row->id;
}

}  // namespace spoor
