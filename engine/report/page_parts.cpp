#include "engine/report/page_parts.h"

#include <string>

namespace spoor {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

}  // namespace

Markup level_word(ReportLevel level) {
  switch (level) {
    case ReportLevel::critical: return "critical";
    case ReportLevel::high: return "high";
    case ReportLevel::medium: return "medium";
    case ReportLevel::low: return "low";
    case ReportLevel::informational: return "informational";
    case ReportLevel::unknown: return "unknown";
  }
  return "unknown";
}

Markup filter_word(const ReportHead& head) {
  return head.is_retracted() ? Markup("retracted") : level_word(head.level);
}

void write_badge(Html& html, const ReportHead& head) {
  html.markup(R"(<span class="badge )").markup(filter_word(head)).markup(R"(">)");
  html.markup(level_word(head.level)).markup("</span>");
  if (head.status == "provisional" || head.is_retracted()) {
    html.markup(R"( <span class="badge status">)").text(head.status).markup("</span>");
  }
}

std::string time_of_day(Timestamp time) {
  return format_timestamp(time).substr(11, 12);
}

std::string moment_text(Timestamp time, Timestamp day) {
  const std::string date = date_of(time);
  return date == date_of(day) ? time_of_day(time) : date + " " + time_of_day(time);
}

std::string_view deed_of(const ReportFinding& finding, const ReportEvent& event) {
  const std::string_view deed = event.description;
  if (!event.process) {
    return deed;
  }
  const std::string& name = finding.processes[*event.process].name;
  const bool is_named = !name.empty() && deed.starts_with(name) && deed.size() > name.size() + 1 &&
                        deed[name.size()] == ' ';
  return is_named ? deed.substr(name.size() + 1) : deed;
}

std::string date_of(Timestamp time) {
  return format_timestamp(time).substr(0, 10);
}

void write_time(Html& html, Timestamp time) {
  if (time == 0) {
    html.markup("unknown");
    return;
  }
  html.text(date_of(time)).markup(" ").text(time_of_day(time).substr(0, 8));
}

void write_span(Html& html, Timestamp first, Timestamp last) {
  write_time(html, first);
  if (last / kNanosPerSecond <= first / kNanosPerSecond) {
    html.markup(" UTC");
    return;
  }
  html.markup(" → ");
  if (date_of(first) == date_of(last)) {
    html.text(time_of_day(last).substr(0, 8));
  } else {
    write_time(html, last);
  }
  html.markup(" UTC (").text(duration_text(first, last)).markup(")");
}

std::string duration_text(Timestamp first, Timestamp last) {
  if (last < first) {
    return {};
  }
  // By seconds: the nanoseconds between 1700 and 2200 would not fit.
  const std::int64_t seconds = last / kNanosPerSecond - first / kNanosPerSecond;
  if (seconds < kMinute) {
    const std::int64_t tenths = (last - first) / (kNanosPerSecond / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  const auto pair = [seconds](std::int64_t unit, const char* name, std::int64_t part,
                              const char* part_name) {
    std::string text = std::to_string(seconds / unit) + name;
    const std::int64_t rest = seconds % unit / part;
    return rest == 0 ? text : text + " " + std::to_string(rest) + part_name;
  };
  if (seconds < kHour) {
    return pair(kMinute, " min", 1, " s");
  }
  return seconds < kDay ? pair(kHour, " h", kMinute, " min") : pair(kDay, " d", kHour, " h");
}

}  // namespace spoor
