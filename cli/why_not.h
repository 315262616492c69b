// Why a detection does not hold for an event, said so that its author sees which test to mend.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/event/event.h"
#include "engine/matcher/lineage.h"
#include "engine/rule/rule.h"

namespace spoor {

/// What else is known of an event: of those that the process graph has seen.
struct EventContext {
  const Lineage* lineage = nullptr;
  /// Why a field is not known, "is unknown: parent 4321 was never seen to start"; empty: it is
  /// absent, and that is all.
  std::function<std::string(FieldId)> unknown = nullptr;
};

/// The tests that stand between the rule and the event, one a line, in the rule's order:
///   selection: QueryName is 'example.com', wanted 'raw.githubusercontent.com'
///   filter_browser: holds, and the condition does not want it: Image is 'C:\…\chrome.exe'
/// Of a log source that does not cover the event, that alone. Empty if the rule holds. Slow: it
/// compiles every part of the rule.
[[nodiscard]] std::vector<std::string> why_not(const DetectionRule& rule,
                                               const Event& event,
                                               const EventContext& context = {});

/// The fields by which the rule holds: "QueryName is 'raw.githubusercontent.com'".
[[nodiscard]] std::vector<std::string> why(const DetectionRule& rule, const Event& event);

}  // namespace spoor
