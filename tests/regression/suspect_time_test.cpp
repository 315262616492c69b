// --from and --to went by times whose zone is unknown: an event of the hours asked for was left
// out.

#include <gtest/gtest.h>

#include "engine/pipeline.h"
#include "tests/support/parsing.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

TEST(SuspectTime, IsNeverOutsideTheTimesAskedFor) {
  // NXLog writes the local time, two hours ahead of UTC here, and does not say so.
  const std::string record =
      R"({"EventTime":"2023-03-22 15:40:00","Hostname":"pc042","EventID":4624,"Channel":"Security",)"
      R"("RecordNumber":77,"SourceModuleType":"im_msvistalog"})";
  const RuleSet no_rules;
  Pipeline pipeline(no_rules, {.from = parse_timestamp("2023-03-22T13:00:00Z"),
                               .to = parse_timestamp("2023-03-22T14:00:00Z"),
                               .on_dead_letter = {}});
  const std::string text = test::padded(record);
  pipeline.take(std::string_view(text).substr(0, record.size()), {});
  EXPECT_EQ(pipeline.accounting().total().filtered, 0U);
  EXPECT_EQ(pipeline.accounting().total().applied, 1U);
  EXPECT_EQ(pipeline.accounting().time_suspect(), 1U);
}

}  // namespace
}  // namespace spoor
