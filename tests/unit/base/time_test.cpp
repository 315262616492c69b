#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace spoor {
namespace {

struct Case {
  const char* text = "";
  std::optional<Timestamp> want;
};

constexpr Timestamp kMarch = 1'678'785'222'214'000'000;  // 2023-03-14 09:13:42.214 UTC

TEST(Time, ReadsTheFormsThatVendorsWrite) {
  const Case cases[] = {
      {"2023-03-14 09:13:42.214", kMarch},
      {"2023-03-14T09:13:42.214Z", kMarch},
      {"2023-03-14T09:13:42.2140000Z", kMarch},
      {"2023-03-14T09:13:42.214567891Z", kMarch + 567'891},
      {"2023-03-14T10:13:42.214+01:00", kMarch},
      {"2023-03-14T04:13:42.214-0500", kMarch},
      {"2023-03-14T09:13:42", kMarch - 214'000'000},
      {"1970-01-01T00:00:00Z", 0},
      {"2000-02-29 00:00:00", 951'782'400 * kNanosPerSecond},
      {"2016-12-31T23:59:60Z",
       1'483'228'799 * kNanosPerSecond},  // A leap second is the second before it.
  };
  for (const Case& test : cases) {
    EXPECT_EQ(parse_timestamp(test.text), test.want) << test.text;
  }
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "-", "10:47:24.180", "2023-02-29 00:00:00", "2023-13-01 00:00:00",
        "2023-03-14 24:00:00", "2023-03-14 09:13:42.", "2023-03-14 09:13:42.2140000000",
        "2023-03-14 09:13:42 PM", "2023-03-14 09:13:42Zjunk", "0001-01-01 00:00:00",
        "9999-01-01 00:00:00", "2023-03-14", "20230314T091342Z", "2023-03-14T09:13:42+1",
        "2023-03-14T09:13:42+24:00", "1601-01-01T00:00:00+99:99"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(Time, ADateAloneIsAnArgument) {
  EXPECT_EQ(parse_time_argument("2023-03-14"), parse_timestamp("2023-03-14T00:00:00Z"));
  EXPECT_EQ(parse_time_argument("yesterday"), std::nullopt);
}

TEST(Time, FormatsWhatItReads) {
  EXPECT_EQ(format_timestamp(kMarch), "2023-03-14T09:13:42.214Z");
  EXPECT_EQ(format_timestamp(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Time, ReachesFrom1700To2200) {
  for (const char* text :
       {"1700-01-01T00:00:00Z", "2200-12-31T23:59:59.999Z", "1699-12-31T23:00:00-01:00"}) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(parse_timestamp(format_timestamp(*time)), time) << text;
  }
  for (const char* text : {"1601-01-01T00:00:00Z", "1699-12-31T23:59:59Z",
                           "1700-01-01T00:00:00+01:00", "2201-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(Time, MillisecondsRoundTowardsThePast) {
  EXPECT_EQ(to_epoch_ms(1'999'999), 1);
  EXPECT_EQ(to_epoch_ms(-1), -1);
  EXPECT_EQ(to_epoch_ms(-1'000'000), -1);
}

TEST(Time, ReadsTimespans) {
  EXPECT_EQ(parse_timespan("35d"), 35LL * 86'400 * kNanosPerSecond);
  EXPECT_EQ(parse_timespan("10s"), 10 * kNanosPerSecond);
  EXPECT_EQ(parse_timespan("1M"), 2'629'746 * kNanosPerSecond);
  EXPECT_EQ(parse_timespan("2w"), 14LL * 86'400 * kNanosPerSecond);
  for (const char* text :
       {"", "d", "0d", "-1d", "1.5h", "10", "10 s", "1x", "1000y", "99999999999999999999s"}) {
    EXPECT_EQ(parse_timespan(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace spoor
