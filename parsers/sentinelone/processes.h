// The processes that a record of SentinelOne names, and their fields.
#pragma once

#include "parsers/parse_context.h"
#include "parsers/sentinelone/attributes.h"

namespace spoor {

/// src is the actor, src.process.parent its parent. Sets mentions and fields.
void set_s1_actor(S1Record& record, ParseContext& context);

/// tgt is the actor: a new process. Its parent is osSrc where that is told, else src; src then is
/// its creator.
void set_s1_new_process(S1Record& record, ParseContext& context);

/// After set_s1_actor(): tgt is the target.
void set_s1_source_and_target(S1Record& record, ParseContext& context);

}  // namespace spoor
