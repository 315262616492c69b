#include "parsers/crowdstrike/stream_attributes.h"

namespace spoor {
namespace {

using A = StreamAttribute;

// DetectionSummaryEvent and EppDetectionSummaryEvent, its successor, have different names for the
// same things.
constexpr AttributeRow<A> kKeys[] = {
    {"metadata", A::metadata},
    {"event", A::event},
    {"eventType", A::metadata_event_type},
    {"eventCreationTime", A::event_creation_time},
    {"offset", A::offset},
    {"customerIDString", A::customer_id},
    {"ExternalApiType", A::external_api_type},
    {"event_simpleName", A::event_simple_name},
    {"cid", A::cid},
    {"aid", A::aid},
    {"SensorId", A::sensor_id},
    {"AgentId", A::agent_id},
    {"AgentIdString", A::agent_id_string},
    {"DeviceId", A::device_id},
    {"ComputerName", A::computer_name},
    {"Hostname", A::computer_name},
    {"HostName", A::host_name},
    {"HostnameField", A::host_name},
    {"PlatformName", A::platform},
    {"Platform", A::platform},
    {"event_platform", A::platform},
    {"ContextTimeStamp", A::context_time_stamp},
    {"UTCTimestamp", A::utc_timestamp},
    {"timestamp", A::timestamp},
    {"Timestamp", A::sensor_timestamp},
    {"StartTimestamp", A::start_timestamp},
    {"EndTimestamp", A::end_timestamp},
    {"CompositeId", A::detect_id},
    {"DetectId", A::detect_id},
    {"EventUUID", A::event_uuid},
    {"DetectName", A::detect_name},
    {"Name", A::detect_name},
    {"Severity", A::severity},
    {"SeverityName", A::severity_name},
    {"Tactic", A::tactic},
    {"Technique", A::technique},
    {"PatternId", A::pattern_id},
    {"UserName", A::user_name},
    {"UserId", A::user_id},
    {"UserIp", A::user_ip},
    {"OperationName", A::operation_name},
    {"ProcessId", A::process_id},
    {"LocalProcessId", A::local_process_id},
    {"LocalProcessID", A::local_process_id},
    {"RawProcessId", A::local_process_id},
    {"ParentProcessId", A::parent_process_id},
    {"ProcessStartTime", A::process_start_time},
    {"FileName", A::file_name},
    {"FilePath", A::file_path},
    {"CommandLine", A::command_line},
    {"SHA256String", A::sha256},
    {"MD5String", A::md5},
    {"SHA1String", A::sha1},
    {"ParentImageFilePath", A::parent_image_file_path},
    {"ParentImageFileName", A::parent_image_file_name},
    {"ParentCommandLine", A::parent_command_line},
    {"GrandParentImageFilePath", A::grandparent_image_file_path},
    {"GrandparentImageFilePath", A::grandparent_image_file_path},
    {"GrandParentImageFileName", A::grandparent_image_file_name},
    {"GrandparentImageFileName", A::grandparent_image_file_name},
    {"GrandParentCommandLine", A::grandparent_command_line},
    {"GrandparentCommandLine", A::grandparent_command_line},
    {"NetworkAccesses", A::network_accesses},
    {"DnsRequests", A::dns_requests},
    {"FilesWritten", A::files_written},
    {"ExecutablesWritten", A::executables_written},
    {"FilesAccessed", A::files_accessed},
    {"ImageFileName", A::image_file_name},
    {"PID", A::firewall_process_id},
    {"RuleName", A::rule_name},
    {"LocalAddress", A::local_address},
    {"LocalPort", A::local_port},
    {"RemoteAddress", A::remote_address},
    {"RemotePort", A::remote_port},
    {"Protocol", A::protocol},
    {"ConnectionDirection", A::connection_direction},
};

}  // namespace

const StreamSlots::Table& stream_attribute_table() {
  static const StreamSlots::Table kTable{kKeys};
  return kTable;
}

}  // namespace spoor
