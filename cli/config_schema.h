// The JSON Schema of the configuration, for editors that complete and check it while it is written.
//
// It is made by reading a sample that has every map in it and hearing what the reader asks for, so
// that it cannot differ from what the reader takes. It cannot say all: that a listener off loopback
// needs TLS, for instance. `spoor config check` can.
#pragma once

#include <string>

namespace spoor {

/// Draft 7, which editors know best.
[[nodiscard]] std::string render_config_schema();

}  // namespace spoor
