// Host keys that were met before, and what an event of one needs first. Private to this folder.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "engine/base/prefetch.h"
#include "engine/base/uid.h"
#include "engine/process_graph/process_graph.h"

namespace spoor {

struct HostState;

/// One cache line, which can be asked for before it is read.
struct alignas(64) KnownHost {
  Uid key;                            ///< seeded_uid() of the host key. None: the place is free.
  HostState* host = nullptr;          ///< Null: to be looked up by its key.
  ProcessGraph::Expectation graph{};  ///< Of that host.
  Uid last_name;                      ///< seeded_uid() of the host name, to learn nothing twice.
};

/// By key. Nothing is taken out.
class KnownHosts {
 public:
  KnownHosts() : places_(kPlacesMin) {}

  /// Asks for the memory that find() will look at.
  void prefetch(const Uid& key) const { prefetch_line(&places_[home_of(key)]); }

  /// Null if it is not there. Valid until the next of().
  [[nodiscard]] KnownHost* find(const Uid& key) {
    KnownHost& place = places_[place_of(key)];
    return place.key == key ? &place : nullptr;
  }

  [[nodiscard]] const KnownHost* find(const Uid& key) const {
    const KnownHost& place = places_[place_of(key)];
    return place.key == key ? &place : nullptr;
  }

  /// Made if it is not there. Valid until the next of().
  [[nodiscard]] KnownHost& of(const Uid& key) {
    std::size_t at = place_of(key);
    if (places_[at].key != key) {
      if (2 * (count_ + 1) > places_.size()) {
        grow();
        at = place_of(key);
      }
      places_[at].key = key;
      ++count_;
    }
    return places_[at];
  }

  void clear() { *this = {}; }

 private:
  static constexpr std::size_t kPlacesMin = 16;  ///< A power of two, as their number always is.

  [[nodiscard]] std::size_t home_of(const Uid& key) const {
    return UidHash{}(key) & (places_.size() - 1);
  }

  /// Its own, or the free one where it would be.
  [[nodiscard]] std::size_t place_of(const Uid& key) const {
    std::size_t at = home_of(key);
    while (places_[at].key != key && !places_[at].key.is_none()) {
      at = (at + 1) & (places_.size() - 1);
    }
    return at;
  }

  void grow() {
    std::vector<KnownHost> before(places_.size() * 2);
    before.swap(places_);
    for (const KnownHost& host : before) {
      if (!host.key.is_none()) {
        places_[place_of(host.key)] = host;
      }
    }
  }

  std::vector<KnownHost> places_;
  std::size_t count_ = 0;
};

}  // namespace spoor
