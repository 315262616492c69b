// FDR's event names: what each means and which of its keys become which fields.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/event/event.h"
#include "engine/event/field.h"
#include "parsers/convert.h"
#include "parsers/crowdstrike/fdr_attributes.h"

namespace spoor {

/// One key that becomes a field. Of several rows for one field, the first whose key says something
/// counts.
struct FdrFieldRow {
  FdrAttribute from = FdrAttribute::count;
  FieldId to = FieldId::count;
  Convert how = Convert::none;
};

/// Which processes an event names.
struct FdrRoles {
  /// Who did it: the first of these that names a process.
  std::array<FdrAttribute, 3> actor{FdrAttribute::count, FdrAttribute::count, FdrAttribute::count};
  bool starts = false;      ///< The actor is new, and has a parent and perhaps a creator.
  bool has_target = false;  ///< TargetProcessId is done something to.
};

/// What a table of keys cannot say.
enum class FdrDetail : std::uint8_t {
  none,
  connect,
  accept,
  listen,  ///< Also a raw socket: nothing is connected.
  close,
  dns,
  registry_value,
  registry_key,
  logon,      ///< UserName is who logs on, not whose the acting process is.
  arguments,  ///< CommandLine is a part of one.
  script,     ///< PowerShell's or another's.
};

struct FdrEventRow {
  std::string_view key;
  const FdrRoles* roles = nullptr;
  std::span<const FdrFieldRow> fields;
  EventType type = EventType::other;
  FdrDetail detail = FdrDetail::none;
};

/// The row of that event_simpleName; for families ("*FileWritten") the family's. A name that no
/// table knows is a generic event of the process that it names.
[[nodiscard]] const FdrEventRow& find_fdr_event(std::string_view event_simple_name);

}  // namespace spoor
