// Goes over rows of a state and reads their keys and values.
#pragma once

#include <string_view>

#include "engine/base/state_io.h"

namespace spoor {

/// Calls `take(whole key, rest of the key, value)` for each row whose key begins with `prefix`,
/// ascending; the rest is what stands behind the prefix. False if it said false: the row is
/// damaged, and no more was read. Views are valid during the call.
template <typename Take>
[[nodiscard]] bool each_row(const StateSource& source, std::string_view prefix, Take take) {
  bool is_sound = true;
  source.for_each(prefix, [&](std::string_view key, std::string_view bytes) {
    StateReader rest(key.substr(prefix.size()));
    StateReader value(bytes);
    is_sound = take(key, rest, value);
    return is_sound;
  });
  return is_sound;
}

}  // namespace spoor
