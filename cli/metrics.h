// What `spoor run` tells of itself at /metrics: OpenMetrics text, as Prometheus reads it.
// docs/operations.md names them all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoor {

enum class MetricType : std::uint8_t { counter, gauge };

/// Writes families one after the other.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  /// Begins a family: "spoor_events", without "_total". A unit's name ends it ("_seconds").
  MetricsText& family(std::string_view name, MetricType type, std::string_view help);
  /// A sample of the family begun last.
  MetricsText& sample(double value, const Labels& labels = {});
  MetricsText& sample(std::uint64_t value, const Labels& labels = {});

  /// All of it, with the mark of the end.
  [[nodiscard]] std::string finish();

 private:
  void begin_sample(const Labels& labels);

  std::string text_;
  std::string name_;
  MetricType type_ = MetricType::gauge;
};

}  // namespace spoor
