#include "parsers/crowdstrike/fdr_events.h"

#include "parsers/key_table.h"

namespace spoor {
namespace {

using A = FdrAttribute;
using F = FieldId;
using T = EventType;
using D = FdrDetail;

// --- Roles

constexpr FdrRoles kNobody;
constexpr FdrRoles kContext = {.actor = {A::context_process_id, A::target_process_id, A::count}};
// The event is about the target: it ends, or a module came into it. ContextProcessId may be who
// made it so.
constexpr FdrRoles kTarget = {.actor = {A::target_process_id, A::context_process_id, A::count}};
constexpr FdrRoles kNew = {.actor = {A::target_process_id, A::count, A::count}, .starts = true};
constexpr FdrRoles kOntoTarget = {.actor = {A::context_process_id, A::source_process_id, A::count},
                                  .has_target = true};
// The service control manager acts for whoever called it.
constexpr FdrRoles kCaller = {
    .actor = {A::rpc_client_process_id, A::context_process_id, A::target_process_id}};

// --- Fields

constexpr FdrFieldRow kProcess[] = {
    {A::image_file_name, F::image},
    {A::command_line, F::command_line},
    {A::parent_image_file_name, F::parent_image},
    {A::parent_command_line, F::parent_command_line},
    {A::grandparent_image_file_name, F::grand_parent_image},
    {A::grandparent_command_line, F::grand_parent_command_line},
    {A::integrity_level, F::integrity_level, Convert::integrity_number},
    {A::original_filename, F::original_file_name},
    {A::company_name, F::company},
    {A::product_name, F::product},
    {A::file_description, F::description},
    {A::file_version, F::file_version},
    {A::uid, F::user},  // Of macOS and Linux; UserName and UserSid stood before.
};

constexpr FdrFieldRow kProcessArguments[] = {
    {A::target_file_name, F::image},
    {A::command_line, F::command_line},
};

// Creations that the sensor counted instead of sending.
constexpr FdrFieldRow kProcessStats[] = {
    {A::image_file_name, F::image},
    {A::command_line, F::command_line},
};

constexpr FdrFieldRow kProcessEnd[] = {
    {A::target_image_file_name, F::image},
    {A::image_file_name, F::image},
};

constexpr FdrFieldRow kModule[] = {
    {A::image_file_name, F::image_loaded}, {A::target_file_name, F::image_loaded},
    {A::target_image_file_name, F::image}, {A::original_filename, F::original_file_name},
    {A::company_name, F::company},         {A::product_name, F::product},
    {A::file_description, F::description}, {A::file_version, F::file_version},
};

constexpr FdrFieldRow kFile[] = {
    {A::target_file_name, F::target_filename},
    {A::target_directory_name, F::target_filename},
    {A::source_file_name, F::source_filename},
};

constexpr FdrFieldRow kDns[] = {
    {A::request_type, F::record_type, Convert::record_type_number},
    {A::query_status, F::query_status},
};

constexpr FdrFieldRow kHttp[] = {
    {A::http_url, F::url},
    {A::http_method, F::http_method},
    {A::http_host, F::destination_hostname},
};

constexpr FdrFieldRow kInjection[] = {
    {A::target_thread_id, F::new_thread_id},
    {A::thread_start_address, F::start_address},
    {A::injected_dll, F::start_module},
};

constexpr FdrFieldRow kPipe[] = {
    {A::pipe_name, F::pipe_name},
    {A::target_file_name, F::pipe_name},
};

constexpr FdrFieldRow kWmi[] = {
    {A::wmi_query, F::query},
    {A::wmi_namespace_name, F::event_namespace},
    {A::wmi_consumer_name, F::consumer},
    {A::wmi_filter_name, F::filter},
    {A::command_line, F::destination},
};

// Three generations stand in the record itself.
constexpr FdrFieldRow kScript[] = {
    {A::image_file_name, F::image},
    {A::command_line, F::command_line},
    {A::script_content, F::script_block_text},
    {A::script_content_name, F::path},
    {A::parent_image_file_name, F::parent_image},
    {A::parent_command_line, F::parent_command_line},
    {A::grandparent_image_file_name, F::grand_parent_image},
    {A::grandparent_command_line, F::grand_parent_command_line},
};

constexpr FdrFieldRow kHistory[] = {
    {A::command_history, F::script_block_text},
};

// ImageFileName and CommandLine are the service's.
constexpr FdrFieldRow kService[] = {
    {A::service_name, F::service_name},     {A::service_display_name, F::service_name},
    {A::service_image_path, F::image_path}, {A::command_line, F::image_path},
    {A::image_file_name, F::image_path},
};

constexpr FdrFieldRow kTask[] = {
    {A::task_name, F::task_name},
    {A::task_exec_command, F::path},
};

constexpr FdrFieldRow kLogon[] = {
    {A::user_name, F::target_user_name},           {A::logon_type, F::logon_type},
    {A::remote_address_ip4, F::source_ip},         {A::remote_address_ip6, F::source_ip},
    {A::client_computer_name, F::source_hostname},
};

constexpr FdrFieldRow kDetection[] = {
    {A::detect_name, F::threat_name},
    {A::detect_name, F::signature},
    {A::target_file_name, F::target_filename},
    {A::image_file_name, F::image},
    {A::command_line, F::command_line},
    {A::parent_image_file_name, F::parent_image},
    {A::parent_command_line, F::parent_command_line},
};

// --- Events

constexpr FdrEventRow kEvents[] = {
    {"ProcessRollup2", &kNew, kProcess, T::process_creation},
    {"SyntheticProcessRollup2", &kNew, kProcess, T::process_creation},
    {"CreateProcessArgs", &kContext, kProcessArguments, T::process_creation, D::arguments},
    {"ProcessRollup2Stats", &kNobody, kProcessStats, T::other},
    {"EndOfProcess", &kTarget, kProcessEnd, T::process_termination},
    {"TerminateProcess", &kTarget, kProcessEnd, T::process_termination},

    {"ProcessHandleOpDetectInfo", &kOntoTarget, {}, T::process_access},
    {"LsassHandleFromUnsignedModule", &kOntoTarget, {}, T::process_access},
    {"ProcessInjection", &kOntoTarget, kInjection, T::create_remote_thread},
    {"DllInjection", &kOntoTarget, kInjection, T::create_remote_thread},
    {"CreateThreadNoStartImage", &kOntoTarget, kInjection, T::create_remote_thread},
    {"CreateThreadReflectiveDll", &kOntoTarget, kInjection, T::create_remote_thread},
    {"QueueApcEtw", &kOntoTarget, kInjection, T::create_remote_thread},

    {"ClassifiedModuleLoad", &kContext, kModule, T::image_load},
    {"UnsignedModuleLoad", &kContext, kModule, T::image_load},
    {"ModuleBlockedEvent", &kContext, kModule, T::image_load},
    {"ImageHash", &kTarget, kModule, T::image_load},
    {"DriverLoad", &kContext, kModule, T::driver_load},
    {"KernelModeLoadImage", &kContext, kModule, T::driver_load},
    {"KextLoad", &kContext, kModule, T::driver_load},

    {"NewExecutableWritten", &kContext, kFile, T::file_event},
    {"NewScriptWritten", &kContext, kFile, T::file_event},
    {"FileCreateInfo", &kContext, kFile, T::file_event},
    {"DirectoryCreate", &kContext, kFile, T::file_event},
    {"RansomwareCreateFile", &kContext, kFile, T::file_event},
    {"CriticalFileModified", &kContext, kFile, T::file_modify},
    {"AsepFileChange", &kContext, kFile, T::file_modify},
    {"NewExecutableRenamed", &kContext, kFile, T::file_rename},
    {"FileRenameInfo", &kContext, kFile, T::file_rename},
    {"ExecutableDeleted", &kContext, kFile, T::file_delete},
    {"FileDeleteInfo", &kContext, kFile, T::file_delete},
    {"FileTimestampsModified", &kContext, kFile, T::file_change},
    {"FileOpenInfo", &kContext, kFile, T::file_access},
    {"CriticalFileAccessed", &kContext, kFile, T::file_access},
    {"RansomwareOpenFile", &kContext, kFile, T::file_access},

    {"NetworkConnectIP4", &kContext, {}, T::network_connection, D::connect},
    {"NetworkConnectIP6", &kContext, {}, T::network_connection, D::connect},
    {"NetworkReceiveAcceptIP4", &kContext, {}, T::network_connection, D::accept},
    {"NetworkReceiveAcceptIP6", &kContext, {}, T::network_connection, D::accept},
    {"NetworkListenIP4", &kContext, {}, T::network_listen, D::listen},
    {"NetworkListenIP6", &kContext, {}, T::network_listen, D::listen},
    {"RawBindIP4", &kContext, {}, T::network_listen, D::listen},
    {"RawBindIP6", &kContext, {}, T::network_listen, D::listen},
    {"NetworkCloseIP4", &kContext, {}, T::network_close, D::close},
    {"NetworkCloseIP6", &kContext, {}, T::network_close, D::close},
    {"DnsRequest", &kContext, kDns, T::dns_query, D::dns},
    {"SuspiciousDnsRequest", &kContext, kDns, T::dns_query, D::dns},
    {"HttpRequestDetect", &kContext, kHttp, T::http_request, D::connect},

    {"NamedPipeDetectInfo", &kContext, kPipe, T::pipe_created},
    {"SmbClientNamedPipeConnectEtw", &kContext, kPipe, T::pipe_created},
    {"WmiCreateProcess", &kContext, kWmi, T::wmi_event},
    {"WmiFilterConsumerBindingEtw", &kContext, kWmi, T::wmi_event},
    {"SensitiveWmiQuery", &kContext, kWmi, T::wmi_event},
    {"CommandHistory", &kTarget, kHistory, T::script},

    {"CreateService", &kCaller, kService, T::service},
    {"ModifyServiceBinary", &kCaller, kService, T::service},
    {"ServiceStarted", &kCaller, kService, T::service},
    {"HostedServiceStarted", &kTarget, kService, T::service},
    {"HostedServiceStopped", &kTarget, kService, T::service},

    {"UserLogon", &kContext, kLogon, T::logon, D::logon},
    {"UserIdentity", &kContext, kLogon, T::logon, D::logon},
    {"UserLogoff", &kContext, kLogon, T::logoff, D::logon},

    {"AssociateIndicator", &kTarget, kDetection, T::antivirus},
    {"DetectionExcluded", &kTarget, kDetection, T::antivirus},
    {"AssociateTreeIdWithRoot", &kTarget, kDetection, T::antivirus},
    {"ProcessBlocked", &kTarget, kDetection, T::antivirus},
    {"QuarantinedFile", &kContext, kDetection, T::antivirus},

    {"SensorHeartbeat", &kNobody, {}, T::sensor},
    {"ConfigStateUpdate", &kNobody, {}, T::sensor},
    {"ChannelVersionRequired", &kNobody, {}, T::sensor},
    {"LFODownloadConfirmation", &kNobody, {}, T::sensor},
    {"LightningLatencyInfo", &kNobody, {}, T::sensor},
    {"FirmwareAnalysisStatus", &kNobody, {}, T::sensor},
    {"HostInfo", &kNobody, {}, T::sensor},
    {"OsVersionInfo", &kNobody, {}, T::sensor},
    {"SystemCapacity", &kNobody, {}, T::sensor},
    {"AgentOnline", &kNobody, {}, T::sensor},
    {"AgentConnect", &kNobody, {}, T::sensor},
    {"CurrentSystemTags", &kNobody, {}, T::sensor},
    {"LocalIpAddressIP4", &kNobody, {}, T::sensor},
    {"LocalIpAddressIP6", &kNobody, {}, T::sensor},
    {"LocalIpAddressRemovedIP4", &kNobody, {}, T::sensor},
    {"LocalIpAddressRemovedIP6", &kNobody, {}, T::sensor},
};

/// Names that the vendor goes on making, told by how they begin and end.
struct FamilyRow {
  std::string_view prefix;
  std::string_view suffix;
  FdrEventRow event;
};

// In this order: "AsepFileChangeDetectInfo" is first of all a detection.
constexpr FamilyRow kFamilies[] = {
    {"ScriptControl", "", {"", &kContext, kScript, T::ps_script, D::script}},
    {"", "DetectInfo", {"", &kContext, kDetection, T::antivirus}},
    {"CustomIOA", "", {"", &kContext, kDetection, T::antivirus}},
    {"", "FileWritten", {"", &kContext, kFile, T::file_event}},
    {"", "InjectedThread", {"", &kOntoTarget, kInjection, T::create_remote_thread}},
    {"", "ValueUpdate", {"", &kContext, {}, T::registry_set, D::registry_value}},
    {"", "KeyUpdate", {"", &kContext, {}, T::registry_event, D::registry_key}},
    {"SuspiciousReg", "Update", {"", &kContext, {}, T::registry_set, D::registry_value}},
    {"ScheduledTask", "", {"", &kCaller, kTask, T::scheduled_task}},
    {"UserLogonFailed", "", {"", &kContext, kLogon, T::logon, D::logon}},
};

constexpr FdrEventRow kUnknown = {"", &kContext, {}, T::other};

}  // namespace

const FdrEventRow& find_fdr_event(std::string_view event_simple_name) {
  static const KeyTable<FdrEventRow> kTable{std::span<const FdrEventRow>(kEvents)};
  const FdrEventRow* row = kTable.find(event_simple_name);
  if (row != nullptr) {
    return *row;
  }
  for (const FamilyRow& family : kFamilies) {
    if (event_simple_name.starts_with(family.prefix) &&
        event_simple_name.ends_with(family.suffix)) {
      return family.event;
    }
  }
  return kUnknown;
}

}  // namespace spoor
