#include "tests/property/lineage_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace spoor::oracle {
namespace {

/// An event for one of the listed rules.
struct Hit {
  const Event* event = nullptr;
  int rule = 0;
};

/// (time, kind, tie).
auto order_of(const Event& event) {
  return std::tie(event.time, event.rank, event.tie);
}

// --- The tree ---

class Tree {
 public:
  Tree(const std::vector<Event>& events, const Starts& starts) : starts_(starts) {
    for (const Event& event : events) {
      processes_.insert(event.process);
      programs_[event.process] = event.program;
      if (!event.parent.empty()) {
        processes_.insert(event.parent);
        // A parent that starts more than two seconds after its child is no ancestor.
        if (starts.at(event.parent) <= starts.at(event.process) + 2) {
          parents_[event.process] = event.parent;
        }
      }
    }
  }

  [[nodiscard]] auto age(const std::string& process) const {
    return std::pair(starts_.at(process), process);
  }

  /// Whom a rule is about: each process alone, or the processes that run one program.
  [[nodiscard]] std::map<std::string, std::set<std::string>> subjects(const Rule& rule) const {
    std::map<std::string, std::set<std::string>> found;
    for (const std::string& process : processes_) {
      const auto program = programs_.find(process);
      const bool joins = rule.lineage.starts_with("program") && program != programs_.end();
      found[joins ? program->second : process].insert(process);
    }
    return found;
  }

  [[nodiscard]] std::string parent(const std::string& process) const {
    const auto known = parents_.find(process);
    return known == parents_.end() ? "" : known->second;
  }

  [[nodiscard]] bool is_below(std::string process, const std::string& ancestor) const {
    while (!process.empty()) {
      process = parent(process);
      if (process == ancestor) {
        return true;
      }
    }
    return false;
  }

  /// Is `process` the anchor's child, …?
  [[nodiscard]] bool is_related(const std::string& process,
                                const std::string& anchor,
                                const std::string& relation) const {
    if (relation == "self") {
      return process == anchor;
    }
    if (relation == "child") {
      return parent(process) == anchor;
    }
    if (relation == "descendant") {
      return is_below(process, anchor);
    }
    if (relation == "self_or_descendant") {
      return process == anchor || is_below(process, anchor);
    }
    if (relation == "parent") {
      return parent(anchor) == process;
    }
    if (relation == "sibling") {
      return process != anchor && !parent(anchor).empty() && parent(process) == parent(anchor);
    }
    std::abort();
  }

 private:
  const Starts& starts_;
  std::set<std::string> processes_;
  std::map<std::string, std::string> parents_;
  std::map<std::string, std::string> programs_;
};

// --- The rule, read as its author meant it ---

bool names(const Condition& condition, int rule) {
  if (condition.kind == Condition::Kind::rule) {
    return condition.rule == rule;
  }
  return std::ranges::any_of(condition.parts,
                             [rule](const Condition& part) { return names(part, rule); });
}

bool is_true(const Condition& condition, const std::set<int>& seen) {
  const auto part_is_true = [&seen](const Condition& part) { return is_true(part, seen); };
  switch (condition.kind) {
    case Condition::Kind::rule: return seen.contains(condition.rule);
    case Condition::Kind::all: return std::ranges::all_of(condition.parts, part_is_true);
    case Condition::Kind::any: return std::ranges::any_of(condition.parts, part_is_true);
    case Condition::Kind::negation: return !is_true(condition.parts.front(), seen);
  }
  std::abort();
}

int anchor_of(const Rule& rule) {
  return rule.anchor.value_or(rule.rules.front());
}

/// temporal that asks for certain rules, not for so many of them.
bool asks_for_rules(const Rule& rule) {
  return rule.type == "temporal" && rule.comparisons.empty();
}

/// Without a condition temporal wants every rule.
bool condition_holds(const Rule& rule, const std::set<int>& seen) {
  return rule.condition
             ? is_true(*rule.condition, seen)
             : std::ranges::all_of(rule.rules, [&seen](int one) { return seen.contains(one); });
}

bool takes_part(const Rule& rule, int one) {
  if (one != anchor_of(rule)) {
    return true;
  }
  return asks_for_rules(rule) ? !rule.condition || names(*rule.condition, one) : !rule.anchor;
}

std::string relation_of(const Rule& rule, int one) {
  if (one == anchor_of(rule) || !rule.lineage.ends_with("_tree")) {
    return "self";
  }
  const auto given = rule.relation.find(one);
  return given == rule.relation.end() ? "self_or_descendant" : given->second;
}

/// The values of the fields beside the lineage key; none: the event lacks one.
std::optional<std::vector<std::string>> group_of(const Rule& rule, const Hit& hit) {
  std::vector<std::string> group;
  for (const std::string& field : rule.split) {
    std::string name = field;
    const auto alias = rule.aliases.find(field);
    if (alias != rule.aliases.end() && alias->second.contains(hit.rule)) {
      name = alias->second.at(hit.rule);
    }
    const auto value = hit.event->fields.find(name);
    if (value == hit.event->fields.end()) {
      return std::nullopt;
    }
    group.push_back(value->second);
  }
  return group;
}

// --- A window ---

using Hits = std::vector<Hit>;

std::set<int> seen_in(const Hits& hits) {
  std::set<int> seen;
  for (const Hit& hit : hits) {
    seen.insert(hit.rule);
  }
  return seen;
}

/// Is there an event behind `last` for the place, and one behind it for the next, …?
bool has_sequence(const Hits& hits,
                  const std::vector<int>& places,
                  std::size_t place,
                  const Event* last) {
  if (place == places.size()) {
    return true;
  }
  return std::ranges::any_of(hits, [&](const Hit& hit) {
    const bool is_behind = last == nullptr || order_of(*last) < order_of(*hit.event);
    return hit.rule == places[place] && is_behind &&
           has_sequence(hits, places, place + 1, hit.event);
  });
}

bool compares(const Comparison& comparison, double number) {
  if (comparison.name == "gt") {
    return number > comparison.number;
  }
  if (comparison.name == "gte") {
    return number >= comparison.number;
  }
  if (comparison.name == "lt") {
    return number < comparison.number;
  }
  if (comparison.name == "lte") {
    return number <= comparison.number;
  }
  if (comparison.name == "eq") {
    return number == comparison.number;
  }
  return number != comparison.number;
}

/// A number in JSON's grammar. The cases hold no other kind than these.
std::optional<double> number_in(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const bool is_number =
      !text.empty() && *end == '\0' && text.find_first_of(" x+") == std::string::npos;
  return is_number ? std::optional(number) : std::nullopt;
}

double percentile(std::vector<double> numbers, double percent) {
  std::ranges::sort(numbers);
  const double place = percent / 100 * static_cast<double>(numbers.size() - 1);
  const double below = numbers[static_cast<std::size_t>(std::floor(place))];
  const double above = numbers[static_cast<std::size_t>(std::ceil(place))];
  return below + (place - std::floor(place)) * (above - below);
}

std::optional<double> measure(const Rule& rule, const Hits& hits) {
  if (rule.type == "temporal") {
    return static_cast<double>(seen_in(hits).size());
  }
  std::map<std::string, const Event*> events;
  for (const Hit& hit : hits) {
    events[hit.event->uid] = hit.event;
  }
  if (rule.type == "event_count") {
    return static_cast<double>(events.size());
  }
  std::set<std::vector<std::string>> distinct;
  std::vector<double> numbers;
  for (const auto& [uid, event] : events) {
    std::vector<std::string> values;
    for (const std::string& field : rule.measured) {
      if (event->fields.contains(field)) {
        values.push_back(event->fields.at(field));
      }
    }
    if (values.size() == rule.measured.size()) {
      distinct.insert(values);
      if (const std::optional<double> number = number_in(values.front())) {
        numbers.push_back(*number);
      }
    }
  }
  if (rule.type == "value_count") {
    return static_cast<double>(distinct.size());
  }
  if (numbers.empty()) {
    return std::nullopt;
  }
  double sum = 0;  // Exact: the cases hold quarters.
  for (const double number : numbers) {
    sum += number;
  }
  if (rule.type == "value_sum") {
    return sum;
  }
  if (rule.type == "value_avg") {
    return sum / static_cast<double>(numbers.size());
  }
  return percentile(numbers, rule.type == "value_median" ? 50 : rule.percentile);
}

bool window_holds(const Rule& rule, const Hits& hits) {
  if (asks_for_rules(rule)) {
    return condition_holds(rule, seen_in(hits));
  }
  if (rule.type == "temporal_ordered") {
    std::vector<int> places;
    std::ranges::copy_if(rule.rules, std::back_inserter(places),
                         [&rule](int one) { return takes_part(rule, one); });
    return has_sequence(hits, places, 0, nullptr);
  }
  const std::optional<double> measured = measure(rule, hits);
  return measured && std::ranges::all_of(rule.comparisons, [&](const Comparison& comparison) {
           return compares(comparison, *measured);
         });
}

// --- An anchor ---

/// Every window that holds: from the time of a hit to the timespan's end, of one group.
std::vector<Hits> windows(const Rule& rule, const Hits& hits) {
  std::vector<Hits> found;
  for (const Hit& first : hits) {
    Hits window;
    for (const Hit& hit : hits) {
      const std::int64_t behind = hit.event->time - first.event->time;
      if (behind >= 0 && behind <= rule.timespan && group_of(rule, hit) == group_of(rule, first)) {
        window.push_back(hit);
      }
    }
    if (window_holds(rule, window)) {
      found.push_back(window);
    }
  }
  return found;
}

Hits hits_of(const std::vector<Event>& events,
             int rule,
             const Tree& tree,
             const std::set<std::string>& anchors,
             const std::string& relation) {
  Hits hits;
  for (const Event& event : events) {
    if (event.rules.contains(rule) && std::ranges::any_of(anchors, [&](const std::string& anchor) {
          return tree.is_related(event.process, anchor, relation);
        })) {
      hits.push_back({.event = &event, .rule = rule});
    }
  }
  return hits;
}

Hits without(const Hits& hits, int rule) {
  Hits rest;
  std::ranges::copy_if(hits, std::back_inserter(rest),
                       [rule](const Hit& hit) { return hit.rule != rule; });
  return rest;
}

/// All that take part, around the anchors.
Hits hits_around(const Rule& rule,
                 const std::vector<Event>& events,
                 const Tree& tree,
                 const std::set<std::string>& anchors) {
  Hits hits;
  for (const int one : rule.rules) {
    if (takes_part(rule, one)) {
      std::ranges::copy_if(hits_of(events, one, tree, anchors, relation_of(rule, one)),
                           std::back_inserter(hits),
                           [&rule](const Hit& hit) { return group_of(rule, hit).has_value(); });
    }
  }
  return hits;
}

/// Of several runs the one around which most rules were seen, of those the last.
std::string chief_of(const Rule& rule, const Tree& tree, const Hits& own, const Hits& shown) {
  const auto rank = [&](const Hit& hit) {
    std::set<int> seen;
    for (const Hit& one : shown) {
      if (tree.is_related(one.event->process, hit.event->process, relation_of(rule, one.rule))) {
        seen.insert(one.rule);
      }
    }
    return std::pair(seen.size(), tree.age(hit.event->process));
  };
  return std::ranges::max_element(own, {}, rank)->event->process;
}

std::optional<Found> judge(const Rule& rule,
                           const std::vector<Event>& events,
                           const Tree& tree,
                           const std::string& subject,
                           const std::set<std::string>& processes) {
  const auto order = [](const Hit& hit) { return order_of(*hit.event); };
  const Hits own = hits_of(events, anchor_of(rule), tree, processes, "self");
  std::set<std::string> anchors;
  for (const Hit& hit : own) {
    anchors.insert(hit.event->process);
  }
  const Hits hits = hits_around(rule, events, tree, anchors);
  Found found{.rule = rule.id, .anchor = subject, .level = rule.level, .evidence = {}};
  Hits shown;
  for (const Hits& window : windows(rule, hits)) {
    shown.insert(shown.end(), window.begin(), window.end());
    for (const auto& [condition, level] : rule.escalate) {
      if (is_true(condition, seen_in(window))) {
        found.level = std::max(found.level, level);
      }
    }
  }
  if (shown.empty()) {
    return std::nullopt;
  }
  std::ranges::sort(shown, {}, order);
  const std::string chief = chief_of(rule, tree, own, shown);
  std::set<int> began;  // Of other runs the first hit of a rule is shown.
  bool shows_anchor = false;
  for (const Hit& hit : shown) {
    const bool is_anchor = hit.rule == anchor_of(rule);
    const bool is_chiefs = tree.is_related(hit.event->process, chief, relation_of(rule, hit.rule));
    if ((is_anchor && asks_for_rules(rule)) ||
        (asks_for_rules(rule) && !is_chiefs && began.contains(hit.rule))) {
      continue;
    }
    began.insert(hit.rule);
    const bool required = is_anchor || windows(rule, without(hits, hit.rule)).empty();
    found.evidence.emplace(hit.event->uid, hit.rule, required);
    shows_anchor = shows_anchor || is_anchor;
  }
  if (!shows_anchor) {  // One says enough.
    const auto first = std::ranges::min_element(own, {}, [&](const Hit& hit) {
      return std::pair(hit.event->process != chief, order(hit));
    });
    found.evidence.emplace(first->event->uid, anchor_of(rule), true);
  }
  return found;
}

}  // namespace

std::set<Found> expected(const std::vector<Rule>& rules,
                         const std::vector<Event>& events,
                         const Starts& starts) {
  std::vector<Event> distinct;
  for (const Event& event : events) {
    if (std::ranges::find(distinct, event.uid, &Event::uid) == distinct.end()) {
      distinct.push_back(event);
    }
  }
  const Tree tree(distinct, starts);
  std::set<Found> found;
  for (const Rule& rule : rules) {
    for (const auto& [subject, processes] : tree.subjects(rule)) {
      if (const std::optional<Found> one = judge(rule, distinct, tree, subject, processes)) {
        found.insert(*one);
      }
    }
  }
  return found;
}

}  // namespace spoor::oracle
