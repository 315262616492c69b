// Who asked for a process, where that is another than its parent.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

constexpr int kBegin = 1'679'479'200;  // 2023-03-22T10:00:00Z.

/// A start as the Falcon Data Replicator has it. `source`: who asked for it.
std::string start(int number, int parent, int source, const std::string& image) {
  std::string record = fmt::format(
      R"({{"event_simpleName":"ProcessRollup2","event_platform":"Win","aid":"0a1d","cid":"c1",)"
      R"("id":"e{0}","timestamp":"{1}000","ContextTimeStamp":"{1}.000","TargetProcessId":"{0}",)"
      R"("ParentProcessId":"{2}","SourceProcessId":"{3}","RawProcessId":"{4}",)"
      R"("ProcessStartTime":"{1}.000","ImageFileName":"\\Device\\HarddiskVolume3\\W\\{5}",)"
      R"("CommandLine":"{5}"}})",
      number, kBegin + number, parent, source, 1'000 + number, image);
  record.append(RecordParser::kJsonPadding, ' ');
  return record;
}

class Creator : public testing::Test {
 protected:
  void take(const std::string& record) {
    pipeline_.take(std::string_view(record).substr(0, record.size() - RecordParser::kJsonPadding),
                   {});
    for (Finding& finding : pipeline_.updates()) {
      told_.push_back(std::move(finding));
    }
  }

  /// Of what was told last.
  [[nodiscard]] const Finding& last() const { return told_.back(); }

  [[nodiscard]] const FindingProcess& shell() const { return last().processes.back(); }

  [[nodiscard]] std::size_t told() const { return told_.size(); }

 private:
  RuleSet rules_ = test::rules_of(
      "title: T\nid: t\nlevel: low\nlogsource: {category: process_creation}\n"
      "detection: {s: {Image|endswith: cmd.exe}, condition: s}\n");
  Pipeline pipeline_{rules_, {.lateness = Lateness{}}};
  std::vector<Finding> told_;
};

TEST_F(Creator, IsShownBesideTheTree) {
  take(start(1, 1, 1, "services.exe"));
  take(start(2, 1, 1, "wmiprvse.exe"));
  take(start(3, 1, 2, "cmd.exe"));
  ASSERT_EQ(last().processes.size(), 2U) << "ancestry follows the parent";
  ASSERT_TRUE(shell().creator.has_value());
  EXPECT_EQ(shell().creator->image, R"(C:\W\wmiprvse.exe)");
  EXPECT_EQ(shell().creator->pid, "1002");
  EXPECT_NE(render_tree(last(), {}).find("(asked for by wmiprvse.exe 1002)"), std::string::npos);
  EXPECT_NE(render_ocsf(last()).find(
                R"("creator":{"uid":"2","pid":"1002","path":"C:\\W\\wmiprvse.exe"})"),
            std::string::npos);
}

TEST_F(Creator, IsNotShownWhereItIsTheParent) {
  take(start(1, 1, 1, "services.exe"));
  take(start(3, 1, 1, "cmd.exe"));
  EXPECT_FALSE(shell().creator.has_value());
}

TEST_F(Creator, IsToldAgainWhenMoreIsKnownOfIt) {
  take(start(1, 1, 1, "services.exe"));
  take(start(3, 1, 2, "cmd.exe"));
  ASSERT_TRUE(shell().creator.has_value());
  EXPECT_EQ(shell().creator->image, "");
  const std::size_t before = told();
  take(start(2, 1, 1, "wmiprvse.exe"));
  ASSERT_EQ(told(), before + 1);
  EXPECT_EQ(shell().creator->image, R"(C:\W\wmiprvse.exe)");
  EXPECT_EQ(last().revision, 2U);
}

}  // namespace
}  // namespace spoor
