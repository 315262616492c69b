// What the program tells its operator, on standard error. The one header over spdlog.
#pragma once

#include <string_view>

namespace spoor {

/// Sets up the logger: errors and warnings only if `quiet`. Colour if `color`.
void set_up_log(bool quiet, bool color);

void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace spoor
