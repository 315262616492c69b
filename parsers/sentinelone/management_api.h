// SentinelOne's management API: threats, STAR alerts, activities and agents.
#pragma once

#include "engine/base/result.h"
#include "parsers/parse_context.h"
#include "parsers/sentinelone/attributes.h"

namespace spoor {

/// Makes the events of a record of the management API and hands them to `emitter`. An alert gives
/// two where it tells of an event of the sensor: what was found, and that event.
[[nodiscard]] Result<void> emit_management_events(NodeIndex root,
                                                  S1Record& record,
                                                  ParseContext& context,
                                                  EventEmitter& emitter);

}  // namespace spoor
