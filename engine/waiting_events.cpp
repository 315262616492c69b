#include "engine/waiting_events.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/limits.h"
#include "parsers/record_parser.h"

namespace spoor {
namespace {

/// Keeps what the event is known by and its record.
void take(const Event& event, WaitingEvent& into) {
  into.record.assign(event.record);
  into.size = into.record.size();
  into.record.append(RecordParser::kJsonPadding, ' ');
  into.position = event.position;
  into.host = event.host;
  into.actor = event.actor.key;
  into.order = event.order_key();
}

}  // namespace

bool WaitingEvents::add(const Event& event, const std::vector<std::size_t>& rules) {
  const auto known = events_.find(event.uid);
  if (known == events_.end()) {
    if (!make_room(event.record.size())) {
      return false;
    }
    bytes_ += event.record.size();
    WaitingEvent& added = events_[event.uid];
    take(event, added);
    added.rules = rules;
    list(added);
    return true;
  }
  WaitingEvent& waiting = known->second;
  std::vector<std::size_t> all;
  std::ranges::set_union(waiting.rules, rules, std::back_inserter(all));
  const bool is_lesser = event.record < waiting.text();
  if (!is_lesser && all == waiting.rules) {
    return true;
  }
  unlist(waiting);
  if (is_lesser) {
    bytes_ += event.record.size();
    bytes_ -= waiting.size;
    take(event, waiting);
  }
  waiting.rules = std::move(all);
  waiting.judged = false;
  list(waiting);
  return true;
}

bool WaitingEvents::make_room(std::size_t bytes) {
  while (events_.size() >= kWaitingEventsMax || bytes_ + bytes > kWaitingBytesMax) {
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
    judged_.insert(event.order);
    host.judged[event.actor].push_back(event.order.uid);
  } else {
    host.open.insert(event.order);
  }
}

void WaitingEvents::unlist(const WaitingEvent& event) {
  OfHost& host = hosts_.find(event.host)->second;
  if (!event.judged) {
    host.open.erase(event.order);
    return;
  }
  judged_.erase(event.order);
  const auto of_process = host.judged.find(event.actor);
  std::erase(of_process->second, event.order.uid);
  if (of_process->second.empty()) {
    host.judged.erase(of_process);
  }
}

void WaitingEvents::forget(const Uid& event) {
  const auto known = events_.find(event);
  unlist(known->second);
  bytes_ -= known->second.size;
  events_.erase(known);
}

void WaitingEvents::renumber(const std::vector<std::optional<std::size_t>>& following) {
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
    if (order.time >= time) {
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

bool WaitingEvents::has_judged(const std::string& host) const {
  const auto known = hosts_.find(host);
  return known != hosts_.end() && !known->second.judged.empty();
}

void WaitingEvents::forget_judged_before(Timestamp time) {
  while (!judged_.empty() && judged_.begin()->time < time) {
    forget(judged_.begin()->uid);
  }
}

void WaitingEvents::set_judged(const Uid& event, std::vector<std::size_t> held) {
  WaitingEvent& waiting = events_.at(event);
  waiting.held = std::move(held);
  if (!waiting.judged) {
    unlist(waiting);
    waiting.judged = true;
    list(waiting);
  }
}

}  // namespace spoor
