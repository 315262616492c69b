// The index leaves out no rule that holds: match() gives what match_plainly() gives, whatever the
// rules, the events, and what the process graph knows of them.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "engine/matcher/matcher.h"
#include "parsers/record_parser.h"
#include "replay/byte_source.h"
#include "replay/record_reader.h"
#include "tests/source_dir.h"
#include "tests/support/long_run.h"
#include "tests/support/parsing.h"
#include "tests/support/random_rules.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;
using test::Dice;
using test::EventMixer;

/// Ten times as much where there is time: SPOOR_LONG=1.
std::size_t times_if_long(std::size_t count) {
  return test::is_long_run() ? 10 * count : count;
}

using Rules = std::vector<std::size_t>;

std::string names_of(const RuleSet& rules, const Rules& hits) {
  std::string names;
  for (const std::size_t rule : hits) {
    names +=
        " " + rules.detections[rule].meta.title + " (" + rules.detections[rule].meta.file + ")";
  }
  return names;
}

/// One matcher that looks things up, and one that does not: neither can lean on the other's memory.
class Twins {
 public:
  Twins(const RuleSet& rules, const MatcherOptions& options)
      : rules_(rules),
        indexed_(Matcher::create(rules, nullptr, options)),
        plain_(Matcher::create(rules, nullptr, options)) {}

  /// Both on one event; false, and the test has failed, if they differ.
  bool agree(const Event& event, const Lineage* lineage = nullptr) {
    hits_.clear();
    plain_hits_.clear();
    open_.clear();
    indexed_.match(event, hits_, lineage, lineage == nullptr ? nullptr : &open_);
    plain_.match_plainly(event, plain_hits_, lineage);
    count_ += plain_hits_.size();
    EXPECT_TRUE(std::ranges::is_sorted(hits_));
    EXPECT_EQ(hits_, plain_hits_) << "indexed:" << names_of(rules_, hits_)
                                  << "\nplain:" << names_of(rules_, plain_hits_) << "\n"
                                  << test::describe_fields(event);
    return hits_ == plain_hits_ && agrees_again(event, lineage);
  }

  [[nodiscard]] const Rules& hits() const { return hits_; }

  [[nodiscard]] const Rules& open() const { return open_; }

  [[nodiscard]] std::size_t hit_count() const { return count_; }

  /// Rules that the index spared, of those that the plain twin asked.
  [[nodiscard]] double spared() const {
    return 1 - static_cast<double>(indexed_.evaluations() - evaluated_again_) /
                   static_cast<double>(std::max<std::size_t>(1, plain_.evaluations()));
  }

 private:
  /// An event that was seen before is answered from memory: the same.
  bool agrees_again(const Event& event, const Lineage* lineage) {
    Rules hits;
    Rules open;
    const std::size_t before = indexed_.evaluations();
    indexed_.match(event, hits, lineage, lineage == nullptr ? nullptr : &open);
    evaluated_again_ += indexed_.evaluations() - before;
    EXPECT_EQ(hits, hits_);
    EXPECT_EQ(open, open_);
    return hits == hits_ && open == open_;
  }

  const RuleSet& rules_;
  Matcher indexed_;
  Matcher plain_;
  Rules hits_;
  Rules plain_hits_;
  Rules open_;
  std::size_t count_ = 0;
  std::size_t evaluated_again_ = 0;  ///< For events that were matched a second time.
};

std::string text_of_rule(std::size_t seed, std::size_t rule) {
  return "seed " + std::to_string(seed) + ", rule " + std::to_string(rule);
}

TEST(MatcherIndex, FindsEveryRuleThatHolds) {
  constexpr std::size_t kRules = 50;
  constexpr std::size_t kEvents = 200;
  const std::size_t rounds = times_if_long(12);
  std::size_t pairs = 0;
  std::size_t hits = 0;
  std::size_t loaded_rules = 0;
  for (std::size_t seed = 0; seed < rounds; ++seed) {
    Dice dice(seed);
    const LoadedRules loaded = test::random_rules(dice, kRules, false);
    loaded_rules += loaded.rules.detections.size();
    const bool by_name = seed % 4 == 3;
    Twins twins(loaded.rules,
                {.canonical = seed % 3 != 2, .by_name = by_name, .route = seed % 2 == 0});
    EventMixer mixer(dice);
    for (std::size_t i = 0; i < kEvents; ++i) {
      const Event event = mixer.event_for(loaded.rules, by_name);
      ASSERT_TRUE(twins.agree(event)) << text_of_rule(seed, i);
      pairs += loaded.rules.detections.size();
    }
    hits += twins.hit_count();
    EXPECT_GT(twins.spared(), 0.1) << seed;
  }
  std::printf("%zu pairs, %zu hits\n", pairs, hits);
  // The rules are rules, and the events are about them.
  EXPECT_GT(loaded_rules, rounds * kRules * 9 / 10);
  EXPECT_GT(hits, pairs / 50);
}

/// A rule for each word, which all have the same field for their witness, if they have one: it is
/// there; it is there and another is not; it is not there. What a value refutes is remembered, too.
std::vector<RuleFile> rules_of_words(const std::string& field) {
  std::vector<RuleFile> files;
  constexpr const char* kModifiers[] = {"", "|contains", "|startswith", "|endswith"};
  constexpr const char* kConditions[] = {"s", "s and not t", "not s", "not (s or t)"};
  const auto selection = [&](const char* name, std::size_t word, std::size_t modifier) {
    std::string yaml = std::string("  ") + name + ":\n    ";
    yaml.append(field).append(kModifiers[modifier % std::size(kModifiers)]).append(": ");
    yaml.append(test::single_quoted(test::kRandomWords[word % std::size(test::kRandomWords)]));
    return yaml + "\n";
  };
  for (std::size_t i = 0; i < std::size(test::kRandomWords); ++i) {
    const std::string number = std::to_string(100 + i);
    std::string yaml = "title: T\nid: '" + number;
    yaml.append("'\nlogsource: {product: windows}\ndetection:\n");
    yaml.append(selection("s", i, i)).append(selection("t", i + 1, i / 4));
    yaml.append("  condition: ").append(kConditions[i % 16 / 4]).append("\n");
    files.push_back({.path = number, .content = std::move(yaml)});
  }
  return files;
}

TEST(MatcherIndex, RemembersValuesRightly) {
  // More values than are remembered, and between them a few again and again: so often that the
  // index does not stop remembering.
  Dice dice(7);
  const LoadedRules loaded = load_rules(rules_of_words("Image"));
  Twins twins(loaded.rules, {.canonical = true, .by_name = false, .route = false});
  EventMixer mixer(dice);
  std::vector<Event> events;
  const std::size_t distinct = times_if_long(2'500);
  for (std::size_t i = 0; i < distinct; ++i) {
    events.push_back(mixer.event_for(loaded.rules, false));
    Event& event = events.back();
    const std::string number = std::to_string(i);
    mixer.set(event, {.name = "Image", .id = FieldId::image},
              "C:\\Windows\\" + number + mixer.distorted("\\cmd.exe"), false);
    if (dice.chance(30)) {  // The same value, and beside it another vendor's text each time.
      event.originals.push_back({.field = FieldId::image, .value = mixer.keep("\\c" + number)});
    }
  }
  for (std::size_t i = 0; i < 3 * distinct; ++i) {
    Event event = events[dice.chance(70) ? dice.below(20) : dice.below(events.size())];
    if (dice.chance(30)) {
      event.originals.clear();
      event.originals.push_back({.field = FieldId::image, .value = mixer.keep(mixer.some_value())});
    }
    ASSERT_TRUE(twins.agree(event)) << i;
  }
  EXPECT_GT(twins.hit_count(), distinct);
}

TEST(MatcherIndex, StopsRememberingAndBeginsAgain) {
  // So many distinct values that remembering does not pay, so many more that it is tried again, and
  // then repeats. As elements of arrays, which costs less than as many events.
  const LoadedRules loaded = load_rules(rules_of_words("Vendor.Name"));
  ASSERT_EQ(loaded.rejected, 0U);
  Twins twins(loaded.rules, {});
  Dice dice(9);
  EventMixer mixer(dice);
  std::size_t count = 0;
  const auto event_of = [&](std::size_t elements, bool distinct) {
    Event event;
    event.type = EventType::process_creation;
    event.platform = Platform::windows;
    for (std::size_t i = 0; i < elements; ++i) {
      std::string value = test::random_text(dice, 2);
      value = distinct ? std::to_string(++count) + (dice.chance(30) ? "\\cmd.exe" : "x") : value;
      event.extra.push_back({.name = "Vendor.Name", .value = mixer.keep(std::move(value))});
    }
    return event;
  };
  for (const auto& [elements, distinct] :
       {std::pair{200U, false}, {3'000U, true}, {1U, false}, {70'000U, true}, {1'000U, false}}) {
    ASSERT_TRUE(twins.agree(event_of(elements, distinct))) << elements;
    for (std::size_t i = 0; i < 300; ++i) {
      ASSERT_TRUE(twins.agree(event_of(1 + dice.below(2), dice.chance(20)))) << elements;
    }
  }
  EXPECT_GT(twins.hit_count(), 1'000U);
}

// --- With a process graph
// ----------------------------------------------------------------------------------------------

/// A graph that knows some fields, may learn others, and has learned them when told so.
class FakeLineage final : public Lineage {
 public:
  FakeLineage(Dice& dice, EventMixer& mixer, const RuleSet& rules) {
    std::vector<const Expr*> tests;
    for (std::size_t about = 0; about < 2; ++about) {
      test::collect_tests(dice.of(rules.detections).condition, tests);
    }
    const auto value_of = [&](FieldId id) {
      std::vector<const Expr*> of_field;
      std::ranges::copy_if(tests, std::back_inserter(of_field),
                           [id](const Expr* test) { return test->field.id == id; });
      return mixer.keep(of_field.empty() || dice.chance(20)
                            ? mixer.some_value()
                            : mixer.value_for(dice.of(of_field)->test));
    };
    constexpr FieldId kKnown[] = {FieldId::image, FieldId::parent_image, FieldId::command_line,
                                  FieldId::parent_command_line, FieldId::user};
    for (const FieldId id : kKnown) {
      Answer& answer = fields_[id];
      answer.may_change = dice.chance(60);
      answer.before = dice.chance(50) ? value_of(id) : std::string_view();
      answer.after = !answer.may_change ? answer.before
                     : dice.chance(80)  ? value_of(id)
                                        : answer.before;
    }
    for (const FieldId id : {FieldId::image, FieldId::command_line, FieldId::user}) {
      Ancestors& ancestors = ancestors_[id];
      ancestors.may_change = dice.chance(50);
      for (std::size_t count = dice.below(3); count > 0; --count) {
        ancestors.before.push_back(value_of(id));
      }
      ancestors.after = ancestors.before;
      for (std::size_t count = ancestors.may_change ? dice.below(3) : 0; count > 0; --count) {
        ancestors.after.push_back(value_of(id));
      }
    }
  }

  void learn() { learned_ = true; }

  [[nodiscard]] LineageValue field(FieldId id) const override {
    const auto known = fields_.find(id);
    if (known == fields_.end()) {
      return {.text = {}, .may_change = false};
    }
    return learned_
               ? LineageValue{.text = known->second.after, .may_change = false}
               : LineageValue{.text = known->second.before, .may_change = known->second.may_change};
  }

  bool ancestors(FieldId id, std::vector<std::string_view>& values) const override {
    const auto known = ancestors_.find(id);
    if (known == ancestors_.end()) {
      return false;
    }
    values = learned_ ? known->second.after : known->second.before;
    return !learned_ && known->second.may_change;
  }

 private:
  struct Answer {
    std::string_view before;
    std::string_view after;
    bool may_change = false;
  };

  struct Ancestors {
    std::vector<std::string_view> before;
    std::vector<std::string_view> after;
    bool may_change = false;
  };

  bool learned_ = false;
  std::map<FieldId, Answer> fields_;
  std::map<FieldId, Ancestors> ancestors_;
};

TEST(MatcherIndex, LeavesOpenWhatTheGraphMayDecide) {
  constexpr std::size_t kRules = 40;
  constexpr std::size_t kEvents = 150;
  const std::size_t rounds = times_if_long(6);
  std::size_t changed = 0;
  std::size_t open = 0;
  for (std::size_t seed = 0; seed < rounds; ++seed) {
    Dice dice(1'000 + seed);
    const LoadedRules loaded = test::random_rules(dice, kRules, true);
    Twins twins(loaded.rules, {.canonical = seed % 2 == 0, .by_name = false, .route = true});
    EventMixer mixer(dice);
    for (std::size_t i = 0; i < kEvents; ++i) {
      const Event event = mixer.event_for(loaded.rules, false);
      FakeLineage lineage(dice, mixer, loaded.rules);
      ASSERT_TRUE(twins.agree(event, &lineage)) << text_of_rule(seed, i);
      const Rules before = twins.hits();
      const Rules left_open = twins.open();
      open += left_open.size();
      lineage.learn();
      ASSERT_TRUE(twins.agree(event, &lineage)) << text_of_rule(seed, i);
      EXPECT_TRUE(twins.open().empty()) << "nothing is left to learn";
      Rules differ;
      std::ranges::set_symmetric_difference(before, twins.hits(), std::back_inserter(differ));
      for (const std::size_t rule : differ) {
        ASSERT_NE(std::ranges::find(left_open, rule), left_open.end())
            << names_of(loaded.rules, {rule}) << " " << text_of_rule(seed, i) << "\n"
            << test::describe_fields(event);
      }
      changed += differ.size();
    }
  }
  std::printf("%zu left open, of which %zu changed\n", open, changed);
  EXPECT_GT(changed, rounds * kEvents / 10);
}

// --- Rules that people wrote
// -------------------------------------------------------------------------------------------

const LoadedRules& sigma_hq() {
  static const LoadedRules kLoaded = [] {
    const std::string folder = SPOOR_SOURCE_DIR "/../shared/data/sigma";
    if (!fs::is_directory(folder)) {
      return LoadedRules();
    }
    Result<LoadedRules> loaded = load_rule_paths({folder});
    return loaded ? std::move(*loaded) : LoadedRules();
  }();
  return kLoaded;
}

EventType type_of(const std::string& category) {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    if (category == to_string(static_cast<EventType>(type))) {
      return static_cast<EventType>(type);
    }
  }
  return category == "clipboard_change" ? EventType::clipboard_capture : EventType::other;
}

TEST(MatcherIndex, HoldsForSigmaHqOnEventsOfItsOwn) {
  const RuleSet& rules = sigma_hq().rules;
  if (rules.detections.empty()) {
    GTEST_SKIP() << "skipped: the SigmaHQ rules are not here";
  }
  Twins routed(rules, {.canonical = true, .by_name = false, .route = true});
  Twins everywhere(rules, {.canonical = true, .by_name = false, .route = false});
  Dice dice(3);
  EventMixer mixer(dice);
  const std::size_t rounds = times_if_long(1);
  std::vector<const Expr*> tests;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < rules.detections.size(); ++i) {
      const DetectionRule& rule = rules.detections[i];
      mixer.clear();
      Event event;
      event.type = type_of(rule.log_source.category);
      event.source = Source::sysmon;
      event.platform = rule.log_source.product == "linux"   ? Platform::linux
                       : rule.log_source.product == "macos" ? Platform::macos
                                                            : Platform::windows;
      tests.clear();
      test::collect_tests(rule.condition, tests);
      // All of a list, one of a list: whichever comes last stands for the field.
      std::vector<const Expr*> order(tests.size());
      for (std::size_t at = 0; at < tests.size(); ++at) {
        order[at] = tests[at];
        std::swap(order[at], order[dice.below(at + 1)]);
      }
      for (const Expr* one : order) {
        if (one->field.id != FieldId::channel) {
          mixer.set(event, one->field, mixer.value_for(one->test), false);
        }
      }
      // Every rule on every event takes long.
      Twins& twins = i % 16 == round % 16 ? everywhere : routed;
      ASSERT_TRUE(twins.agree(event)) << rule.meta.file;
    }
  }
  std::printf("%zu and %zu hits\n", routed.hit_count(), everywhere.hit_count());
  EXPECT_GT(routed.hit_count(), rules.detections.size() / 4);
  EXPECT_GT(everywhere.hit_count(), rules.detections.size() / 100);
}

TEST(MatcherIndex, HoldsForSigmaHqOnRecordedEvents) {
  const RuleSet& rules = sigma_hq().rules;
  if (rules.detections.empty()) {
    GTEST_SKIP() << "skipped: the SigmaHQ rules are not here";
  }
  Twins twins(rules, {.canonical = true, .by_name = false, .route = true});
  std::size_t events = 0;
  bool good = true;
  RecordParser parser(Projection::everything());
  test::Looker looker([&](const Event& event) {
    good = good && twins.agree(event);
    ++events;
  });
  std::vector<fs::path> files;
  const fs::path data = fs::path(SPOOR_SOURCE_DIR) / "tests/data";
  for (const char* folder : {"parse", "otrf"}) {
    for (const auto& entry : fs::directory_iterator(data / folder)) {
      const std::string name = entry.path().filename().string();
      if (name.find(".ndjson") != std::string::npos) {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  constexpr std::size_t kOfAFile = 150;
  for (const fs::path& file : files) {
    auto source = open_source(file.string());
    ASSERT_TRUE(source) << file;
    RecordReader reader(std::move(*source));
    std::size_t records = 0;
    for (RecordRead read = reader.read();
         read.status != ReadStatus::end && records < times_if_long(kOfAFile);
         read = reader.read(), ++records) {
      const std::string text = test::padded(read.text);
      parser.parse(std::string_view(text).substr(0, read.text.size()), {}, looker);
      ASSERT_TRUE(good) << file << " " << records;
    }
  }
  std::printf("%zu events, %zu hits\n", events, twins.hit_count());
  EXPECT_GT(events, 500U);
}

}  // namespace
}  // namespace spoor
