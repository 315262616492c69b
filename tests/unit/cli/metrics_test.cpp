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

}  // namespace
}  // namespace spoor
