// What the program tells its operator, on standard error. The one place over spdlog.
#pragma once

#include <string_view>

namespace spoor {

/// Sets up the logger: errors and warnings only if `quiet`. Colour if `color`.
void set_up_log(bool quiet, bool color);

/// Of a service: each line with the time in UTC; as JSON objects if `json`.
void set_up_service_log(bool json, bool debug);

/// Is each line a JSON object?
[[nodiscard]] bool log_is_json();

void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace spoor
