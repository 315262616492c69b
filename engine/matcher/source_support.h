// What the records of each source can give, and so which rules can hold for them at all.
//
// The tables say what a source sends if everything is switched on (docs/sources). Where they know
// nothing of a field they let it pass: a rule is called hopeless only if it is.
#pragma once

#include <optional>
#include <string>

#include "engine/event/event.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"

namespace spoor {

/// Does the source send events of that type from hosts of that platform?
[[nodiscard]] bool gives(Source source, Platform platform, EventType type);

/// May such an event have the field? True where the tables do not know.
[[nodiscard]] bool gives(Source source, EventType type, FieldId field);

/// Why a rule never holds.
struct NeverFires {
  std::string reason;  ///< "file_access events do not come from sysmon".
  /// The test that fails; none if it is the log source.
  std::optional<SourcePosition> position;
};

/// Why no record of `source` can satisfy the rule; nothing if one may. Of conditions every field is
/// taken to have whatever value suits, if it is there.
[[nodiscard]] std::optional<NeverFires> never_fires(const DetectionRule& rule, Source source);

/// Can some source satisfy the rule?
[[nodiscard]] bool can_fire(const DetectionRule& rule);

}  // namespace spoor
