#include "engine/finding/event_line.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/finding/terminal.h"
#include "tests/support/golden.h"
#include "tests/support/sample_events.h"

namespace spoor {
namespace {

std::vector<Event> samples() {
  return {test::sample_process_creation(), test::sample_image_load(), test::sample_process_access(),
          test::sample_dns_query(),        test::sample_connection(), test::sample_registry_set()};
}

TEST(EventLine, IsAsAgreedAtEveryWidth) {
  std::string text;
  for (const std::size_t width : {40U, 80U, 100U, 120U, 160U}) {
    const TableOptions options{.color = false, .width = width};
    text += event_line_header(options);
    for (const Event& event : samples()) {
      text += render_event_line(event, options);
    }
    text += "\n";
  }
  EXPECT_TRUE(matches_golden("finding/events.txt", text));
}

TEST(EventLine, IsNeverWiderThanTheTerminal) {
  std::vector<Event> events = samples();
  const std::string huge(400, 'x');
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    Event& event = events.emplace_back();
    event.type = static_cast<EventType>(type);
    event.host = event.vendor_type = event.carriage = huge;
    event.actor = event.target = {.key = {},
                                  .vendor_uid = huge,
                                  .pid = huge,
                                  .image = huge,
                                  .command_line = huge,
                                  .user = huge};
    for (const FieldRow& row : field_table()) {
      event.set(row.id, huge);
    }
  }
  for (std::size_t width = 40; width < 200; width += 7) {
    const TableOptions options{.color = false, .width = width};
    EXPECT_LE(columns_of(event_line_header(options)), width + 1);
    for (const Event& event : events) {
      std::string line = render_event_line(event, options);
      ASSERT_EQ(line.find('\n'), line.size() - 1);
      line.pop_back();
      EXPECT_LE(columns_of(line), width) << line;
    }
  }
}

TEST(EventLine, HostileTextCannotForgeLinesOrMoveTheCursor) {
  Event event;
  event.host = "h\n2023";
  event.carriage = "\x1b[2J";
  event.vendor_type = "\xff\r";
  event.actor.image = "a\x1b]0;x\x07.exe";
  event.actor.pid = "1\n";
  const std::string line = render_event_line(event, {.color = false, .width = 160});
  EXPECT_TRUE(is_valid_utf8(line));
  for (const char c : line.substr(0, line.size() - 1)) {
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  }
}

TEST(EventLine, ColourTakesNoRoom) {
  const Event event = test::sample_image_load();
  const std::string plain = render_event_line(event, {.color = false, .width = 120});
  std::string colored = render_event_line(event, {.color = true, .width = 120});
  EXPECT_NE(colored, plain);
  for (std::size_t start = colored.find('\x1b'); start != std::string::npos;
       start = colored.find('\x1b')) {
    colored.erase(start, colored.find('m', start) + 1 - start);
  }
  EXPECT_EQ(colored, plain);
}

TEST(EventLine, AnEventThatTellsNothingIsStillALine) {
  EXPECT_EQ(render_event_line(Event(), {.color = false, .width = 80}).substr(0, 14),
            "time unknown  ");
}

}  // namespace
}  // namespace spoor
