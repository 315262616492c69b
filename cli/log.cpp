#include "cli/log.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/base/text.h"
#include "engine/base/time.h"

namespace spoor {
namespace {

/// A message as one JSON object. spdlog's patterns do not escape.
class JsonLine final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since =
        std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
    const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    const auto text = [&writer](const char* key, std::string_view value) {
      writer.Key(key);
      writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    writer.StartObject();
    text("time", format_timestamp(since.count()));
    text("level", {level.data(), level.size()});
    text("message", replace_invalid_utf8({message.payload.data(), message.payload.size()}));
    writer.EndObject();
    const std::string_view line(buffer.GetString(), buffer.GetSize());
    out.append(line.data(), line.data() + line.size());
    out.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonLine>();
  }
};

std::atomic<bool>& is_json() {
  static std::atomic<bool> value{false};
  return value;
}

}  // namespace

bool log_is_json() {
  return is_json().load();
}

void set_up_log(bool quiet, bool color) {
  is_json().store(false);
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
      color ? spdlog::color_mode::always : spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("spoor", std::move(sink));
  // No time: a command answers now. `spoor run` will have its own pattern.
  logger->set_pattern("spoor: %^%l%$: %v");
  logger->set_level(quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void set_up_service_log(bool json, bool debug) {
  is_json().store(json);
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(spdlog::color_mode::never);
  auto logger = std::make_shared<spdlog::logger>("spoor", std::move(sink));
  if (json) {
    logger->set_formatter(std::make_unique<JsonLine>());
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l: %v", spdlog::pattern_time_type::utc);
  }
  logger->set_level(debug ? spdlog::level::debug : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_debug(std::string_view message) {
  spdlog::debug("{}", escape_for_terminal(message));
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
