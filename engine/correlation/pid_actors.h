// Who acted in events that name their process by a bare pid.
//
// A pid is no identity: whom it means is told by the process graph (ProcessGraph::resolve_pid()),
// once the events of that time are here. Until then, and where the graph knows of none, such an
// event is of no process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/correlation/hit_store.h"

namespace spoor {

struct PidActor {
  Uid process;             ///< Key of a node of its host's graph; none: none that is known.
  bool ambiguous = false;  ///< Another may be meant too.

  friend bool operator==(const PidActor&, const PidActor&) = default;
};

/// Of the events of a host, as last told. At most kPidActorsMax: of those beyond it findings of one
/// event, and those of correlations in time, do not show the process.
class PidActors {
 public:
  void set(const Uid& event, const PidActor& actor, Timestamp time);

  /// Null if nothing was told of the event.
  [[nodiscard]] const PidActor* find(const Uid& event) const;

  /// Key of the process that did a kept event; none if that is not known.
  [[nodiscard]] Uid actor_of(const KeptEvent& event) const;
  [[nodiscard]] bool is_ambiguous(const KeptEvent& event) const;

  /// Takes in those of another key of the host.
  void absorb(PidActors& other);
  /// Forgets the events from before `time`, and says of which.
  void forget_before(Timestamp time, const std::function<void(const Uid& event)>& forgotten);

  /// Calls `look(event, actor, time)` for each, in no particular order.
  template <typename Look>
  void for_each(Look look) const {
    for (const auto& [event, told] : actors_) {
      look(event, told.actor, told.time);
    }
  }

  [[nodiscard]] std::size_t size() const { return actors_.size(); }

  /// Events that were not kept.
  [[nodiscard]] std::size_t beyond_limit() const { return beyond_limit_; }

 private:
  struct Told {
    PidActor actor;
    Timestamp time = 0;
  };

  boost::unordered_flat_map<Uid, Told, UidHash> actors_;
  std::size_t beyond_limit_ = 0;
};

}  // namespace spoor
