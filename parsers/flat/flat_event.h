// Flat events: records whose fields have Sigma's names already, such as the samples that rules are
// tested with. {"timestamp": 1680000004.7, "EventID": 1, "Image": "C:\\x.exe", "a": {"b": "c"}}
//
// All fields stand in Event::extra, none in a slot of the table: a rule finds them by name alone.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/result.h"
#include "engine/event/event.h"
#include "parsers/document.h"
#include "parsers/scratch.h"

namespace spoor {

/// What to make of Windows' own fields in flat events.
enum class FlatRoute : std::uint8_t {
  none,     ///< Nothing: every rule meets every event.
  windows,  ///< Channel and EventID tell the type of the event, as the Windows parsers have it. The
            ///< fields of Security 4688 get the names that Sigma's process_creation has for them.
};

/// Is an object's record flat: of no vendor's form, or of one that has the event's own fields at
/// the top, by their own names?
[[nodiscard]] bool is_flat_event(const Document& document, NodeIndex object, Scratch& scratch);

/// Fills `event` (which is empty) from an object.
///  - A leaf is a field by its key, a nested one by its dotted path ("a.b"). A key at the top that
///    is spelled like a path hides that path. A key with a dot below the top is in no path: its
///    values are fields without a name, for searches through the whole event.
///  - Arrays are transparent: each element is a field of the array's name.
///  - Numbers are in their shortest decimal form, whole ones without fraction ("4688.0" → "4688").
///  - null and [] are ValueKind::null, an object is ValueKind::object beside what is in it.
///  - The time is `timestamp` (seconds since 1970, or ISO 8601), else the first of @timestamp,
///    UtcTime, TimeCreated_SystemTime, TimeCreated and EventTime that is one.
/// Fails for what is no object and for more than kRecordKeysMax keys.
[[nodiscard]] Result<void> read_flat_event(
    const Document& document, NodeIndex object, FlatRoute route, Scratch& scratch, Event& event);

/// Seconds since 1970 as a JSON number, exact to the nanosecond; nullopt for what is none or out of
/// range.
[[nodiscard]] std::optional<Timestamp> parse_epoch_seconds(std::string_view text);

/// A JSON number in the form in which rules see it.
[[nodiscard]] std::string_view shortest_number(std::string_view text, Scratch& scratch);

}  // namespace spoor
