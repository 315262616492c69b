#include "replay/progress.h"

#include <gtest/gtest.h>

#include "replay/dead_letters.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Progress, ShowsRatePercentageAndTimeLeft) {
  const ProgressState state{
      .raw_bytes = 250'000'000, .total_bytes = 1'000'000'000, .events = 500'000, .findings = 1};
  EXPECT_EQ(progress_line(state, seconds(10), 200),
            " 25% [#####---------------]  250.0 MB  25.0 MB/s  50,000 ev/s  ETA 0:30  1 finding");
  EXPECT_EQ(progress_log_line(state, seconds(10)),
            "processed=500,000 eps=50,000 pct=25 eta=0:30 findings=1");
}

TEST(Progress, OfStandardInputNobodyKnowsTheEnd) {
  const ProgressState state{.raw_bytes = 999, .total_bytes = 0, .events = 3, .findings = 2};
  EXPECT_EQ(progress_line(state, seconds(1), 200), "999 B  999 B/s  3 ev/s  2 findings");
  const ProgressState parsing{
      .raw_bytes = 999, .total_bytes = 0, .events = 3, .findings = std::nullopt};
  EXPECT_EQ(progress_line(parsing, seconds(1), 200), "999 B  999 B/s  3 ev/s");
}

TEST(Progress, FitsTheTerminal) {
  const ProgressState state{
      .raw_bytes = 5, .total_bytes = 3, .events = 3, .findings = 2};  // A file that grew.
  EXPECT_EQ(progress_line(state, seconds(1), 20).size(), 20U);
  EXPECT_EQ(progress_line(state, seconds(0), 200).substr(0, 4), "100%");
}

TEST(Progress, DrawsAtMostTenTimesASecond) {
  ManualClock clock;
  std::FILE* out = std::tmpfile();
  ProgressDisplay display(clock, out, ProgressDisplay::Mode::bar, 80);
  EXPECT_TRUE(display.due());
  display.draw({});
  EXPECT_FALSE(display.due());
  clock.advance(milliseconds(100));
  EXPECT_TRUE(display.due());
  std::fclose(out);
}

TEST(DeadLetter, KeepsBytesAsBase64) {
  const std::string json =
      render_dead_letter({ErrorCode::malformed_json, "bad \"quote\""}, "a.ndjson",
                         {.input = 0, .offset = 7, .line = 2}, "\xFF\x00x");
  EXPECT_EQ(
      json,
      R"({"code":"malformed_json","message":"bad \"quote\"","file":"a.ndjson","line":2,"offset":7,"length":1,"raw":"/w=="})");
}

}  // namespace
}  // namespace spoor
