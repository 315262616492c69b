#include "engine/waiting_events.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "engine/base/state_walk.h"
#include "engine/process_graph/process_graph.h"
#include "parsers/record_parser.h"

namespace spoor {
namespace {

/// Before every watermark: for its time a host may never come to.
constexpr Timestamp kDueAtOnce = std::numeric_limits<Timestamp>::min();

/// Keeps what the event is known by and its record.
void take(const Event& event, WaitingEvent& into) {
  into.record.assign(event.record);
  into.size = into.record.size();
  into.record.append(RecordParser::kJsonPadding, ' ');
  into.position = event.position;
  into.host = event.host;
  into.order = event.order_key();
  into.pid = bare_pid(event);
  if (!into.pid) {
    into.actor = event.actor.key;
  }
}

/// Its place among those that wait for their time.
OrderKey due_of(const WaitingEvent& event) {
  OrderKey due = event.order;
  if (is_from_future(event.order.time, event.position.received)) {
    due.time = kDueAtOnce;
  } else {
    due.time += event.pid ? kClockSlackNs : 0;
  }
  return due;
}

/// Its place among those that were judged, by which they are forgotten. What an event from the
/// future claims would keep it for ever.
OrderKey age_of(const WaitingEvent& event) {
  OrderKey age = event.order;
  age.time = is_from_future(event.order.time, event.position.received) ? event.position.received
                                                                       : age.time;
  return age;
}

std::vector<std::size_t> joined(const std::vector<std::size_t>& a,
                                const std::vector<std::size_t>& b) {
  std::vector<std::size_t> all;
  std::ranges::set_union(a, b, std::back_inserter(all));
  return all;
}

}  // namespace

bool WaitingEvents::add(const Event& event,
                        const std::vector<std::size_t>& rules,
                        const std::vector<std::size_t>& held) {
  const auto known = events_.find(event.uid);
  if (known == events_.end()) {
    const std::size_t bytes = event.record.size() + kWaitingEventBytes;
    if (!make_room(bytes)) {
      return false;
    }
    bytes_ += bytes;
    WaitingEvent& added = events_[event.uid];
    take(event, added);
    added.rules = rules;
    added.held = held;
    list(added);
    save_record(added);
    save_rules(added);
    return true;
  }
  WaitingEvent& waiting = known->second;
  std::vector<std::size_t> all = joined(waiting.rules, rules);
  const bool is_lesser = event.record < waiting.text();
  if (!is_lesser && all == waiting.rules) {
    return true;
  }
  unlist(waiting);
  if (is_lesser) {
    bytes_ += event.record.size();
    bytes_ -= waiting.size;
    take(event, waiting);
    waiting.renewed = true;
    save_record(waiting);
  }
  // Of those that waited so far it is known whether they hold.
  std::vector<std::size_t> told;
  std::ranges::set_difference(held, waiting.rules, std::back_inserter(told));
  waiting.held = joined(waiting.held, told);
  waiting.rules = std::move(all);
  waiting.judged = false;
  list(waiting);
  save_rules(waiting);
  return true;
}

bool WaitingEvents::make_room(std::size_t bytes) {
  while (events_.size() >= limits_.events || bytes_ + bytes > limits_.bytes) {
    if (judged_.empty()) {
      return false;
    }
    forget(judged_.begin()->uid);
  }
  return true;
}

void WaitingEvents::list(const WaitingEvent& event) {
  OfHost& host = hosts_[event.host];
  if (event.judged) {
    judged_.insert(age_of(event));
    host.judged[event.actor].push_back(event.order.uid);
    if (event.pid) {
      host.judged_pids.emplace(*event.pid, event.order.uid);
    }
  } else {
    host.open.insert(due_of(event));
  }
}

void WaitingEvents::unlist(const WaitingEvent& event) {
  OfHost& host = hosts_.find(event.host)->second;
  if (!event.judged) {
    host.open.erase(due_of(event));
    return;
  }
  judged_.erase(age_of(event));
  const auto of_process = host.judged.find(event.actor);
  std::erase(of_process->second, event.order.uid);
  if (of_process->second.empty()) {
    host.judged.erase(of_process);
  }
  if (event.pid) {
    host.judged_pids.erase({*event.pid, event.order.uid});
  }
}

void WaitingEvents::forget(const Uid& event) {
  const auto known = events_.find(event);
  if (sink_ != nullptr) {
    sink_->erase(StateWriter(StateRow::waiting).uid(event).bytes());
    sink_->erase(StateWriter(StateRow::waiting_rules).uid(event).bytes());
  }
  unlist(known->second);
  bytes_ -= known->second.size + kWaitingEventBytes;
  events_.erase(known);
}

void WaitingEvents::renumber(const std::vector<std::optional<std::size_t>>& following,
                             std::vector<Uid> identities) {
  rules_ = std::move(identities);
  const auto renumber_rules = [&following](std::vector<std::size_t>& rules) {
    std::erase_if(rules, [&](std::size_t rule) { return !following[rule]; });
    std::ranges::transform(rules, rules.begin(),
                           [&](std::size_t rule) { return *following[rule]; });
    std::ranges::sort(rules);
  };
  std::vector<Uid> gone;
  for (auto& [uid, waiting] : events_) {
    renumber_rules(waiting.rules);
    renumber_rules(waiting.held);
    if (waiting.rules.empty()) {
      gone.push_back(uid);
    }
  }
  for (const Uid& uid : gone) {
    forget(uid);
  }
}

std::vector<Uid> WaitingEvents::all() const {
  std::vector<OrderKey> orders;
  orders.reserve(events_.size());
  for (const auto& [uid, waiting] : events_) {
    orders.push_back(waiting.order);
  }
  std::ranges::sort(orders);
  std::vector<Uid> uids;
  uids.reserve(orders.size());
  for (const OrderKey& order : orders) {
    uids.push_back(order.uid);
  }
  return uids;
}

std::vector<Uid> WaitingEvents::due(const std::string& host, Timestamp time) const {
  std::vector<Uid> uids;
  const auto known = hosts_.find(host);
  if (known == hosts_.end()) {
    return uids;
  }
  for (const OrderKey& order : known->second.open) {
    if (order.time >= time && order.time != kDueAtOnce) {
      break;
    }
    uids.push_back(order.uid);
  }
  return uids;
}

std::vector<Uid> WaitingEvents::judged_of(const std::string& host, const Uid& actor) const {
  const auto known = hosts_.find(host);
  if (known == hosts_.end()) {
    return {};
  }
  const auto of_process = known->second.judged.find(actor);
  return of_process == known->second.judged.end() ? std::vector<Uid>{} : of_process->second;
}

std::vector<Uid> WaitingEvents::judged_with_pid(const std::string& host, std::uint32_t pid) const {
  std::vector<Uid> uids;
  const auto known = hosts_.find(host);
  if (known == hosts_.end()) {
    return uids;
  }
  const auto& pids = known->second.judged_pids;
  for (auto one = pids.lower_bound({pid, Uid{}}); one != pids.end() && one->first == pid; ++one) {
    uids.push_back(one->second);
  }
  return uids;
}

std::vector<Uid> WaitingEvents::judged_with_pid(const std::string& host) const {
  std::vector<Uid> uids;
  const auto known = hosts_.find(host);
  if (known != hosts_.end()) {
    for (const auto& [pid, uid] : known->second.judged_pids) {
      uids.push_back(uid);
    }
  }
  return uids;
}

bool WaitingEvents::has_judged(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known != hosts_.end() && !known->second.judged.empty();
}

void WaitingEvents::forget_judged_before(Timestamp time) {
  while (!judged_.empty() && judged_.begin()->time < time) {
    forget(judged_.begin()->uid);
  }
}

void WaitingEvents::set_judged(const Uid& event, std::vector<std::size_t> held, const Uid& actor) {
  WaitingEvent& waiting = events_.at(event);
  const bool is_news =
      !waiting.judged || waiting.renewed || waiting.held != held || waiting.actor != actor;
  waiting.held = std::move(held);
  waiting.renewed = false;
  if (!waiting.judged || waiting.actor != actor) {
    unlist(waiting);
    waiting.judged = true;
    waiting.actor = actor;
    list(waiting);
  }
  if (is_news) {
    save_rules(waiting);
  }
}

// --- What survives a restart
// ------------------------------------------------------------------------------

void WaitingEvents::keep_state(StateSink& sink, std::vector<Uid> rules) {
  sink_ = &sink;
  rules_ = std::move(rules);
}

void WaitingEvents::save_record(const WaitingEvent& event) {
  if (sink_ == nullptr) {
    return;
  }
  StateWriter value;
  value.text(event.text()).text(event.host).time(event.order.time);
  value.flag(event.pid.has_value()).number(event.pid.value_or(0));
  value.number(static_cast<std::uint64_t>(event.order.rank));
  value.number(event.position.input).number(event.position.offset).number(event.position.line);
  value.time(event.position.received);
  sink_->put(StateWriter(StateRow::waiting).uid(event.order.uid).bytes(), value.bytes());
}

void WaitingEvents::save_rules(const WaitingEvent& event) {
  if (sink_ == nullptr) {
    return;
  }
  StateWriter value;
  value.flag(event.judged).flag(event.renewed).uid(event.actor);
  for (const std::vector<std::size_t>* rules : {&event.rules, &event.held}) {
    value.number(rules->size());
    for (const std::size_t rule : *rules) {
      value.uid(rules_[rule]);
    }
  }
  sink_->put(StateWriter(StateRow::waiting_rules).uid(event.order.uid).bytes(), value.bytes());
}

bool WaitingEvents::restore_record(StateReader& place, StateReader& from) {
  WaitingEvent event;
  event.order.uid = place.uid();
  event.record = from.text();
  event.size = event.record.size();
  event.record.append(RecordParser::kJsonPadding, ' ');
  event.host = from.text();
  event.order.time = from.time();
  const bool has_pid = from.flag();
  const auto pid = static_cast<std::uint32_t>(from.number_to(0xFFFFFFFFU));
  event.pid = has_pid ? std::optional(pid) : std::nullopt;
  event.order.rank = static_cast<int>(from.number_to(9));
  event.position.input = static_cast<std::uint32_t>(from.number_to(0xFFFFFFFFU));
  event.position.offset = from.number();
  event.position.line = from.number();
  // Rows of before do not tell.
  event.position.received = from.is_done() ? 0 : from.time();
  if (!place.is_done() || !from.is_done()) {
    return false;
  }
  bytes_ += event.size + kWaitingEventBytes;
  events_.emplace(event.order.uid, std::move(event));
  return true;
}

bool WaitingEvents::restore_rules(StateReader& place, StateReader& from, const RulePlaces& places) {
  const auto known = events_.find(place.uid());
  if (!place.is_done() || known == events_.end()) {
    return false;
  }
  constexpr std::uint64_t kRulesMax = 1U << 20U;
  WaitingEvent& event = known->second;
  event.judged = from.flag();
  event.renewed = from.flag();
  event.actor = from.uid();
  for (std::vector<std::size_t>* rules : {&event.rules, &event.held}) {
    for (std::uint64_t left = from.number_to(kRulesMax); left > 0 && from.ok(); --left) {
      const auto rule = places.find(from.uid());
      if (rule != places.end()) {
        rules->push_back(rule->second);
      }
    }
    std::ranges::sort(*rules);
  }
  return from.is_done();
}

Result<void> WaitingEvents::restore(const StateSource& source) {
  RulePlaces places;
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) {
    places.emplace(rules_[rule], rule);
  }
  const bool is_sound =
      each_row(source, StateWriter(StateRow::waiting).bytes(),
               [&](std::string_view /*key*/, StateReader& place, StateReader& value) {
                 return restore_record(place, value);
               }) &&
      each_row(source, StateWriter(StateRow::waiting_rules).bytes(),
               [&](std::string_view /*key*/, StateReader& place, StateReader& value) {
                 return restore_rules(place, value, places);
               });
  if (!is_sound) {
    return fail(ErrorCode::bad_state, "a row of the events that wait is damaged");
  }
  std::vector<Uid> idle;
  for (const auto& [uid, event] : events_) {
    list(event);
    if (event.rules.empty()) {
      idle.push_back(uid);
    }
  }
  for (const Uid& uid : idle) {
    forget(uid);
  }
  return {};
}

}  // namespace spoor
