// What starts say of the parent where they know no more than its pid, and for whom: the facts from
// which such edges are worked out. Private to this folder.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace spoor {

/// The parent had this pid at that time.
struct PidParent {
  std::uint32_t pid = 0;
  std::uint64_t time = 0;  ///< As a node's.

  friend auto operator<=>(const PidParent&, const PidParent&) = default;
};

class PidParents {
 public:
  /// Of two claims the lesser stands. False if nothing is new.
  bool take(std::uint32_t child, const PidParent& claim) {
    const auto [known, is_new] = by_child_.try_emplace(child, claim);
    if (!is_new) {
      if (known->second <= claim) {
        return false;
      }
      by_pid_.erase({known->second, child});
      known->second = claim;
    }
    by_pid_.emplace(claim, child);
    return true;
  }

  /// Null if the process has no such claim.
  [[nodiscard]] const PidParent* find(std::uint32_t child) const {
    const auto known = by_child_.find(child);
    return known == by_child_.end() ? nullptr : &known->second;
  }

  void forget(std::uint32_t child) {
    const auto known = by_child_.find(child);
    if (known != by_child_.end()) {
      by_pid_.erase({known->second, child});
      by_child_.erase(known);
    }
  }

  /// Calls `look(child)` for each that claims a parent of that pid at a time from `from` to `to`.
  /// It must change nothing here.
  template <typename Look>
  void for_each_of(std::uint32_t pid, std::uint64_t from, std::uint64_t to, Look look) const {
    for (auto one = by_pid_.lower_bound({PidParent{.pid = pid, .time = from}, 0});
         one != by_pid_.end() && one->first.pid == pid && one->first.time <= to; ++one) {
      look(one->second);
    }
  }

  /// Calls `look(child, claim)` for each, in no particular order.
  template <typename Look>
  void for_each(Look look) const {
    for (const auto& [child, claim] : by_child_) {
      look(child, claim);
    }
  }

  [[nodiscard]] bool empty() const { return by_child_.empty(); }

  [[nodiscard]] std::size_t memory_bytes() const {
    constexpr std::size_t kTreeNode = 64;
    return by_child_.bucket_count() * (sizeof(std::pair<std::uint32_t, PidParent>) + 1) +
           by_pid_.size() * kTreeNode;
  }

 private:
  boost::unordered_flat_map<std::uint32_t, PidParent> by_child_;
  std::set<std::pair<PidParent, std::uint32_t>> by_pid_;  ///< Claim and child.
};

}  // namespace spoor
