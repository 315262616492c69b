// The field table: every field of the normalised event, one row each.
//
// Field names are Sigma's, so that SigmaHQ rules run unchanged on every vendor. What a vendor sends
// beyond these rows travels as Event::extra, by the vendor's own name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace spoor {

/// One slot of the event. To add a field: one enumerator here (before `count`), one row in
/// field.cpp.
enum class FieldId : std::uint8_t {
  // The event itself.
  event_id,
  channel,
  provider_name,
  computer,
  rule_name,
  utc_time,
  // The acting process (in a process_creation: the new one).
  process_guid,
  process_id,
  image,
  command_line,
  current_directory,
  user,
  integrity_level,
  logon_guid,
  logon_id,
  terminal_session_id,
  // Its parent, as the event claims it.
  parent_process_guid,
  parent_process_id,
  parent_image,
  parent_command_line,
  parent_user,
  parent_integrity_level,
  grand_parent_image,
  grand_parent_command_line,
  // A file: the image of a new process, a loaded module, a driver, a written or deleted file.
  file_version,
  description,
  product,
  company,
  original_file_name,
  hashes,
  hash,
  is_signed,
  signature,
  signature_status,
  image_loaded,
  target_filename,
  source_filename,
  file_name,
  creation_utc_time,
  previous_creation_utc_time,
  contents,
  is_executable,
  archived,
  // Registry.
  event_type,
  target_object,
  details,
  new_name,
  // Network.
  protocol,
  initiated,
  source_ip,
  source_hostname,
  source_port,
  source_port_name,
  source_is_ipv6,
  destination_ip,
  destination_hostname,
  destination_port,
  destination_port_name,
  destination_is_ipv6,
  query_name,
  query_status,
  query_results,
  record_type,
  url,
  http_method,
  // Two processes: remote threads and handles.
  source_process_guid,
  source_process_id,
  source_image,
  source_command_line,
  source_parent_image,
  source_user,
  target_process_guid,
  target_process_id,
  target_image,
  target_command_line,
  target_user,
  new_thread_id,
  start_address,
  start_module,
  start_function,
  granted_access,
  call_trace,
  // The rest of Sysmon.
  pipe_name,
  device,
  configuration,
  configuration_file_hash,
  state,
  version,
  schema_version,
  operation,
  event_namespace,
  name,
  query,
  type,
  destination,
  consumer,
  filter,
  session,
  client_info,
  id,
  // Scripts, services, scheduled tasks, logons.
  script_block_text,
  payload,
  context_info,
  path,
  service_name,
  image_path,
  task_name,
  logon_type,
  target_user_name,
  // What the vendor's own engine found, and its name for a group of related processes.
  threat_name,
  severity,
  tactic,
  technique,
  group_uid,
  count
};

inline constexpr std::size_t kFieldCount = static_cast<std::size_t>(FieldId::count);

/// What a field holds: which canonical forms its values have (canonical.h), and how OCSF types
/// them.
enum class FieldKind : std::uint8_t {
  text,
  path,          ///< Of a file, whatever the file.
  command_line,  ///< A command with its arguments, or a script.
  registry,      ///< A registry key, with or without a value's name.
  hashes,        ///< "SHA1=…,MD5=…,SHA256=…,IMPHASH=…".
  user,          ///< "DOMAIN\\user".
  guid,
  number,   ///< Decimal.
  boolean,  ///< "true" or "false".
  time,     ///< "2023-03-14 09:13:42.214", UTC.
  address,  ///< IPv4 or IPv6.
  name,     ///< Of a host or a domain.
};

struct FieldRow {
  FieldId id;
  std::string_view name;  ///< Sigma's name: "CommandLine".
  FieldKind kind;
  /// The OCSF 1.6 attribute it becomes, from the root of the class; empty: OCSF's `unmapped`.
  /// "<process>" stands for the process that acts or, in a process activity, is acted upon;
  /// "<file>" for the file that the event is about (ocsf_event.cpp knows which that is).
  std::string_view ocsf;
};

/// All rows, in FieldId order.
[[nodiscard]] const std::array<FieldRow, kFieldCount>& field_table();

[[nodiscard]] FieldKind field_kind(FieldId id);

/// "CommandLine" for FieldId::command_line.
[[nodiscard]] std::string_view field_name(FieldId id);

/// The field of that name; case-sensitive. O(log fields): for loading, not for the event path.
[[nodiscard]] std::optional<FieldId> find_field(std::string_view name);

}  // namespace spoor
