// Correlations say what the Sigma cases say: hand-written vectors, and random streams of which a
// brute-force evaluator of another make has said at which events each rule holds.
//
// tests/data/sigma has some of them; the others stand beside the repository, and without them that
// test is skipped.

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/correlation/field_reader.h"
#include "engine/correlation/window_evaluator.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/load.h"
#include "parsers/flat/flat_event.h"
#include "parsers/json/json_scanner.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// (event, group) by the rule's id.
using Fires = std::map<std::string, std::set<std::pair<std::uint64_t, std::vector<std::string>>>>;

/// Some cases: {name, category, rules, events, fires, reject}.
class Cases {
 public:
  /// Reads a record of a file of cases. A small file is one array, of a large one the reader hands
  /// over the elements.
  explicit Cases(std::string_view record) {
    const Result<void> read = scanner_.scan(record, document_);
    EXPECT_TRUE(read);
  }

  template <typename Look>
  void for_each(Look look) const {
    if (document_.node(0).kind == NodeKind::object) {
      look(NodeIndex{0});
      return;
    }
    document_.for_each_child(0, [&](const Node&, NodeIndex index) { look(index); });
  }

  [[nodiscard]] const Document& document() const { return document_; }

  [[nodiscard]] std::string text(NodeIndex object, std::string_view key) const {
    const NodeIndex found = document_.find(object, key);
    return found == kNoNode ? "" : std::string(document_.node(found).raw_text());
  }

 private:
  JsonScanner scanner_;
  Document document_;
};

Fires wanted(const Cases& cases, NodeIndex one) {
  Scratch scratch;
  Fires fires;
  const Document& document = cases.document();
  document.for_each_child(document.find(one, "fires"), [&](const Node& rule, NodeIndex list) {
    auto& of_rule = fires[std::string(key_of(rule, scratch))];
    document.for_each_child(list, [&](const Node&, NodeIndex pair) {
      const NodeIndex event = pair + 1;
      std::vector<std::string> group;
      document.for_each_child(document.node(event).end, [&](const Node& value, NodeIndex) {
        group.emplace_back(text_of(value, scratch));
      });
      of_rule.emplace(std::stoull(std::string(document.node(event).raw_text())), group);
    });
  });
  return fires;
}

Fires found(const Cases& cases, NodeIndex one, const RuleSet& rules) {
  Fires fires;
  for (const WindowCorrelation& rule : rules.window_correlations) {
    fires[rule.meta.id];
  }
  WindowEvaluator evaluator(rules, WindowReporting::every, [&](const WindowFiring& firing) {
    fires[rules.window_correlations[firing.rule].meta.id].emplace(firing.event, firing.group);
  });
  Matcher matcher =
      Matcher::create(rules, nullptr, {.canonical = false, .by_name = true, .route = false});
  Scratch scratch;
  Event event;
  std::vector<std::size_t> hits;
  std::uint64_t number = 0;
  cases.document().for_each_child(
      cases.document().find(one, "events"), [&](const Node&, NodeIndex index) {
        event.clear();
        hits.clear();
        EXPECT_TRUE(
            read_flat_event(cases.document(), index, FlatRoute::none, scratch, event).has_value());
        matcher.match(event, hits);
        evaluator.add({.order = {.time = event.time, .rank = 0, .uid = {.high = 1, .low = number}},
                       .number = number,
                       .record = {},
                       .duplicate = false,
                       .hits = {}},
                      hits, EventFieldsView(event));
        ++number;
      });
  evaluator.finish();
  return fires;
}

void check_case(const Cases& cases, NodeIndex one) {
  SCOPED_TRACE(cases.text(one, "name"));
  const LoadedRules loaded =
      load_rules({{.path = "rules.json", .content = cases.text(one, "rules")}});
  if (!cases.text(one, "reject").empty()) {
    EXPECT_GT(loaded.rejected, 0U);
    EXPECT_TRUE(loaded.rules.window_correlations.empty());
    return;
  }
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    EXPECT_EQ(diagnostic.severity, Severity::warning) << render(diagnostic);
  }
  EXPECT_EQ(found(cases, one, loaded.rules), wanted(cases, one));
}

/// Checks the correlations among the cases of a file; returns how many there were.
std::size_t check(const fs::path& path) {
  Result<std::unique_ptr<ByteSource>> source = open_source(path.string());
  EXPECT_TRUE(source) << path;
  if (!source) {
    return 0;
  }
  RecordReader reader(std::move(*source));
  std::size_t checked = 0;
  for (RecordRead read = reader.read(); read.status == ReadStatus::record; read = reader.read()) {
    const Cases cases(read.text);
    cases.for_each([&](NodeIndex one) {
      if (cases.document().find(one, "fires") != kNoNode) {
        ++checked;
        check_case(cases, one);
      }
    });
  }
  return checked;
}

TEST(SigmaCorrelations, Vectors) {
  EXPECT_EQ(check(SPOOR_SOURCE_DIR "/tests/data/sigma/vectors.json"), 21U);
}

TEST(SigmaCorrelations, RandomStreamsOfEveryType) {
  EXPECT_EQ(check(SPOOR_SOURCE_DIR "/tests/data/sigma/correlations.json"), 12U);
}

TEST(SigmaCorrelations, AllRandomStreams) {
  const fs::path path = SPOOR_SOURCE_DIR "/../shared/data/sigma-cases/correlation-random.json";
  if (!fs::exists(path)) {
    GTEST_SKIP() << "skipped: the shared cases are not here";
  }
  EXPECT_GE(check(path), 80U);
}

}  // namespace
}  // namespace spoor
