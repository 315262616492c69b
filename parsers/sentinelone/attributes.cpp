#include "parsers/sentinelone/attributes.h"

#include <algorithm>
#include <array>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "parsers/convert.h"

namespace spoor {
namespace {

using Row = AttributeRow<S1Attribute>;

struct PrefixRow {
  std::string_view prefix;
  ProcessRole role;
};

struct SuffixRow {
  std::string_view suffix;
  ProcessPart part;
};

// --- Cloud Funnel 2.0
// -----------------------------------------------------------------------------------------

constexpr PrefixRow kDottedProcesses[] = {
    {"src.process.", ProcessRole::source},
    {"src.process.parent.", ProcessRole::source_parent},
    {"tgt.process.", ProcessRole::target},
    {"osSrc.process.", ProcessRole::os_source},
    {"osSrc.process.parent.", ProcessRole::os_source_parent},
};

constexpr SuffixRow kDottedParts[] = {
    {"uid", ProcessPart::uid},
    {"pid", ProcessPart::pid},
    {"name", ProcessPart::name},
    {"image.path", ProcessPart::image},
    {"cmdline", ProcessPart::command_line},
    {"user", ProcessPart::user},
    {"eUserName", ProcessPart::effective_user},
    {"rUserName", ProcessPart::real_user},
    {"startTime", ProcessPart::start},
    {"integrityLevel", ProcessPart::integrity},
    {"sessionId", ProcessPart::session},
    {"storyline.id", ProcessPart::storyline},
    // Some tenants send the trademark sign, and the capital that goes with it.
    {"Storyline\xE2\x84\xA2.id", ProcessPart::storyline},
    {"storyline\xE2\x84\xA2.id", ProcessPart::storyline},
    {"Storyline.id", ProcessPart::storyline},
    {"image.md5", ProcessPart::md5},
    {"image.sha1", ProcessPart::sha1},
    {"image.sha256", ProcessPart::sha256},
    {"publisher", ProcessPart::publisher},
    {"signedStatus", ProcessPart::signed_status},
    {"displayName", ProcessPart::display_name},
    {"image.productName", ProcessPart::product},
    {"image.productVersion", ProcessPart::product_version},
    {"image.originalFileName", ProcessPart::original_file_name},
    {"accessRights", ProcessPart::access_rights},
};

constexpr Row kDottedKeys[] = {
    {"event.type", S1Attribute::event_type},
    {"meta.event.name", S1Attribute::meta_event_name},
    {"event.time", S1Attribute::event_time},
    {"timestamp", S1Attribute::timestamp},
    {"event.id", S1Attribute::event_id},
    {"agent.uuid", S1Attribute::agent_uuid},
    {"endpoint.name", S1Attribute::endpoint_name},
    {"endpoint.os", S1Attribute::endpoint_os},
    {"process.unique.key", S1Attribute::process_unique_key},
    {"module.path", S1Attribute::module_path},
    {"module.md5", S1Attribute::module_md5},
    {"module.sha1", S1Attribute::module_sha1},
    {"module.sha256", S1Attribute::module_sha256},
    {"module.signedStatus", S1Attribute::module_signed_status},
    {"module.signed.status", S1Attribute::module_signed_status},
    {"module.signer.name", S1Attribute::module_signer},
    {"driver.peSha1", S1Attribute::driver_sha1},
    {"driver.peSha256", S1Attribute::driver_sha256},
    {"tgt.file.path", S1Attribute::file_path},
    {"tgt.file.oldPath", S1Attribute::file_old_path},
    {"tgt.file.md5", S1Attribute::file_md5},
    {"tgt.file.sha1", S1Attribute::file_sha1},
    {"tgt.file.sha256", S1Attribute::file_sha256},
    {"tgt.file.creationTime", S1Attribute::file_created},
    {"tgt.file.isExecutable", S1Attribute::file_is_executable},
    {"registry.keyPath", S1Attribute::registry_key},
    {"registry.valueName", S1Attribute::registry_value_name},
    {"registry.value", S1Attribute::registry_value},
    {"src.ip.address", S1Attribute::source_ip},
    {"src.port.number", S1Attribute::source_port},
    {"dst.ip.address", S1Attribute::destination_ip},
    {"dst.port.number", S1Attribute::destination_port},
    {"event.network.direction", S1Attribute::direction},
    {"event.network.protocolName", S1Attribute::protocol_name},
    {"event.dns.request", S1Attribute::dns_request},
    {"event.dns.response", S1Attribute::dns_response},
    {"url.address", S1Attribute::url},
    {"event.url.action", S1Attribute::http_method},
    {"cmdScript.content", S1Attribute::script},
    {"cmdScript.applicationName", S1Attribute::script_application},
    {"task.name", S1Attribute::task_name},
    {"namedPipe.name", S1Attribute::pipe_name},
    {"event.login.userName", S1Attribute::login_user},
    {"event.login.tgt.user.name", S1Attribute::login_user_2},
    {"event.logout.tgt.user.name", S1Attribute::login_user_2},
    {"event.login.type", S1Attribute::login_type},
    {"src.endpoint.ip.address", S1Attribute::login_address},
    {"indicator.name", S1Attribute::indicator_name},
    {"indicator.description", S1Attribute::indicator_description},
    {"indicator.severity", S1Attribute::indicator_severity},
    {"tiIndicator.name", S1Attribute::ti_name},
    {"tiindicator.name", S1Attribute::ti_name},
    {"tiIndicator.value", S1Attribute::ti_value},
    {"tiindicator.value", S1Attribute::ti_value},
};

// --- Deep Visibility
// ------------------------------------------------------------------------------------------

constexpr PrefixRow kCamelProcesses[] = {
    {"srcProc", ProcessRole::source},
    {"srcProcParent", ProcessRole::source_parent},
    {"tgtProc", ProcessRole::target},
    {"osSrcProc", ProcessRole::os_source},
    {"osSrcProcParent", ProcessRole::os_source_parent},
};

constexpr SuffixRow kCamelParts[] = {
    {"Uid", ProcessPart::uid},
    {"UID", ProcessPart::uid},
    {"ProcUid", ProcessPart::other_uid},
    {"Pid", ProcessPart::pid},
    {"PID", ProcessPart::pid},
    {"Name", ProcessPart::name},
    {"ImagePath", ProcessPart::image},
    {"CmdLine", ProcessPart::command_line},
    {"User", ProcessPart::user},
    {"EUserName", ProcessPart::effective_user},
    {"RUserName", ProcessPart::real_user},
    {"StartTime", ProcessPart::start},
    {"IntegrityLevel", ProcessPart::integrity},
    {"SessionId", ProcessPart::session},
    {"StorylineId", ProcessPart::storyline},
    {"ImageMd5", ProcessPart::md5},
    {"ImageSha1", ProcessPart::sha1},
    {"ImageSha256", ProcessPart::sha256},
    {"Publisher", ProcessPart::publisher},
    {"SignedStatus", ProcessPart::signed_status},
    {"DisplayName", ProcessPart::display_name},
    {"ImageProductName", ProcessPart::product},
    {"ImageProductVersion", ProcessPart::product_version},
    {"ImageOriginalFileName", ProcessPart::original_file_name},
    {"AccessRights", ProcessPart::access_rights},
};

constexpr S1Attribute old_source(ProcessPart part) {
  return process_attribute(ProcessRole::old_source, part);
}

constexpr S1Attribute old_parent(ProcessPart part) {
  return process_attribute(ProcessRole::old_source_parent, part);
}

constexpr Row kCamelKeys[] = {
    {"eventType", S1Attribute::event_type},
    {"metaEventName", S1Attribute::meta_event_name},
    {"eventTime", S1Attribute::event_time},
    {"createdAt", S1Attribute::created_at},
    {"id", S1Attribute::event_id},
    {"agentUuid", S1Attribute::agent_uuid},
    {"agentUUID", S1Attribute::agent_uuid},
    {"endpointName", S1Attribute::endpoint_name},
    {"agentName", S1Attribute::endpoint_name_2},
    {"endpointOs", S1Attribute::endpoint_os},
    {"endpointOS", S1Attribute::endpoint_os},
    {"agentOs", S1Attribute::endpoint_os_2},
    {"tgtPid", process_attribute(ProcessRole::target, ProcessPart::pid)},
    {"modulePath", S1Attribute::module_path},
    {"moduleMd5", S1Attribute::module_md5},
    {"moduleSha1", S1Attribute::module_sha1},
    {"moduleSignedStatus", S1Attribute::module_signed_status},
    {"moduleSignerName", S1Attribute::module_signer},
    {"driverPeSha1", S1Attribute::driver_sha1},
    {"driverPeSha256", S1Attribute::driver_sha256},
    {"tgtFilePath", S1Attribute::file_path},
    {"tgtFileOldPath", S1Attribute::file_old_path},
    {"tgtFileMd5", S1Attribute::file_md5},
    {"tgtFileSha1", S1Attribute::file_sha1},
    {"tgtFileSha256", S1Attribute::file_sha256},
    {"tgtFileCreatedAt", S1Attribute::file_created},
    {"tgtFileIsExecutable", S1Attribute::file_is_executable},
    {"registryKeyPath", S1Attribute::registry_key},
    {"registryPath", S1Attribute::registry_key_2},
    {"registryValueName", S1Attribute::registry_value_name},
    {"registryValue", S1Attribute::registry_value},
    {"srcIp", S1Attribute::source_ip},
    {"srcIP", S1Attribute::source_ip},
    {"srcPort", S1Attribute::source_port},
    {"dstIp", S1Attribute::destination_ip},
    {"dstIP", S1Attribute::destination_ip},
    {"dstPort", S1Attribute::destination_port},
    {"netEventDirection", S1Attribute::direction},
    {"direction", S1Attribute::direction_2},
    {"netProtocolName", S1Attribute::protocol_name},
    {"dnsRequest", S1Attribute::dns_request},
    {"dnsResponse", S1Attribute::dns_response},
    {"url", S1Attribute::url},
    {"networkUrl", S1Attribute::url_2},
    {"urlAction", S1Attribute::http_method},
    {"networkMethod", S1Attribute::http_method_2},
    {"srcProcCmdScript", S1Attribute::script},
    {"srcProcCmdScriptApplicationName", S1Attribute::script_application},
    {"taskName", S1Attribute::task_name},
    {"namedPipeName", S1Attribute::pipe_name},
    {"loginsUserName", S1Attribute::login_user},
    {"loginTgtUserName", S1Attribute::login_user_2},
    {"logoutTgtUserName", S1Attribute::login_user_2},
    {"loginType", S1Attribute::login_type},
    {"srcMachineIP", S1Attribute::login_address},
    {"srcMachineIp", S1Attribute::login_address},
    {"indicatorName", S1Attribute::indicator_name},
    {"indicatorDescription", S1Attribute::indicator_description},
    {"tiIndicatorName", S1Attribute::ti_name},
    {"tiIndicatorValue", S1Attribute::ti_value},
    // The first generation of names.
    {"processUniqueKey", old_source(ProcessPart::uid)},
    {"pid", old_source(ProcessPart::pid)},
    {"processName", old_source(ProcessPart::name)},
    {"processImagePath", old_source(ProcessPart::image)},
    {"processCmd", old_source(ProcessPart::command_line)},
    {"user", old_source(ProcessPart::user)},
    {"processStartTime", old_source(ProcessPart::start)},
    {"processIntegrityLevel", old_source(ProcessPart::integrity)},
    {"processSessionId", old_source(ProcessPart::session)},
    {"processImageSha1Hash", old_source(ProcessPart::sha1)},
    {"processDisplayName", old_source(ProcessPart::display_name)},
    {"publisher", old_source(ProcessPart::publisher)},
    {"signedStatus", old_source(ProcessPart::signed_status)},
    {"storyline", old_source(ProcessPart::storyline)},
    {"trueContext", S1Attribute::true_context},
    {"parentProcessUniqueKey", old_parent(ProcessPart::uid)},
    {"parentPid", old_parent(ProcessPart::pid)},
    {"parentProcessName", old_parent(ProcessPart::name)},
    {"parentProcessStartTime", old_parent(ProcessPart::start)},
    {"fileFullName", S1Attribute::file_path_2},
    {"oldFileName", S1Attribute::file_old_path_2},
    {"fileMd5", S1Attribute::file_md5_2},
    {"fileSha1", S1Attribute::file_sha1_2},
    {"fileSha256", S1Attribute::file_sha256_2},
};

// --- Management API
// -------------------------------------------------------------------------------------------

constexpr PrefixRow kAlertProcesses[] = {
    {"sourceProcessInfo.", ProcessRole::source},
    {"sourceParentProcessInfo.", ProcessRole::source_parent},
};

constexpr SuffixRow kAlertParts[] = {
    {"uniqueId", ProcessPart::uid},
    {"pid", ProcessPart::pid},
    {"name", ProcessPart::name},
    {"filePath", ProcessPart::image},
    {"commandline", ProcessPart::command_line},
    {"user", ProcessPart::user},
    {"effectiveUser", ProcessPart::effective_user},
    {"realUser", ProcessPart::real_user},
    {"pidStarttime", ProcessPart::start},
    {"integrityLevel", ProcessPart::integrity},
    {"storyline", ProcessPart::storyline},
    {"fileHashMd5", ProcessPart::md5},
    {"fileHashSha1", ProcessPart::sha1},
    {"fileHashSha256", ProcessPart::sha256},
    {"fileSignerIdentity", ProcessPart::publisher},
};

/// An alert's and an activity's target process have Deep Visibility's names.
constexpr PrefixRow kAlertTargets[] = {
    {"targetProcessInfo.tgtProc", ProcessRole::target},
    {"data.tgtProc", ProcessRole::target},
};

constexpr PrefixRow kActivityProcesses[] = {
    {"data.sourceProcess", ProcessRole::source},
    {"data.sourceParentProcess", ProcessRole::source_parent},
};

constexpr SuffixRow kActivityParts[] = {
    {"Key", ProcessPart::uid},
    {"Pid", ProcessPart::pid},
    {"Name", ProcessPart::name},
    {"FilePath", ProcessPart::image},  // Of the source,
    {"Path", ProcessPart::image},      // and of its parent.
    {"CommandLine", ProcessPart::command_line},
    {"UserName", ProcessPart::user},
    {"StartTime", ProcessPart::start},
    {"IntegrityLevel", ProcessPart::integrity},
    {"Storyline", ProcessPart::storyline},
    {"Md5", ProcessPart::md5},
    {"Sha1", ProcessPart::sha1},
    {"Sha256", ProcessPart::sha256},
    {"FileSignerIdentity", ProcessPart::publisher},
    {"FileSingerIdentity", ProcessPart::publisher},  // The API's own slip.
    {"SignerIdentity", ProcessPart::publisher},
};

constexpr PrefixRow kDetails[] = {
    {"alertInfo.", ProcessRole::count},
    {"data.", ProcessRole::count},
    {"targetProcessInfo.", ProcessRole::count},
};

/// What an alert ("alertInfo.", "targetProcessInfo.") and an activity ("data.") say of an event.
constexpr Row kDetailKeys[] = {
    {"modulePath", S1Attribute::module_path},
    {"moduleMd5", S1Attribute::module_md5},
    {"moduleSha1", S1Attribute::module_sha1},
    {"tgtFilePath", S1Attribute::file_path},
    {"tgtFileOldPath", S1Attribute::file_old_path},
    {"tgtFileHashSha1", S1Attribute::file_sha1},
    {"tgtFileHashSha256", S1Attribute::file_sha256},
    {"tgtFileCreatedAt", S1Attribute::file_created},
    {"tgtProcessStartTime", process_attribute(ProcessRole::target, ProcessPart::start)},
    {"registryKeyPath", S1Attribute::registry_key},
    {"registryPath", S1Attribute::registry_key_2},
    {"registryValue", S1Attribute::registry_value},
    {"srcIp", S1Attribute::source_ip},
    {"srcPort", S1Attribute::source_port},
    {"dstIp", S1Attribute::destination_ip},
    {"dstPort", S1Attribute::destination_port},
    {"netEventDirection", S1Attribute::direction},
    {"dnsRequest", S1Attribute::dns_request},
    {"dnsResponse", S1Attribute::dns_response},
    {"indicatorName", S1Attribute::indicator_name},
    {"indicatorDescription", S1Attribute::indicator_description},
    {"loginsUserName", S1Attribute::login_user},
    {"loginType", S1Attribute::login_type},
    {"srcMachineIp", S1Attribute::login_address},
    {"tiIndicatorValue", S1Attribute::ti_value},
    {"dvEventId", S1Attribute::deep_visibility_id},
    {"eventType", S1Attribute::event_type},
    {"dvEventType", S1Attribute::event_type},
};

constexpr Row kManagementKeys[] = {
    {"id", S1Attribute::event_id},
    {"createdAt", S1Attribute::created_at},
    {"updatedAt", S1Attribute::updated_at},
    // Threats and alerts.
    {"agentDetectionInfo.agentUuid", S1Attribute::agent_uuid},
    {"agentDetectionInfo.uuid", S1Attribute::agent_uuid},
    {"agentRealtimeInfo.agentUuid", S1Attribute::agent_uuid_2},
    {"agentRealtimeInfo.uuid", S1Attribute::agent_uuid_2},
    {"agentRealtimeInfo.agentComputerName", S1Attribute::endpoint_name},
    {"agentRealtimeInfo.name", S1Attribute::endpoint_name},
    {"agentDetectionInfo.name", S1Attribute::endpoint_name_2},
    {"agentDetectionInfo.agentComputerName", S1Attribute::endpoint_name_2},
    {"agentRealtimeInfo.agentOsType", S1Attribute::endpoint_os},
    {"agentRealtimeInfo.os", S1Attribute::endpoint_os},
    {"agentDetectionInfo.osFamily", S1Attribute::endpoint_os_2},
    {"agentDetectionInfo.agentOsName", S1Attribute::endpoint_os_2},
    {"indicators", S1Attribute::indicators},
    {"threatInfo.threatName", S1Attribute::threat_name},
    {"threatInfo.filePath", S1Attribute::threat_path},
    {"threatInfo.md5", S1Attribute::threat_md5},
    {"threatInfo.sha1", S1Attribute::threat_sha1},
    {"threatInfo.sha256", S1Attribute::threat_sha256},
    {"threatInfo.processUser", S1Attribute::threat_user},
    {"threatInfo.maliciousProcessArguments", S1Attribute::threat_arguments},
    {"threatInfo.storyline", S1Attribute::threat_storyline},
    {"threatInfo.classification", S1Attribute::threat_classification},
    {"threatInfo.confidenceLevel", S1Attribute::confidence},
    {"threatInfo.identifiedAt", S1Attribute::identified_at},
    {"threatInfo.createdAt", S1Attribute::created_at},
    {"alertInfo.alertId", S1Attribute::alert_id},
    {"alertInfo.createdAt", S1Attribute::created_at},
    {"ruleInfo.name", S1Attribute::rule_name},
    {"ruleInfo.severity", S1Attribute::severity},
    // Activities.
    {"activityType", S1Attribute::activity_type},
    {"data.origAgentUuid", S1Attribute::agent_uuid},
    {"data.origAgentName", S1Attribute::endpoint_name},
    {"data.computerName", S1Attribute::endpoint_name_2},
    {"data.origAgentOsFamily", S1Attribute::endpoint_os},
    {"data.alertId", S1Attribute::alert_id},
    {"data.ruleName", S1Attribute::rule_name},
    {"data.severity", S1Attribute::severity},
    {"data.detectedAt", S1Attribute::detected_at},
    {"data.fileDisplayName", S1Attribute::threat_name},
    {"data.filePath", S1Attribute::threat_path},
    {"data.fileContentHash", S1Attribute::threat_sha1},
    {"data.userName", S1Attribute::threat_user},
    {"data.threatClassification", S1Attribute::threat_classification},
    {"data.confidenceLevel", S1Attribute::confidence},
    // Agents.
    {"uuid", S1Attribute::agent_uuid},
    {"computerName", S1Attribute::endpoint_name},
    {"osType", S1Attribute::endpoint_os},
    {"isDecommissioned", S1Attribute::is_decommissioned},
};

// Common keys that no event needs.
constexpr std::string_view kUnusedParts[] = {
    "activeContent.signedStatus",
    "activeContentType",
    "childProcCount",
    "crossProcessCount",
    "crossProcessDupRemoteProcessHandleCount",
    "crossProcessDupThreadHandleCount",
    "crossProcessOpenProcessCount",
    "crossProcessOutOfStorylineCount",
    "crossProcessThreadCreateCount",
    "dnsCount",
    "image.binaryIsExecutable",
    "indicatorBootConfigurationUpdateCount",
    "indicatorEvasionCount",
    "indicatorExploitationCount",
    "indicatorGeneral.count",
    "indicatorGeneralCount",
    "indicatorInfostealerCount",
    "indicatorInjectionCount",
    "indicatorPersistenceCount",
    "indicatorPostExploitationCount",
    "indicatorRansomwareCount",
    "indicatorReconnaissanceCount",
    "isNative64Bit",
    "isRedirectCmdProcessor",
    "isStorylineRoot",
    "moduleCount",
    "netConnCount",
    "netConnInCount",
    "netConnOutCount",
    "reasonSignatureInvalid",
    "registryChangeCount",
    "subsystem",
    "tgtFileCreationCount",
    "tgtFileDeletionCount",
    "tgtFileModificationCount",
    "tid",
    "verifiedStatus",
};
constexpr Row kUnusedKeys[] = {
    {"account.id", S1Attribute::count},
    {"agent.version", S1Attribute::count},
    {"dataSource.category", S1Attribute::count},
    {"dataSource.name", S1Attribute::count},
    {"dataSource.vendor", S1Attribute::count},
    {"endpoint.type", S1Attribute::count},
    {"event.category", S1Attribute::count},
    {"event.network.connectionStatus", S1Attribute::count},
    {"event.repetitionCount", S1Attribute::count},
    {"event.url.action", S1Attribute::count},
    {"group.id", S1Attribute::count},
    {"i.scheme", S1Attribute::count},
    {"i.version", S1Attribute::count},
    {"mgmt.id", S1Attribute::count},
    {"mgmt.osRevision", S1Attribute::count},
    {"mgmt.url", S1Attribute::count},
    {"os.name", S1Attribute::count},
    {"packet.id", S1Attribute::count},
    {"registry.valueType", S1Attribute::count},
    {"sca:atlantisIngestTime", S1Attribute::count},
    {"sca:ingestTime", S1Attribute::count},
    {"site.id", S1Attribute::count},
    {"site.name", S1Attribute::count},
    {"tgt.file.extension", S1Attribute::count},
    {"tgt.file.id", S1Attribute::count},
    {"tgt.file.isExecutable", S1Attribute::count},
    {"tgt.file.isSigned", S1Attribute::count},
    {"tgt.file.location", S1Attribute::count},
    {"tgt.file.modificationTime", S1Attribute::count},
    {"tgt.file.size", S1Attribute::count},
    {"tgt.file.type", S1Attribute::count},
    {"trace.id", S1Attribute::count},
};

// --- Tables
// ---------------------------------------------------------------------------------------------------

/// Rows whose keys are made, not written. A deque: its texts stay where they are.
struct Rows {
  std::deque<std::string> keys;
  std::vector<Row> rows;

  void add(std::string key, S1Attribute attribute) {
    keys.push_back(std::move(key));
    rows.push_back({.key = keys.back(), .attribute = attribute});
  }

  void add(std::string_view prefix, std::span<const Row> more) {
    for (const Row& row : more) {
      add(std::string(prefix).append(row.key), row.attribute);
    }
  }

  void add(std::span<const PrefixRow> prefixes, std::span<const SuffixRow> suffixes) {
    for (const PrefixRow& prefix : prefixes) {
      for (const SuffixRow& suffix : suffixes) {
        add(std::string(prefix.prefix).append(suffix.suffix),
            process_attribute(prefix.role, suffix.part));
      }
    }
  }

  /// Once more, each key as `change` makes it.
  template <typename Change>
  void add_changed(const Change& change) {
    const std::size_t count = rows.size();
    for (std::size_t i = 0; i < count; ++i) {
      std::string key(rows[i].key);
      change(key);
      add(std::move(key), rows[i].attribute);
    }
  }
};

char to_upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

Rows dotted_rows() {
  Rows made;
  made.add("", kDottedKeys);
  made.add(kDottedProcesses, kDottedParts);
  made.add("", kUnusedKeys);
  for (const PrefixRow& process : kDottedProcesses) {
    for (const std::string_view part : kUnusedParts) {
      made.add(std::string(process.prefix).append(part), S1Attribute::count);
    }
  }
  return made;
}

Rows camel_rows() {
  Rows made;
  made.add("", kCamelKeys);
  made.add(kCamelProcesses, kCamelParts);
  made.add_changed([](std::string& key) { key.front() = to_upper(key.front()); });
  return made;
}

Rows management_rows() {
  Rows made;
  made.add("", kManagementKeys);
  made.add(kAlertProcesses, kAlertParts);
  made.add(kActivityProcesses, kActivityParts);
  made.add(kAlertTargets, kCamelParts);
  for (const PrefixRow& prefix : kDetails) {
    made.add(prefix.prefix, kDetailKeys);
  }
  made.add_changed([](std::string& key) { std::ranges::transform(key, key.begin(), to_lower); });
  return made;
}

// --- Fallbacks
// ------------------------------------------------------------------------------------------------

struct FallbackRow {
  S1Attribute attribute;
  S1Attribute other;
};

constexpr FallbackRow kFallbacks[] = {
    {S1Attribute::agent_uuid, S1Attribute::agent_uuid_2},
    {S1Attribute::endpoint_name, S1Attribute::endpoint_name_2},
    {S1Attribute::endpoint_os, S1Attribute::endpoint_os_2},
    {S1Attribute::file_path, S1Attribute::file_path_2},
    {S1Attribute::file_old_path, S1Attribute::file_old_path_2},
    {S1Attribute::file_md5, S1Attribute::file_md5_2},
    {S1Attribute::file_sha1, S1Attribute::file_sha1_2},
    {S1Attribute::file_sha256, S1Attribute::file_sha256_2},
    {S1Attribute::registry_key, S1Attribute::registry_key_2},
    {S1Attribute::direction, S1Attribute::direction_2},
    {S1Attribute::url, S1Attribute::url_2},
    {S1Attribute::login_user, S1Attribute::login_user_2},
    {S1Attribute::http_method, S1Attribute::http_method_2},
};

constexpr std::array<S1Attribute, S1Slots::kCount> fallbacks() {
  std::array<S1Attribute, S1Slots::kCount> others{};
  others.fill(S1Attribute::count);
  for (const FallbackRow& row : kFallbacks) {
    others[static_cast<std::size_t>(row.attribute)] = row.other;
  }
  return others;
}

constexpr std::array<S1Attribute, S1Slots::kCount> kFallback = fallbacks();

S1Attribute fallback_of(S1Attribute attribute) {
  return kFallback[static_cast<std::size_t>(attribute)];
}

/// The longest of the words that say nothing.
constexpr std::size_t kNothingMax = 6;

std::string_view said(std::string_view value) {
  return value.size() <= kNothingMax && says_nothing(value) ? std::string_view() : value;
}

}  // namespace

const S1Slots::Table& cloud_funnel_keys() {
  static const Rows kRows = dotted_rows();
  static const S1Slots::Table kTable{kRows.rows};
  return kTable;
}

const S1Slots::Table& deep_visibility_keys() {
  static const Rows kRows = camel_rows();
  static const S1Slots::Table kTable{kRows.rows};
  return kTable;
}

const S1Slots::Table& management_keys() {
  static const Rows kRows = management_rows();
  static const S1Slots::Table kTable{kRows.rows};
  return kTable;
}

std::string_view S1Record::text(S1Attribute attribute, ParseContext& context) {
  for (; attribute != S1Attribute::count; attribute = fallback_of(attribute)) {
    const std::string_view value = said(slots_.text(attribute, context));
    if (!value.empty()) {
      mark_used(attribute);
      return value;
    }
  }
  return {};
}

bool S1Record::says(S1Attribute attribute, ParseContext& context) const {
  for (; attribute != S1Attribute::count; attribute = fallback_of(attribute)) {
    if (!said(slots_.text(attribute, context)).empty()) {
      return true;
    }
  }
  return false;
}

std::string_view S1Record::text(ProcessRole role, ProcessPart part, ParseContext& context) {
  return text(process_attribute(role, part), context);
}

bool S1Record::names(ProcessRole role, ParseContext& context) const {
  constexpr ProcessPart kIdentifying[] = {ProcessPart::uid, ProcessPart::other_uid,
                                          ProcessPart::pid, ProcessPart::image, ProcessPart::name};
  return std::ranges::any_of(
      kIdentifying, [&](ProcessPart part) { return says(process_attribute(role, part), context); });
}

}  // namespace spoor
