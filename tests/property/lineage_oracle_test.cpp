// Correlations along the process tree against the brute-force reference of lineage_oracle.h,
// through the whole pipeline: random trees (starts that are missing or late, parents that start
// after their children, pids that are used again, two hosts), rules of every type, relation and
// comparison, events in any order and twice. SPOOR_LONG=1 runs more; SPOOR_SEED=n runs one.

#include "tests/property/lineage_oracle.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

#include <gtest/gtest.h>

#include "engine/base/text.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"
#include "tests/support/long_run.h"
#include "tests/support/parsing.h"
#include "tests/support/sanitized.h"

namespace spoor {
namespace {

using oracle::Comparison;
using oracle::Condition;
using GroupValue = std::pair<std::string, std::string>;

constexpr int kDetections = 4;
constexpr std::int64_t kBase = 1'769'853'600;  // 2026-01-31 10:00:00.

constexpr std::array<const char*, 5> kLevels = {"informational", "low", "medium", "high",
                                                "critical"};
constexpr std::array<const char*, 8> kTypes = {
    "temporal",  "temporal_ordered", "event_count",      "value_count",
    "value_sum", "value_avg",        "value_percentile", "value_median"};
/// Mostly the tree.
constexpr std::array<const char*, 8> kLineages = {"process",      "process",      "process_tree",
                                                  "process_tree", "process_tree", "program",
                                                  "program_tree", "program_tree"};
constexpr std::array<const char*, 6> kRelations = {
    "self", "child", "descendant", "self_or_descendant", "parent", "sibling"};
constexpr std::array<const char*, 6> kComparisons = {"gt", "gte", "lt", "lte", "eq", "neq"};

/// What a case is made of. An event comes as a record, perhaps several times.
struct Case {
  std::vector<oracle::Rule> rules;
  std::vector<std::string> records;
  oracle::Starts starts;
  std::vector<bool> settles;  ///< Behind each record: is everything judged there?
};

std::string name_of(int rule) {
  return "r" + std::to_string(rule);
}

std::string text_of(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::rule: return name_of(condition.rule);
    case Condition::Kind::negation: return "not (" + text_of(condition.parts[0]) + ")";
    case Condition::Kind::all:
    case Condition::Kind::any: break;
  }
  const std::string word = condition.kind == Condition::Kind::all ? " and " : " or ";
  return "(" + text_of(condition.parts[0]) + word + text_of(condition.parts[1]) + ")";
}

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Case make() {
    Case made;
    make_processes(made);
    const std::size_t starts = made.records.size();
    for (std::size_t i = 3 + below(12); i > 0; --i) {
      made.records.push_back(act());
    }
    for (std::size_t i = below(4); i > 0; --i) {
      made.records.push_back(made.records[below(made.records.size())]);
    }
    // Starts first, or in any order with the rest.
    const auto starts_end =
        made.records.begin() + static_cast<std::ptrdiff_t>(chance(60) ? starts : 0);
    std::shuffle(starts_end, made.records.end(), random_);
    const std::size_t settle_percent = std::min<std::size_t>(50 * below(4), 100);
    for (std::size_t i = 0; i < made.records.size(); ++i) {
      made.settles.push_back(chance(settle_percent));
    }
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      made.rules.push_back(rule("c" + std::to_string(i)));
    }
    return made;
  }

 private:
  struct Process {
    std::string guid;
    std::string host;
    std::string image;  ///< As JSON writes it.
    std::uint64_t pid = 0;
    std::int64_t start = 0;
  };

  std::size_t below(std::size_t bound) { return random_() % bound; }

  bool chance(std::size_t percent) { return below(100) < percent; }

  template <typename Row>
  std::string one_of(const Row& row) {
    return row[below(row.size())];
  }

  // --- Records ---

  void make_processes(Case& made) {
    const bool two_hosts = chance(20);
    const std::size_t count = 2 + below(6);
    for (std::size_t i = 0; i < count; ++i) {
      Process process;
      process.start = kBase + static_cast<std::int64_t>(below(12));
      process.host = two_hosts && chance(40) ? "PC2" : "PC1";
      process.image = one_of(kImages);
      process.pid = 100 + below(4);
      std::array<char, 64> guid{};
      const auto start = static_cast<std::uint64_t>(process.start);
      static_cast<void>(std::snprintf(guid.data(), guid.size(), "{8f4c1e20-%04x-%04x-0000-%012x}",
                                      static_cast<unsigned>(start & 0xFFFFU),
                                      static_cast<unsigned>(start >> 16U),
                                      static_cast<unsigned>(i + 1)));
      process.guid = guid.data();
      made.starts[process.guid] = process.start;
      processes_.push_back(process);
    }
    for (std::size_t i = 1; i < count; ++i) {
      // Wide, deep, and anything between.
      const std::array<std::size_t, 3> parents = {0, i - 1, below(i)};
      const Process& parent = processes_[parents[below(3)]];
      if (chance(85) && parent.host == processes_[i].host) {
        made.records.push_back(record(processes_[i], processes_[i].start, 1,
                                      R"(,"ParentProcessGuid":")" + parent.guid +
                                          R"(","ParentProcessId":)" + std::to_string(parent.pid)));
      }
    }
  }

  std::string act() {
    const Process& process = processes_[below(processes_.size())];
    const auto time = kBase + static_cast<std::int64_t>(below(25));
    if (chance(50)) {
      return record(process, time, 11, R"(,"TargetFilename":"C:\\)" + one_of(kNames) + "\"");
    }
    return record(process, time, 22, R"(,"QueryName":")" + one_of(kNames) + "\"");
  }

  std::string record(const Process& process, std::int64_t time, int kind, const std::string& more) {
    std::array<char, 32> utc{};
    const std::time_t seconds = time;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    static_cast<void>(std::strftime(utc.data(), utc.size(), "%Y-%m-%d %H:%M:%S.000", &parts));
    std::string marks;
    for (int rule = 0; rule < kDetections; ++rule) {
      if (chance(35)) {
        marks += "r" + std::to_string(rule) + ".";
      }
    }
    std::string text =
        R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},"EventID":)" +
        std::to_string(kind) + R"(,"EventRecordID":)" + std::to_string(++number_) +
        R"(,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":")" + process.host +
        R"("},"EventData":{"UtcTime":")" + utc.data() + R"(","ProcessGuid":")" + process.guid +
        R"(","ProcessId":)" + std::to_string(process.pid) + R"(,"Image":")" + process.image +
        R"(","User":"u)" + marks + "\"" + more;
    if (chance(70)) {
      text += R"(,"Weight":)" + one_of(kWeights);
    }
    return text + "}}}";
  }

  // --- Rules ---

  Condition condition(std::vector<int> rules, std::size_t depth) {
    const std::size_t kind = depth == 0 ? 0 : below(5);
    if (kind < 2) {
      return {.kind = Condition::Kind::rule, .rule = rules[below(rules.size())], .parts = {}};
    }
    Condition made{.kind = kind == 2   ? Condition::Kind::negation
                           : kind == 3 ? Condition::Kind::all
                                       : Condition::Kind::any,
                   .rule = 0,
                   .parts = {}};
    const std::size_t parts = made.kind == Condition::Kind::negation ? 1 : 2;
    while (made.parts.size() < parts) {
      made.parts.push_back(condition(rules, depth - 1));
    }
    return made;
  }

  void choose_relations(oracle::Rule& made) {
    const int anchor = made.anchor.value_or(made.rules.front());
    const std::string usual = one_of(kRelations);
    for (const int one : made.rules) {
      if (made.lineage.ends_with("_tree") && one != anchor && chance(90)) {
        made.relation[one] = chance(70) ? usual : one_of(kRelations);
      }
    }
  }

  void choose_condition(oracle::Rule& made) {
    const bool by_names = made.type == "temporal" && chance(70);
    if (by_names && chance(80)) {
      made.condition = condition(made.rules, 3);
    }
    if (!by_names && made.type != "temporal_ordered") {
      for (std::size_t i = chance(20) ? 2 : 1; i > 0; --i) {
        made.comparisons.push_back(
            {.name = one_of(kComparisons), .number = static_cast<double>(below(12)) / 2});
      }
      if (made.comparisons.size() == 2 && made.comparisons[0].name == made.comparisons[1].name) {
        made.comparisons.pop_back();
      }
    }
    if (made.type.starts_with("value")) {
      made.measured = {one_of(kMeasured)};
      if (made.type == "value_count" && chance(30)) {
        made.measured = {"Weight", "QueryName"};
      }
    }
    made.percentile = made.type == "value_percentile" ? static_cast<double>(below(101)) : 50;
  }

  oracle::Rule rule(const std::string& id) {
    oracle::Rule made;
    made.id = id;
    made.type = one_of(kTypes);
    made.lineage = one_of(kLineages);
    std::vector<int> all = {0, 1, 2, 3};
    std::shuffle(all.begin(), all.end(), random_);
    all.resize(1 + below(kDetections));
    made.rules = all;
    if (chance(35)) {
      made.anchor = all[below(all.size())];
    }
    choose_relations(made);
    made.timespan = static_cast<std::int64_t>(1 + below(12));
    choose_condition(made);
    if (chance(20)) {
      made.split = {chance(50) ? "QueryName" : "thing"};
      if (made.split.front() == "thing") {
        for (const int one : all) {
          made.aliases["thing"][one] = chance(50) ? "QueryName" : "Weight";
        }
      }
    }
    made.level = static_cast<int>(below(4));
    for (std::size_t i = chance(40) ? 1 + below(2) : 0; i > 0; --i) {
      made.escalate.emplace_back(condition(all, 1), static_cast<int>(below(5)));
    }
    if (made.escalate.size() == 2 &&
        text_of(made.escalate[0].first) == text_of(made.escalate[1].first)) {
      made.escalate.pop_back();
    }
    return made;
  }

  static constexpr std::array<const char*, 3> kImages = {R"(C:\\p.exe)", R"(c:\\P.exe)",
                                                         R"(C:\\q.exe)"};
  static constexpr std::array<const char*, 2> kNames = {"a.example", "b.example"};
  static constexpr std::array<const char*, 6> kWeights = {"1",     "2",    "-3",
                                                          "\"x\"", "0.25", "\"2.5\""};
  static constexpr std::array<const char*, 3> kMeasured = {"Weight", "Weight", "QueryName"};

  std::mt19937_64 random_;
  std::vector<Process> processes_;
  std::size_t number_ = 0;
};

// --- Rules as YAML ---

template <typename Items, typename Text>
std::string joined(const Items& items, Text text) {
  std::string all;
  for (const auto& item : items) {
    all += (all.empty() ? "" : ", ") + text(item);
  }
  return all;
}

std::string measure_text(const oracle::Rule& rule) {
  std::string text = joined(rule.comparisons, [](const Comparison& one) {
    return one.name + ": " + std::to_string(one.number);
  });
  if (!rule.measured.empty()) {
    text += ", field: [" + joined(rule.measured, [](const auto& field) { return field; }) + "]";
  }
  if (rule.type == "value_percentile") {
    text += ", percentile: " + std::to_string(rule.percentile);
  }
  return "{" + text + "}";
}

std::string yaml_of(const oracle::Rule& rule) {
  std::string yaml =
      "title: C\nid: " + rule.id + "\nlevel: " + kLevels.at(static_cast<std::size_t>(rule.level)) +
      "\ncorrelation:\n  type: " + rule.type + "\n  rules: [" + joined(rule.rules, name_of) +
      "]\n  group-by: [" + rule.lineage + (rule.split.empty() ? "" : ", " + rule.split.front()) +
      "]\n  timespan: " + std::to_string(rule.timespan) + "s\n";
  if (rule.anchor) {
    yaml += "  anchor: " + name_of(*rule.anchor) + "\n";
  }
  if (!rule.relation.empty()) {
    yaml += "  relation: {" +
            joined(rule.relation,
                   [](const auto& entry) { return name_of(entry.first) + ": " + entry.second; }) +
            "}\n";
  }
  if (!rule.aliases.empty()) {
    yaml += "  aliases: {thing: {" +
            joined(rule.aliases.at("thing"),
                   [](const auto& entry) { return name_of(entry.first) + ": " + entry.second; }) +
            "}}\n";
  }
  if (rule.condition) {
    yaml += "  condition: " + text_of(*rule.condition) + "\n";
  } else if (!rule.comparisons.empty()) {
    yaml += "  condition: " + measure_text(rule) + "\n";
  }
  if (!rule.escalate.empty()) {
    yaml += "  escalate:\n";
    for (const auto& [condition, level] : rule.escalate) {
      yaml.append("    ").append(text_of(condition)).append(": ");
      yaml.append(kLevels.at(static_cast<std::size_t>(level))).append("\n");
    }
  }
  return yaml;
}

std::string yaml_of(const std::vector<oracle::Rule>& rules) {
  std::string yaml;
  for (int rule = 0; rule < kDetections; ++rule) {
    const std::string name = name_of(rule);
    yaml.append("title: R\nid: d").append(name).append("\nname: ").append(name);
    yaml.append("\nlogsource: {product: windows}\ndetection: {s: {User|contains: '").append(name);
    yaml.append(".'}, condition: s}\n---\n");
  }
  for (const oracle::Rule& rule : rules) {
    yaml += yaml_of(rule) + "---\n";
  }
  return yaml;
}

// --- One case, both ways ---

/// The records as the reference sees them. Which detections hold, and the order among events of one
/// time and kind, are read off the parsed event.
std::vector<oracle::Event> events_of(const std::vector<std::string>& records) {
  std::vector<oracle::Event> events;
  test::Looker looker([&events](const Event& event) {
    oracle::Event& made = events.emplace_back();
    made.uid = event.vendor_event_uid;
    made.process = event.actor.vendor_uid;
    made.parent = event.parent.vendor_uid;
    made.program = fold(std::string(event.host) + " " + std::string(event.field(FieldId::image)));
    made.time = event.time / kNanosPerSecond;
    made.rank = event.type == EventType::process_creation ? 0
                : event.type == EventType::dns_query      ? 3
                                                          : 2;
    made.tie = to_string(event.uid);
    for (int rule = 0; rule < kDetections; ++rule) {
      if (event.field(FieldId::user).find(name_of(rule) + ".") != std::string_view::npos) {
        made.rules.insert(rule);
      }
    }
    if (event.has(FieldId::query_name)) {
      made.fields["QueryName"] = event.field(FieldId::query_name);
    }
    for (const ExtraField& extra : event.extra) {
      made.fields[std::string(extra.name)] = extra.value;
    }
  });
  RecordParser parser(Projection::everything());
  for (const std::string& record : records) {
    const std::string text = test::padded(record);
    parser.parse(std::string_view(text).substr(0, record.size()), {}, looker);
  }
  EXPECT_EQ(looker.errors.size(), 0U);
  return events;
}

std::set<oracle::Found> found_by_pipeline(const RuleSet& rules, const Case& one) {
  Pipeline pipeline(rules, {});
  for (std::size_t i = 0; i < one.records.size(); ++i) {
    const std::string text = test::padded(one.records[i]);
    pipeline.take(std::string_view(text).substr(0, one.records[i].size()),
                  {.input = 0, .offset = i, .line = i + 1});
    if (one.settles[i]) {
      pipeline.settle();
    }
  }
  std::set<oracle::Found> all;
  for (const Finding& finding : pipeline.findings()) {
    if (!finding.rule.correlation) {
      continue;  // Of a detection that no correlation lists.
    }
    oracle::Found found;
    found.rule = finding.rule.id;
    const auto program = std::ranges::find(finding.group, "program", &GroupValue::first);
    if (program != finding.group.end()) {
      found.anchor = fold(finding.host_key + " " + program->second);
    } else {
      found.anchor = finding.anchor ? finding.processes[*finding.anchor].uid : "";
    }
    found.level = static_cast<int>(std::ranges::find(kLevels, finding.level) - kLevels.begin());
    for (const FindingEvidence& evidence : finding.evidence) {
      found.evidence.emplace(evidence.vendor_event_uid, std::stoi(evidence.step.substr(1)),
                             evidence.required);
    }
    EXPECT_LE(found.evidence.size(), finding.evidence_total);
    EXPECT_TRUE(!finding.group.empty() || found.evidence.size() == finding.evidence_total);
    all.insert(std::move(found));
  }
  return all;
}

std::string describe(const std::set<oracle::Found>& all) {
  std::string text;
  for (const oracle::Found& found : all) {
    text +=
        "  " + found.rule + " at " + found.anchor + ", level " + std::to_string(found.level) + ":";
    for (const auto& [event, rule, required] : found.evidence) {
      text += " " + event + "=" + name_of(rule) + (required ? "!" : "");
    }
    text += "\n";
  }
  return text;
}

bool agree(const Case& one) {
  const LoadedRules loaded = load_rules({{.path = "c.yml", .content = yaml_of(one.rules)}});
  return found_by_pipeline(loaded.rules, one) ==
         oracle::expected(one.rules, events_of(one.records), one.starts);
}

/// Takes away rules and records while the case still fails.
Case shrink(Case one) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t i = 0; i < one.rules.size(); ++i) {
      Case less = one;
      less.rules.erase(less.rules.begin() + static_cast<std::ptrdiff_t>(i));
      if (!less.rules.empty() && !agree(less)) {
        one = less;
        smaller = true;
      }
    }
    for (std::size_t i = 0; i < one.records.size(); ++i) {
      Case less = one;
      less.records.erase(less.records.begin() + static_cast<std::ptrdiff_t>(i));
      less.settles.erase(less.settles.begin() + static_cast<std::ptrdiff_t>(i));
      if (!agree(less)) {
        one = less;
        smaller = true;
      }
    }
  }
  return one;
}

std::string story(const Case& one) {
  std::string text = yaml_of(one.rules) + "\n";
  for (std::size_t i = 0; i < one.records.size(); ++i) {
    text += one.records[i] + (one.settles[i] ? "  (settle)" : "") + "\n";
  }
  const LoadedRules loaded = load_rules({{.path = "c.yml", .content = yaml_of(one.rules)}});
  return text + "wanted:\n" +
         describe(oracle::expected(one.rules, events_of(one.records), one.starts)) + "got:\n" +
         describe(found_by_pipeline(loaded.rules, one));
}

/// What the cases came to: a reference that finds nothing would agree with an engine that finds
/// nothing.
struct Tally {
  std::size_t cases = 0;
  std::map<std::string, std::size_t> by_type;
  std::map<std::string, std::size_t> by_relation;
  std::map<std::string, std::size_t> by_lineage;
  std::size_t never = 0;  ///< Rules that the loader refused as impossible.
};

/// Drops the rules that the loader calls impossible; none may be refused for another reason.
void keep_possible(Case& one, Tally& tally) {
  std::erase_if(one.rules, [&tally](const oracle::Rule& rule) {
    const LoadedRules loaded =
        load_rules({{.path = "c.yml", .content = yaml_of(std::vector{rule})}});
    bool refused = false;
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
      refused = refused || diagnostic.severity == Severity::error;
      const bool expected = diagnostic.message.find("can never hold") != std::string::npos ||
                            diagnostic.message.find("are not counted") != std::string::npos;
      EXPECT_TRUE(expected) << render(diagnostic);
    }
    tally.never += refused ? 1U : 0U;
    return refused;
  });
}

void count(const Case& one, const std::set<oracle::Found>& found, Tally& tally) {
  ++tally.cases;
  for (const oracle::Rule& rule : one.rules) {
    const bool fires = std::ranges::find(found, rule.id, &oracle::Found::rule) != found.end();
    tally.by_type[rule.type] += fires ? 1U : 0U;
    tally.by_lineage[rule.lineage] += fires ? 1U : 0U;
    for (const auto& [step, relation] : rule.relation) {
      tally.by_relation[relation] += fires ? 1U : 0U;
    }
  }
}

/// False if the case failed.
bool run(std::uint64_t seed, Tally& tally) {
  Case one = Generator(seed).make();
  keep_possible(one, tally);
  if (one.rules.empty()) {
    return true;
  }
  count(one, oracle::expected(one.rules, events_of(one.records), one.starts), tally);
  if (agree(one)) {
    return !testing::Test::HasFailure();
  }
  ADD_FAILURE() << "seed " << seed << ":\n" << story(shrink(one));
  return false;
}

TEST(LineageOracle, EveryTypeAlongTheTree) {
  Tally tally;
  if (const std::uint64_t seed = test::asked_seed(); seed != 0) {
    EXPECT_TRUE(run(seed, tally));
    return;
  }
  // Cases that were judged: a seed whose rules the engine rightly refuses makes none.
  const std::uint64_t cases = test::rounds(test::fewer_if_sanitized(2'000), 100'000);
  std::uint64_t seed = 0;
  while (tally.cases < cases) {
    ASSERT_TRUE(run(++seed, tally));
    ASSERT_LT(seed, 2 * cases) << "most seeds make no case";
  }
  std::printf("%zu cases, seeds 1 to %llu; rules that fired:", tally.cases,
              static_cast<unsigned long long>(seed));
  for (const char* type : kTypes) {
    std::printf(" %s %zu", type, tally.by_type[type]);
    EXPECT_GT(tally.by_type[type], cases / 100) << type;
  }
  for (const char* relation : kRelations) {
    std::printf(" %s %zu", relation, tally.by_relation[relation]);
    EXPECT_GT(tally.by_relation[relation], cases / 100) << relation;
  }
  for (const char* lineage : {"process", "process_tree", "program", "program_tree"}) {
    std::printf(" %s %zu", lineage, tally.by_lineage[lineage]);
    EXPECT_GT(tally.by_lineage[lineage], cases / 100) << lineage;
  }
  std::printf("\n");
}

}  // namespace
}  // namespace spoor
