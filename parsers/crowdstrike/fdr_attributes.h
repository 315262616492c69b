// The keys of FDR records that events are made from.
//
// A key that is not here still reaches rules that name it: as an extra field, by its own name.
#pragma once

#include <cstdint>
#include <string_view>

#include "parsers/attributes.h"

namespace spoor {

/// Named after the vendor's keys (fdr_attributes.cpp has them, in this order).
enum class FdrAttribute : std::uint8_t {
  // The envelope.
  event_simple_name,
  tagged_simple_name,  ///< LogScale's "#event_simpleName".
  panther_event,       ///< Panther puts the record under "event" and repeats some of its keys.
  external_api_type,
  aid,
  cid,
  id,
  event_platform,
  timestamp,
  logscale_timestamp,
  context_time_stamp,
  computer_name,
  aid_computer_name,
  tree_id,
  attacks,
  // Processes.
  context_process_id,
  target_process_id,
  parent_process_id,
  source_process_id,
  rpc_client_process_id,
  raw_process_id,
  etw_raw_process_id,
  process_start_time,
  image_file_name,
  command_line,
  parent_image_file_name,
  parent_command_line,
  grandparent_image_file_name,
  grandparent_command_line,
  context_image_file_name,
  target_image_file_name,
  user_name,
  user_sid,
  uid,
  authentication_id,
  session_id,
  integrity_level,
  // Files and modules.
  sha256_hash_data,
  md5_hash_data,
  sha1_hash_data,
  original_filename,
  company_name,
  file_version,
  product_name,
  file_description,
  target_file_name,
  target_directory_name,
  source_file_name,
  // The registry.
  reg_object_name,
  reg_value_name,
  reg_string_value,
  reg_numeric_value,
  reg_binary_value,
  reg_type,
  reg_operation_type,
  data1,
  // The network.
  local_address_ip4,
  local_address_ip6,
  local_port,
  remote_address_ip4,
  remote_address_ip6,
  remote_port,
  protocol,
  connection_direction,
  domain_name,
  request_type,
  query_status,
  cname_records,
  ip4_records,
  ip6_records,
  first_ip4_record,
  http_url,
  http_method,
  http_host,
  // Scripts.
  script_content,
  script_content_name,
  command_history,
  // Two processes.
  target_thread_id,
  thread_start_address,
  injected_dll,
  desired_access,
  // Services, tasks, logons, pipes, WMI, detections.
  service_name,
  service_display_name,
  service_image_path,
  task_name,
  task_exec_command,
  logon_type,
  client_computer_name,
  pipe_name,
  wmi_query,
  wmi_namespace_name,
  wmi_consumer_name,
  wmi_filter_name,
  detect_name,
  // Look-up tables.
  time,
  splunk_time,
  first_seen,
  first_discovered_date,
  agent_version,
  agent_load_flags,
  config_id_build,
  discoverer_aid,
  neighbor_name,
  last_discovered_by,
  user_sid_readable,
  account_type,
  last_logged_on_host,
  gateway_ip,
  gateway_mac,
  mac_prefix,
  count
};

using FdrSlots = AttributeSlots<FdrAttribute>;

/// Of every key.
[[nodiscard]] const FdrSlots::Table& fdr_attribute_table();

/// The key by which an attribute is known now, whatever older key a record had.
[[nodiscard]] std::string_view fdr_key(FdrAttribute attribute);

/// What Splunk-era exports append to the key of a number: "TargetProcessId_decimal".
inline constexpr std::string_view kDecimalSuffix = "_decimal";

}  // namespace spoor
