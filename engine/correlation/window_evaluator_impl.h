// Inside WindowEvaluator. Private to this folder: window_evaluator_state.cpp writes and restores
// what survives a restart.
#pragma once

#include <algorithm>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"
#include "engine/correlation/watermark.h"
#include "engine/correlation/window_evaluator.h"
#include "engine/correlation/window_value.h"

namespace spoor {

struct WindowEvaluator::Impl {
  /// Index into the table of all field names that some rule wants.
  using NameIndex = std::uint32_t;

  struct NamedText {
    NameIndex name = 0;
    std::string text;
  };

  /// An event that waits for its turn.
  struct WaitingEvent {
    std::uint64_t number = 0;
    std::string record;             ///< What decides between copies; empty if the caller gave none.
    std::vector<std::size_t> hits;  ///< Ascending.
    WindowHits kept;                ///< By rule id; once it was judged with its evidence.
    std::vector<NamedText> texts;   ///< By field, in the event's order.
    EvidenceRef evidence;           ///< Once it was judged.
  };

  /// One whose turn it is.
  struct DueEvent {
    Timestamp time = 0;
    const WaitingEvent* event = nullptr;
    EvidenceRef evidence;
  };

  /// An event as a rule meets it: itself, or as the firing of another rule.
  struct Arrival {
    std::vector<std::size_t> listed;  ///< Places in the rule's list that it stands for.
    std::vector<NamedText> group;     ///< Of a firing: values under the names of group-by.
    EvidenceRef evidence;
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
    GroupState(const WindowCorrelation& rule, std::size_t entries_max)
        : window(rule, entries_max) {}

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

  /// What is written for a restart: the events that may stand in some window, and which conditions
  /// fired at them. What is known of groups follows from these.
  struct Keeping {
    StateSink* sink = nullptr;
    std::vector<Uid> detection_ids;  ///< By detection.
    std::vector<Uid> rule_ids;       ///< By rule.
    Timestamp kept_from = kNothingClosed;
  };

  /// While events are judged that were judged before.
  struct Restoring {
    std::vector<std::optional<OrderKey>> since;  ///< By rule; none: it was not there.
    /// (event, rule, group) → lacks evidence.
    std::map<std::tuple<OrderKey, Uid, Uid>, bool> fired;
    // Of what is revised, as it was.
    std::optional<OrderKey> changed;
    std::optional<OrderKey> open_from;
  };

  /// An event, a rule, and the key of a group.
  using FiringKey = std::tuple<OrderKey, std::size_t, std::string>;

  /// What was judged, and may be judged again if something comes late
  /// (window_evaluator_revise.cpp).
  struct Revising {
    /// What was handed over.
    struct Fired {
      std::vector<std::string> group;
      Uid content;
      bool lacks = false;
    };

    Duration late_by = 0;
    OnWithdrawn on_withdrawn;
    std::map<OrderKey, WaitingEvent> events;
    boost::unordered_flat_map<Uid, OrderKey, UidHash> orders;
    std::map<FiringKey, Fired> fired;
    std::optional<OrderKey> changed;  ///< The first event that is another than when it was judged.
    std::optional<OrderKey> open_from;  ///< No event before is taken: some in its window are gone.
    std::uint64_t events_taken = 0;
  };

  /// While events are judged again.
  struct Rejudging {
    OrderKey from;  ///< What fired at events before stands.
    std::map<FiringKey, WindowFiring> fired;
  };

  Impl(const RuleSet& rule_set,
       WindowReporting report_mode,
       OnFiring firing_taker,
       const WindowLimits& window_limits)
      : reporting(report_mode), on_firing(std::move(firing_taker)), limits(window_limits) {
    prepare(rule_set);
    groups.resize(rules->size());
    since.assign(rules->size(), kFirst);
  }

  // --- Rules made ready ---

  NameIndex name_index(const std::string& name) {
    const auto [known, is_new] = name_indices.try_emplace(name, fields.size());
    if (is_new) {
      fields.push_back({.name = name, .id = find_field(name)});
    }
    return known->second;
  }

  void prepare(const RuleSet& rule_set) {
    rules = &rule_set.window_correlations;
    detection_rules = &rule_set.detections;
    fields.clear();
    name_indices.clear();
    prepared.assign(rules->size(), {});
    uses.assign(rule_set.detections.size(), {});
    for (std::size_t rule = 0; rule < rules->size(); ++rule) {
      prepare(rule);
    }
    reach = longest_reach();
  }

  void prepare(std::size_t index) {
    const WindowCorrelation& rule = (*rules)[index];
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

  void add(WindowEvent event, std::span<const std::size_t> hits, const FieldReader& reader) {
    std::vector<std::size_t> wanted;
    std::ranges::copy_if(hits, std::back_inserter(wanted),
                         [this](std::size_t hit) { return !uses[hit].empty(); });
    if (wanted.empty()) {
      return;
    }
    std::ranges::sort(wanted);
    if (judged && event.order < *judged) {
      if (is_revisable(event.order)) {
        add_late(event, wanted, reader);
      } else {
        drops.late_events += event.duplicate ? 0U : 1U;
      }
      return;
    }
    const auto known = orders.find(event.order.uid);
    if (known == orders.end()) {
      orders.emplace(event.order.uid, event.order);
      put(waiting[event.order], event, wanted, reader);
      save_event(event.order);
    } else {
      const OrderKey before = known->second;
      take_again(known->second, event, wanted, reader);
      if (known->second != before) {
        erase_event(before);
      }
      save_event(known->second);
    }
    if (waiting.size() > limits.waiting_max) {
      judge_first(waiting.size() / 2 + 1);
    }
  }

  /// Of two copies of an event the lesser stands, with the hits of both.
  void take_again(OrderKey& known,
                  WindowEvent& event,
                  const std::vector<std::size_t>& wanted,
                  const FieldReader& reader) {
    auto place = waiting.find(known);
    const bool is_lesser =
        std::tie(event.order, event.record) <
        std::tuple<const OrderKey&, std::string_view>(known, place->second.record);
    if (!is_lesser) {
      put_hits(place->second, event.hits, wanted, false);
      return;
    }
    if (event.order != known) {
      auto node = waiting.extract(place);
      node.key() = event.order;
      place = waiting.insert(std::move(node)).position;
      known = event.order;
    }
    place->second.texts.clear();
    put(place->second, event, wanted, reader);
  }

  void put(WaitingEvent& into,
           WindowEvent& event,
           const std::vector<std::size_t>& wanted,
           const FieldReader& reader) {
    into.number = event.number;
    into.record = event.record;
    for (NameIndex name = 0; name < fields.size(); ++name) {
      texts.clear();
      reader.read(fields[name], texts);
      for (const std::string_view text : texts) {
        into.texts.push_back({.name = name, .text = std::string(text)});
      }
    }
    put_hits(into, event.hits, wanted, true);
  }

  static void put_hits(WaitingEvent& into,
                       WindowHits& kept,
                       const std::vector<std::size_t>& wanted,
                       bool replace) {
    std::vector<std::size_t> all;
    std::ranges::set_union(into.hits, wanted, std::back_inserter(all));
    into.hits = std::move(all);
    for (auto& [rule, hit] : kept) {
      const auto place =
          std::ranges::lower_bound(into.kept, rule, {}, &WindowHits::value_type::first);
      if (place == into.kept.end() || place->first != rule) {
        into.kept.insert(place, {rule, std::move(hit)});
      } else if (replace) {
        place->second = std::move(hit);
      }
    }
  }

  void remove(const OrderKey& order, std::size_t detection) {
    if (uses[detection].empty()) {
      return;
    }
    const auto known = orders.find(order.uid);
    if (known == orders.end()) {
      if (judged && order < *judged && !remove_judged(order, detection)) {
        ++drops.late_events;
      }
      return;
    }
    const auto place = waiting.find(known->second);
    drop_hit(place->second, detection);
    if (place->second.hits.empty()) {
      erase_event(known->second);
      waiting.erase(place);
      orders.erase(known);
    } else {
      save_event(known->second);
    }
  }

  void drop_hit(WaitingEvent& event, std::size_t detection) const {
    std::erase(event.hits, detection);
    std::erase_if(event.kept, [&](const auto& kept) {
      return kept.first == (*detection_rules)[detection].meta.id;
    });
  }

  /// Judges the first `count` of those that wait.
  void judge_first(std::size_t count) {
    for (; count > 0; --count) {
      const auto first = waiting.begin();
      judged = first->first;
      judge(first->first, first->second);
      orders.erase(first->first.uid);
      keep_judged(waiting.extract(first));
    }
  }

  void advance(Timestamp watermark) {
    rejudge();
    const OrderKey end{.time = watermark, .rank = std::numeric_limits<int>::min(), .uid = {}};
    while (!waiting.empty() && waiting.begin()->first < end) {
      judge_first(1);
    }
    judged = std::max(judged.value_or(end), end);
    forget_judged();
  }

  // --- Another rule set ---

  void replace_rules(const RuleSet& following, const UnchangedRules& unchanged) {
    const std::vector<FieldRef> names_before = std::move(fields);
    std::vector<Groups> groups_before = std::move(groups);
    const std::vector<OrderKey> since_before = std::move(since);
    prepare(following);
    since.clear();
    for (const std::optional<std::size_t>& same : unchanged.window_correlations) {
      since.push_back(same ? since_before[*same] : judged.value_or(kFirst));
    }
    if (keeping != nullptr) {
      identify(following);
    }
    groups = std::vector<Groups>(rules->size());
    for (std::size_t rule = 0; rule < rules->size(); ++rule) {
      const std::optional<std::size_t> before = unchanged.window_correlations[rule];
      if (before) {
        groups[rule] = std::move(groups_before[*before]);
        for (auto& [key, state] : groups[rule].by_key) {
          state.window.rebind((*rules)[rule]);
        }
      }
    }
    std::map<std::size_t, std::size_t> following_detections;
    for (std::size_t rule = 0; rule < unchanged.detections.size(); ++rule) {
      if (unchanged.detections[rule]) {
        following_detections.emplace(*unchanged.detections[rule], rule);
      }
    }
    for (auto entry = waiting.begin(); entry != waiting.end();) {
      if (renumber(entry->second, names_before, following_detections)) {
        ++entry;
      } else {
        orders.erase(entry->first.uid);
        entry = waiting.erase(entry);
      }
    }
    renumber_judged(names_before, following_detections, unchanged);
  }

  /// False if nothing of the event is wanted any more.
  bool renumber(WaitingEvent& event,
                const std::vector<FieldRef>& names_before,
                const std::map<std::size_t, std::size_t>& detections) {
    std::vector<std::size_t> hits;
    for (const std::size_t hit : event.hits) {
      const auto now = detections.find(hit);
      if (now != detections.end() && !uses[now->second].empty()) {
        hits.push_back(now->second);
      }
    }
    std::ranges::sort(hits);
    event.hits = std::move(hits);
    std::erase_if(event.texts, [&](NamedText& text) {
      const auto now = name_indices.find(names_before[text.name].name);
      if (now != name_indices.end()) {
        text.name = now->second;
      }
      return now == name_indices.end();
    });
    return !event.hits.empty();
  }

  // --- One event, in canonical order ---

  void judge(const OrderKey& order, WaitingEvent& waited) {
    if (waited.evidence == nullptr) {
      auto evidence = std::make_shared<WindowEvidence>();
      evidence->order = order;
      evidence->number = waited.number;
      if (!waited.kept.empty()) {
        evidence->hits = std::make_shared<const WindowHits>(std::move(waited.kept));
      }
      waited.evidence = std::move(evidence);
    }
    const DueEvent event{.time = order.time, .event = &waited, .evidence = waited.evidence};
    for (const std::size_t hit : waited.hits) {
      for (const auto& [rule, places] : uses[hit]) {
        if (!sees(rule, order)) {
          continue;
        }
        std::vector<Arrival>& met = agenda[rule];
        if (met.empty()) {
          met.emplace_back().evidence = event.evidence;
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
  static const std::string* first_text(const DueEvent& event,
                                       const Arrival& arrival,
                                       NameIndex name) {
    const auto given = std::ranges::find(arrival.group, name, &NamedText::name);
    if (given != arrival.group.end()) {
      return &given->text;
    }
    const auto own = std::ranges::find(event.event->texts, name, &NamedText::name);
    return own == event.event->texts.end() ? nullptr : &own->text;
  }

  /// What of the event a group gets: aliases can put one event into several.
  struct Share {
    std::string key;
    std::vector<std::string> group;
    std::vector<std::size_t> listed;
  };

  void meet(std::size_t rule, const DueEvent& event, const Arrival& arrival) {
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
                                           const DueEvent& event,
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
      for (const NamedText& own : event.event->texts) {
        if (own.name == name) {
          values.emplace_back(own.text);
        }
      }
    }
    return values;
  }

  void judge(std::size_t index,
             const DueEvent& event,
             const Arrival& arrival,
             const Share& share,
             const std::vector<std::string_view>& values) {
    const WindowCorrelation& rule = (*rules)[index];
    GroupState& state = group_of(index, share.key, event.time);
    const std::uint64_t dropped = state.window.dropped();
    const bool holds = state.window.take({.time = event.time,
                                          .evidence = arrival.evidence,
                                          .listed = &share.listed,
                                          .values = &values});
    drops.entries += state.window.dropped() - dropped;
    if (on_judged && restoring == nullptr && rejudging == nullptr) {
      on_judged({.rule = index,
                 .time = event.time,
                 .group = &share.group,
                 .window = &state.window,
                 .holds = holds});
    }
    const OrderKey& order = event.evidence->order;
    const bool suppressed = reporting == WindowReporting::fire && state.last_fired &&
                            is_within(*state.last_fired, event.time, rule.timespan);
    const std::optional<bool> fired_before = restoring != nullptr || rejudging != nullptr
                                                 ? fired({order, index, share.key})
                                                 : std::nullopt;
    const bool is_past = rejudging != nullptr && order < rejudging->from;
    const bool is_again = is_past || restoring != nullptr;
    if (is_again && fired_before) {
      state.last_fired = event.time;  // Whether or not all that its window held is still here.
    }
    if (!holds) {
      return;
    }
    tell_users(index, event, arrival, share, state.window);
    if (is_again ? !fired_before : suppressed) {
      return;
    }
    state.last_fired = event.time;
    if (is_past) {
      return;
    }
    WindowFiring firing{.rule = index,
                        .event = event.event->number,
                        .time = event.time,
                        .order = event.evidence->order,
                        .group = share.group,
                        .first = {},
                        .evidence = {},
                        .evidence_total = 0,
                        .lacks = fired_before.value_or(false)};
    if (reporting == WindowReporting::fire) {
      firing.first = state.window.first();
      firing.evidence = state.window.evidence();
      firing.evidence_total = state.window.evidence_total();
    }
    const FiringKey key(order, index, share.key);
    if (rejudging != nullptr) {
      rejudging->fired.emplace(key, std::move(firing));
    } else {
      hand_over(key, firing);
    }
  }

  void hand_over(const FiringKey& key, const WindowFiring& firing) const {
    save_fired(key, firing.lacks);
    remember_fired(key, firing);
    on_firing(firing);
  }

  /// The firing becomes an event of the rules that list this one.
  void tell_users(std::size_t index,
                  const DueEvent& event,
                  const Arrival& arrival,
                  const Share& share,
                  const GroupWindow& window) {
    if (prepared[index].listed_by.empty()) {
      return;
    }
    auto evidence = std::make_shared<WindowEvidence>();
    evidence->order = event.evidence->order;
    evidence->number = event.event->number;
    if (reporting == WindowReporting::fire) {
      evidence->of_firing = window.evidence();
    }
    for (const auto& [user, places] : prepared[index].listed_by) {
      if (!sees(user, event.evidence->order)) {
        continue;
      }
      Arrival& firing = agenda[user].emplace_back();
      firing.listed = places;
      firing.evidence = evidence;
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
      if (is_within(oldest->second.last_event, time, (*rules)[rule].timespan)) {
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
      state = known.by_key.try_emplace(key, (*rules)[rule], limits.entries_max).first;
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

  // --- What survives a restart (window_evaluator_state.cpp)

  void keep_state(StateSink& sink, const RuleSet& rule_set);
  /// Of other rules from now on.
  void identify(const RuleSet& rule_set) const;
  void save_event(const OrderKey& order) const;
  void erase_event(const OrderKey& order) const;
  void save_fired(const FiringKey& fired, bool lacks) const;
  void erase_fired(const FiringKey& fired) const;
  void save(Timestamp keep_from);
  [[nodiscard]] bool restore_head(StateReader& value, const RuleSet& rule_set, Restoring& into);
  /// False if the row is damaged. An event without hits: no rule wants it any more.
  [[nodiscard]] bool restore_event(StateReader& value,
                                   const std::map<Uid, std::size_t>& detections,
                                   WaitingEvent& into);
  [[nodiscard]] Result<void> restore(const StateSource& source, const RuleSet& rule_set);
  /// While something is judged again: did it fire, and does it lack evidence?
  [[nodiscard]] std::optional<bool> fired(const FiringKey& key) const;
  /// How far back an event may stand in a window, of a rule that lists rules in theirs.
  [[nodiscard]] Duration longest_reach() const;

  /// Always, but of what was judged before a rule came.
  [[nodiscard]] bool sees(std::size_t rule, const OrderKey& order) const {
    if (rejudging != nullptr) {
      return since[rule] <= order;
    }
    return restoring == nullptr || (restoring->since[rule] && *restoring->since[rule] <= order);
  }

  // --- What comes late (window_evaluator_revise.cpp)

  /// Was judged, and what comes of it late is taken.
  [[nodiscard]] bool is_revisable(const OrderKey& order) const;
  void add_late(WindowEvent& event,
                const std::vector<std::size_t>& wanted,
                const FieldReader& reader);
  /// False if the event is not kept any more.
  bool remove_judged(const OrderKey& order, std::size_t detection) const;
  void note_changed(const OrderKey& order) const;
  /// Takes the event's hits from its evidence, which windows that were judged share.
  static void reopen(WaitingEvent& event);
  void keep_judged(std::map<OrderKey, WaitingEvent>::node_type event) const;
  void forget_judged() const;
  void renumber_judged(const std::vector<FieldRef>& names_before,
                       const std::map<std::size_t, std::size_t>& detections,
                       const UnchangedRules& unchanged);
  void remember_fired(const FiringKey& key, const WindowFiring& firing) const;
  /// Judges again what the changed events may stand in the windows of, and hands over what fires
  /// otherwise. O(events from the timespan before the first of them on).
  void rejudge();
  void hand_over(Rejudging& again) const;

  /// Before every event.
  static constexpr OrderKey kFirst{.time = kNothingClosed, .rank = 0, .uid = {}};

  std::vector<OrderKey> since;  ///< By rule: it sees the events from here on.
  Duration reach = 0;           ///< longest_reach() of the rules.
  std::unique_ptr<Revising> revising;
  Rejudging* rejudging = nullptr;
  std::unique_ptr<Keeping> keeping;
  const Restoring* restoring = nullptr;
  bool finished = false;
  const std::vector<WindowCorrelation>* rules = nullptr;
  const std::vector<DetectionRule>* detection_rules = nullptr;
  WindowReporting reporting;
  OnFiring on_firing;
  OnJudged on_judged;
  WindowLimits limits;
  WindowDrops drops;
  std::vector<FieldRef> fields;  ///< All that some rule wants.
  std::map<std::string, NameIndex> name_indices;
  std::vector<Prepared> prepared;
  std::vector<Groups> groups;
  /// Of each detection: the rules that list it, and at which places.
  std::vector<std::vector<std::pair<std::size_t, std::vector<std::size_t>>>> uses;
  std::map<OrderKey, WaitingEvent> waiting;
  boost::unordered_flat_map<Uid, OrderKey, UidHash> orders;  ///< Of those that wait.
  std::optional<OrderKey> judged;  ///< No event before this is taken any more.
  /// Of the event that is judged: what each rule has still to meet.
  std::map<std::size_t, std::vector<Arrival>> agenda;
  std::vector<std::string_view> texts;
  std::string tuple;
};

}  // namespace spoor
