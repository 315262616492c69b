#include "engine/correlation/window_evaluator.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "engine/correlation/exact_sum.h"
#include "engine/rule/load.h"

namespace spoor {
namespace {

using Fields = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Fields as a test writes them down.
class MapReader final : public FieldReader {
 public:
  explicit MapReader(const Fields& fields) : fields_(fields) {}

  void read(const FieldRef& field, std::vector<std::string_view>& texts) const override {
    const auto found = fields_.find(field.name);
    if (found != fields_.end()) {
      texts.insert(texts.end(), found->second.begin(), found->second.end());
    }
  }

 private:
  const Fields& fields_;
};

/// An event on its way to the evaluator. Of the detections a, b, c, … those in `hits` held.
struct TestEvent {
  Timestamp time = 0;
  std::string hits;
  Fields fields;
};

/// A firing as tests compare it: (rule id, event, group).
using Fired = std::tuple<std::string, std::uint64_t, std::vector<std::string>>;

/// Detections a to d, whose indices are their places in the alphabet, and correlations c1, c2, ….
RuleSet rules_with(const std::vector<std::string>& correlations) {
  std::string yaml;
  for (const char name : std::string("abcd")) {
    yaml.append("title: ").append(1, name).append("\nid: ").append(1, name);
    yaml.append("\nlogsource: {category: test}\ndetection: {s: {k: ");
    yaml.append(1, name).append("}, condition: s}\n---\n");
  }
  for (std::size_t i = 0; i < correlations.size(); ++i) {
    const std::string name = "c" + std::to_string(i + 1);
    yaml.append("title: ").append(name).append("\nid: ").append(name);
    yaml.append("\ncorrelation: {").append(correlations[i]).append("}\n---\n");
  }
  LoadedRules loaded = load_rules({{.path = "test.yml", .content = yaml}});
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    EXPECT_EQ(diagnostic.severity, Severity::warning) << render(diagnostic);
  }
  EXPECT_EQ(loaded.rejected, 0U);
  return std::move(loaded.rules);
}

std::vector<std::size_t> indices_of(const std::string& hits) {
  std::vector<std::size_t> indices;
  for (const char hit : hits) {
    indices.push_back(static_cast<std::size_t>(hit - 'a'));
  }
  return indices;
}

/// Events of one time stand in the order of their numbers.
WindowEvent event_at(std::uint64_t number, Timestamp time) {
  return {.order = {.time = time, .rank = 0, .uid = {.high = 1, .low = number}},
          .number = number,
          .record = {},
          .duplicate = false,
          .hits = {}};
}

std::vector<Fired> evaluate(const RuleSet& rules,
                            const std::vector<TestEvent>& events,
                            WindowReporting reporting = WindowReporting::every,
                            const WindowLimits& limits = {},
                            WindowDrops* drops = nullptr) {
  std::vector<Fired> fired;
  WindowEvaluator evaluator(
      rules, reporting,
      [&](const WindowFiring& firing) {
        fired.emplace_back(rules.window_correlations[firing.rule].meta.id, firing.event,
                           firing.group);
      },
      limits);
  for (std::size_t i = 0; i < events.size(); ++i) {
    evaluator.add(event_at(i, events[i].time), indices_of(events[i].hits),
                  MapReader(events[i].fields));
  }
  evaluator.finish();
  if (drops != nullptr) {
    *drops = evaluator.drops();
  }
  return fired;
}

// --- The slow twin: every window from scratch ---

/// Judges an event by looking at all others. Shares nothing with the evaluator but the rules.
class SlowTwin {
 public:
  SlowTwin(const RuleSet& rules, const std::vector<TestEvent>& events) : rules_(rules) {
    std::vector<std::size_t> order(events.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return events[i].time; });
    items_.resize(rules.window_correlations.size());
    for (std::size_t rule = 0; rule < items_.size(); ++rule) {
      for (std::size_t place = 0; place < order.size(); ++place) {
        collect(rule, place, order[place], events[order[place]]);
      }
      std::ranges::stable_sort(items_[rule], {}, &Item::place);
      judge(rule);
    }
  }

  [[nodiscard]] const std::vector<Fired>& fired() const { return fired_; }

 private:
  /// What a rule sees: an event, or a firing of another rule at that event.
  struct Item {
    std::size_t place = 0;  // In the order of time and arrival.
    std::size_t event = 0;
    Timestamp time = 0;
    std::vector<std::size_t> listed;
    Fields fields;
  };

  struct Firing {
    std::size_t rule = 0;
    Item item;
  };

  void collect(std::size_t rule, std::size_t place, std::size_t number, const TestEvent& event) {
    const WindowCorrelation& correlation = rules_.window_correlations[rule];
    Item own{
        .place = place, .event = number, .time = event.time, .listed = {}, .fields = event.fields};
    for (std::size_t i = 0; i < correlation.rules.size(); ++i) {
      const ListedRule& listed = correlation.rules[i];
      const char name = static_cast<char>('a' + listed.index);
      if (!listed.is_correlation && event.hits.find(name) != std::string::npos) {
        own.listed.push_back(i);
      }
    }
    if (!own.listed.empty()) {
      items_[rule].push_back(own);
    }
    for (const Firing& firing : firings_) {
      if (firing.item.place != place) {
        continue;
      }
      Item item = firing.item;
      item.listed.clear();
      for (std::size_t i = 0; i < correlation.rules.size(); ++i) {
        const ListedRule& listed = correlation.rules[i];
        if (listed.is_correlation && listed.index == firing.rule) {
          item.listed.push_back(i);
        }
      }
      if (!item.listed.empty()) {
        items_[rule].push_back(item);
      }
    }
  }

  static std::optional<std::vector<std::string>> group_of(const WindowCorrelation& correlation,
                                                          const Item& item,
                                                          std::size_t listed) {
    std::vector<std::string> group;
    for (const GroupField& field : correlation.group_by) {
      const auto found = item.fields.find(field.of_rule[listed]);
      if (found == item.fields.end() || found->second.empty()) {
        return std::nullopt;
      }
      group.push_back(found->second.front());
    }
    return group;
  }

  void judge(std::size_t rule) {
    const WindowCorrelation& correlation = rules_.window_correlations[rule];
    const std::vector<Item>& items = items_[rule];
    for (std::size_t last = 0; last < items.size(); ++last) {
      std::vector<std::vector<std::string>> groups;
      for (const std::size_t listed : items[last].listed) {
        const auto group = group_of(correlation, items[last], listed);
        if (group && std::ranges::find(groups, *group) == groups.end()) {
          groups.push_back(*group);
        }
      }
      for (const std::vector<std::string>& group : groups) {
        std::vector<Item> window;
        for (std::size_t i = 0; i <= last; ++i) {
          Item part = items[i];
          std::erase_if(part.listed, [&](std::size_t listed) {
            return group_of(correlation, part, listed) != group;
          });
          if (!part.listed.empty() && part.time >= items[last].time - correlation.timespan) {
            window.push_back(part);
          }
        }
        if (holds(correlation, window)) {
          fire(rule, items[last], group);
        }
      }
    }
  }

  void fire(std::size_t rule, const Item& item, const std::vector<std::string>& group) {
    const WindowCorrelation& correlation = rules_.window_correlations[rule];
    fired_.emplace_back(correlation.meta.id, item.event, group);
    Firing firing{.rule = rule, .item = item};
    for (std::size_t i = 0; i < group.size(); ++i) {
      firing.item.fields[correlation.group_by[i].name] = {group[i]};
    }
    firings_.push_back(firing);
  }

  static bool seen(const SeenExpr& expr, const std::vector<bool>& listed) {
    const auto child = [&](const SeenExpr& node) { return seen(node, listed); };
    switch (expr.kind) {
      case SeenExpr::Kind::all: return std::ranges::all_of(expr.children, child);
      case SeenExpr::Kind::any: return std::ranges::any_of(expr.children, child);
      case SeenExpr::Kind::negation: return !child(expr.children[0]);
      case SeenExpr::Kind::seen: return listed[expr.rule];
    }
    return false;
  }

  static bool holds(const WindowCorrelation& correlation, const std::vector<Item>& window) {
    std::vector<bool> listed(correlation.rules.size());
    std::vector<double> numbers;
    std::vector<std::vector<std::string>> values;
    std::size_t step = 0;
    for (const Item& item : window) {
      bool stepped = false;
      for (const std::size_t place : item.listed) {
        listed[place] = true;
        stepped = stepped || place == step;
      }
      step += stepped ? 1 : 0;
      add_values(correlation, item, values, numbers);
    }
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::ranges::sort(numbers);
    double sum = 0;
    for (const double number : numbers) {
      sum += number;
    }
    const auto satisfied = [&](double measure) {
      return std::ranges::all_of(correlation.thresholds, [&](const Threshold& threshold) {
        return threshold.holds(measure);
      });
    };
    switch (correlation.type) {
      case WindowCorrelationType::event_count: return satisfied(static_cast<double>(window.size()));
      case WindowCorrelationType::value_count: return satisfied(static_cast<double>(values.size()));
      case WindowCorrelationType::temporal:
        return correlation.has_seen
                   ? seen(correlation.seen, listed)
                   : satisfied(static_cast<double>(std::ranges::count(listed, true)));
      case WindowCorrelationType::temporal_ordered: return step == listed.size();
      case WindowCorrelationType::value_sum: return !numbers.empty() && satisfied(sum);
      case WindowCorrelationType::value_avg:
        return !numbers.empty() && satisfied(sum / static_cast<double>(numbers.size()));
      default: return !numbers.empty() && satisfied(percentile(numbers, correlation.percentile));
    }
  }

  static void add_values(const WindowCorrelation& correlation,
                         const Item& item,
                         std::vector<std::vector<std::string>>& values,
                         std::vector<double>& numbers) {
    if (correlation.fields.size() > 1) {
      std::vector<std::string> tuple;
      for (const std::string& name : correlation.fields) {
        const auto found = item.fields.find(name);
        if (found == item.fields.end()) {
          return;
        }
        tuple.push_back(found->second.front());
      }
      values.push_back(tuple);
      return;
    }
    for (const std::string& name : correlation.fields) {
      const auto found = item.fields.find(name);
      for (const std::string& text :
           found == item.fields.end() ? std::vector<std::string>() : found->second) {
        values.push_back({text});
        if (text.find_first_not_of("0123456789") == std::string::npos && !text.empty()) {
          numbers.push_back(std::stod(text));
        }
      }
    }
  }

  static double percentile(const std::vector<double>& sorted, double percent) {
    const double place = percent / 100 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double next = below + 1 < sorted.size() ? sorted[below + 1] : sorted[below];
    return sorted[below] + (place - static_cast<double>(below)) * (next - sorted[below]);
  }

  const RuleSet& rules_;
  std::vector<std::vector<Item>> items_;
  std::vector<Firing> firings_;
  std::vector<Fired> fired_;
};

// --- Statements ---

constexpr Duration kSecond = kNanosPerSecond;

TEST(WindowEvaluator, AWindowHoldsBothOfItsEnds) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {}}, {10 * kSecond, "a", {}}, {20 * kSecond + 1, "a", {}}}),
            (std::vector<Fired>{{"c1", 1, {}}}));
}

TEST(WindowEvaluator, AnEventOfTwoListedRulesIsOneEvent) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: [a, b], timespan: 10s, condition: {gte: 2}"});
  EXPECT_TRUE(evaluate(rules, {{0, "ab", {}}}).empty());
  EXPECT_EQ(evaluate(rules, {{0, "ab", {}}, {1, "b", {}}}).size(), 1U);
}

TEST(WindowEvaluator, WithoutAValueForAGroupAnEventIsInNone) {
  const RuleSet rules = rules_with(
      {"type: event_count, rules: a, timespan: 10s, group-by: [U, H], condition: {gte: 1}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {{"U", {"x"}}}},
                             {1, "a", {{"U", {"x"}}, {"H", {""}}}},
                             {2, "a", {{"U", {"y", "z"}}, {"H", {"h"}}}}}),
            (std::vector<Fired>{{"c1", 1, {"x", ""}}, {"c1", 2, {"y", "h"}}}));
}

TEST(WindowEvaluator, GroupsDoNotRunIntoEachOther) {
  const RuleSet rules = rules_with(
      {"type: event_count, rules: a, timespan: 10s, group-by: [U, H], condition: {gte: 2}"});
  EXPECT_TRUE(evaluate(rules, {{0, "a", {{"U", {"ab"}}, {"H", {"c"}}}},
                               {1, "a", {{"U", {"a"}}, {"H", {"bc"}}}}})
                  .empty());
}

TEST(WindowEvaluator, AliasesPutOneEventIntoTwoGroups) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: [a, b], timespan: 10s, group-by: who, "
                  "aliases: {who: {a: U, b: T}}, condition: {gte: 1}"});
  EXPECT_EQ(evaluate(rules, {{0, "ab", {{"U", {"x"}}, {"T", {"y"}}}}}),
            (std::vector<Fired>{{"c1", 0, {"x"}}, {"c1", 0, {"y"}}}));
}

TEST(WindowEvaluator, AnEventIsOneStepOfASequence) {
  const RuleSet rules = rules_with({"type: temporal_ordered, rules: [a, b], timespan: 10s"});
  EXPECT_TRUE(evaluate(rules, {{0, "ab", {}}}).empty());
  EXPECT_EQ(evaluate(rules, {{0, "ab", {}}, {0, "ab", {}}}), (std::vector<Fired>{{"c1", 1, {}}}));
}

TEST(WindowEvaluator, ASequenceMayListARuleTwice) {
  const RuleSet rules = rules_with({"type: temporal_ordered, rules: [a, a, b], timespan: 10s"});
  EXPECT_TRUE(evaluate(rules, {{0, "a", {}}, {1, "b", {}}}).empty());
  EXPECT_EQ(evaluate(rules, {{0, "a", {}}, {1, "a", {}}, {2, "b", {}}}).size(), 1U);
}

TEST(WindowEvaluator, TheLatestStartOfASequenceCounts) {
  // The first a is out of the window of the b, the second is not.
  const RuleSet rules = rules_with({"type: temporal_ordered, rules: [a, b], timespan: 10s"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {}}, {5 * kSecond, "a", {}}, {12 * kSecond, "b", {}}}),
            (std::vector<Fired>{{"c1", 2, {}}}));
}

TEST(WindowEvaluator, FiresOnceAndIsThenSilentForATimespan) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, group-by: U, condition: {gte: 1}"});
  const Fields x{{"U", {"x"}}};
  const Fields y{{"U", {"y"}}};
  EXPECT_EQ(evaluate(rules,
                     {{0, "a", x},
                      {5 * kSecond, "a", x},
                      {6 * kSecond, "a", y},
                      {10 * kSecond, "a", x},
                      {10 * kSecond + 1, "a", x}},
                     WindowReporting::fire),
            (std::vector<Fired>{{"c1", 0, {"x"}}, {"c1", 2, {"y"}}, {"c1", 4, {"x"}}}));
}

TEST(WindowEvaluator, SilenceHidesNothingFromRulesThatListTheRule) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, condition: {gte: 1}",
                  "type: event_count, rules: c1, timespan: 10s, condition: {gte: 3}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {}}, {1, "a", {}}, {2, "a", {}}}, WindowReporting::fire),
            (std::vector<Fired>{{"c1", 0, {}}, {"c2", 2, {}}}));
}

TEST(WindowEvaluator, AFiringIsAnEventOfItsOwnWithTheValuesOfItsGroup) {
  const RuleSet rules = rules_with(
      {"type: event_count, rules: a, timespan: 10s, group-by: who, aliases: {who: {a: U}}, "
       "condition: {gte: 2}",
       "type: temporal_ordered, rules: [c1, b], timespan: 10s, group-by: who, "
       "aliases: {who: {b: T}}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {{"U", {"x"}}}},
                             {1, "a", {{"U", {"x"}}}},
                             {2, "b", {{"T", {"y"}}}},
                             {3, "b", {{"T", {"x"}}}}}),
            (std::vector<Fired>{{"c1", 1, {"x"}}, {"c2", 3, {"x"}}}));
}

TEST(WindowEvaluator, ArraysCountEachValue) {
  const RuleSet rules =
      rules_with({"type: value_count, rules: a, timespan: 10s, condition: {field: V, gte: 3}",
                  "type: value_sum, rules: a, timespan: 10s, condition: {field: V, gte: 6}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {{"V", {"1", "2"}}}}, {1, "a", {{"V", {"3", "x"}}}}}).size(),
            2U);
}

TEST(WindowEvaluator, ASumForgetsWhatItForgets) {
  // In doubles, 0.1 + 0.2 - 0.1 is not 0.2, and 1e20 + 1 - 1e20 is 0.
  const RuleSet rules =
      rules_with({"type: value_sum, rules: a, timespan: 10s, condition: {field: V, eq: 0.2}",
                  "type: value_sum, rules: a, timespan: 10s, condition: {field: V, eq: 1}"});
  EXPECT_EQ(evaluate(rules, {{0, "a", {{"V", {"0.1"}}}},
                             {5 * kSecond, "a", {{"V", {"0.2"}}}},
                             {11 * kSecond, "a", {}},
                             {30 * kSecond, "a", {{"V", {"1e20"}}}},
                             {35 * kSecond, "a", {{"V", {"1"}}}},
                             {42 * kSecond, "a", {}}}),
            (std::vector<Fired>{{"c1", 2, {}}, {"c2", 5, {}}}));
}

TEST(WindowEvaluator, TimesAtTheEndsOfTimeDoNotOverflow) {
  constexpr Timestamp kFirst = std::numeric_limits<Timestamp>::min();
  constexpr Timestamp kLast = std::numeric_limits<Timestamp>::max();
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 280y, condition: {gte: 2}"});
  EXPECT_EQ(evaluate(rules, {{kFirst, "a", {}}, {kFirst + 1, "a", {}}, {kLast, "a", {}}}),
            (std::vector<Fired>{{"c1", 1, {}}}));
}

TEST(WindowEvaluator, AWatermarkJudgesWhatCannotChange) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"});
  std::vector<std::uint64_t> fired;
  WindowEvaluator evaluator(rules, WindowReporting::every,
                            [&](const WindowFiring& firing) { fired.push_back(firing.event); });
  const std::vector<std::size_t> hits = {0};
  const Fields none;
  const MapReader reader(none);
  evaluator.add(event_at(0, 5), hits, reader);
  evaluator.add(event_at(1, 3), hits, reader);
  evaluator.add(event_at(2, 9), hits, reader);
  evaluator.advance(9);
  EXPECT_EQ(fired, (std::vector<std::uint64_t>{0}));
  evaluator.add(event_at(3, 8), hits, reader);  // The watermark said that there is none.
  EXPECT_EQ(evaluator.drops().late_events, 1U);
  evaluator.add(event_at(4, 9), hits, reader);
  evaluator.finish();
  EXPECT_EQ(fired, (std::vector<std::uint64_t>{0, 2, 4}));
}

TEST(WindowEvaluator, WhatIsTakenBackIsNoEvidence) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: [a, b], group-by: [g], "
                  "timespan: 10s, condition: {gte: 1}"});
  std::vector<std::string> shown;
  WindowEvaluator evaluator(rules, WindowReporting::fire, [&](const WindowFiring& firing) {
    for (const EvidenceRef& one : firing.evidence) {
      for (const auto& [rule, hit] : *one->hits) {
        shown.push_back(rule);
      }
    }
  });
  WindowEvent event = event_at(1, 5);
  event.hits = {{"a", {}}, {"b", {}}};
  const OrderKey order = event.order;
  const Fields fields{{"g", {"x"}}};
  evaluator.add(std::move(event), indices_of("ab"), MapReader(fields));
  evaluator.remove(order, indices_of("b").front());
  evaluator.finish();
  EXPECT_EQ(shown, std::vector<std::string>{"a"});
}

TEST(WindowEvaluator, WhatNoRuleListsIsNotMissedWhenTakenBack) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: [a], group-by: [g], "
                  "timespan: 10s, condition: {gte: 1}"});
  WindowEvaluator evaluator(rules, WindowReporting::fire, [](const WindowFiring&) {});
  evaluator.advance(100);
  evaluator.remove(event_at(1, 5).order, indices_of("b").front());
  EXPECT_FALSE(evaluator.drops().any());
}

TEST(WindowEvaluator, GroupsAreForgottenWhenTheirWindowIsOver) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, group-by: U, condition: {gte: 9}"});
  WindowEvaluator evaluator(rules, WindowReporting::every, [](const WindowFiring&) {});
  const std::vector<std::size_t> hits = {0};
  for (int i = 0; i < 100; ++i) {
    const Fields fields{{"U", {std::to_string(i)}}};
    evaluator.add(event_at(static_cast<std::uint64_t>(i), i * kSecond), hits, MapReader(fields));
  }
  evaluator.finish();
  EXPECT_EQ(evaluator.groups(), 11U);
  EXPECT_FALSE(evaluator.drops().any());
}

TEST(WindowEvaluator, WhatABoundDropsIsCounted) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 1h, group-by: U, condition: {gte: 3}"});
  const auto event = [](Timestamp time, const std::string& user) {
    return TestEvent{time, "a", {{"U", {user}}}};
  };
  WindowDrops drops;
  // Two groups at most: w makes x be forgotten.
  const std::vector<TestEvent> groups = {event(0, "x"), event(1, "x"), event(2, "v"), event(3, "w"),
                                         event(4, "x")};
  EXPECT_TRUE(evaluate(rules, groups, WindowReporting::every, {.groups_max = 2}, &drops).empty());
  EXPECT_EQ(drops.groups, 2U);
  // Two entries at most.
  const std::vector<TestEvent> entries = {event(0, "x"), event(1, "x"), event(2, "x")};
  EXPECT_TRUE(evaluate(rules, entries, WindowReporting::every, {.entries_max = 2}, &drops).empty());
  EXPECT_EQ(drops.entries, 1U);
  // Two may wait: the earliest are judged, and what then comes earlier still is late.
  const std::vector<TestEvent> late = {event(5, "x"), event(6, "x"), event(7, "x"), event(1, "x")};
  EXPECT_EQ(evaluate(rules, late, WindowReporting::every, {.waiting_max = 2}, &drops).size(), 1U);
  EXPECT_EQ(drops.late_events, 1U);
  // In order, nothing is lost by it.
  EXPECT_EQ(evaluate(rules, entries, WindowReporting::every, {.waiting_max = 1}, &drops).size(),
            1U);
  EXPECT_FALSE(drops.any());
}

// --- Against the twin, at random ---

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  template <typename Value>
  const Value& pick(const std::vector<Value>& values) {
    return values[below(values.size())];
  }

  template <typename Value>
  void shuffle(std::vector<Value>& values) {
    std::ranges::shuffle(values, random_);
  }

 private:
  std::mt19937 random_;
};

std::string random_threshold(Dice& dice, std::size_t most) {
  std::string text = dice.pick<std::string>({"gt", "gte", "gte", "lt", "lte", "eq", "neq"}) + ": " +
                     std::to_string(dice.below(most));
  return text;
}

/// Of any type; the second may list the first.
std::string random_correlation(Dice& dice, bool may_list_first) {
  const std::string type =
      dice.pick<std::string>({"event_count", "value_count", "temporal", "temporal_ordered",
                              "value_sum", "value_avg", "value_percentile", "value_median"});
  std::vector<std::string> rules = {"a", "b", "c"};
  if (may_list_first) {
    rules.emplace_back("c1");
  }
  dice.shuffle(rules);
  rules.resize(1 + dice.below(rules.size()));
  std::string text =
      "type: " + type + ", timespan: " + dice.pick<std::string>({"1s", "4s", "20s"}) + ", rules: [";
  for (const std::string& rule : rules) {
    text += rule + ", ";
  }
  text += "]";
  text += dice.pick<std::string>({"", ", group-by: U", ", group-by: [U, H]", ", group-by: who"});
  if (text.ends_with("who")) {
    text += ", aliases: {who: {";
    for (const std::string& rule : rules) {
      text += rule + ": " + dice.pick<std::string>({"U", "T"}) + ", ";
    }
    text += "}}";
  }
  if (type == "temporal_ordered") {
    return text;
  }
  if (type == "temporal") {
    return text + dice.pick<std::string>(
                      {"", ", condition: " + rules.front() + " and not " + rules.back(),
                       ", condition: not (" + rules.front() + " or " + rules.back() + ")",
                       ", condition: {" + random_threshold(dice, 4) + "}"});
  }
  std::string condition = random_threshold(dice, type == "value_sum" ? 40 : 6);
  if (type == "value_count") {
    condition += dice.pick<std::string>({", field: V", ", field: [V, H]"});
  } else if (type != "event_count") {
    condition += ", field: V";
  }
  if (type == "value_percentile") {
    condition += ", percentile: " + std::to_string(dice.below(101));
  }
  return text + ", condition: {" + condition + "}";
}

TestEvent random_event(Dice& dice, Timestamp time) {
  TestEvent event{.time = time, .hits = "", .fields = {}};
  for (const char hit : std::string("abcd")) {
    if (dice.below(3) == 0) {
      event.hits.push_back(hit);
    }
  }
  for (const char* name : {"U", "T", "H"}) {
    if (dice.below(6) != 0) {
      event.fields[name] = {dice.pick<std::string>({"x", "y", "z"})};
    }
  }
  const std::size_t values = dice.below(4);
  for (std::size_t i = 0; i < values; ++i) {
    event.fields["V"].push_back(dice.pick<std::string>({"1", "2", "3", "7", "11", "n/a", ""}));
  }
  return event;
}

std::vector<Fired> sorted(std::vector<Fired> fired) {
  std::ranges::sort(fired);
  return fired;
}

TEST(WindowEvaluator, SaysWhatTheSlowTwinSays) {
  std::size_t fired_in_all = 0;
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    const std::vector<std::string> correlations = {random_correlation(dice, false),
                                                   random_correlation(dice, true),
                                                   random_correlation(dice, true)};
    SCOPED_TRACE(std::to_string(seed) + "\n" + correlations[0] + "\n" + correlations[1] + "\n" +
                 correlations[2]);
    const RuleSet rules = rules_with(correlations);
    std::vector<TestEvent> events;
    events.reserve(60);
    for (int i = 0; i < 60; ++i) {
      // Times repeat, and are not in order.
      events.push_back(random_event(dice, static_cast<Timestamp>(dice.below(80)) * kSecond / 2));
    }
    const std::vector<Fired> fired = sorted(evaluate(rules, events));
    ASSERT_EQ(fired, sorted(SlowTwin(rules, events).fired()));
    fired_in_all += fired.size();
  }
  EXPECT_GT(fired_in_all, 1'000U);
}

TEST(WindowEvaluator, TheOrderOfArrivalDoesNotMatter) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    Dice dice(seed);
    const RuleSet rules =
        rules_with({random_correlation(dice, false), random_correlation(dice, true)});
    // Each event has a time of its own, and is told by it.
    std::vector<TestEvent> events;
    events.reserve(40);
    for (int i = 0; i < 40; ++i) {
      events.push_back(random_event(dice, i * kSecond + static_cast<Timestamp>(dice.below(9))));
    }
    const auto by_time = [&rules](const std::vector<TestEvent>& arrived,
                                  WindowReporting reporting) {
      std::vector<std::tuple<std::string, Timestamp, std::vector<std::string>>> all;
      for (const auto& [rule, event, group] : evaluate(rules, arrived, reporting)) {
        all.emplace_back(rule, arrived[event].time, group);
      }
      return all;
    };
    std::vector<TestEvent> shuffled = events;
    dice.shuffle(shuffled);
    for (const WindowReporting reporting : {WindowReporting::every, WindowReporting::fire}) {
      EXPECT_EQ(by_time(events, reporting), by_time(shuffled, reporting)) << seed;
    }
  }
}

/// What stands: (rule, event, group) → the first event in the window, and how many stand in it.
using Standing = std::map<Fired, std::pair<std::uint64_t, std::size_t>>;

/// A stream in which watermarks lie: events come in any order, some twice, some with hits that are
/// taken back, some with hits that are added.
class LateStream {
 public:
  LateStream(const RuleSet& rules, Dice& dice, Duration late_by)
      : dice_(dice), evaluator_(rules, WindowReporting::fire, [this, &rules](const auto& firing) {
          EXPECT_TRUE(stands_
                          .emplace(key_of(rules, firing),
                                   std::pair(firing.first.uid.low, firing.evidence_total))
                          .second);
        }) {
    evaluator_.revise(late_by, [this, &rules](const WindowFiring& gone) {
      ++withdrawn_;
      EXPECT_EQ(stands_.erase(key_of(rules, gone)), 1U);
    });
  }

  void take(std::uint64_t number, const TestEvent& event) {
    const bool has_one_too_many = event.hits.find('c') == std::string::npos && dice_.below(4) == 0;
    const std::string first = has_one_too_many      ? event.hits + "c"
                              : dice_.below(4) == 0 ? event.hits.substr(0, 1)
                                                    : event.hits;
    add(number, event, first);
    move_on();
    add(number, event, event.hits);
    if (has_one_too_many) {
      move_on();
      evaluator_.remove(event_at(number, event.time).order, 2);
    }
    move_on();
  }

  Standing finish() {
    evaluator_.finish();
    return stands_;
  }

  [[nodiscard]] std::size_t withdrawn() const { return withdrawn_; }

  [[nodiscard]] const WindowEvaluator& evaluator() const { return evaluator_; }

 private:
  static Fired key_of(const RuleSet& rules, const WindowFiring& firing) {
    return {rules.window_correlations[firing.rule].meta.id, firing.order.uid.low, firing.group};
  }

  void add(std::uint64_t number, const TestEvent& event, const std::string& hits) {
    evaluator_.add(event_at(number, event.time), indices_of(hits), MapReader(event.fields));
  }

  void move_on() {
    if (dice_.below(3) == 0) {
      evaluator_.advance(static_cast<Timestamp>(dice_.below(50)) * kSecond);
    }
  }

  Dice& dice_;
  Standing stands_;
  std::size_t withdrawn_ = 0;
  WindowEvaluator evaluator_;
};

TEST(WindowEvaluator, WhatComesLateIsJudgedInItsPlace) {
  std::size_t withdrawn = 0;
  std::size_t stood = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    Dice dice(seed);
    const std::vector<std::string> correlations = {random_correlation(dice, false),
                                                   random_correlation(dice, true),
                                                   random_correlation(dice, true)};
    SCOPED_TRACE(std::to_string(seed) + "\n" + correlations[0] + "\n" + correlations[1] + "\n" +
                 correlations[2]);
    const RuleSet rules = rules_with(correlations);
    std::vector<std::pair<std::uint64_t, TestEvent>> events;
    Standing want;
    WindowEvaluator in_order(rules, WindowReporting::fire, [&](const WindowFiring& firing) {
      want[{rules.window_correlations[firing.rule].meta.id, firing.order.uid.low, firing.group}] = {
          firing.first.uid.low, firing.evidence_total};
    });
    for (std::uint64_t number = 0; number < 40; ++number) {
      events.emplace_back(number,
                          random_event(dice, static_cast<Timestamp>(dice.below(80)) * kSecond / 2));
      in_order.add(event_at(number, events.back().second.time),
                   indices_of(events.back().second.hits), MapReader(events.back().second.fields));
    }
    in_order.finish();
    dice.shuffle(events);
    LateStream stream(rules, dice, 60 * kSecond);
    for (const auto& [number, event] : events) {
      stream.take(number, event);
    }
    ASSERT_EQ(stream.finish(), want);
    EXPECT_FALSE(stream.evaluator().drops().any());
    withdrawn += stream.withdrawn();
    stood += want.size();
  }
  EXPECT_GT(stood, 1'000U);
  EXPECT_GT(withdrawn, 1'000U);
}

TEST(WindowEvaluator, WhatComesLaterThanIsKeptIsCounted) {
  const RuleSet rules =
      rules_with({"type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"});
  std::vector<std::uint64_t> fired;
  WindowEvaluator evaluator(rules, WindowReporting::fire,
                            [&](const WindowFiring& firing) { fired.push_back(firing.event); });
  evaluator.revise(20 * kSecond, [](const WindowFiring& /*gone*/) { FAIL(); });
  const Fields none;
  const auto add = [&](std::uint64_t number, std::int64_t second) {
    evaluator.add(event_at(number, second * kSecond), std::vector<std::size_t>{0}, MapReader(none));
  };
  add(0, 5);
  evaluator.advance(30 * kSecond);
  add(1, 9);
  EXPECT_EQ(evaluator.drops().late_events, 1U);
  add(2, 12);  // The one at 5 stands in its window, though none so old would be taken.
  evaluator.advance(31 * kSecond);
  EXPECT_EQ(fired, (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(evaluator.revised_events(), 1U);
  EXPECT_EQ(evaluator.drops().late_events, 1U);
}

TEST(WindowEvaluator, ARuleThatCameLaterDoesNotSeeWhatCameBefore) {
  const std::vector<std::string> first = {
      "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"};
  const std::vector<std::string> both = {
      first[0], "type: event_count, rules: a, timespan: 20s, condition: {gte: 2}"};
  const RuleSet before = rules_with(first);
  const RuleSet after = rules_with(both);
  std::vector<std::pair<std::size_t, std::uint64_t>> fired;
  WindowEvaluator evaluator(before, WindowReporting::fire, [&](const WindowFiring& firing) {
    fired.emplace_back(firing.rule, firing.event);
  });
  evaluator.revise(60 * kSecond, [](const WindowFiring& /*gone*/) { FAIL(); });
  const Fields none;
  const auto add = [&](std::uint64_t number, std::int64_t second) {
    evaluator.add(event_at(number, second * kSecond), std::vector<std::size_t>{0}, MapReader(none));
  };
  add(0, 5);
  evaluator.advance(20 * kSecond);
  evaluator.replace_rules(after, unchanged_rules(before, after));
  add(1, 7);
  evaluator.advance(21 * kSecond);
  EXPECT_EQ(fired, (std::vector<std::pair<std::size_t, std::uint64_t>>{{0, 1}}));
}

TEST(ExactSum, IsThatOfTheNumbersInIt) {
  ExactSum sum;
  EXPECT_EQ(sum.value(), 0);
  for (int i = 0; i < 10; ++i) {
    sum.add(0.1);
  }
  EXPECT_EQ(sum.value(), 1);  // One rounding. A loop over += comes to 0.9999999999999999.
  sum.add(1e100);
  sum.add(-3);
  sum.subtract(1e100);
  EXPECT_EQ(sum.value(), -2);
  for (int i = 0; i < 10; ++i) {
    sum.subtract(0.1);
  }
  sum.add(3);
  EXPECT_EQ(sum.value(), 0);
}

TEST(ExactSum, NumbersThatComeAndGoLeaveNothingBehind) {
  Dice dice(7);
  ExactSum sum;
  std::vector<double> numbers;
  for (int i = 0; i < 1'000; ++i) {
    const double magnitude = static_cast<double>(dice.below(1'000'000)) + 0.1;
    const double number = magnitude * (dice.below(2) == 0 ? 1e-200 : 1e80);
    numbers.push_back(dice.below(2) == 0 ? number : -number);
    sum.add(numbers.back());
  }
  dice.shuffle(numbers);
  for (const double number : numbers) {
    sum.subtract(number);
  }
  EXPECT_EQ(sum.value(), 0);
}

}  // namespace
}  // namespace spoor
