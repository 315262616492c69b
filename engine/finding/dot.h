// The evidence tree of a finding for Graphviz.
#pragma once

#include <string>

#include "engine/finding/finding.h"

namespace spoor {

/// One digraph, named after the finding's uid: a node for each process, an edge from parent to
/// child, the steps below the names of their processes. A node's line says how sure the graph is of
/// it: solid if known, dashed if claimed by its child, dotted if its start was not seen, dashed and
/// grey if only its uid is known; filled if it holds evidence; a second line around the anchor.
///
/// UTF-8 in lines of bounded length. Whatever the events hold, `dot` reads it as text: no quote, no
/// escape sequence, no entity of theirs is taken for one.
[[nodiscard]] std::string render_dot(const Finding& finding);

}  // namespace spoor
