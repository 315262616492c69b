// Recognises a Windows event in the forms in which shippers carry it, and finds its parts.
//
// A carriage is data: where the channel, the event id, the host and the event's own fields stand.
// Adding one means adding rows here, not a branch in the vendor parsers.
#pragma once

#include <string_view>
#include <vector>

#include <simdjson.h>

#include "engine/base/result.h"
#include "parsers/scratch.h"

namespace spoor {

/// One field of the event's data. Values are text, whatever JSON type they had.
struct DataField {
  std::string_view name;
  std::string_view value;
  bool is_null = false;
};

/// A Windows event without its carriage. Views into the parsed record and the scratch memory.
struct WindowsRecord {
  std::string_view provider;
  std::string_view channel;
  std::string_view event_id;
  std::string_view computer;
  std::string_view record_id;
  /// The event's creation time as the carriage has it. Not UTC for sure: see time_may_be_local.
  std::string_view system_time;
  bool time_may_be_local = false;
  bool duplicate_keys = false;
  std::vector<DataField> data;

  void clear() {
    std::vector<DataField> kept = std::move(data);
    kept.clear();
    *this = WindowsRecord{};
    data = std::move(kept);
  }
};

/// Fills `record` from a JSON object. Carriages: evtx_dump (Event.System), NXLog (flat,
/// SourceModuleType), flat evtx export (flat, TimeCreated), Winlogbeat up to 6 (log_name,
/// event_id), Winlogbeat from 7 (winlog.channel, winlog.event_data). Fails with unknown_source,
/// naming the keys seen.
[[nodiscard]] Result<void> read_windows_record(simdjson::dom::object root,
                                               Scratch& scratch,
                                               WindowsRecord& record);

}  // namespace spoor
