// Findings to render: a full one, a bare one, a hostile one.
#pragma once

#include <string>

#include "engine/finding/finding.h"

namespace spoor {

/// The 3CX loader on PC042: explorer → 3CXDesktopApp → 3CXDesktopApp (anchor) → cmd, six pieces of
/// evidence over eight days, gaps in the ancestry and both kinds of step. Times, ids and the host
/// are invented; hashes and names are published indicators.
[[nodiscard]] Finding sample_finding();

/// Nothing but an uid and a rule id.
[[nodiscard]] Finding minimal_finding();

/// Every text holds control characters, escape sequences, invalid UTF-8 or far too much; every
/// index points outside.
[[nodiscard]] Finding hostile_finding();

/// One evidence of the type, with every field of the field table filled as a sensor might.
[[nodiscard]] Finding finding_of_type(EventType type);

}  // namespace spoor
