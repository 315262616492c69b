#include "engine/correlation/pid_actors.h"

#include "engine/base/limits.h"

namespace spoor {

void PidActors::set(const Uid& event, const PidActor& actor, Timestamp time) {
  const auto known = actors_.find(event);
  if (known != actors_.end()) {
    known->second.actor = actor;
  } else if (actors_.size() < kPidActorsMax) {
    actors_.emplace(event, Told{.actor = actor, .time = time});
  } else {
    ++beyond_limit_;
  }
}

const PidActor* PidActors::find(const Uid& event) const {
  const auto known = actors_.find(event);
  return known == actors_.end() ? nullptr : &known->second.actor;
}

Uid PidActors::actor_of(const KeptEvent& event) const {
  const PidActor* told = event.actor.is_none() ? find(event.order.uid) : nullptr;
  return told == nullptr ? event.actor : told->process;
}

bool PidActors::is_ambiguous(const KeptEvent& event) const {
  const PidActor* told = event.actor.is_none() ? find(event.order.uid) : nullptr;
  return told == nullptr ? event.actor_ambiguous : told->ambiguous;
}

void PidActors::absorb(PidActors& other) {
  for (const auto& [event, told] : other.actors_) {
    set(event, told.actor, told.time);
  }
  beyond_limit_ += other.beyond_limit_;
}

void PidActors::forget_before(Timestamp time,
                              const std::function<void(const Uid& event)>& forgotten) {
  boost::unordered::erase_if(actors_, [&](const auto& entry) {
    const bool is_old = entry.second.time < time;
    if (is_old) {
      forgotten(entry.first);
    }
    return is_old;
  });
}

}  // namespace spoor
