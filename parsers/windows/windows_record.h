// A Windows event without its carriage: where a shipper put the channel, the event id, the host and
// the event's own fields.
//
// A carriage is data: a table of keys (carriages.cpp). Adding one means adding rows, not a branch.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/result.h"
#include "engine/event/event.h"
#include "parsers/marks.h"
#include "parsers/parse_context.h"

namespace spoor {

/// The forms in which a Windows event comes.
enum class WindowsCarriage : std::uint8_t {
  evtx,           ///< evtx_dump, chainsaw dump, hayabusa's input; events as XML.
  nxlog,          ///< NXLog im_msvistalog + to_json().
  flat_export,    ///< Flat, of a PowerShell export.
  winlogbeat6,    ///< Winlogbeat up to 6.
  winlogbeat,     ///< Winlogbeat from 7 and Elastic Agent, with or without the Sysmon module.
  fluent_bit,     ///< Fluent Bit winevtlog.
  vector,         ///< Vector windows_event_log.
  log_analytics,  ///< Azure Log Analytics, table WindowsEvent.
  event_table,    ///< Azure Log Analytics, table Event.
  wazuh,          ///< Wazuh's data.win.
  flattened,      ///< Dotted or underscored keys of one of the above.
  count
};

/// "nxlog".
[[nodiscard]] std::string_view to_string(WindowsCarriage carriage);

/// What the carriage said of an event. The event's own fields are set in the Event at once.
struct WindowsRecord {
  std::string_view provider;
  std::string_view channel;
  std::string_view event_id;
  std::string_view computer;
  std::string_view record_id;
  /// The event's creation time as the carriage has it. Not UTC for sure: see time_may_be_local.
  std::string_view system_time;
  bool time_may_be_local = false;
  NodeIndex message = kNoNode;  ///< The rendered text of the event.
  /// The process that wrote the event: its pid, or an object that has it.
  NodeIndex execution = kNoNode;
  NodeIndex inserts = kNoNode;  ///< Fluent Bit's positional values.
  NodeIndex nested = kNoNode;   ///< A string that holds the event's fields, as JSON or XML.
  NodeIndex root = kNoNode;
  /// What `nested` held, once read_event_data() has read it: an object of a document of its own.
  const Document* data_document = nullptr;
  NodeIndex data = kNoNode;

  /// Back to nothing. One by one: for the whole, g++ makes a loop that costs more than reading it.
  void clear() {
    provider = {};
    channel = {};
    event_id = {};
    computer = {};
    record_id = {};
    system_time = {};
    time_may_be_local = false;
    message = kNoNode;
    execution = kNoNode;
    inserts = kNoNode;
    nested = kNoNode;
    root = kNoNode;
    data_document = nullptr;
    data = kNoNode;
  }
};

/// Reads `root` as `carriage` has it: the parts into `record`, fields into the context's event.
/// Returns the marks of the root's keys. One pass; keys that no table names are the event's own
/// fields where the carriage is flat.
Marks read_windows_record(WindowsCarriage carriage,
                          NodeIndex root,
                          ParseContext& context,
                          WindowsRecord& record);

/// Every leaf below an object, as fields of the event by their own names: what `record.nested`
/// held.
void read_event_data(NodeIndex object, ParseContext& context, WindowsRecord& record);

/// The slot of a field by its Windows name; count if it has none.
[[nodiscard]] FieldId windows_field(std::string_view name);

/// A field of the event by its Windows name: into its slot, or an extra field if wanted.
void set_windows_field(std::string_view name, std::string_view value, ParseContext& context);

/// Fluent Bit's StringInserts, by the position that each value has in that event of Sysmon's.
void read_string_inserts(ParseContext& context, const WindowsRecord& record);

/// Undoes what Wazuh does to values: it escapes them as JSON before it writes JSON
/// ("C:\\\\Windows", "\\\"a b\\\""). A value with an escape that is none stays.
[[nodiscard]] std::string_view unescape_wazuh(std::string_view value, Scratch& scratch);

/// The same for all fields of the context's event.
void unescape_wazuh_fields(ParseContext& context);

/// Takes from the rendered text ("Image: C:\…", a line each) the fields that are missing: some
/// shippers lose ProcessId and EventType to keys of their own.
void read_message(ParseContext& context, const WindowsRecord& record);

/// Winlogbeat's Sysmon module moved the fields to ECS names and deleted them in event_data: sets
/// those that are missing.
void read_ecs_fields(NodeIndex root, ParseContext& context, const WindowsRecord& record);

}  // namespace spoor
