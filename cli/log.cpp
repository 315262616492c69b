#include "cli/log.h"

#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/base/text.h"

namespace spoor {

void set_up_log(bool quiet, bool color) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      color ? spdlog::color_mode::always : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("spoor", std::move(sink));
  // No time: a command answers now. `spoor run` will have its own pattern.
  logger->set_pattern("spoor: %^%l%$: %v");
  logger->set_level(quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

// Messages may quote input: nothing of it may move the cursor.
void log_info(std::string_view message) {
  spdlog::info("{}", escape_for_terminal(message));
}

void log_warning(std::string_view message) {
  spdlog::warn("{}", escape_for_terminal(message));
}

void log_error(std::string_view message) {
  spdlog::error("{}", escape_for_terminal(message));
}

}  // namespace spoor
