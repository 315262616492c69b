// Whether output is coloured.
#pragma once

#include <cstdint>

namespace spoor {

enum class ColorChoice : std::uint8_t { automatic, always, never };

}  // namespace spoor
