// The keys of a record's root that tell whose it is.
//
// Every parser's key table carries the marks of its keys, so that one pass over the root both reads
// the record and checks that it was the right parser: what is recognised never depends on what came
// before.
#pragma once

#include <cstdint>
#include <string_view>

namespace spoor {

/// A set of marks, one bit each.
using Marks = std::uint64_t;

/// One bit for each key of the table in marks.cpp.
enum class Mark : std::uint8_t {
  // CrowdStrike.
  event_simple_name,
  external_api_type,
  metadata,
  aid,
  cid,
  // SentinelOne.
  s1_dotted,      ///< A key that begins with "src.process." or "tgt.process.".
  s1_scheme,      ///< "i.scheme", "meta.event.name", "dataSource.name", "event.type".
  s1_nested,      ///< "src", "tgt", "dataSource", "endpoint": the same with the dots expanded.
  dv_event_type,  ///< "eventType", "EventType".
  dv_process,     ///< "srcProcUid", "processUniqueKey", "agentUuid", …, and their PascalCase.
  threat_info,
  alert_info,
  activity_type,
  s1_agent,  ///< "agentId", "agentUpdatedVersion" …: the management API's own.
  cloud_funnel_1,
  // Windows.
  xml_event,  ///< "Event".
  winlog,
  log_name,
  lower_event_id,
  lower_event_data,
  lower_provider_name,
  channel,
  source_name,
  event_id,
  hostname,
  computer,
  source_module,
  received_time,
  provider_name,
  string_inserts,
  provider,
  type,
  event_data,
  properties,
  category,
  source,
  flattened,  ///< A key that begins with "winlog_event_data_", "EventData." or the like.
  // Wrappers.
  event,
  message,
  log,
  body,
  syslog_message,
  journal_message,
  result,
  raw,
  elastic_source,
  records,
  data,
  document,
  panther,
  win,
  wazuh_system,
  wazuh_data,
  count
};

static_assert(static_cast<int>(Mark::count) <= 64);

[[nodiscard]] constexpr Marks bit(Mark mark) {
  return Marks{1} << static_cast<unsigned>(mark);
}

/// The marks of a key of the root; 0 for most.
[[nodiscard]] Marks marks_of(std::string_view key);

}  // namespace spoor
