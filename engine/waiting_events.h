// Events of which some rule's verdict waits for what the process graph may still learn, as their
// records; and those with hits that name their process by a bare pid, for whom that means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/event/event.h"

namespace spoor {

/// How many events may wait.
struct WaitingLimits {
  std::size_t events = kWaitingEventsMax;
  std::size_t bytes = kWaitingBytesMax;  ///< Their records, and kWaitingEventBytes each.

  /// Where all wait until the end of the input: memory is what bounds them.
  [[nodiscard]] static constexpr WaitingLimits of_bytes(std::size_t bytes) {
    return {.events = std::numeric_limits<std::size_t>::max(), .bytes = bytes};
  }
};

/// One event that waits.
struct WaitingEvent {
  std::string record;    ///< With the padding that the parser reads into.
  std::size_t size = 0;  ///< Without it.
  RecordPosition position;
  std::string host;                  ///< Its host key.
  Uid actor;                         ///< Of a bare pid: whom it meant when it was last judged.
  std::optional<std::uint32_t> pid;  ///< bare_pid()
  OrderKey order;
  std::vector<std::size_t> rules;  ///< Those that wait, ascending.
  std::vector<std::size_t> held;   ///< Those of them that hold, as last told, ascending.
  bool judged = false;
  bool renewed = false;  ///< Its record is another than that which was judged.

  [[nodiscard]] std::string_view text() const { return std::string_view(record).substr(0, size); }
};

/// Bounded. An event stays after it was judged, for an
/// ancestor may still become known; when room is needed those judged go first, the oldest of them.
class WaitingEvents {
 public:
  explicit WaitingEvents(const WaitingLimits& limits = {}) : limits_(limits) {}

  /// `held`: of the rules those that need not wait, and were told of; they do for whose act it is.
  /// False if there are too many. Of an event that comes in two carriages the lesser record stays,
  /// whichever came first. An event that comes again may meet rules that were not there before; it
  /// is then to be judged again.
  bool add(const Event& event,
           const std::vector<std::size_t>& rules,
           const std::vector<std::size_t>& held = {});

  /// Goes on with other rules: `following` says for each rule so far what is now its index, if it
  /// waits on. `identities`: identity_uids() of the detections that follow.
  void renumber(const std::vector<std::optional<std::size_t>>& following,
                std::vector<Uid> identities);

  [[nodiscard]] std::size_t size() const { return events_.size(); }

  /// All, in canonical order.
  [[nodiscard]] std::vector<Uid> all() const;
  /// Those of a host that were not judged and are from before `time`, those of a bare pid from
  /// kClockSlackNs before: whom it means may have started so much later. And those from the future:
  /// there is no time to wait for.
  [[nodiscard]] std::vector<Uid> due(const std::string& host, Timestamp time) const;
  /// Those that a process of a host did, if they were judged.
  [[nodiscard]] std::vector<Uid> judged_of(const std::string& host, const Uid& actor) const;
  /// Those of a host that name their process by this pid, if they were judged.
  [[nodiscard]] std::vector<Uid> judged_with_pid(const std::string& host, std::uint32_t pid) const;
  /// Of any pid.
  [[nodiscard]] std::vector<Uid> judged_with_pid(const std::string& host) const;
  /// Was any event of the host judged?
  [[nodiscard]] bool has_judged(const std::string& host) const;

  /// One that is here. Valid until the next change.
  [[nodiscard]] const WaitingEvent& at(const Uid& event) const { return events_.at(event); }

  /// Forgets those that were judged and are from before `time`.
  void forget_judged_before(Timestamp time);

  /// From now on what changes is written to `sink`. `rules`: identity_uids() of the detections.
  void keep_state(StateSink& sink, std::vector<Uid> rules);
  /// Takes in what was written, if nothing waits yet. Rules that are no more do not wait. Fails
  /// with bad_state if a row is damaged.
  [[nodiscard]] Result<void> restore(const StateSource& source);

  /// It was judged: `held` are the rules that held, ascending, and `actor` did it.
  void set_judged(const Uid& event, std::vector<std::size_t> held, const Uid& actor);

 private:
  struct OfHost {
    std::set<OrderKey> open;                                           ///< Not judged.
    boost::unordered_flat_map<Uid, std::vector<Uid>, UidHash> judged;  ///< By acting process.
    std::set<std::pair<std::uint32_t, Uid>> judged_pids;               ///< Of bare pids.
  };

  bool make_room(std::size_t bytes);
  void list(const WaitingEvent& event);
  void unlist(const WaitingEvent& event);
  void forget(const Uid& event);

  void save_record(const WaitingEvent& event);
  void save_rules(const WaitingEvent& event);
  [[nodiscard]] bool restore_record(StateReader& place, StateReader& from);
  using RulePlaces = boost::unordered_flat_map<Uid, std::size_t, UidHash>;
  [[nodiscard]] bool restore_rules(StateReader& place, StateReader& from, const RulePlaces& places);

  WaitingLimits limits_;
  StateSink* sink_ = nullptr;  ///< Null: nothing is written.
  std::vector<Uid> rules_;     ///< By detection.
  boost::unordered_flat_map<Uid, WaitingEvent, UidHash> events_;
  std::map<std::string, OfHost, std::less<>> hosts_;
  std::set<OrderKey> judged_;
  std::size_t bytes_ = 0;  ///< As WaitingLimits counts them.
};

}  // namespace spoor
