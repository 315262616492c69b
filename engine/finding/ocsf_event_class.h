// Which OCSF class a record of ours would be: the type_uid of finding_info.related_events.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/finding/finding.h"

namespace spoor {

struct OcsfEventClass {
  std::int64_t type_uid;       ///< class_uid * 100 + activity_id.
  std::string_view type_name;  ///< "Module Activity: Load".
};

/// nullopt for the types that no OCSF class describes.
[[nodiscard]] std::optional<OcsfEventClass> ocsf_event_class(const FindingEvidence& evidence);

}  // namespace spoor
