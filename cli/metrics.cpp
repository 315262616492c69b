#include "cli/metrics.h"

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

}  // namespace spoor
