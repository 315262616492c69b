// Who asked for a process, where that is another than its parent: few have one, so it is kept
// beside the nodes. By key, not by index: who is forgotten is named by nothing here. Private to
// this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/uid.h"

namespace spoor {

class Creators {
 public:
  /// Of two claims the lesser stands. False if nothing is new.
  bool take(std::uint32_t child, const Uid& creator) {
    const auto [known, is_new] = by_child_.try_emplace(child, creator);
    if (!is_new) {
      if (known->second <= creator) {
        return false;
      }
      by_creator_.erase({known->second, child});
      known->second = creator;
    }
    by_creator_.emplace(creator, child);
    return true;
  }

  /// None if it has no other creator than its parent.
  [[nodiscard]] Uid find(std::uint32_t child) const {
    const auto known = by_child_.find(child);
    return known == by_child_.end() ? Uid{} : known->second;
  }

  void forget(std::uint32_t child) {
    const auto known = by_child_.find(child);
    if (known != by_child_.end()) {
      by_creator_.erase({known->second, child});
      by_child_.erase(known);
    }
  }

  /// Calls `look(child)` for each that was asked for by this one.
  template <typename Look>
  void for_each_of(const Uid& creator, Look look) const {
    for (auto one = by_creator_.lower_bound({creator, 0});
         one != by_creator_.end() && one->first == creator; ++one) {
      look(one->second);
    }
  }

  /// Calls `look(child, creator)` for each, in no particular order.
  template <typename Look>
  void for_each(Look look) const {
    for (const auto& [child, creator] : by_child_) {
      look(child, creator);
    }
  }

  [[nodiscard]] bool empty() const { return by_child_.empty(); }

  [[nodiscard]] std::size_t memory_bytes() const {
    constexpr std::size_t kTreeNode = 64;
    return by_child_.bucket_count() * (sizeof(std::pair<std::uint32_t, Uid>) + 1) +
           by_creator_.size() * kTreeNode;
  }

 private:
  boost::unordered_flat_map<std::uint32_t, Uid> by_child_;
  std::set<std::pair<Uid, std::uint32_t>> by_creator_;
};

}  // namespace spoor
