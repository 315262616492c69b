// Under the name that tests use.
#pragma once

#include "engine/state/memory_state.h"

namespace spoor::test {

using spoor::MemoryState;

}  // namespace spoor::test
