// Other rules between two records: what keeps its state and what starts afresh.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

/// A detection of process starts; its name is its id.
std::string detection(const std::string& id,
                      const std::string& selection,
                      const std::string& title = "T") {
  return fmt::format(
      "title: {2}\nid: {0}\nname: {0}\nlevel: high\nspoor: lineage\n"
      "logsource: {{product: windows, category: process_creation}}\n"
      "detection:\n  s: {{{1}}}\n  condition: s\n---\n",
      id, selection, title);
}

const std::string kApp = detection("app", "Image|endswith: '\\app.exe'");
const std::string kShell = detection("shell", "Image|endswith: '\\cmd.exe'");
const std::string kTool = detection("tool", "Image|endswith: '\\tool.exe'");

std::string correlation(const std::string& id,
                        const std::string& steps,
                        const std::string& condition,
                        const std::string& timespan = "1h") {
  return fmt::format(
      "title: Chain\nid: {0}\nlevel: high\ncorrelation:\n  type: temporal\n"
      "  rules: [app, {1}]\n  anchor: app\n  group-by: [process_tree]\n  timespan: {3}\n"
      "  condition: {2}\n---\n",
      id, steps, condition, timespan);
}

const std::string kChain = correlation("chain", "shell, tool", "shell and tool");

/// A process start as the Falcon Data Replicator has it: it does not name the parent's image.
std::string start(int process, int parent, const std::string& image, int second = 10) {
  return fmt::format(
      R"({{"event_simpleName":"ProcessRollup2","aid":"0f","cid":"c1","event_platform":"Win",)"
      R"("id":"e{0}","TargetProcessId":"{0}","ParentProcessId":"{1}",)"
      R"("ImageFileName":"\\Device\\HarddiskVolume3\\{2}","CommandLine":"{2} -run",)"
      R"("ProcessStartTime":"16787852{3}.5","timestamp":"16787852{3}500"}})",
      process, parent, image, second);
}

std::shared_ptr<const RuleSet> rules(const std::string& yaml) {
  return std::make_shared<const RuleSet>(test::rules_of(yaml));
}

/// A pipeline that owns its rules: none of them is left when others took their place.
class Engine {
 public:
  explicit Engine(const std::string& yaml) : Engine(rules(yaml)) {}

  void take(const std::string& record) {
    std::string padded = record;
    padded.append(RecordParser::kJsonPadding, ' ');
    pipeline_.take(std::string_view(padded).substr(0, record.size()), {});
  }

  void replace(const std::string& yaml) {
    std::shared_ptr<const RuleSet> following = rules(yaml);
    const std::weak_ptr<const RuleSet> before = last_;
    last_ = following;
    const Result<void> replaced = pipeline_.replace_rules(std::move(following));
    ASSERT_TRUE(replaced) << replaced.error().message;
    EXPECT_TRUE(before.expired());
    EXPECT_FALSE(last_.expired());
  }

  /// Rule ids, with the number of events in the evidence.
  std::vector<std::string> found() {
    std::vector<std::string> found;
    for (const Finding& finding : pipeline_.findings()) {
      found.push_back(fmt::format("{} {}", finding.rule.id, finding.evidence.size()));
    }
    std::ranges::sort(found);
    return found;
  }

  std::string text() {
    std::string text;
    for (const Finding& finding : pipeline_.findings()) {
      text += render_ocsf(finding) + "\n";
    }
    return text;
  }

  Pipeline& pipeline() { return pipeline_; }

 private:
  explicit Engine(std::shared_ptr<const RuleSet> rule_set)
      : last_(rule_set), pipeline_(std::move(rule_set), {}) {}

  std::weak_ptr<const RuleSet> last_;
  Pipeline pipeline_;
};

using Found = std::vector<std::string>;

TEST(ReplaceRules, TheSameRulesGoOnAsIfNothingHappened) {
  const std::string yaml = kApp + kShell + kTool + kChain +
                           detection("plain", "CommandLine|contains: ' -run'") +
                           detection("parent", "ParentImage|endswith: '\\app.exe'");
  const std::vector<std::string> records = {start(1, 9, "app.exe"), start(2, 1, "cmd.exe", 20),
                                            start(3, 2, "tool.exe", 30)};
  Engine undisturbed(yaml);
  std::ranges::for_each(records, [&](const std::string& record) { undisturbed.take(record); });
  const std::string want = undisturbed.text();
  ASSERT_NE(want.find("\"chain\""), std::string::npos);
  for (std::size_t at = 0; at <= records.size(); ++at) {
    Engine engine(yaml);
    for (std::size_t i = 0; i <= records.size(); ++i) {
      if (i == at) {
        engine.replace(yaml);
        engine.replace(yaml);
      }
      if (i < records.size()) {
        engine.take(records[i]);
      }
    }
    EXPECT_EQ(engine.text(), want) << at;
    EXPECT_EQ(engine.pipeline().accounting().total().applied, records.size());
  }
}

TEST(ReplaceRules, AChangedRuleStartsAfreshAndTheOthersKeepTheirHits) {
  Engine engine(kApp + kShell);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), (Found{"app 1", "shell 1"}));
  const std::string changed = detection("shell", "Image|endswith: ['\\cmd.exe', '\\sh.exe']");
  engine.replace(changed + kApp);
  EXPECT_EQ(engine.found(), Found{"app 1"});
  engine.take(start(3, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), (Found{"app 1", "shell 1"}));
}

TEST(ReplaceRules, AChangedRuleDoesNotGetItsOldHitsBack) {
  Engine engine(kApp);
  engine.take(start(1, 9, "app.exe"));
  engine.replace(detection("app", "Image|endswith: '\\other.exe'"));
  engine.replace(kApp);
  EXPECT_EQ(engine.found(), Found{});
}

TEST(ReplaceRules, ARemovedRuleIsForgotten) {
  Engine engine(kApp + kShell);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  engine.replace(kShell);
  EXPECT_EQ(engine.found(), Found{"shell 1"});
  EXPECT_EQ(engine.pipeline().correlator().match_count(), 1U);
  engine.replace(kApp + kShell);
  EXPECT_EQ(engine.found(), Found{"shell 1"});
}

TEST(ReplaceRules, ANewRuleSeesWhatComesFromNowOn) {
  Engine engine(kShell);
  engine.take(start(1, 9, "app.exe"));
  engine.replace(kApp + kShell);
  EXPECT_EQ(engine.found(), Found{});
  engine.take(start(2, 9, "app.exe"));
  EXPECT_EQ(engine.found(), Found{"app 1"});
  engine.take(start(1, 9, "app.exe"));  // What comes again comes now.
  EXPECT_EQ(engine.found(), (Found{"app 1", "app 1"}));
}

TEST(ReplaceRules, ANewRuleMayTestAFieldThatNoneDidBefore) {
  Engine engine(kApp);
  engine.take(start(1, 9, "app.exe"));
  engine.replace(kApp + detection("session", "RawProcessId: 77") +
                 detection("word", "CommandLine|contains: ' -run'"));
  engine.take(start(2, 9, "x.exe"));
  EXPECT_EQ(engine.found(), (Found{"app 1", "word 1"}));
}

TEST(ReplaceRules, AnUnchangedCorrelationKeepsItsHalfOfAMatch) {
  Engine engine(kApp + kShell + kTool + kChain);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  engine.replace(detection("00", "Image: none") + kTool + kChain + kShell + kApp);
  EXPECT_EQ(engine.found(), Found{});
  engine.take(start(3, 2, "tool.exe"));
  EXPECT_EQ(engine.found(), Found{"chain 3"});
}

TEST(ReplaceRules, AMatchStandsThatNobodyLookedForYet) {
  const std::string yaml = kApp + kShell + kTool + kChain;
  Engine engine(yaml);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  engine.take(start(3, 2, "tool.exe"));
  engine.replace(detection("00", "Image: none") + yaml);  // Marked, not settled.
  EXPECT_EQ(engine.found(), Found{"chain 3"});
  engine.replace(yaml);  // Settled.
  EXPECT_EQ(engine.pipeline().correlator().match_count(), 1U);
  EXPECT_EQ(engine.found(), Found{"chain 3"});
}

TEST(ReplaceRules, ACorrelationIsChangedWithAnyOfItsSteps) {
  Engine engine(kApp + kShell + kTool + kChain);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  engine.take(start(3, 2, "tool.exe"));
  EXPECT_EQ(engine.found(), Found{"chain 3"});
  const std::string changed = detection("tool", "Image|endswith: ['\\tool.exe', '\\t.exe']");
  engine.replace(kApp + kShell + changed + kChain);
  EXPECT_EQ(engine.found(), Found{});
  engine.take(start(4, 2, "t.exe"));
  EXPECT_EQ(engine.found(), Found{});  // The app and the shell were before its time.
  engine.take(start(5, 9, "app.exe"));
  engine.take(start(6, 5, "cmd.exe"));
  engine.take(start(7, 6, "t.exe"));
  EXPECT_EQ(engine.found(), Found{"chain 3"});
}

TEST(ReplaceRules, ANewCorrelationSeesNoHitsFromBeforeThoughAnotherKeepsThem) {
  const std::string other = correlation("other", "shell, tool", "shell and tool", "2h");
  Engine engine(kApp + kShell + kTool + kChain);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  engine.replace(kApp + kShell + kTool + kChain + other);
  engine.take(start(3, 2, "tool.exe"));
  EXPECT_EQ(engine.found(), Found{"chain 3"});
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), (Found{"chain 3", "other 3"}));
  engine.replace(kApp + kShell + kTool + other);  // The older one goes, its younger twin stays.
  EXPECT_EQ(engine.found(), Found{"other 3"});
  engine.take(start(4, 2, "tool.exe"));
  EXPECT_EQ(engine.found(), Found{"other 4"});
}

TEST(ReplaceRules, ARuleThatBecomesAStepMakesFindingsNoMore) {
  Engine engine(kApp + kShell + kTool);
  engine.take(start(1, 9, "app.exe"));
  engine.take(start(2, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), (Found{"app 1", "shell 1"}));
  engine.replace(kApp + kShell + kTool + kChain);
  EXPECT_EQ(engine.found(), Found{});
  engine.replace(kApp + kShell + kTool);
  engine.take(start(3, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), Found{"shell 1"});
}

TEST(ReplaceRules, NewTextsAreShownOfOldHits) {
  const auto set = [](const std::string& title) {
    std::string yaml = detection("app", "Image|endswith: '\\app.exe'", title) + kShell + kTool +
                       kChain + detection("plain", "Image|endswith: '\\app.exe'", title);
    for (std::size_t at = 0; (at = yaml.find("title: Chain", at)) != std::string::npos;) {
      yaml.replace(at, 12, "title: " + title);
    }
    return yaml;
  };
  Engine engine(set("Old"));
  Engine fresh(set("New"));
  for (Engine* one : {&engine, &fresh}) {
    one->take(start(1, 9, "app.exe"));
    one->take(start(2, 1, "cmd.exe"));
    one->take(start(3, 2, "tool.exe"));
  }
  engine.replace(set("New"));
  const std::string text = engine.text();
  EXPECT_NE(text.find("\"New\""), std::string::npos);
  EXPECT_EQ(text.find("\"Old\""), std::string::npos);
  EXPECT_EQ(text, fresh.text());
}

TEST(ReplaceRules, EventsWaitOnForTheGraph) {
  const std::string parent = detection("parent", "ParentImage|endswith: '\\app.exe'");
  const std::string gone = detection("gone", "ParentImage|endswith: '\\app.exe'");
  const std::string fresh = detection("0-fresh", "ParentImage|endswith: '\\app.exe'");
  Engine engine(parent + gone);
  engine.take(start(2, 1, "cmd.exe", 20));
  engine.take(start(3, 1, "cmd.exe", 20));
  ASSERT_EQ(engine.pipeline().waiting_events(), 2U);
  engine.replace(fresh + parent);
  EXPECT_EQ(engine.pipeline().waiting_events(), 2U);
  engine.take(start(4, 1, "cmd.exe", 20));
  engine.take(start(3, 1, "cmd.exe", 20));  // Again, and now the new rule is there.
  engine.take(start(1, 9, "app.exe"));
  EXPECT_EQ(engine.found(), (Found{"0-fresh 1", "0-fresh 1", "parent 1", "parent 1", "parent 1"}));
  engine.replace(kShell);
  EXPECT_EQ(engine.pipeline().waiting_events(), 0U);
  EXPECT_EQ(engine.found(), Found{});
}

TEST(ReplaceRules, ANewRuleKnowsAncestorsFromBefore) {
  Engine engine(kShell);
  engine.take(start(1, 9, "app.exe"));
  engine.replace(detection("parent", "ParentImage|endswith: '\\app.exe'"));
  engine.take(start(2, 1, "cmd.exe", 20));
  EXPECT_EQ(engine.found(), Found{"parent 1"});
}

TEST(ReplaceRules, AnExpressionThatRe2RefusesLeavesTheOldRules) {
  const std::string refused = detection("bad", "Image|re: '(?<!x)y'");
  Engine engine(kApp + kShell);
  engine.take(start(1, 9, "app.exe"));
  std::vector<Diagnostic> diagnostics;
  const Result<void> replaced =
      engine.pipeline().replace_rules(rules(kApp + refused), &diagnostics);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, ErrorCode::bad_rule);
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].file, "test.yml");
  EXPECT_GT(diagnostics[0].position.line, 10U);
  EXPECT_EQ(engine.pipeline().rules().detections[1].meta.id, "shell");
  engine.take(start(2, 1, "cmd.exe"));
  EXPECT_EQ(engine.found(), (Found{"app 1", "shell 1"}));
}

TEST(ReplaceRules, ARuleThatRe2AlwaysRefusedIsNotInTheWay) {
  const std::string refused = detection("bad", "Image|re: '(?<!x)y'");
  Engine engine(kApp + refused);
  engine.take(start(1, 9, "app.exe"));
  engine.replace(kApp + refused + kShell);
  EXPECT_EQ(engine.found(), Found{"app 1"});
  EXPECT_EQ(engine.pipeline().usable_rules(), 2U);
}

TEST(ReplaceRules, RulesThatTheCallerOwnsMayGoOnceReplaced) {
  auto first = std::make_unique<RuleSet>(test::rules_of(kApp + kShell + kTool + kChain));
  Pipeline pipeline(*first, {});
  const auto take = [&](std::string record) {
    const std::size_t size = record.size();
    record.append(RecordParser::kJsonPadding, ' ');
    pipeline.take(std::string_view(record).substr(0, size), {});
  };
  take(start(1, 9, "app.exe"));
  take(start(2, 1, "cmd.exe"));
  ASSERT_TRUE(pipeline.replace_rules(rules(kApp + kShell + kTool + kChain)));
  first.reset();
  take(start(3, 2, "tool.exe"));
  EXPECT_EQ(pipeline.findings().size(), 1U);
}

TEST(ReplaceRules, CountersGoOn) {
  Engine engine(kApp);
  engine.take(start(1, 9, "app.exe"));
  const std::size_t evaluations = engine.pipeline().rule_evaluations();
  ASSERT_GT(evaluations, 0U);
  engine.replace(kApp);
  EXPECT_EQ(engine.pipeline().rule_evaluations(), evaluations);
  engine.take(start(1, 9, "app.exe"));
  EXPECT_EQ(engine.pipeline().rule_evaluations(), 2 * evaluations);
  EXPECT_EQ(engine.pipeline().accounting().total().duplicate, 1U);
}

TEST(ReplaceRules, HitsBeyondTheBoundStayCounted) {
  const std::string yaml = kApp + kShell + kTool + kChain;
  const auto take_some = [](Engine& engine, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      std::string record = start(1, 9, "app.exe", 10 + static_cast<int>(i % 80));
      record.replace(record.find("\"e1\""), 4, fmt::format("\"e1-{}\"", i));
      engine.take(record);
    }
  };
  Engine engine(yaml);
  Engine undisturbed(yaml);
  take_some(engine, 0, kHitsPerStepMax);
  take_some(undisturbed, 0, kHitsPerStepMax);
  engine.replace(yaml);
  take_some(engine, kHitsPerStepMax, 2 * kHitsPerStepMax);
  take_some(undisturbed, kHitsPerStepMax, 2 * kHitsPerStepMax);
  EXPECT_GT(engine.pipeline().correlator().hits_beyond_limit(), 0U);
  EXPECT_EQ(engine.pipeline().correlator().hits_beyond_limit(),
            undisturbed.pipeline().correlator().hits_beyond_limit());
  engine.replace(kShell);
  EXPECT_EQ(engine.pipeline().correlator().hits_beyond_limit(), 0U);
}

}  // namespace
}  // namespace spoor
