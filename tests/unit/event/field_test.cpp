#include "engine/event/field.h"

#include <set>

#include <gtest/gtest.h>

#include "engine/event/event.h"

namespace spoor {
namespace {

TEST(Field, EveryRowIsFoundByItsName) {
  std::set<std::string_view> names;
  for (const FieldRow& row : field_table()) {
    EXPECT_EQ(find_field(row.name), row.id) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " stands twice";
  }
}

TEST(Field, NamesAreCaseSensitive) {
  EXPECT_EQ(find_field("commandline"), std::nullopt);
  EXPECT_EQ(find_field("ProcessID"), std::nullopt);
  EXPECT_EQ(find_field("ProcessId"), FieldId::process_id);
}

TEST(Event, AnEmptyValueIsNotAnAbsentOne) {
  Event event;
  EXPECT_FALSE(event.has(FieldId::image));
  event.set(FieldId::image, std::string_view());
  EXPECT_TRUE(event.has(FieldId::image));
  event.clear();
  EXPECT_FALSE(event.has(FieldId::image));
}

TEST(Event, CanonicalOrderIsTimeThenKindThenUid) {
  const OrderKey start{
      .time = 5, .rank = canonical_rank(EventType::process_creation), .uid = {.high = 9, .low = 9}};
  const OrderKey load{
      .time = 5, .rank = canonical_rank(EventType::image_load), .uid = {.high = 0, .low = 1}};
  const OrderKey end{.time = 4, .rank = canonical_rank(EventType::process_termination), .uid = {}};
  EXPECT_LT(start, load);
  EXPECT_LT(end, start);
}

}  // namespace
}  // namespace spoor
