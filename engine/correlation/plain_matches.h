// The matches of a rule that reports by itself: its hits, one for each event, the least in
// canonical order.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/correlation/hit_store.h"

namespace spoor {

/// At most kMatchesPerRuleMax. What is kept depends on the set of hits, not on the order they came
/// in.
class PlainMatches {
 public:
  /// Would a hit of the event at `order` be kept? Of an event that comes again, perhaps in another
  /// carriage, which may give it another text and even another time, the least stands. False and
  /// `beyond` set: there are too many lesser ones. Room is made for what is wanted: the event that
  /// had to go for it is put into `pushed_out` (if not null). O(log n).
  [[nodiscard]] bool wants(const OrderKey& order,
                           std::string_view record,
                           bool* beyond,
                           std::shared_ptr<const KeptEvent>* pushed_out = nullptr);
  /// Adds a hit that wants() accepted.
  void add(Hit hit);
  /// The rule does not hold for that event after all. False if it was not here.
  bool remove(const Uid& event);

  /// Forgets those of before `time`, and hands them over.
  void forget_before(Timestamp time, const std::function<void(const Hit&)>& forgotten);

  /// The hit of that event, or null.
  [[nodiscard]] const Hit* find(const Uid& event) const;

  [[nodiscard]] const std::map<OrderKey, Hit>& by_order() const { return by_order_; }

  [[nodiscard]] std::size_t size() const { return by_order_.size(); }

 private:
  std::map<OrderKey, Hit> by_order_;
  boost::unordered_flat_map<Uid, OrderKey, UidHash> orders_;
};

}  // namespace spoor
