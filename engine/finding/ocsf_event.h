// The normalised event as an event of OCSF 1.6.
#pragma once

#include <string>

#include "engine/event/event.h"

namespace spoor {

/// One compact JSON object without a newline, valid UTF-8: the event as an object of its OCSF class
/// (ocsf_event_class.h). Where each field goes is told by the field table (FieldRow::ocsf); what
/// has no place in the class, and what is not of its attribute's type, stands under `unmapped` by
/// its name. An event that lacks what its class requires is a Base Event. A pure function of the
/// event.
[[nodiscard]] std::string render_ocsf_event(const Event& event);

}  // namespace spoor
