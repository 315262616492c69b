#include "parsers/crowdstrike/fdr_attributes.h"

#include <array>

namespace spoor {
namespace {

using Row = AttributeRow<FdrAttribute>;
using A = FdrAttribute;

// From samples and from what others' parsers read. In no sample seen: Http…, Wmi…, PipeName,
// TaskExecCommand, ServiceName, InjectedDll. One row for each attribute, in its order.
constexpr std::array<Row, FdrSlots::kCount> kKeys = {{
    {"event_simpleName", A::event_simple_name},
    {"#event_simpleName", A::tagged_simple_name},
    {"event", A::panther_event},
    {"ExternalApiType", A::external_api_type},
    {"aid", A::aid},
    {"cid", A::cid},
    {"id", A::id},
    {"event_platform", A::event_platform},
    {"timestamp", A::timestamp},
    {"@timestamp", A::logscale_timestamp},
    {"ContextTimeStamp", A::context_time_stamp},
    {"ComputerName", A::computer_name},
    {"aid_computer_name", A::aid_computer_name},
    {"TreeId", A::tree_id},
    {"Attacks", A::attacks},
    {"ContextProcessId", A::context_process_id},
    {"TargetProcessId", A::target_process_id},
    {"ParentProcessId", A::parent_process_id},
    {"SourceProcessId", A::source_process_id},
    {"RpcClientProcessId", A::rpc_client_process_id},
    {"RawProcessId", A::raw_process_id},
    {"EtwRawProcessId", A::etw_raw_process_id},
    {"ProcessStartTime", A::process_start_time},
    {"ImageFileName", A::image_file_name},
    {"CommandLine", A::command_line},
    {"ParentImageFileName", A::parent_image_file_name},
    {"ParentCommandLine", A::parent_command_line},
    {"GrandparentImageFileName", A::grandparent_image_file_name},
    {"GrandparentCommandLine", A::grandparent_command_line},
    {"ContextImageFileName", A::context_image_file_name},
    {"TargetImageFileName", A::target_image_file_name},
    {"UserName", A::user_name},
    {"UserSid", A::user_sid},
    {"UID", A::uid},
    {"AuthenticationId", A::authentication_id},
    {"SessionId", A::session_id},
    {"IntegrityLevel", A::integrity_level},
    {"SHA256HashData", A::sha256_hash_data},
    {"MD5HashData", A::md5_hash_data},
    {"SHA1HashData", A::sha1_hash_data},
    {"OriginalFilename", A::original_filename},
    {"CompanyName", A::company_name},
    {"FileVersion", A::file_version},
    {"ProductName", A::product_name},
    {"FileDescription", A::file_description},
    {"TargetFileName", A::target_file_name},
    {"TargetDirectoryName", A::target_directory_name},
    {"SourceFileName", A::source_file_name},
    {"RegObjectName", A::reg_object_name},
    {"RegValueName", A::reg_value_name},
    {"RegStringValue", A::reg_string_value},
    {"RegNumericValue", A::reg_numeric_value},
    {"RegBinaryValue", A::reg_binary_value},
    {"RegType", A::reg_type},
    {"RegOperationType", A::reg_operation_type},
    {"Data1", A::data1},
    {"LocalAddressIP4", A::local_address_ip4},
    {"LocalAddressIP6", A::local_address_ip6},
    {"LocalPort", A::local_port},
    {"RemoteAddressIP4", A::remote_address_ip4},
    {"RemoteAddressIP6", A::remote_address_ip6},
    {"RemotePort", A::remote_port},
    {"Protocol", A::protocol},
    {"ConnectionDirection", A::connection_direction},
    {"DomainName", A::domain_name},
    {"RequestType", A::request_type},
    {"QueryStatus", A::query_status},
    {"CNAMERecords", A::cname_records},
    {"IP4Records", A::ip4_records},
    {"IP6Records", A::ip6_records},
    {"FirstIP4Record", A::first_ip4_record},
    {"HttpUrl", A::http_url},
    {"HttpMethod", A::http_method},
    {"HttpHost", A::http_host},
    {"ScriptContent", A::script_content},
    {"ScriptContentName", A::script_content_name},
    {"CommandHistory", A::command_history},
    {"TargetThreadId", A::target_thread_id},
    {"ThreadStartAddress", A::thread_start_address},
    {"InjectedDll", A::injected_dll},
    {"DesiredAccess", A::desired_access},
    {"ServiceName", A::service_name},
    {"ServiceDisplayName", A::service_display_name},
    {"ServiceImagePath", A::service_image_path},
    {"TaskName", A::task_name},
    {"TaskExecCommand", A::task_exec_command},
    {"LogonType", A::logon_type},
    {"ClientComputerName", A::client_computer_name},
    {"PipeName", A::pipe_name},
    {"WmiQuery", A::wmi_query},
    {"WmiNamespaceName", A::wmi_namespace_name},
    {"WmiConsumerName", A::wmi_consumer_name},
    {"WmiFilterName", A::wmi_filter_name},
    {"DetectName", A::detect_name},
    {"Time", A::time},
    {"_time", A::splunk_time},
    {"FirstSeen", A::first_seen},
    {"FirstDiscoveredDate", A::first_discovered_date},
    {"AgentVersion", A::agent_version},
    {"AgentLoadFlags", A::agent_load_flags},
    {"ConfigIDBuild", A::config_id_build},
    {"discoverer_aid", A::discoverer_aid},
    {"NeighborName", A::neighbor_name},
    {"LastDiscoveredBy", A::last_discovered_by},
    {"UserSid_readable", A::user_sid_readable},
    {"AccountType", A::account_type},
    {"LastLoggedOnHost", A::last_logged_on_host},
    {"GatewayIP", A::gateway_ip},
    {"GatewayMAC", A::gateway_mac},
    {"MACPrefix", A::mac_prefix},
}};

// Other spellings of the same.
constexpr Row kAliases[] = {
    {"GrandParentImageFileName", A::grandparent_image_file_name},
    {"GrandParentCommandLine", A::grandparent_command_line},
    {"OriginalFileName", A::original_filename},
    {"WmiNamespace", A::wmi_namespace_name},
    {"RequestUrl", A::http_url},
};

// Common keys that no event needs.
constexpr Row kUnused[] = {
    {"ConfigBuild", A::count},
    {"ConfigStateHash", A::count},
    {"EffectiveTransmissionClass", A::count},
    {"Entitlements", A::count},
    {"aip", A::count},
    {"name", A::count},
    {"EventOrigin", A::count},
    {"ContextThreadId", A::count},
    {"ImageSubsystem", A::count},
    {"SourceThreadId", A::count},
    {"AuthenticodeHashData", A::count},
    {"TokenType", A::count},
    {"ParentAuthenticationId", A::count},
    {"ProcessCreateFlags", A::count},
    {"ProcessParameterFlags", A::count},
    {"ProcessSxsFlags", A::count},
    {"Tags", A::count},
    {"WindowFlags", A::count},
    {"CycleTime", A::count},
    {"ExitCode", A::count},
    {"KernelTime", A::count},
    {"MaxThreadCount", A::count},
    {"ProcessBehaviorBitfield", A::count},
    {"UserTime", A::count},
    {"ConnectionFlags", A::count},
    {"InContext", A::count},
    {"RemoteAddressString", A::count},
    {"DualRequest", A::count},
    {"InterfaceIndex", A::count},
    {"DnsRequestCount", A::count},
    {"ConfigIDPlatform", A::count},
    {"ConfigurationVersion", A::count},
    {"SensorStateBitMap", A::count},
    {"GID", A::count},
    {"MachOSubType", A::count},
    {"ProcessGroupId", A::count},
    {"RGID", A::count},
    {"RUID", A::count},
    {"SVGID", A::count},
    {"SVUID", A::count},
    {"SessionProcessId", A::count},
    {"CodeSigningFlags", A::count},
    {"EnvironmentVariablesString", A::count},
    {"SigningId", A::count},
    {"TeamId", A::count},
    {"MappedFromUserMode", A::count},
    {"ModuleCharacteristics", A::count},
    {"ModuleLoadTelemetryClassification", A::count},
    {"ModuleSize", A::count},
    {"PrimaryModule", A::count},
    {"FileIdentifier", A::count},
    {"Size", A::count},
    {"DiskParentDeviceInstanceId", A::count},
    {"FileEcpBitmask", A::count},
    {"FileObject", A::count},
    {"IrpFlags", A::count},
    {"IsOnNetwork", A::count},
    {"IsOnRemovableDisk", A::count},
    {"IsTransactedFile", A::count},
    {"MajorFunction", A::count},
    {"MinorFunction", A::count},
    {"OperationFlags", A::count},
    {"SyntheticPR2Flags", A::count},
    {"AgentLocalTime", A::count},
    {"BiosVersion", A::count},
    {"ChassisType", A::count},
    {"ProvisionState", A::count},
    {"SystemManufacturer", A::count},
    {"SystemProductName", A::count},
    {"SensorGroupingTags", A::count},
};

constexpr bool rows_follow_the_enumeration() {
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (static_cast<std::size_t>(kKeys[i].attribute) != i) {
      return false;
    }
  }
  return true;
}

static_assert(rows_follow_the_enumeration(), "one row for each FdrAttribute, in its order");

std::vector<Row> all_rows() {
  std::vector<Row> rows(kKeys.begin(), kKeys.end());
  rows.insert(rows.end(), std::begin(kAliases), std::end(kAliases));
  rows.insert(rows.end(), std::begin(kUnused), std::end(kUnused));
  return rows;
}

}  // namespace

const FdrSlots::Table& fdr_attribute_table() {
  static const FdrSlots::Table kTable{all_rows()};
  return kTable;
}

std::string_view fdr_key(FdrAttribute attribute) {
  return kKeys[static_cast<std::size_t>(attribute)].key;
}

}  // namespace spoor
