// The keys of event stream records that events are made from.
#pragma once

#include <cstdint>

#include "parsers/attributes.h"

namespace spoor {

/// Named after the vendor's keys (stream_attributes.cpp has them).
enum class StreamAttribute : std::uint8_t {
  // The root, and "metadata".
  metadata,
  event,
  metadata_event_type,
  event_creation_time,
  offset,
  customer_id,
  // "event"; in FDR all of it is at the root.
  external_api_type,
  event_simple_name,
  cid,
  aid,
  sensor_id,
  agent_id,
  agent_id_string,
  device_id,
  computer_name,
  host_name,
  platform,
  context_time_stamp,
  utc_timestamp,
  timestamp,
  sensor_timestamp,
  start_timestamp,
  end_timestamp,
  detect_id,
  event_uuid,
  detect_name,
  severity,
  severity_name,
  tactic,
  technique,
  pattern_id,
  user_name,
  user_id,
  user_ip,
  operation_name,
  process_id,
  local_process_id,
  parent_process_id,
  process_start_time,
  file_name,
  file_path,
  command_line,
  sha256,
  md5,
  sha1,
  parent_image_file_path,
  parent_image_file_name,
  parent_command_line,
  grandparent_image_file_path,
  grandparent_image_file_name,
  grandparent_command_line,
  network_accesses,
  dns_requests,
  files_written,
  executables_written,
  files_accessed,
  // FirewallMatchEvent.
  image_file_name,
  firewall_process_id,
  rule_name,
  local_address,
  local_port,
  remote_address,
  remote_port,
  protocol,
  connection_direction,
  count
};

using StreamSlots = AttributeSlots<StreamAttribute>;

[[nodiscard]] const StreamSlots::Table& stream_attribute_table();

}  // namespace spoor
