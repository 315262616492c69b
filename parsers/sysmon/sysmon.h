// Sysmon: event ids 1 to 29 and 255 (schema 4.90).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/event.h"
#include "parsers/windows/windows.h"

namespace spoor {

/// Is it Sysmon's? By provider, or by channel alone: a renamed driver keeps its channel.
[[nodiscard]] bool is_sysmon(const WindowsRecord& record);

/// The same of a channel's name.
[[nodiscard]] bool is_sysmon_channel(std::string_view channel);
[[nodiscard]] bool is_linux_sysmon_channel(std::string_view channel);

/// What an event id of Sysmon's is; `verb` is the event's EventType, which tells making a registry
/// key from deleting one. `other` for an id that Sysmon has not.
[[nodiscard]] EventType sysmon_event_type(std::string_view event_id, std::string_view verb);

/// Finishes a Sysmon record whose fields are in the context's event. Unknown ids become generic
/// events.
void parse_sysmon(WindowsCarriage carriage, const WindowsRecord& record, ParseContext& context);

/// A ProcessGuid read: identity and what it tells of the start.
struct ProcessGuid {
  Uid key;
  Timestamp start =
      0;  ///< Groups 3 and 2 are the start's second since the epoch; 0 if they make no sense.
};

/// Reads "{8f4c1e20-3ac6-6410-d101-000000002f00}" in any case, with or without braces. nullopt for
/// anything else and for the all-zero GUID, which Sysmon writes for "unknown".
[[nodiscard]] std::optional<ProcessGuid> parse_process_guid(std::string_view text);

}  // namespace spoor
