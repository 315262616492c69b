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

struct TypeName {
  std::string_view name;
  std::string_view suffix;  ///< Of its samples.
};

TypeName name_of(MetricType type) {
  switch (type) {
    case MetricType::counter: return {"counter", "_total"};
    case MetricType::gauge: return {"gauge", ""};
    case MetricType::info: return {"info", "_info"};
    case MetricType::histogram: return {"histogram", ""};
  }
  return {};
}

/// The unit that a name ends with; empty if it has none.
std::string_view unit_of(std::string_view name) {
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with(unit)) {
      return unit;
    }
  }
  return {};
}

/// As OpenMetrics wants it in `le`: with a point.
std::string bound_text(double bound) {
  std::string text = fmt::format("{}", bound);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

}  // namespace

MetricsText& MetricsText::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  type_ = type;
  text_ += fmt::format("# TYPE {} {}\n", name, name_of(type).name);
  if (const std::string_view unit = unit_of(name); !unit.empty()) {
    text_ += fmt::format("# UNIT {} {}\n", name, unit);
  }
  text_ += fmt::format("# HELP {} ", name);
  append_escaped(text_, help);
  text_.push_back('\n');
  return *this;
}

void MetricsText::begin_sample(const Labels& labels, std::string_view suffix) {
  text_.append(name_).append(suffix);
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
  begin_sample(labels, name_of(type_).suffix);
  text_ += fmt::format(" {}\n", value);
  return *this;
}

MetricsText& MetricsText::sample(std::uint64_t value, const Labels& labels) {
  begin_sample(labels, name_of(type_).suffix);
  text_ += fmt::format(" {}\n", value);
  return *this;
}

MetricsText& MetricsText::sample(const LatencyHistogram& histogram) {
  const auto add = [this](const Labels& labels, std::string_view suffix, const auto& value) {
    begin_sample(labels, suffix);
    text_ += fmt::format(" {}\n", value);
  };
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < LatencyHistogram::kBounds.size(); ++i) {
    count += histogram.counts()[i];
    add({{"le", bound_text(LatencyHistogram::kBounds[i])}}, "_bucket", count);
  }
  count += histogram.counts().back();
  add({{"le", "+Inf"}}, "_bucket", count);
  add({}, "_sum", histogram.sum());
  add({}, "_count", count);
  return *this;
}

std::string MetricsText::finish() {
  return std::move(text_) + "# EOF\n";
}

std::string prometheus_text(std::string_view open_metrics) {
  constexpr std::string_view kType = "# TYPE ";
  constexpr std::string_view kHelp = "# HELP ";
  std::string text;
  std::string_view suffix;  // Of the family's name.
  while (!open_metrics.empty()) {
    const std::size_t end = std::min(open_metrics.find('\n'), open_metrics.size() - 1);
    const std::string_view line = open_metrics.substr(0, end + 1);
    open_metrics.remove_prefix(end + 1);
    if (line.starts_with("# EOF")) {
      break;
    }
    const std::size_t behind_name = line.find(' ', kType.size());
    if (line.starts_with(kType)) {
      const std::string_view type = line.substr(behind_name + 1);
      const bool is_info = type == "info\n";
      suffix = is_info ? "_info" : type == "counter\n" ? "_total" : "";
      text.append(line.substr(0, behind_name)).append(suffix).append(is_info ? " gauge\n" : "");
      text.append(is_info ? std::string_view() : line.substr(behind_name));
    } else if (line.starts_with(kHelp)) {
      text.append(line.substr(0, behind_name)).append(suffix).append(line.substr(behind_name));
    } else if (!line.starts_with("# UNIT ")) {
      text.append(line);
    }
  }
  return text;
}

bool accepts_open_metrics(std::string_view accept) {
  return accept.find("application/openmetrics-text") != std::string_view::npos;
}

}  // namespace spoor
