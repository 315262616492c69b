// Rules that are read again in the middle of the bundled intrusion. The same rules: the same bytes,
// wherever the middle is. Other rules: each finds what it would find alone, in the events since it
// was there. SPOOR_LONG=1 runs more.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cli/bundled_rules.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "engine/rule/unchanged_rules.h"
#include "tests/support/long_run.h"
#include "tests/support/scenario_records.h"

namespace spoor {
namespace {

using Records = std::vector<test::PaddedRecord>;
using Rules = std::shared_ptr<const RuleSet>;

const Records& intrusion() {
  static const Records kRecords = test::scenario_records("A.sysmon-evtxdump.ndjson.gz");
  return kRecords;
}

/// Rules that lean on the process graph, so that events wait; and plain ones with many hits.
RuleFile more_rules() {
  const auto detection = [](const std::string& id, const std::string& selections,
                            const std::string& condition) {
    return "title: " + id + "\nid: " + id + "\nname: " + id +
           "\nspoor: lineage\nlogsource: {product: windows}\ndetection:\n" + selections +
           "  condition: " + condition + "\n---\n";
  };
  return {
      .path = "more.yml",
      .content =
          detection("grandchild", "  s: {GrandParentImage|endswith: '.exe'}\n", "s") +
          detection("below-app", "  s: {Ancestor.Image|endswith: '\\3CXDesktopApp.exe'}\n", "s") +
          detection("user-program", "  s: {Image|contains: '\\Users\\'}\n", "s") +
          detection("looked-up", "  s: {QueryName|contains: '.'}\n", "s") +
          detection("loaded", "  s: {ImageLoaded|endswith: '.dll'}\n", "s") +
          "title: Talks\nid: talks\ncorrelation:\n  type: temporal\n"
          "  rules: [user-program, looked-up, loaded]\n  anchor: user-program\n"
          "  group-by: [process_tree]\n  timespan: 1d\n  condition: looked-up and loaded\n"};
}

std::vector<RuleFile> all_files() {
  std::vector<RuleFile> files = bundled_rules();
  files.push_back(more_rules());
  return files;
}

Rules load_all() {
  LoadedRules loaded = load_rules(all_files());
  EXPECT_EQ(loaded.rejected, 0U);
  return std::make_shared<const RuleSet>(std::move(loaded.rules));
}

void take(Pipeline& pipeline, const Records& records, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    pipeline.take(
        std::string_view(records[i]).substr(0, records[i].size() - RecordParser::kJsonPadding),
        {.input = 0, .offset = i, .line = i + 1});
  }
}

/// (rule, finding as OCSF).
using Found = std::multiset<std::pair<std::string, std::string>>;

Found found_by(Pipeline& pipeline) {
  Found found;
  for (const Finding& finding : pipeline.findings()) {
    found.emplace(finding.rule.id, render_ocsf(finding));
  }
  return found;
}

std::string bytes_of(Pipeline& pipeline) {
  std::string bytes;
  for (const Finding& finding : pipeline.findings()) {
    bytes.append(render_ocsf(finding)).append("\n");
  }
  return bytes;
}

TEST(Reload, TheSameRulesGiveTheSameBytes) {
  ASSERT_EQ(intrusion().size(), 714U);
  Pipeline undisturbed(load_all(), {});
  take(undisturbed, intrusion(), 0, intrusion().size());
  ASSERT_GT(undisturbed.waiting_events(), 0U);
  const std::string want = bytes_of(undisturbed);
  ASSERT_NE(want.find("\"talks\""), std::string::npos);
  ASSERT_NE(want.find("\"below-app\""), std::string::npos);
  for (std::size_t round = 0; round < test::rounds(3, 100); ++round) {
    std::mt19937_64 random(round);
    Records arrival = intrusion();
    if (round > 0) {
      std::shuffle(arrival.begin(), arrival.end(), random);
    }
    const std::size_t every = 1 + random() % 150;
    Pipeline pipeline(load_all(), {});
    for (std::size_t at = 0; at < arrival.size(); at += every) {
      take(pipeline, arrival, at, std::min(at + every, arrival.size()));
      if (random() % 2 == 0) {
        pipeline.settle();
      }
      ASSERT_TRUE(pipeline.replace_rules(load_all()));
    }
    ASSERT_EQ(bytes_of(pipeline), want) << "round " << round << ", every " << every;
    EXPECT_EQ(pipeline.accounting().total().residual(), 0);
  }
}

std::vector<std::string> documents_of(const std::string& content) {
  std::vector<std::string> documents;
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t found = content.find("---\n", start);
    const std::size_t end = found == std::string::npos ? content.size() : found + 4;
    documents.push_back(content.substr(start, end - start));
    start = end;
  }
  return documents;
}

void replace_first(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) {
    text.replace(at, from.size(), to);
  }
}

void change_logic(std::string& document) {
  if (document.find("\ncorrelation:") != std::string::npos) {
    replace_first(document, "\n  timespan: ", "\n  timespan: 1");
  } else {
    replace_first(document, "\n  condition: ", "\n  never: {Image: none}\n  condition: never or ");
  }
}

void change_level(std::string& document) {
  const std::size_t at = document.find("\nlevel: ");
  if (at != std::string::npos) {
    document.erase(at, document.find('\n', at + 1) - at);
  }
  document.insert(0, "level: critical\n");
}

/// Some of all rules, some of them changed. What a correlation needs may be missing: the loader
/// then refuses it.
Rules some_rules(std::mt19937_64& random) {
  std::vector<RuleFile> files;
  for (const RuleFile& file : all_files()) {
    for (std::string& document : documents_of(file.content)) {
      const std::size_t fate = random() % 10;
      if (fate == 0) {
        continue;
      }
      if (fate <= 2) {
        change_logic(document);
      } else if (fate == 3) {
        change_level(document);
      }
      files.push_back(
          {.path = file.path + std::to_string(files.size()), .content = std::move(document)});
    }
  }
  return std::make_shared<const RuleSet>(load_rules(files).rules);
}

/// The rules of `after` whose state goes back to before.
std::set<std::string> that_stay(const RuleSet& before, const RuleSet& after) {
  const UnchangedRules unchanged = unchanged_rules(before, after);
  std::set<std::string> ids;
  for (std::size_t rule = 0; rule < after.detections.size(); ++rule) {
    const std::optional<std::size_t> old = unchanged.detections[rule];
    if (old && before.detections[*old].makes_finding) {
      ids.insert(after.detections[rule].meta.id);
    }
  }
  for (std::size_t rule = 0; rule < after.correlations.size(); ++rule) {
    if (unchanged.correlations[rule]) {
      ids.insert(after.correlations[rule].meta.id);
    }
  }
  return ids;
}

/// Three rule sets over one arrival: the second comes before record `first`, the third before
/// `second`.
struct History {
  explicit History(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    arrival = intrusion();
    for (std::size_t i = 0; i < 100; ++i) {
      arrival.push_back(intrusion()[random() % intrusion().size()]);
    }
    std::shuffle(arrival.begin(), arrival.end(), random);
    first = random() % arrival.size();
    second = first + random() % (arrival.size() - first);
    for (Rules& set : sets) {
      set = some_rules(random);
    }
  }

  Records arrival;
  std::size_t first = 0;
  std::size_t second = 0;
  std::array<Rules, 3> sets;
};

Found replay(const History& history) {
  Pipeline pipeline(history.sets[0], {});
  take(pipeline, history.arrival, 0, history.first);
  EXPECT_TRUE(pipeline.replace_rules(history.sets[1]));
  take(pipeline, history.arrival, history.first, history.second);
  EXPECT_TRUE(pipeline.replace_rules(history.sets[2]));
  take(pipeline, history.arrival, history.second, history.arrival.size());
  return found_by(pipeline);
}

/// What the last rules find alone, in what comes from record `point` on.
Found replay_last_rules_from(const History& history, std::size_t point) {
  Pipeline alone(std::make_shared<const RuleSet>(), {});
  take(alone, history.arrival, 0, point);
  EXPECT_TRUE(alone.replace_rules(history.sets[2]));
  take(alone, history.arrival, point, history.arrival.size());
  return found_by(alone);
}

/// Of each rule what it finds since it was there; `*since_start` counts those that always were.
Found expected(const History& history, std::size_t* since_start) {
  const std::set<std::string> stay_first = that_stay(*history.sets[0], *history.sets[1]);
  const std::set<std::string> stay_second = that_stay(*history.sets[1], *history.sets[2]);
  const std::array<std::size_t, 3> points = {0, history.first, history.second};
  Found want;
  for (std::size_t set = 0; set < points.size(); ++set) {
    for (const auto& [id, finding] : replay_last_rules_from(history, points[set])) {
      const bool is_newest = !stay_second.contains(id);
      const std::size_t since = is_newest ? 2 : (stay_first.contains(id) ? 0 : 1);
      if (since == set) {
        want.emplace(id, finding);
        *since_start += set == 0 ? 1U : 0U;
      }
    }
  }
  return want;
}

TEST(Reload, EachRuleFindsWhatItWouldFindInTheEventsSinceItWasThere) {
  std::size_t findings = 0;
  std::size_t since_start = 0;
  for (std::size_t seed = 1; seed <= test::rounds(5, 1000); ++seed) {
    const History history(seed);
    const Found got = replay(history);
    ASSERT_EQ(got, expected(history, &since_start)) << "seed " << seed;
    findings += got.size();
  }
  std::printf("%zu findings, %zu of them of rules that always were there\n", findings, since_start);
  EXPECT_GT(since_start, 0U);
  EXPECT_GT(findings, since_start);
}

}  // namespace
}  // namespace spoor
