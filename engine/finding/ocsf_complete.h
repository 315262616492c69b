// What OCSF 1.6 requires of its objects: fills in what follows from what is there, and takes out
// what cannot stand.
#pragma once

#include <functional>

#include "engine/finding/ocsf_tree.h"

namespace spoor {

/// Completes the document below `root`: file names from paths, type ids, directions. A parent
/// without pid and uid, which OCSF does not allow, becomes a member of `ancestry`; an acting
/// process without them leaves its name as the actor's application. Objects that lack what OCSF
/// requires are taken out, and `lose` is called for each value that went with them.
void complete_ocsf(OcsfNode& root, const std::function<void(const OcsfOrigin&)>& lose);

}  // namespace spoor
