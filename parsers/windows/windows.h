// Windows events that are not Sysmon's: any channel, fields by name; and what all Windows events
// share.
#pragma once

#include "parsers/windows/windows_record.h"

namespace spoor {

/// Fills what all Windows events share: envelope fields, host, time, uid. The event's own fields
/// are set already. `uid_includes_time`: for Sysmon, whose UtcTime is the same in every carriage; a
/// machine that is set up anew counts its records from one again.
void finish_windows_event(WindowsCarriage carriage,
                          const WindowsRecord& record,
                          bool uid_includes_time,
                          ParseContext& context);

/// What an event id of a channel other than Sysmon's is; `other` for those without a type of their
/// own.
[[nodiscard]] EventType windows_event_type(std::string_view channel, std::string_view event_id);

/// A channel other than Sysmon's. Security, PowerShell, System, Defender and the task scheduler
/// have types of their own; the rest are generic events.
void parse_windows_channel(WindowsCarriage carriage,
                           const WindowsRecord& record,
                           ParseContext& context);

}  // namespace spoor
