#include "engine/correlation/plain_matches.h"

#include <iterator>
#include <utility>

#include "engine/base/limits.h"

namespace spoor {

bool PlainMatches::wants(const OrderKey& order,
                         std::string_view record,
                         bool* beyond,
                         std::shared_ptr<const KeptEvent>* pushed_out) {
  *beyond = false;
  const auto twin = orders_.find(order.uid);
  if (twin != orders_.end()) {
    const auto known = by_order_.find(twin->second);
    const std::string_view kept = record.substr(0, kDeadLetterBytesMax);
    if (known->first < order || (known->first == order && !(kept < known->second.event->record))) {
      return false;
    }
    by_order_.erase(known);
    return true;
  }
  if (by_order_.size() >= kMatchesPerRuleMax) {
    *beyond = true;
    const auto last = std::prev(by_order_.end());
    if (last->first < order) {
      return false;
    }
    if (pushed_out != nullptr) {
      *pushed_out = last->second.event;
    }
    orders_.erase(last->first.uid);
    by_order_.erase(last);
  }
  return true;
}

void PlainMatches::add(Hit hit) {
  const OrderKey order = hit.event->order;
  orders_.insert_or_assign(order.uid, order);
  by_order_.emplace(order, std::move(hit));
}

void PlainMatches::forget_before(Timestamp time, const std::function<void(const Hit&)>& forgotten) {
  while (!by_order_.empty() && by_order_.begin()->first.time < time) {
    forgotten(by_order_.begin()->second);
    orders_.erase(by_order_.begin()->first.uid);
    by_order_.erase(by_order_.begin());
  }
}

const Hit* PlainMatches::find(const Uid& event) const {
  const auto known = orders_.find(event);
  return known == orders_.end() ? nullptr : &by_order_.find(known->second)->second;
}

bool PlainMatches::remove(const Uid& event) {
  const auto known = orders_.find(event);
  if (known == orders_.end()) {
    return false;
  }
  by_order_.erase(known->second);
  orders_.erase(known);
  return true;
}

}  // namespace spoor
