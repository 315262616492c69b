// What `spoor run` tells of itself at /metrics: OpenMetrics, and the older text format of
// Prometheus for who does not ask for it. docs/operations.md names them all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/latency_histogram.h"

namespace spoor {

enum class MetricType : std::uint8_t {
  counter,
  gauge,
  info,  ///< What it says is in its labels; its value is 1.
  histogram,
};

/// Writes families one after the other.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  /// Begins a family: "spoor_events", without "_total" or "_info". A unit's name ends it
  /// ("_seconds").
  MetricsText& family(std::string_view name, MetricType type, std::string_view help);
  /// A sample of the family begun last.
  MetricsText& sample(double value, const Labels& labels = {});
  MetricsText& sample(std::uint64_t value, const Labels& labels = {});
  /// All samples of a histogram.
  MetricsText& sample(const LatencyHistogram& histogram);

  /// All of it, with the mark of the end.
  [[nodiscard]] std::string finish();

 private:
  void begin_sample(const Labels& labels, std::string_view suffix);

  std::string text_;
  std::string name_;
  MetricType type_ = MetricType::gauge;
};

/// The same in Prometheus' text format 0.0.4, in which the name of a counter, or an info, is that
/// of its sample, an info is a gauge, and units are not told.
[[nodiscard]] std::string prometheus_text(std::string_view open_metrics);

/// Does an Accept header ask for OpenMetrics?
[[nodiscard]] bool accepts_open_metrics(std::string_view accept);

inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
inline constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace spoor
