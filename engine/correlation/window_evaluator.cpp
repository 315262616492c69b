#include "engine/correlation/window_evaluator.h"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/base/uid.h"
#include "engine/correlation/group_window.h"
#include "engine/correlation/window_value.h"

namespace spoor {
namespace {

/// Index into the table of all field names that some rule wants.
using NameIndex = std::uint32_t;

struct NamedText {
  NameIndex name = 0;
  std::string text;
};

/// An event that waits for its turn.
struct WaitingEvent {
  Timestamp time = 0;
  std::uint64_t arrival = 0;
  std::uint64_t number = 0;
  std::vector<std::size_t> hits;
  std::vector<NamedText> texts;  ///< By field, in the event's order.
};

/// An event as a rule meets it: itself, or as the firing of another rule.
struct Arrival {
  std::vector<std::size_t> listed;  ///< Places in the rule's list that it stands for.
  std::vector<NamedText> group;     ///< Of a firing: values under the names of group-by.
};

/// A rule with the names of its fields looked up.
struct Prepared {
  struct Group {
    NameIndex name = 0;
    std::vector<NameIndex> of_rule;
  };

  std::vector<Group> group_by;
  std::vector<NameIndex> fields;
  /// Rules that list this one, and at which places.
  std::vector<std::pair<std::size_t, std::vector<std::size_t>>> listed_by;
};

/// What is kept of a group of a rule.
struct GroupState {
  GroupState(const WindowCorrelation& rule, std::size_t entries_max) : window(rule, entries_max) {}

  GroupWindow window;
  Timestamp last_event = 0;
  std::optional<Timestamp> last_fired;
  std::list<const std::string*>::iterator place;  ///< In the order of use.
};

/// The groups of a rule.
struct Groups {
  std::unordered_map<std::string, GroupState, SeededTextHash, std::equal_to<>> by_key;
  std::list<const std::string*> by_use;  ///< Keys, the longest unused first.
};

}  // namespace

struct WindowEvaluator::Impl {
  Impl(const RuleSet& rule_set,
       WindowReporting report_mode,
       OnFiring firing_taker,
       const WindowLimits& window_limits)
      : rules(rule_set.window_correlations),
        reporting(report_mode),
        on_firing(std::move(firing_taker)),
        limits(window_limits),
        prepared(rules.size()),
        groups(rules.size()),
        uses(rule_set.detections.size()) {
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
      prepare(rule);
    }
  }

  // --- Rules made ready ---

  NameIndex name_index(const std::string& name) {
    const auto [known, is_new] = name_indices.try_emplace(name, fields.size());
    if (is_new) {
      fields.push_back({.name = name, .id = find_field(name)});
    }
    return known->second;
  }

  void prepare(std::size_t index) {
    const WindowCorrelation& rule = rules[index];
    Prepared& ready = prepared[index];
    for (const GroupField& field : rule.group_by) {
      Prepared::Group& group = ready.group_by.emplace_back();
      group.name = name_index(field.name);
      for (const std::string& name : field.of_rule) {
        group.of_rule.push_back(name_index(name));
      }
    }
    for (const std::string& field : rule.fields) {
      ready.fields.push_back(name_index(field));
    }
    for (std::size_t place = 0; place < rule.rules.size(); ++place) {
      const ListedRule& listed = rule.rules[place];
      auto& users = listed.is_correlation ? prepared[listed.index].listed_by : uses[listed.index];
      if (users.empty() || users.back().first != index) {
        users.push_back({index, {}});
      }
      users.back().second.push_back(place);
    }
  }

  // --- Events on their way in ---

  void add(std::uint64_t number,
           Timestamp time,
           std::span<const std::size_t> hits,
           const FieldReader& reader) {
    WaitingEvent event;
    std::ranges::copy_if(hits, std::back_inserter(event.hits),
                         [this](std::size_t hit) { return !uses[hit].empty(); });
    if (event.hits.empty()) {
      return;
    }
    if (judged && time < *judged) {
      ++drops.late_events;
      return;
    }
    event.time = time;
    event.arrival = ++arrivals;
    event.number = number;
    for (NameIndex name = 0; name < fields.size(); ++name) {
      texts.clear();
      reader.read(fields[name], texts);
      for (const std::string_view text : texts) {
        event.texts.push_back({.name = name, .text = std::string(text)});
      }
    }
    waiting.push_back(std::move(event));
    if (waiting.size() > limits.waiting_max) {
      judge_first(waiting.size() / 2 + 1);
    }
  }

  static bool is_before(const WaitingEvent& a, const WaitingEvent& b) {
    return std::tie(a.time, a.arrival) < std::tie(b.time, b.arrival);
  }

  /// Judges the first `count` of those that wait.
  void judge_first(std::size_t count) {
    const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(count);
    if (end != waiting.end()) {
      std::ranges::nth_element(waiting, end, is_before);
    }
    std::sort(waiting.begin(), end, is_before);
    for (auto event = waiting.begin(); event != end; ++event) {
      judge(*event);
    }
    waiting.erase(waiting.begin(), end);
  }

  void advance(Timestamp watermark) {
    const auto is_due = [watermark](const WaitingEvent& event) { return event.time < watermark; };
    const auto end = std::partition(waiting.begin(), waiting.end(), is_due);
    judge_first(static_cast<std::size_t>(end - waiting.begin()));
    judged = std::max(judged.value_or(watermark), watermark);
  }

  // --- One event, in the order of time ---

  void judge(const WaitingEvent& event) {
    judged = event.time;
    for (const std::size_t hit : event.hits) {
      for (const auto& [rule, places] : uses[hit]) {
        std::vector<Arrival>& met = agenda[rule];
        if (met.empty()) {
          met.emplace_back();
        }
        std::vector<std::size_t>& listed = met.front().listed;
        listed.insert(listed.end(), places.begin(), places.end());
      }
    }
    // A rule stands behind those that it lists: when its turn comes, all its firings are there.
    while (!agenda.empty()) {
      auto next = agenda.extract(agenda.begin());
      for (Arrival& arrival : next.mapped()) {
        std::ranges::sort(arrival.listed);
        meet(next.key(), event, arrival);
      }
    }
  }

  /// The first text of a field: an event belongs to one group of a rule.
  static const std::string* first_text(const WaitingEvent& event,
                                       const Arrival& arrival,
                                       NameIndex name) {
    const auto given = std::ranges::find(arrival.group, name, &NamedText::name);
    if (given != arrival.group.end()) {
      return &given->text;
    }
    const auto own = std::ranges::find(event.texts, name, &NamedText::name);
    return own == event.texts.end() ? nullptr : &own->text;
  }

  /// What of the event a group gets: aliases can put one event into several.
  struct Share {
    std::string key;
    std::vector<std::string> group;
    std::vector<std::size_t> listed;
  };

  void meet(std::size_t rule, const WaitingEvent& event, const Arrival& arrival) {
    std::vector<Share> shares;
    for (const std::size_t place : arrival.listed) {
      Share share;
      bool complete = true;
      for (const Prepared::Group& field : prepared[rule].group_by) {
        const std::string* text = first_text(event, arrival, field.of_rule[place]);
        complete = complete && text != nullptr;
        if (text != nullptr) {
          share.group.push_back(*text);
          append_text(*text, share.key);
        }
      }
      if (!complete) {
        continue;
      }
      const auto same = std::ranges::find(shares, share.key, &Share::key);
      Share& into = same == shares.end() ? shares.emplace_back(std::move(share)) : *same;
      into.listed.push_back(place);
    }
    if (shares.empty()) {
      return;
    }
    const std::vector<std::string_view> values = values_for(rule, event, arrival);
    for (const Share& share : shares) {
      judge(rule, event, arrival, share, values);
    }
  }

  /// Of value_*: each text of its one field, or a tuple of the first ones.
  std::vector<std::string_view> values_for(std::size_t rule,
                                           const WaitingEvent& event,
                                           const Arrival& arrival) {
    const std::vector<NameIndex>& wanted = prepared[rule].fields;
    std::vector<std::string_view> values;
    if (wanted.size() > 1) {
      tuple.clear();
      for (const NameIndex name : wanted) {
        const std::string* text = first_text(event, arrival, name);
        if (text == nullptr) {
          return values;
        }
        append_text(*text, tuple);
      }
      values.emplace_back(tuple);
      return values;
    }
    for (const NameIndex name : wanted) {
      const auto given = std::ranges::find(arrival.group, name, &NamedText::name);
      if (given != arrival.group.end()) {
        values.emplace_back(given->text);
        continue;
      }
      for (const NamedText& own : event.texts) {
        if (own.name == name) {
          values.emplace_back(own.text);
        }
      }
    }
    return values;
  }

  void judge(std::size_t index,
             const WaitingEvent& event,
             const Arrival& arrival,
             const Share& share,
             const std::vector<std::string_view>& values) {
    const WindowCorrelation& rule = rules[index];
    GroupState& state = group_of(index, share.key, event.time);
    const std::uint64_t dropped = state.window.dropped();
    const bool holds =
        state.window.take({.time = event.time, .listed = &share.listed, .values = &values});
    drops.entries += state.window.dropped() - dropped;
    if (!holds) {
      return;
    }
    tell_users(index, arrival, share);
    const bool suppressed = reporting == WindowReporting::fire && state.last_fired &&
                            is_within(*state.last_fired, event.time, rule.timespan);
    if (!suppressed) {
      state.last_fired = event.time;
      on_firing({.rule = index, .event = event.number, .time = event.time, .group = share.group});
    }
  }

  /// The firing becomes an event of the rules that list this one.
  void tell_users(std::size_t index, const Arrival& arrival, const Share& share) {
    for (const auto& [user, places] : prepared[index].listed_by) {
      Arrival& firing = agenda[user].emplace_back();
      firing.listed = places;
      for (std::size_t i = 0; i < share.group.size(); ++i) {
        firing.group.push_back({.name = prepared[index].group_by[i].name, .text = share.group[i]});
      }
      // Of a firing of firings: the inner names stay, unless they are taken anew.
      firing.group.insert(firing.group.end(), arrival.group.begin(), arrival.group.end());
    }
  }

  // --- Groups ---

  /// Is `time` no more than a timespan behind `earlier`?
  static bool is_within(Timestamp earlier, Timestamp time, Duration timespan) {
    return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(earlier) <=
           static_cast<std::uint64_t>(timespan);
  }

  GroupState& group_of(std::size_t rule, const std::string& key, Timestamp time) {
    Groups& known = groups[rule];
    while (!known.by_use.empty()) {
      const auto oldest = known.by_key.find(*known.by_use.front());
      if (is_within(oldest->second.last_event, time, rules[rule].timespan)) {
        break;
      }
      forget(known, oldest);
    }
    auto state = known.by_key.find(key);
    if (state == known.by_key.end()) {
      if (known.by_key.size() >= limits.groups_max) {
        forget(known, known.by_key.find(*known.by_use.front()));
        ++drops.groups;
      }
      state = known.by_key.try_emplace(key, rules[rule], limits.entries_max).first;
      known.by_use.push_back(&state->first);
      state->second.place = std::prev(known.by_use.end());
    } else {
      known.by_use.splice(known.by_use.end(), known.by_use, state->second.place);
    }
    state->second.last_event = time;
    return state->second;
  }

  template <typename Iterator>
  static void forget(Groups& known, Iterator state) {
    known.by_use.erase(state->second.place);
    known.by_key.erase(state);
  }

  const std::vector<WindowCorrelation>& rules;
  WindowReporting reporting;
  OnFiring on_firing;
  WindowLimits limits;
  WindowDrops drops;
  std::vector<FieldRef> fields;  ///< All that some rule wants.
  std::map<std::string, NameIndex> name_indices;
  std::vector<Prepared> prepared;
  std::vector<Groups> groups;
  /// Of each detection: the rules that list it, and at which places.
  std::vector<std::vector<std::pair<std::size_t, std::vector<std::size_t>>>> uses;
  std::vector<WaitingEvent> waiting;
  std::uint64_t arrivals = 0;
  std::optional<Timestamp> judged;  ///< No event before this is taken any more.
  /// Of the event that is judged: what each rule has still to meet.
  std::map<std::size_t, std::vector<Arrival>> agenda;
  std::vector<std::string_view> texts;
  std::string tuple;
};

WindowEvaluator::WindowEvaluator(const RuleSet& rules,
                                 WindowReporting reporting,
                                 OnFiring on_firing,
                                 const WindowLimits& limits)
    : impl_(std::make_unique<Impl>(rules, reporting, std::move(on_firing), limits)) {}

WindowEvaluator::~WindowEvaluator() = default;
WindowEvaluator::WindowEvaluator(WindowEvaluator&&) noexcept = default;
WindowEvaluator& WindowEvaluator::operator=(WindowEvaluator&&) noexcept = default;

void WindowEvaluator::add(std::uint64_t number,
                          Timestamp time,
                          std::span<const std::size_t> hits,
                          const FieldReader& fields) {
  impl_->add(number, time, hits, fields);
}

void WindowEvaluator::advance(Timestamp watermark) {
  impl_->advance(watermark);
}

void WindowEvaluator::finish() {
  impl_->judge_first(impl_->waiting.size());
}

const WindowDrops& WindowEvaluator::drops() const {
  return impl_->drops;
}

std::size_t WindowEvaluator::groups() const {
  std::size_t count = 0;
  for (const Groups& of_rule : impl_->groups) {
    count += of_rule.by_key.size();
  }
  return count;
}

}  // namespace spoor
