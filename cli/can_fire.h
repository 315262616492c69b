// Can a rule fire on the records of a source at all?
#pragma once

#include <optional>

#include "cli/rule_catalog.h"
#include "engine/event/event.h"

namespace spoor {

/// Of a detection as source_support.h has it; of a correlation: can enough of its steps fire to
/// satisfy its condition? No source: on some source. False for a rule that did not load.
[[nodiscard]] bool can_fire(const RuleCatalog& catalog,
                            const CatalogEntry& entry,
                            std::optional<Source> source);

}  // namespace spoor
