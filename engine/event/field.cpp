#include "engine/event/field.h"

#include <algorithm>
#include <vector>

namespace spoor {
namespace {

// One row per FieldId, in its order. The names are Sigma's field taxonomy for Windows and Sysmon,
// which are Sysmon's own (SigmaHQ sigma-specification, appendix taxonomy).
constexpr std::array<FieldRow, kFieldCount> kTable = {{
    {FieldId::event_id, "EventID", FieldKind::text, "metadata.event_code"},
    {FieldId::channel, "Channel", FieldKind::text, "metadata.log_name"},
    {FieldId::provider_name, "Provider_Name", FieldKind::text, "metadata.log_provider"},
    {FieldId::computer, "Computer", FieldKind::name, "device.hostname"},
    {FieldId::rule_name, "RuleName", FieldKind::text, ""},
    {FieldId::utc_time, "UtcTime", FieldKind::time, "metadata.original_time"},
    {FieldId::process_guid, "ProcessGuid", FieldKind::guid, "<process>.uid"},
    {FieldId::process_id, "ProcessId", FieldKind::number, "<process>.pid"},
    {FieldId::image, "Image", FieldKind::path, "<process>.file.path"},
    {FieldId::command_line, "CommandLine", FieldKind::command_line, "<process>.cmd_line"},
    {FieldId::current_directory, "CurrentDirectory", FieldKind::path,
     "<process>.working_directory"},
    {FieldId::user, "User", FieldKind::user, "<process>.user.name"},
    {FieldId::integrity_level, "IntegrityLevel", FieldKind::text, "<process>.integrity"},
    {FieldId::logon_guid, "LogonGuid", FieldKind::guid, "<process>.session.uid_alt"},
    {FieldId::logon_id, "LogonId", FieldKind::text, "<process>.session.uid"},
    {FieldId::terminal_session_id, "TerminalSessionId", FieldKind::number, ""},
    {FieldId::parent_process_guid, "ParentProcessGuid", FieldKind::guid,
     "<process>.parent_process.uid"},
    {FieldId::parent_process_id, "ParentProcessId", FieldKind::number,
     "<process>.parent_process.pid"},
    {FieldId::parent_image, "ParentImage", FieldKind::path, "<process>.parent_process.file.path"},
    {FieldId::parent_command_line, "ParentCommandLine", FieldKind::command_line,
     "<process>.parent_process.cmd_line"},
    {FieldId::parent_user, "ParentUser", FieldKind::user, "<process>.parent_process.user.name"},
    {FieldId::parent_integrity_level, "ParentIntegrityLevel", FieldKind::text,
     "<process>.parent_process.integrity"},
    {FieldId::grand_parent_image, "GrandParentImage", FieldKind::path,
     "<process>.parent_process.parent_process.file.path"},
    {FieldId::grand_parent_command_line, "GrandParentCommandLine", FieldKind::command_line,
     "<process>.parent_process.parent_process.cmd_line"},
    {FieldId::file_version, "FileVersion", FieldKind::text, "<file>.version"},
    {FieldId::description, "Description", FieldKind::text, "<file>.desc"},
    {FieldId::product, "Product", FieldKind::text, "<file>.product.name"},
    {FieldId::company, "Company", FieldKind::text, "<file>.company_name"},
    {FieldId::original_file_name, "OriginalFileName", FieldKind::text, "<file>.internal_name"},
    {FieldId::hashes, "Hashes", FieldKind::hashes, "<file>.hashes"},
    {FieldId::hash, "Hash", FieldKind::hashes, "<file>.hashes"},
    {FieldId::is_signed, "Signed", FieldKind::boolean, ""},
    {FieldId::signature, "Signature", FieldKind::text, ""},
    {FieldId::signature_status, "SignatureStatus", FieldKind::text, "<file>.signature.state"},
    {FieldId::image_loaded, "ImageLoaded", FieldKind::path, "<file>.path"},
    {FieldId::target_filename, "TargetFilename", FieldKind::path, "<file>.path"},
    {FieldId::source_filename, "SourceFilename", FieldKind::path, "file.path"},
    {FieldId::file_name, "FileName", FieldKind::path, "<file>.path"},
    {FieldId::creation_utc_time, "CreationUtcTime", FieldKind::time, "<file>.created_time"},
    {FieldId::previous_creation_utc_time, "PreviousCreationUtcTime", FieldKind::time, ""},
    {FieldId::contents, "Contents", FieldKind::text, ""},
    {FieldId::is_executable, "IsExecutable", FieldKind::boolean, ""},
    {FieldId::archived, "Archived", FieldKind::boolean, ""},
    {FieldId::event_type, "EventType", FieldKind::text, ""},
    {FieldId::target_object, "TargetObject", FieldKind::registry, "reg_key.path"},
    {FieldId::details, "Details", FieldKind::text, "reg_value.data"},
    {FieldId::new_name, "NewName", FieldKind::registry, "reg_key.path"},
    {FieldId::protocol, "Protocol", FieldKind::text, "connection_info.protocol_name"},
    {FieldId::initiated, "Initiated", FieldKind::boolean, "connection_info.direction_id"},
    {FieldId::source_ip, "SourceIp", FieldKind::address, "src_endpoint.ip"},
    {FieldId::source_hostname, "SourceHostname", FieldKind::name, "src_endpoint.hostname"},
    {FieldId::source_port, "SourcePort", FieldKind::number, "src_endpoint.port"},
    {FieldId::source_port_name, "SourcePortName", FieldKind::text, "src_endpoint.svc_name"},
    {FieldId::source_is_ipv6, "SourceIsIpv6", FieldKind::boolean,
     "connection_info.protocol_ver_id"},
    {FieldId::destination_ip, "DestinationIp", FieldKind::address, "dst_endpoint.ip"},
    {FieldId::destination_hostname, "DestinationHostname", FieldKind::name,
     "dst_endpoint.hostname"},
    {FieldId::destination_port, "DestinationPort", FieldKind::number, "dst_endpoint.port"},
    {FieldId::destination_port_name, "DestinationPortName", FieldKind::text,
     "dst_endpoint.svc_name"},
    {FieldId::destination_is_ipv6, "DestinationIsIpv6", FieldKind::boolean,
     "connection_info.protocol_ver_id"},
    {FieldId::query_name, "QueryName", FieldKind::name, "query.hostname"},
    {FieldId::query_status, "QueryStatus", FieldKind::text, "rcode"},
    {FieldId::query_results, "QueryResults", FieldKind::text, "answers"},
    {FieldId::record_type, "record_type", FieldKind::text, "query.type"},
    {FieldId::url, "Url", FieldKind::text, "http_request.url.url_string"},
    {FieldId::http_method, "HttpMethod", FieldKind::text, "http_request.http_method"},
    {FieldId::source_process_guid, "SourceProcessGuid", FieldKind::guid, "actor.process.uid"},
    {FieldId::source_process_id, "SourceProcessId", FieldKind::number, "actor.process.pid"},
    {FieldId::source_image, "SourceImage", FieldKind::path, "actor.process.file.path"},
    {FieldId::source_command_line, "SourceCommandLine", FieldKind::command_line,
     "actor.process.cmd_line"},
    {FieldId::source_parent_image, "SourceParentImage", FieldKind::path,
     "actor.process.parent_process.file.path"},
    {FieldId::source_user, "SourceUser", FieldKind::user, "actor.process.user.name"},
    {FieldId::target_process_guid, "TargetProcessGuid", FieldKind::guid, "process.uid"},
    {FieldId::target_process_id, "TargetProcessId", FieldKind::number, "process.pid"},
    {FieldId::target_image, "TargetImage", FieldKind::path, "process.file.path"},
    {FieldId::target_command_line, "TargetCommandLine", FieldKind::command_line,
     "process.cmd_line"},
    {FieldId::target_user, "TargetUser", FieldKind::user, "process.user.name"},
    {FieldId::new_thread_id, "NewThreadId", FieldKind::number, "process.ptid"},
    {FieldId::start_address, "StartAddress", FieldKind::text, "module.start_address"},
    {FieldId::start_module, "StartModule", FieldKind::path, "module.file.path"},
    {FieldId::start_function, "StartFunction", FieldKind::text, "module.function_name"},
    {FieldId::granted_access, "GrantedAccess", FieldKind::text, "requested_permissions"},
    {FieldId::call_trace, "CallTrace", FieldKind::text, ""},
    {FieldId::pipe_name, "PipeName", FieldKind::text, "file.path"},
    {FieldId::device, "Device", FieldKind::path, "file.path"},
    {FieldId::configuration, "Configuration", FieldKind::text, ""},
    {FieldId::configuration_file_hash, "ConfigurationFileHash", FieldKind::hashes, ""},
    {FieldId::state, "State", FieldKind::text, ""},
    {FieldId::version, "Version", FieldKind::text, ""},
    {FieldId::schema_version, "SchemaVersion", FieldKind::text, ""},
    {FieldId::operation, "Operation", FieldKind::text, ""},
    {FieldId::event_namespace, "EventNamespace", FieldKind::text, ""},
    {FieldId::name, "Name", FieldKind::text, ""},
    {FieldId::query, "Query", FieldKind::text, ""},
    {FieldId::type, "Type", FieldKind::text, ""},
    {FieldId::destination, "Destination", FieldKind::text, ""},
    {FieldId::consumer, "Consumer", FieldKind::text, ""},
    {FieldId::filter, "Filter", FieldKind::text, ""},
    {FieldId::session, "Session", FieldKind::number, ""},
    {FieldId::client_info, "ClientInfo", FieldKind::text, ""},
    {FieldId::id, "ID", FieldKind::text, ""},
    {FieldId::script_block_text, "ScriptBlockText", FieldKind::command_line,
     "script.script_content.value"},
    {FieldId::payload, "Payload", FieldKind::command_line, ""},
    {FieldId::context_info, "ContextInfo", FieldKind::command_line, ""},
    {FieldId::path, "Path", FieldKind::path, "script.file.path"},
    {FieldId::service_name, "ServiceName", FieldKind::text, "win_service.name"},
    {FieldId::image_path, "ImagePath", FieldKind::command_line, "win_service.cmd_line"},
    {FieldId::task_name, "TaskName", FieldKind::text, "job.name"},
    {FieldId::logon_type, "LogonType", FieldKind::text, "logon_type"},
    {FieldId::target_user_name, "TargetUserName", FieldKind::text, "user.name"},
    {FieldId::threat_name, "ThreatName", FieldKind::text, "finding_info.title"},
    {FieldId::severity, "Severity", FieldKind::text, "severity"},
    {FieldId::tactic, "Tactic", FieldKind::text, ""},
    {FieldId::technique, "Technique", FieldKind::text, ""},
    {FieldId::group_uid, "GroupUid", FieldKind::text, "metadata.correlation_uid"},
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

FieldKind field_kind(FieldId id) {
  return kTable[static_cast<std::size_t>(id)].kind;
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
