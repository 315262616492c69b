#include "engine/correlation/step_time.h"

#include <gtest/gtest.h>

#include "engine/correlation/window_value.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

using Texts = std::vector<std::string>;

/// An event with a field of ours, an array, a null and a number.
std::shared_ptr<const KeptEvent> kept() {
  test::EventMaker make;
  Event event = make.act(EventType::dns_query, {.id = 1, .pid = 1, .image = "a.exe", .start_s = 1},
                         5, FieldId::query_name, "b.example");
  event.extra.push_back({.name = "Items", .value = "zebra"});
  event.extra.push_back({.name = "Items", .value = "ant"});
  event.extra.push_back({.name = "Nothing", .value = "", .kind = ValueKind::null});
  event.extra.push_back({.name = "Bytes", .value = "512"});
  return keep_event(event);
}

CorrelationRule rule_of(Texts fields, const Texts& split = {}) {
  CorrelationRule rule;
  rule.fields = std::move(fields);
  for (const std::string& field : split) {
    rule.split_by.push_back({.name = field, .of_rule = {"Other", field}});
  }
  return rule;
}

Texts values(Texts fields) {
  return step_time(rule_of(std::move(fields)), 1, *kept())->values;
}

TEST(StepTime, OneFieldGivesAllItsValuesInTheirOrder) {
  EXPECT_EQ(values({"QueryName"}), Texts{"b.example"});
  EXPECT_EQ(values({"Items"}), (Texts{"zebra", "ant"}));
  EXPECT_EQ(values({"Bytes"}), Texts{"512"});
  EXPECT_EQ(values({"Nothing"}), Texts{});
  EXPECT_EQ(values({"Absent"}), Texts{});
  EXPECT_EQ(values({}), Texts{});
}

TEST(StepTime, ATupleTakesTheFirstOfEachField) {
  std::string tuple;
  append_text("zebra", tuple);
  append_text("512", tuple);
  EXPECT_EQ(values({"Items", "Bytes"}), Texts{tuple});
  EXPECT_EQ(values({"Items", "Absent"}), Texts{});
}

TEST(StepTime, AGroupIsOfTheFirstValuesUnderTheStepsOwnNames) {
  std::string group;
  append_text("zebra", group);
  append_text("b.example", group);
  const auto time = step_time(rule_of({}, {"Items", "QueryName"}), 1, *kept());
  ASSERT_TRUE(time);
  EXPECT_EQ(time->group, group);
  EXPECT_EQ(time->step, 1U);
  EXPECT_FALSE(step_time(rule_of({}, {"Items", "Nothing"}), 1, *kept()));
  EXPECT_FALSE(step_time(rule_of({}, {"Items"}), 0, *kept()));  // There it is called Other.
}

}  // namespace
}  // namespace spoor
