#include "cli/metrics.h"

#include <algorithm>

#include <fmt/format.h>

namespace spoor {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '"': out += "\\\""; break;
      case '\n': out += "\\n"; break;
      default: out.push_back(c);
    }
  }
}

}  // namespace

MetricsText& MetricsText::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  type_ = type;
  text_ += fmt::format("# TYPE {} {}\n# HELP {} ", name,
                       type == MetricType::counter ? "counter" : "gauge", name);
  append_escaped(text_, help);
  text_.push_back('\n');
  return *this;
}

void MetricsText::begin_sample(const Labels& labels) {
  text_ += name_;
  text_ += type_ == MetricType::counter ? "_total" : "";
  if (labels.empty()) {
    return;
  }
  char separator = '{';
  for (const auto& [name, value] : labels) {
    text_.push_back(separator);
    text_.append(name).append("=\"");
    append_escaped(text_, value);
    text_.push_back('"');
    separator = ',';
  }
  text_.push_back('}');
}

MetricsText& MetricsText::sample(double value, const Labels& labels) {
  begin_sample(labels);
  text_ += fmt::format(" {}\n", value);
  return *this;
}

MetricsText& MetricsText::sample(std::uint64_t value, const Labels& labels) {
  begin_sample(labels);
  text_ += fmt::format(" {}\n", value);
  return *this;
}

std::string MetricsText::finish() {
  return std::move(text_) + "# EOF\n";
}

std::string prometheus_text(std::string_view open_metrics) {
  constexpr std::string_view kType = "# TYPE ";
  constexpr std::string_view kHelp = "# HELP ";
  constexpr std::string_view kCounter = " counter";
  std::string text;
  bool is_counter = false;
  while (!open_metrics.empty()) {
    const std::size_t end = std::min(open_metrics.find('\n'), open_metrics.size() - 1);
    const std::string_view line = open_metrics.substr(0, end + 1);
    open_metrics.remove_prefix(end + 1);
    const bool is_type = line.starts_with(kType);
    if (is_type) {
      is_counter = line.substr(0, line.size() - 1).ends_with(kCounter);
    }
    if (line.starts_with("# EOF")) {
      break;
    }
    if (is_counter && (is_type || line.starts_with(kHelp))) {
      const std::size_t behind_name = line.find(' ', kType.size());
      text.append(line.substr(0, behind_name)).append("_total").append(line.substr(behind_name));
    } else {
      text.append(line);
    }
  }
  return text;
}

bool accepts_open_metrics(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos;
}

}  // namespace spoor
