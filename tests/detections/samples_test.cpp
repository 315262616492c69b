// Every bundled rule against its samples: detections/<threat>/samples/<name>.hit.ndjson and
// <name>.near_miss.ndjson. Each line of a detection's hit sample must make it hold, no line of a
// near miss may. A correlation's hit sample makes one finding, its near miss none.

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "cli/bundled_rules.h"
#include "engine/pipeline.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

/// Lines with the readable bytes behind each that the parser needs.
std::vector<std::string> read_lines(const fs::path& path) {
  std::vector<std::string> lines;
  auto source = open_source(path.string());
  if (!source) {
    ADD_FAILURE() << source.error().message;
    return lines;
  }
  RecordReader reader(std::move(*source));
  for (RecordRead read = reader.read(); read.status != ReadStatus::end; read = reader.read()) {
    EXPECT_EQ(read.status, ReadStatus::record) << path;
    lines.emplace_back(read.text);
  }
  return lines;
}

void take(Pipeline& pipeline, const std::string& line) {
  const std::string text = line + std::string(RecordParser::kJsonPadding, '\0');
  pipeline.take(std::string_view(text).substr(0, line.size()), {});
}

const RuleSet& rules() {
  static const LoadedRules kLoaded = load_rules(bundled_rules());
  return kLoaded.rules;
}

/// A rule set of one detection that reports by itself.
RuleSet alone(const DetectionRule& rule) {
  RuleSet set;
  set.detections.push_back(rule);
  set.detections.back().makes_finding = true;
  return set;
}

fs::path sample_of(const RuleMeta& meta, const std::string& kind) {
  return fs::path(SPOOR_SOURCE_DIR) / fs::path(meta.file).parent_path() / "samples" /
         (meta.name + "." + kind + ".ndjson");
}

TEST(Samples, EveryRuleIsComplete) {
  const auto check = [](const RuleMeta& meta) {
    EXPECT_FALSE(meta.name.empty()) << meta.file;
    EXPECT_FALSE(meta.description.empty()) << meta.file;
    EXPECT_FALSE(meta.references.empty()) << meta.file;
    EXPECT_FALSE(meta.false_positives.empty()) << meta.file;
    EXPECT_TRUE(std::ranges::any_of(meta.tags, [](const std::string& tag) {
      return tag.starts_with("attack.");
    })) << meta.file;
    EXPECT_EQ(meta.license, "Apache-2.0") << meta.file;
    EXPECT_TRUE(fs::exists(sample_of(meta, "hit"))) << meta.name;
    EXPECT_TRUE(fs::exists(sample_of(meta, "near_miss"))) << meta.name;
  };
  for (const DetectionRule& rule : rules().detections) {
    check(rule.meta);
  }
  for (const CorrelationRule& rule : rules().correlations) {
    check(rule.meta);
  }
  EXPECT_GE(rules().detections.size(), 10U);
  EXPECT_GE(rules().correlations.size(), 1U);
}

TEST(Samples, DetectionsHoldForTheirHitsAndNotForNearMisses) {
  for (const DetectionRule& rule : rules().detections) {
    const RuleSet set = alone(rule);
    for (const std::string kind : {"hit", "near_miss"}) {
      const std::vector<std::string> lines = read_lines(sample_of(rule.meta, kind));
      EXPECT_FALSE(lines.empty()) << rule.meta.name;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        Pipeline pipeline(set, {});
        take(pipeline, lines[i]);
        EXPECT_EQ(pipeline.accounting().total().applied, 1U)
            << rule.meta.name << "." << kind << " line " << i + 1;
        EXPECT_EQ(pipeline.findings().size(), kind == "hit" ? 1U : 0U)
            << rule.meta.name << "." << kind << " line " << i + 1;
      }
    }
  }
}

TEST(Samples, CorrelationsHoldForTheirHitsAndNotForNearMisses) {
  for (const CorrelationRule& rule : rules().correlations) {
    for (const std::string kind : {"hit", "near_miss"}) {
      Pipeline pipeline(rules(), {});
      for (const std::string& line : read_lines(sample_of(rule.meta, kind))) {
        take(pipeline, line);
      }
      EXPECT_EQ(pipeline.accounting().total().dead_lettered, 0U) << rule.meta.name << "." << kind;
      EXPECT_EQ(pipeline.findings().size(), kind == "hit" ? 1U : 0U)
          << rule.meta.name << "." << kind;
    }
  }
}

}  // namespace
}  // namespace spoor
