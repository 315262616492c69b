#include "cli/metrics.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

TEST(Metrics, AreOpenMetricsText) {
  MetricsText text;
  text.family("spoor_events", MetricType::counter, "What \"became\"\nof records.")
      .sample(std::uint64_t{3}, {{"fate", "applied"}, {"input", "a\"b\\c\n"}})
      .sample(std::uint64_t{0}, {{"fate", "duplicate"}});
  text.family("spoor_queue_bytes", MetricType::gauge, "Waiting.").sample(1.5);
  EXPECT_EQ(text.finish(),
            "# TYPE spoor_events counter\n"
            "# HELP spoor_events What \\\"became\\\"\\nof records.\n"
            "spoor_events_total{fate=\"applied\",input=\"a\\\"b\\\\c\\n\"} 3\n"
            "spoor_events_total{fate=\"duplicate\"} 0\n"
            "# TYPE spoor_queue_bytes gauge\n"
            "# UNIT spoor_queue_bytes bytes\n"
            "# HELP spoor_queue_bytes Waiting.\n"
            "spoor_queue_bytes 1.5\n"
            "# EOF\n");
}

TEST(Metrics, AreTextOfPrometheusForWhoKnowsNoOther) {
  MetricsText text;
  text.family("spoor_events", MetricType::counter, "What became of counter")
      .sample(std::uint64_t{3}, {{"fate", "applied"}});
  text.family("spoor_rules", MetricType::gauge, "In use.").sample(std::uint64_t{5});
  EXPECT_EQ(prometheus_text(text.finish()),
            "# TYPE spoor_events_total counter\n"
            "# HELP spoor_events_total What became of counter\n"
            "spoor_events_total{fate=\"applied\"} 3\n"
            "# TYPE spoor_rules gauge\n"
            "# HELP spoor_rules In use.\n"
            "spoor_rules 5\n");
  EXPECT_EQ(prometheus_text(""), "");
  EXPECT_EQ(prometheus_text("a 1"), "a 1");
}

constexpr const char* kBuckets =
    "spoor_wait_seconds_bucket{le=\"0.001\"} 0\n"
    "spoor_wait_seconds_bucket{le=\"0.005\"} 3\n"
    "spoor_wait_seconds_bucket{le=\"0.025\"} 3\n"
    "spoor_wait_seconds_bucket{le=\"0.1\"} 3\n"
    "spoor_wait_seconds_bucket{le=\"0.25\"} 3\n"
    "spoor_wait_seconds_bucket{le=\"1.0\"} 4\n"
    "spoor_wait_seconds_bucket{le=\"5.0\"} 4\n"
    "spoor_wait_seconds_bucket{le=\"30.0\"} 4\n"
    "spoor_wait_seconds_bucket{le=\"300.0\"} 4\n"
    "spoor_wait_seconds_bucket{le=\"+Inf\"} 5\n"
    "spoor_wait_seconds_sum 601.015\n"
    "spoor_wait_seconds_count 5\n";

TEST(Metrics, HaveHistogramsAndInfo) {
  LatencyHistogram waits;
  waits.add(std::chrono::milliseconds(5), 3);
  waits.add(std::chrono::seconds(1));
  waits.add(std::chrono::minutes(10));
  MetricsText text;
  text.family("spoor_build", MetricType::info, "Which.")
      .sample(std::uint64_t{1}, {{"version", "1"}});
  text.family("spoor_wait_seconds", MetricType::histogram, "Waits.").sample(waits);
  const std::string open_metrics = text.finish();
  EXPECT_EQ(open_metrics,
            "# TYPE spoor_build info\n"
            "# HELP spoor_build Which.\n"
            "spoor_build_info{version=\"1\"} 1\n"
            "# TYPE spoor_wait_seconds histogram\n"
            "# UNIT spoor_wait_seconds seconds\n"
            "# HELP spoor_wait_seconds Waits.\n" +
                std::string(kBuckets) + "# EOF\n");
  EXPECT_EQ(prometheus_text(open_metrics),
            "# TYPE spoor_build_info gauge\n"
            "# HELP spoor_build_info Which.\n"
            "spoor_build_info{version=\"1\"} 1\n"
            "# TYPE spoor_wait_seconds histogram\n"
            "# HELP spoor_wait_seconds Waits.\n" +
                std::string(kBuckets));
}

TEST(Metrics, AreOpenMetricsForWhoAsks) {
  EXPECT_TRUE(accepts_open_metrics(
      "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_FALSE(accepts_open_metrics("*/*"));
  EXPECT_FALSE(accepts_open_metrics(""));
}

}  // namespace
}  // namespace spoor
