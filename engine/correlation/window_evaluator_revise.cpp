// What comes late: it is put among the events that were judged, and what it may change is judged
// again. What was handed over before the first event that changed stands; from there on what fires
// now is compared with what was handed over.
#include <algorithm>
#include <functional>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/correlation/window_evaluator_impl.h"

namespace spoor {
namespace {

/// All that a finding shows of a firing.
Uid content_of(const WindowFiring& firing) {
  UidBuilder content;
  const auto add = [&content](const OrderKey& order) {
    content.add(static_cast<std::uint64_t>(order.time)).add(order.uid.high).add(order.uid.low);
  };
  add(firing.first);
  content.add(static_cast<std::uint64_t>(firing.evidence_total));
  boost::unordered_flat_set<const WindowEvidence*> seen;
  std::vector<const std::vector<EvidenceRef>*> open{&firing.evidence};
  while (!open.empty()) {
    const std::vector<EvidenceRef>& next = *open.back();
    open.pop_back();
    for (const EvidenceRef& one : next) {
      if (!seen.insert(one.get()).second) {
        continue;
      }
      add(one->order);
      for (std::size_t i = 0; one->hits && i < one->hits->size(); ++i) {
        content.add((*one->hits)[i].first);
      }
      open.push_back(&one->of_firing);
    }
  }
  return content.finish();
}

}  // namespace

bool WindowEvaluator::Impl::is_revisable(const OrderKey& order) const {
  return revising != nullptr && !finished && judged && order < *judged &&
         order.time >= minus(judged->time, revising->late_by) &&
         (!revising->open_from || *revising->open_from <= order);
}

void WindowEvaluator::Impl::note_changed(const OrderKey& order) const {
  revising->changed = std::min(revising->changed.value_or(order), order);
}

void WindowEvaluator::Impl::reopen(WaitingEvent& event) {
  if (event.evidence != nullptr) {
    event.kept = event.evidence->hits == nullptr ? WindowHits() : *event.evidence->hits;
    event.evidence = nullptr;
  }
}

void WindowEvaluator::Impl::add_late(WindowEvent& event,
                                     const std::vector<std::size_t>& wanted,
                                     const FieldReader& reader) {
  const auto known = revising->orders.find(event.order.uid);
  OrderKey order = event.order;
  if (known == revising->orders.end()) {
    revising->orders.emplace(order.uid, order);
    put(revising->events[order], event, wanted, reader);
  } else {
    // Another copy of it, or it is known only now that more detections hold.
    order = known->second;
    WaitingEvent& there = revising->events.find(order)->second;
    if (std::ranges::includes(there.hits, wanted) || !is_revisable(order)) {
      return;
    }
    reopen(there);
    put_hits(there, event.hits, wanted, false);
  }
  ++revising->events_taken;
  save_event(order);
  note_changed(order);
}

bool WindowEvaluator::Impl::remove_judged(const OrderKey& order, std::size_t detection) const {
  if (revising == nullptr) {
    return false;
  }
  const auto known = revising->orders.find(order.uid);
  if (known == revising->orders.end() || !is_revisable(known->second)) {
    return false;
  }
  const OrderKey place = known->second;
  const auto event = revising->events.find(place);
  reopen(event->second);
  drop_hit(event->second, detection);
  if (event->second.hits.empty()) {
    revising->events.erase(event);
    revising->orders.erase(known);
    erase_event(place);
  } else {
    save_event(place);
  }
  ++revising->events_taken;
  note_changed(place);
  return true;
}

void WindowEvaluator::Impl::keep_judged(std::map<OrderKey, WaitingEvent>::node_type event) const {
  if (revising != nullptr && !finished) {
    revising->orders.insert_or_assign(event.key().uid, event.key());
    revising->events.insert(std::move(event));
  }
}

void WindowEvaluator::Impl::forget_judged() const {
  if (revising == nullptr) {
    return;
  }
  std::map<OrderKey, WaitingEvent>& events = revising->events;
  const Timestamp needed = minus(minus(judged->time, revising->late_by), reach);
  while (!events.empty() && events.begin()->first.time < needed) {
    revising->orders.erase(events.begin()->first.uid);
    events.erase(events.begin());
  }
  while (events.size() > limits.waiting_max) {
    revising->open_from =
        OrderKey{.time = plus(plus(events.begin()->first.time, reach), 1), .rank = 0, .uid = {}};
    revising->orders.erase(events.begin()->first.uid);
    events.erase(events.begin());
  }
  auto& fired = revising->fired;
  while (!fired.empty() && std::get<0>(fired.begin()->first).time < needed) {
    fired.erase(fired.begin());
  }
}

void WindowEvaluator::Impl::renumber_judged(const std::vector<FieldRef>& names_before,
                                            const std::map<std::size_t, std::size_t>& detections,
                                            const UnchangedRules& unchanged) {
  if (revising == nullptr) {
    return;
  }
  for (auto entry = revising->events.begin(); entry != revising->events.end();) {
    if (renumber(entry->second, names_before, detections)) {
      ++entry;
    } else {
      revising->orders.erase(entry->first.uid);
      entry = revising->events.erase(entry);
    }
  }
  std::map<std::size_t, std::size_t> following;
  for (std::size_t rule = 0; rule < unchanged.window_correlations.size(); ++rule) {
    if (unchanged.window_correlations[rule]) {
      following.emplace(*unchanged.window_correlations[rule], rule);
    }
  }
  for (auto& [key, fired] : std::exchange(revising->fired, {})) {
    const auto& [order, rule, group] = key;
    const auto now = following.find(rule);
    if (now != following.end()) {
      revising->fired.emplace(FiringKey(order, now->second, group), fired);
    }
  }
}

void WindowEvaluator::Impl::remember_fired(const FiringKey& key, const WindowFiring& firing) const {
  if (revising != nullptr) {
    revising->fired.insert_or_assign(
        key, Revising::Fired{
                 .group = firing.group, .content = content_of(firing), .lacks = firing.lacks});
  }
}

void WindowEvaluator::Impl::rejudge() {
  if (revising == nullptr || !revising->changed) {
    return;
  }
  Rejudging again{.from = *std::exchange(revising->changed, std::nullopt), .fired = {}};
  const WindowDrops drops_before = drops;
  groups = std::vector<Groups>(rules->size());
  const OrderKey start{
      .time = minus(again.from.time, reach), .rank = std::numeric_limits<int>::min(), .uid = {}};
  rejudging = &again;
  for (auto event = revising->events.lower_bound(start); event != revising->events.end(); ++event) {
    judge(event->first, event->second);
  }
  rejudging = nullptr;
  drops = drops_before;
  hand_over(again);
}

void WindowEvaluator::Impl::hand_over(Rejudging& again) const {
  auto& fired = revising->fired;
  for (auto before = fired.lower_bound({again.from, 0, {}}); before != fired.end();) {
    const auto now = again.fired.find(before->first);
    if (now != again.fired.end() && content_of(now->second) == before->second.content) {
      again.fired.erase(now);
      ++before;
      continue;
    }
    WindowFiring gone;
    gone.rule = std::get<1>(before->first);
    gone.order = std::get<0>(before->first);
    gone.time = gone.order.time;
    if (now != again.fired.end()) {
      now->second.lacks = before->second.lacks;
    }
    gone.group = before->second.group;
    erase_fired(before->first);
    before = fired.erase(before);
    revising->on_withdrawn(gone);
  }
  for (const auto& [key, firing] : again.fired) {
    hand_over(key, firing);
  }
}

}  // namespace spoor
