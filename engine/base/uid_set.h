// Uids, as a set that can be asked for early: a look-up is one cache line, mostly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engine/base/huge_pages.h"
#include "engine/base/prefetch.h"
#include "engine/base/uid.h"

namespace spoor {

/// Nothing is taken out but all of it. 32 bytes a uid, between 21 and 43.
class UidSet {
 public:
  [[nodiscard]] std::size_t size() const { return count_ + (has_none_ ? 1 : 0); }

  /// Asks for the memory that contains() will look at.
  void prefetch(const Uid& uid) const {
    if (!places_.empty()) {
      prefetch_line(&places_[home_of(uid)]);
    }
  }

  [[nodiscard]] bool contains(const Uid& uid) const {
    if (uid.is_none()) {
      return has_none_;
    }
    return !places_.empty() && places_[place_of(uid)] == uid;
  }

  /// True if it was not there.
  bool insert(const Uid& uid) {
    if (uid.is_none()) {
      return !std::exchange(has_none_, true);
    }
    if (4 * (count_ + 1) > 3 * places_.size()) {
      grow();
    }
    Uid& place = places_[place_of(uid)];
    if (place == uid) {
      return false;
    }
    place = uid;
    ++count_;
    return true;
  }

  /// Takes out all, and keeps the memory: to grow to millions again takes a tenth of a second, most
  /// of it in one insert().
  void clear() {
    std::ranges::fill(places_, Uid{});
    count_ = 0;
    has_none_ = false;
  }

  /// How many it can hold before it grows.
  [[nodiscard]] std::size_t capacity() const { return places_.size() / 4 * 3; }

 private:
  static constexpr std::size_t kPlacesMin = 64;  ///< A power of two, as their number always is.

  [[nodiscard]] std::size_t home_of(const Uid& uid) const {
    return UidHash{}(uid) & (places_.size() - 1);
  }

  /// Its own, or the free one where it would be.
  [[nodiscard]] std::size_t place_of(const Uid& uid) const {
    std::size_t at = home_of(uid);
    while (places_[at] != uid && !places_[at].is_none()) {
      at = (at + 1) & (places_.size() - 1);
    }
    return at;
  }

  void grow() {
    std::vector<Uid> before;
    const std::size_t size = places_.empty() ? kPlacesMin : 2 * places_.size();
    before.reserve(size);
    advise_huge_pages(before.data(), size * sizeof(Uid));
    before.resize(size);
    before.swap(places_);
    for (const Uid& uid : before) {
      if (!uid.is_none()) {
        places_[place_of(uid)] = uid;
      }
    }
  }

  std::vector<Uid> places_;  ///< None: free.
  std::size_t count_ = 0;
  bool has_none_ = false;
};

}  // namespace spoor
