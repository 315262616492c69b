// Which host keys are one machine.
//
// Each vendor names a host in its own way: the Windows log by its short name, CrowdStrike by the
// sensor's aid, SentinelOne by the agent's uuid. Three kinds of evidence join two host keys:
//
// - an alias from configuration;
// - a statement of the vendor that a sensor's host has a name (CrowdStrike's aidmaster, HostInfo,
//   AgentOnline), which joins its key with the key that the Windows log uses, the short name;
// - equal short names that both hosts' events gave, and at least two processes seen by both: equal
//   pid and image basename, starts within kClockSlackNs. A name alone is not enough: names repeat.
//
// Joining is monotone and commutative: what is one machine stays one, and the canonical key of a
// machine is the least of its keys. Of the starts of a host only a sample is kept, the same for
// whoever sees them: of each day the kStartsPerDayMax with the least hash, for kStartDaysMax days
// up to the newest. The answer is a function of the set of facts as long as no host has more, and
// no name more than kHostsPerNameMax hosts. Beyond that it is not: two samples that have two starts
// in common for a while join their hosts for good, and whether they ever have depends on what came
// first. Where that matters, an alias or a statement of the vendor decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"

namespace spoor {

/// Two machines that turned out to be one: what was under `from` now belongs to `into`, the lesser
/// key. Both were canonical before.
struct HostJoin {
  std::string from;
  std::string into;
  friend bool operator==(const HostJoin&, const HostJoin&) = default;
};

class HostIdentity {
 public:
  static constexpr std::size_t kStartsPerDayMax = 16;
  static constexpr std::size_t kStartDaysMax = 7;
  /// Beyond so many hosts of one name it tells nothing ("localhost"), and is no longer looked at.
  static constexpr std::size_t kHostsPerNameMax = 64;
  /// Names of one host that are remembered; the least stay.
  static constexpr std::size_t kNamesPerHostMax = 8;

  HostIdentity();
  ~HostIdentity();
  HostIdentity(HostIdentity&&) noexcept;
  HostIdentity& operator=(HostIdentity&&) noexcept;

  // Each returns the joins that follow, mostly none. Idempotent.

  /// Configuration says that these are one machine.
  std::vector<HostJoin> alias(std::string_view host_key, std::string_view other_key);
  /// The vendor says that this host has that name ("PC042", "pc042.acme.example").
  std::vector<HostJoin> state(std::string_view host_key, std::string_view hostname);
  /// An event of this host gave that name.
  std::vector<HostJoin> name(std::string_view host_key, std::string_view hostname);
  /// A process start of this host, as its vendor saw it. O(1) amortised.
  std::vector<HostJoin> started(std::string_view host_key,
                                std::uint32_t pid,
                                Timestamp start,
                                std::string_view image);

  /// The least key of the machine; the key itself if nothing else is known of it.
  [[nodiscard]] std::string_view canonical(std::string_view host_key) const;
  /// All keys of the machine, ascending.
  [[nodiscard]] std::vector<std::string> keys_of(std::string_view host_key) const;

  /// From now on it notes what it learns, for save(). What it knows by now counts as learned.
  void track_changes();
  /// Writes what was learned since the last save(). O(hosts of which something was).
  void save(StateSink& sink);
  /// Takes in what was saved, if nothing is known yet. Fails with bad_state if a row is damaged.
  [[nodiscard]] Result<void> restore(const StateSource& source);
  /// Calls `look(key, canonical key)` for each key that is not the least of its machine.
  void for_each_joined(const std::function<void(std::string_view, std::string_view)>& look) const;

  /// Names given by too many hosts to tell any of them.
  [[nodiscard]] std::size_t crowded_names() const;
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
