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

TEST(Metrics, AreOpenMetricsForWhoAsks) {
  EXPECT_TRUE(accepts_open_metrics(
      "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
  EXPECT_FALSE(accepts_open_metrics("*/*"));
  EXPECT_FALSE(accepts_open_metrics(""));
}

}  // namespace
}  // namespace spoor
