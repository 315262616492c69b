// Which OCSF class an event of ours is: the class of `spoor parse --format ocsf`, and the type_uid
// of finding_info.related_events.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/event/event.h"
#include "engine/finding/finding.h"

namespace spoor {

struct OcsfEventClass {
  std::int64_t type_uid;       ///< class_uid * 100 + activity_id.
  std::string_view type_name;  ///< "Module Activity: Load".

  [[nodiscard]] std::int64_t class_uid() const { return type_uid / 100; }

  [[nodiscard]] std::int64_t activity_id() const { return type_uid % 100; }

  /// The classes of an extension have its number in front: 201001 is the Windows extension's 1001.
  [[nodiscard]] std::int64_t category_uid() const { return class_uid() % 100'000 / 1000; }

  /// "Module Activity" and "Load".
  [[nodiscard]] std::string_view class_name() const;
  [[nodiscard]] std::string_view activity_name() const;
};

/// nullopt for the types that no OCSF class describes.
[[nodiscard]] std::optional<OcsfEventClass> ocsf_event_class(const FindingEvidence& evidence);
[[nodiscard]] std::optional<OcsfEventClass> ocsf_event_class(const Event& event);

/// OCSF's Base Event: for events that no class describes, and for those that lack what their class
/// requires.
[[nodiscard]] OcsfEventClass ocsf_base_event();

/// "System Activity" for 1.
[[nodiscard]] std::string_view ocsf_category_name(std::int64_t category_uid);

}  // namespace spoor
