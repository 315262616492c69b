// The machines that events came from, under whatever keys their vendors give them.
//
// Two keys can turn out to be one machine (process_graph/host_identity.h). The table knows at any
// time which state a key leads to; joining the states is its owner's, who knows the rules.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/correlation/host_state.h"
#include "engine/correlation/known_hosts.h"
#include "engine/event/event.h"
#include "engine/process_graph/host_identity.h"

namespace spoor {

class HostTable {
 public:
  /// `on_new` is called for each state that is made. It may keep the reference: a state is not
  /// moved, and lives until the table hands it over as gone.
  explicit HostTable(std::function<void(HostState&)> on_new) : on_new_(std::move(on_new)) {}

  /// What was known under a key that is no more, and where it belongs now.
  struct Joined {
    std::unique_ptr<HostState> gone;
    HostState* into = nullptr;
  };

  /// The host of an event, and what the event told of which machine its key is.
  struct Arrival {
    HostState* host = nullptr;
    bool has_new_name = false;   ///< Another host name than the last of its key.
    std::vector<Joined> joined;  ///< Mostly none. The states are still to be joined.
  };

  /// Takes in what an event says of its machine. The host is made if it is not there. O(1)
  /// amortised, and few cache lines: it is done for every event.
  [[nodiscard]] Arrival arrive(const Event& event);

  // Asks early for the memory that arrive() and its host will need, one step after the other.
  // Changes nothing.

  /// `key`: seeded_uid() of the host key.
  void prefetch(const Uid& key) const { known_.prefetch(key); }

  [[nodiscard]] ProcessGraph::Expectation expect(const Uid& key) const;

  /// Two keys are one machine: configuration says so.
  [[nodiscard]] std::vector<Joined> alias(std::string_view key, std::string_view other);

  /// The key of the machine that a vendor's key is of: the least of its keys.
  [[nodiscard]] std::string_view canonical_key(std::string_view key) const;
  /// All keys that are known of a machine, ascending. O(its keys).
  [[nodiscard]] std::vector<std::string> keys_of(std::string_view key) const;

  /// Null if no event of the machine came.
  [[nodiscard]] HostState* find(std::string_view key) const;
  /// Made if it is not there.
  HostState& of(std::string_view key);

  /// From now on it notes what it learns of which keys are one machine, for save_identity().
  void track_changes() { identity_.track_changes(); }

  void save_identity(StateSink& sink) { identity_.save(sink); }

  /// Takes in what was saved, and forgets what configuration said: it has to say it again. No host
  /// may be there yet.
  [[nodiscard]] Result<void> restore_identity(const StateSource& source);

  [[nodiscard]] std::size_t size() const { return hosts_.size(); }

  /// (canonical key, state), in no particular order.
  [[nodiscard]] auto begin() const { return hosts_.begin(); }

  [[nodiscard]] auto end() const { return hosts_.end(); }

 private:
  template <typename Value>
  using ByKey = boost::unordered_flat_map<std::string, Value, SeededTextHash, std::equal_to<>>;

  std::vector<Joined> join(const std::vector<HostJoin>& joins);

  std::function<void(HostState&)> on_new_;
  HostIdentity identity_;
  ByKey<std::unique_ptr<HostState>> hosts_;
  ByKey<std::string> aliases_;  ///< Keys that are not the least of their machine → that one.
  /// By the least key of a machine that has several: the others.
  std::map<std::string, std::vector<std::string>, std::less<>> other_keys_;

  KnownHosts known_;
};

}  // namespace spoor
