// What of window correlations survives a restart. Not their groups: the events that may still stand
// in a window, and which conditions were handed over as firings. Judging the events again gives all
// that was known.
#include <algorithm>
#include <functional>

#include "engine/base/state_walk.h"
#include "engine/correlation/kept_event_state.h"
#include "engine/correlation/window_evaluator_impl.h"

namespace spoor {
namespace {

/// How often it is looked for what need not be kept, in event time.
constexpr Duration kForgetStep = 60 * kNanosPerSecond;
constexpr std::uint64_t kItemsMax = 1U << 20U;

std::string event_key(const OrderKey& order) {
  StateWriter key(StateRow::window_event);
  write_order_key(order, key);
  return key.bytes();
}

Uid group_uid(const std::string& group) {
  return UidBuilder().add(group).finish();
}

std::string fired_key(const OrderKey& order, const Uid& rule, const Uid& group) {
  StateWriter key(StateRow::fired);
  write_order_key(order, key);
  key.uid(rule).uid(group);
  return key.bytes();
}

/// The key of every event from that time on is not less.
std::string first_key(StateRow row, Timestamp time) {
  return StateWriter(row).key_time(time).bytes();
}

}  // namespace

Duration WindowEvaluator::Impl::longest_reach() const {
  std::vector<Duration> of_rule(rules->size(), 0);
  Duration longest = 0;
  // A rule stands behind those that it lists.
  for (std::size_t rule = 0; rule < rules->size(); ++rule) {
    for (const ListedRule& listed : (*rules)[rule].rules) {
      if (listed.is_correlation) {
        of_rule[rule] = std::max(of_rule[rule], of_rule[listed.index]);
      }
    }
    of_rule[rule] = plus(of_rule[rule], (*rules)[rule].timespan);
    longest = std::max(longest, of_rule[rule]);
  }
  return longest;
}

void WindowEvaluator::Impl::keep_state(StateSink& sink, const RuleSet& rule_set) {
  keeping = std::make_unique<Keeping>();
  keeping->sink = &sink;
  keeping->detection_ids = identity_uids(rule_set.detections, rule_set);
  keeping->rule_ids = identity_uids(rule_set.window_correlations, rule_set);
}

void WindowEvaluator::Impl::identify(const RuleSet& rule_set) const {
  keeping->detection_ids = identity_uids(rule_set.detections, rule_set);
  keeping->rule_ids = identity_uids(rule_set.window_correlations, rule_set);
}

void WindowEvaluator::Impl::save_event(const OrderKey& order) const {
  if (keeping == nullptr) {
    return;
  }
  const auto waits = waiting.find(order);
  const WaitingEvent& event =
      waits == waiting.end() ? revising->events.find(order)->second : waits->second;
  StateWriter value;
  value.number(event.number).text(event.record).number(event.hits.size());
  for (const std::size_t hit : event.hits) {
    value.uid(keeping->detection_ids[hit]);
  }
  write_hits(event.kept, value);
  value.number(event.texts.size());
  for (const NamedText& text : event.texts) {
    value.text(fields[text.name].name).text(text.text);
  }
  keeping->sink->put(event_key(order), value.bytes());
}

void WindowEvaluator::Impl::erase_event(const OrderKey& order) const {
  if (keeping != nullptr) {
    keeping->sink->erase(event_key(order));
  }
}

void WindowEvaluator::Impl::save_fired(const FiringKey& fired, bool lacks) const {
  if (keeping != nullptr && restoring == nullptr) {
    const auto& [order, rule, group] = fired;
    keeping->sink->put(fired_key(order, keeping->rule_ids[rule], group_uid(group)),
                       StateWriter().flag(lacks).bytes());
  }
}

void WindowEvaluator::Impl::erase_fired(const FiringKey& fired) const {
  if (keeping != nullptr) {
    const auto& [order, rule, group] = fired;
    keeping->sink->erase(fired_key(order, keeping->rule_ids[rule], group_uid(group)));
  }
}

std::optional<bool> WindowEvaluator::Impl::fired(const FiringKey& key) const {
  if (rejudging != nullptr) {
    const auto known = revising->fired.find(key);
    return known == revising->fired.end() ? std::nullopt : std::optional(known->second.lacks);
  }
  if (restoring == nullptr) {
    return std::nullopt;
  }
  const auto& [order, rule, group] = key;
  const auto known = restoring->fired.find({order, keeping->rule_ids[rule], group_uid(group)});
  return known == restoring->fired.end() ? std::nullopt : std::optional(known->second);
}

void WindowEvaluator::Impl::save(Timestamp keep_from) {
  if (keeping == nullptr || finished) {
    return;  // What was judged because no more was to come waits, should more come after all.
  }
  StateWriter value;
  value.flag(judged.has_value());
  write_order_key(judged.value_or(kFirst), value);
  value.number(drops.late_events).number(drops.groups).number(drops.entries);
  value.number(keeping->rule_ids.size());
  for (std::size_t rule = 0; rule < keeping->rule_ids.size(); ++rule) {
    value.uid(keeping->rule_ids[rule]);
    write_order_key(since[rule], value);
  }
  for (const std::optional<OrderKey> order :
       {revising == nullptr ? std::nullopt : revising->changed,
        revising == nullptr ? std::nullopt : revising->open_from}) {
    value.flag(order.has_value());
    write_order_key(order.value_or(kFirst), value);
  }
  keeping->sink->put(StateWriter(StateRow::windows).bytes(), value.bytes());
  if (!judged) {
    return;
  }
  const Timestamp from = minus(std::min(keep_from, judged->time), reach);
  if (keeping->kept_from == kNothingClosed) {
    keeping->kept_from = from;
  } else if (from > plus(keeping->kept_from, kForgetStep)) {
    for (const StateRow row : {StateRow::window_event, StateRow::fired}) {
      keeping->sink->erase_range(first_key(row, kNothingClosed), first_key(row, from));
    }
    keeping->kept_from = from;
  }
}

bool WindowEvaluator::Impl::restore_head(StateReader& value,
                                         const RuleSet& rule_set,
                                         Restoring& into) {
  const bool has_judged = value.flag();
  const OrderKey last = read_order_key(value);
  if (has_judged) {
    judged = last;
  }
  drops.late_events = value.number();
  drops.groups = value.number();
  drops.entries = value.number();
  const std::vector<Uid> ids = identity_uids(rule_set.window_correlations, rule_set);
  for (std::uint64_t left = value.number_to(kItemsMax); left > 0 && value.ok(); --left) {
    const Uid id = value.uid();
    const OrderKey seen_since = read_order_key(value);
    const auto rule = std::ranges::find(ids, id);
    if (rule != ids.end()) {
      into.since[static_cast<std::size_t>(rule - ids.begin())] = seen_since;
    }
  }
  for (std::optional<OrderKey>* order : {&into.changed, &into.open_from}) {
    const bool is_told = value.flag();
    const OrderKey told = read_order_key(value);
    *order = is_told ? std::optional(told) : std::nullopt;
  }
  return value.is_done();
}

bool WindowEvaluator::Impl::restore_event(StateReader& value,
                                          const std::map<Uid, std::size_t>& detections,
                                          WaitingEvent& into) {
  into.number = value.number();
  into.record = value.text();
  for (std::uint64_t left = value.number_to(kItemsMax); left > 0 && value.ok(); --left) {
    const auto detection = detections.find(value.uid());
    if (detection != detections.end() && !uses[detection->second].empty()) {
      into.hits.push_back(detection->second);
    }
  }
  std::ranges::sort(into.hits);
  into.kept = read_hits(value);
  for (std::uint64_t left = value.number_to(kItemsMax); left > 0 && value.ok(); --left) {
    const auto name = name_indices.find(std::string(value.text()));
    const std::string_view text = value.text();
    if (name != name_indices.end()) {
      into.texts.push_back({.name = name->second, .text = std::string(text)});
    }
  }
  return value.is_done();
}

Result<void> WindowEvaluator::Impl::restore(const StateSource& source, const RuleSet& rule_set) {
  const std::optional<std::string> head = source.get(StateWriter(StateRow::windows).bytes());
  if (!head) {
    return {};
  }
  Restoring again;
  again.since.resize(rules->size());
  StateReader head_value(*head);
  bool is_sound = restore_head(head_value, rule_set, again);
  const std::optional<OrderKey> judged_before = judged;
  is_sound =
      is_sound && each_row(source, StateWriter(StateRow::fired).bytes(),
                           [&](std::string_view key, StateReader& place, StateReader& value) {
                             const OrderKey order = read_order_key(place);
                             const Uid rule = place.uid();
                             const Uid group = place.uid();
                             const bool lacks = value.flag();
                             if (judged_before && order < *judged_before) {
                               again.fired.emplace(std::tuple(order, rule, group), lacks);
                             } else {
                               // Fired when no more was to come. More may have come.
                               keeping->sink->erase(key);
                             }
                             return place.is_done() && value.is_done();
                           });
  std::map<Uid, std::size_t> detections;
  for (std::size_t rule = 0; rule < keeping->detection_ids.size(); ++rule) {
    detections.emplace(keeping->detection_ids[rule], rule);
  }
  const WindowDrops drops_before = drops;
  restoring = &again;
  is_sound =
      is_sound && each_row(source, StateWriter(StateRow::window_event).bytes(),
                           [&](std::string_view /*key*/, StateReader& place, StateReader& value) {
                             const OrderKey order = read_order_key(place);
                             WaitingEvent event;
                             if (!place.is_done() || !restore_event(value, detections, event)) {
                               return false;
                             }
                             if (event.hits.empty()) {
                               return true;
                             }
                             if (judged_before && order < *judged_before) {
                               judge(order, event);
                               if (revising != nullptr) {
                                 revising->orders.emplace(order.uid, order);
                                 revising->events.emplace(order, std::move(event));
                               }
                             } else {
                               orders.emplace(order.uid, order);
                               waiting.emplace(order, std::move(event));
                             }
                             return true;
                           });
  restoring = nullptr;
  drops = drops_before;
  if (revising != nullptr) {
    revising->changed = again.changed;
    revising->open_from = again.open_from;
  }
  for (std::size_t rule = 0; rule < again.since.size(); ++rule) {
    since[rule] = again.since[rule].value_or(judged_before.value_or(kFirst));
  }
  if (!is_sound) {
    return fail(ErrorCode::bad_state, "a row of the window correlations is damaged");
  }
  return {};
}

}  // namespace spoor
