#include "cli/event_stats.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/finding/terminal.h"
#include "tests/support/sample_events.h"

namespace spoor {
namespace {

EventStats sample_stats() {
  EventStats stats;
  stats.count(test::sample_process_creation());
  stats.count(test::sample_image_load());
  Event event = test::sample_image_load();
  event.salvaged = true;
  event.extra = {{.name = "Own", .value = "first"}, {.name = "Other", .value = "x"}};
  stats.count(event);
  event.extra = {{.name = "Own", .value = "second"}};
  stats.count(event);
  const Error error{.code = ErrorCode::malformed_json, .message = "no object"};
  stats.count_bad(error, "logs/a.ndjson", {.input = 0, .offset = 0, .line = 7});
  stats.count_bad(error, "logs/a.ndjson", {.input = 0, .offset = 9, .line = 9});
  return stats;
}

TEST(EventStats, TableCountsKindsKeysAndReasons) {
  EXPECT_EQ(sample_stats().render_table({.color = false, .width = 80}),
            "4 events, 2 unreadable records, 2 salvaged\n"
            "\n"
            "  COUNT  SOURCE  CARRIAGE  VENDOR'S TYPE  TYPE\n"
            "      3  sysmon  nxlog     7              image_load\n"
            "      1  sysmon  nxlog     1              process_creation\n"
            "\n"
            "  COUNT  SOURCE  KEY THAT NO FIELD TAKES  EXAMPLE\n"
            "      2  sysmon  Own                      first\n"
            "      1  sysmon  Other                    x\n"
            "\n"
            "  COUNT  UNREADABLE      FIRST       MESSAGE\n"
            "      2  malformed_json  a.ndjson:7  no object\n");
}

TEST(EventStats, JsonSaysTheSame) {
  EXPECT_EQ(
      sample_stats().render_json(),
      R"({"events":4,"unreadable":2,"salvaged":2,"duplicate_keys":0,"time_suspect":0,"beyond_limit":0,)"
      R"("kinds":[{"count":3,"source":"sysmon","carriage":"nxlog","vendor_type":"7","type":"image_load"},)"
      R"({"count":1,"source":"sysmon","carriage":"nxlog","vendor_type":"1","type":"process_creation"}],)"
      R"("unmapped":[{"count":2,"source":"sysmon","key":"Own","example":"first"},)"
      R"({"count":1,"source":"sysmon","key":"Other","example":"x"}],)"
      R"("dead_letters":[{"count":2,"code":"malformed_json","message":"no object","file":"logs/a.ndjson","line":7}]})"
      "\n");
}

TEST(EventStats, NothingIsATableToo) {
  EXPECT_EQ(EventStats().render_table({.color = false, .width = 80}),
            "0 events, 0 unreadable records\n");
}

TEST(EventStats, MadeUpNamesAreBounded) {
  constexpr std::size_t kEvents = 25'000;
  EventStats stats;
  Event event;
  for (std::size_t i = 0; i < kEvents; ++i) {
    const std::string name = "key" + std::to_string(i);
    event.extra = {{.name = name, .value = "x"}};
    stats.count(event);
  }
  EXPECT_NE(stats.render_json().find(R"("beyond_limit":5000)"), std::string::npos);
  EXPECT_NE(stats.render_table({.color = false, .width = 80}).find("5000 more of names beyond"),
            std::string::npos);
}

TEST(EventStats, HostileTextIsEscapedAndFits) {
  EventStats stats;
  Event event;
  const std::string huge(5000, 'x');
  event.vendor_type = "\xff\n\x1b[2J";
  event.extra = {{.name = huge, .value = "\xff\n"}, {.name = "\x1b]0;a\x07", .value = huge}};
  stats.count(event);
  stats.count_bad({.code = ErrorCode::io, .message = "\n" + huge}, "\xff\n.ndjson", {});
  for (std::size_t width = 60; width < 200; width += 7) {
    std::string text = stats.render_table({.color = false, .width = width});
    EXPECT_TRUE(is_valid_utf8(text));
    while (!text.empty()) {
      const std::string line = text.substr(0, text.find('\n'));
      text.erase(0, line.size() + 1);
      EXPECT_LE(columns_of(line), std::max<std::size_t>(width, 110)) << line;
      EXPECT_EQ(line.find('\x1b'), std::string::npos);
    }
  }
  EXPECT_TRUE(is_valid_utf8(stats.render_json()));
}

}  // namespace
}  // namespace spoor
