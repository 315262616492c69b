#include "engine/process_graph/host_identity.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/base/state_walk.h"
#include "engine/base/text.h"
#include "engine/base/uid.h"

namespace spoor {
namespace {

constexpr std::size_t kSharedProcessesMin = 2;
constexpr Duration kNanosPerDay = 86'400 * kNanosPerSecond;

/// "PC042.acme.example" → "pc042", as the Windows parsers make host keys. Empty if it tells no
/// machine from another.
std::string short_name(std::string_view hostname) {
  const bool is_address = hostname.find(':') != std::string_view::npos ||
                          hostname.find_first_not_of("0123456789.") == std::string_view::npos;
  std::string name = is_address ? "" : to_lower_ascii(hostname.substr(0, hostname.find('.')));
  return name == "localhost" || name == "-" ? "" : name;
}

/// A start that a host's vendor saw. `process` is the same for whoever sees it, and stable across
/// runs, so that all keep the same sample.
struct Start {
  std::uint64_t process = 0;
  Timestamp time = 0;
  friend auto operator<=>(const Start&, const Start&) = default;
};

/// The starts of one host, of each of the last days those with the least hash.
class StartSample {
 public:
  /// True if it was kept and is new.
  bool add(const Start& start) {
    const std::int64_t day = start.time / kNanosPerDay;
    if (!days_.empty() && day + days_kept() <= days_.rbegin()->first) {
      return false;
    }
    std::vector<Start>& starts = days_[day];
    const auto place = std::ranges::lower_bound(starts, start);
    if (place != starts.end() && *place == start) {
      return false;
    }
    const bool is_kept = place != starts.end() || starts.size() < HostIdentity::kStartsPerDayMax;
    if (is_kept) {
      starts.insert(place, start);
      if (starts.size() > HostIdentity::kStartsPerDayMax) {
        starts.pop_back();
      }
    }
    const std::int64_t last = days_.rbegin()->first;
    std::erase_if(days_, [last](const auto& entry) { return entry.first + days_kept() <= last; });
    return is_kept;
  }

  [[nodiscard]] bool has(const Start& start) const {
    // A day and its neighbours: the other vendor's clock may be past midnight.
    const std::int64_t day = start.time / kNanosPerDay;
    for (auto at = days_.lower_bound(day - 1); at != days_.end() && at->first <= day + 1; ++at) {
      const Start from{.process = start.process, .time = start.time - kClockSlackNs};
      const auto found = std::ranges::lower_bound(at->second, from);
      if (found != at->second.end() && found->process == start.process &&
          found->time <= start.time + kClockSlackNs) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::size_t shared_with(const StartSample& other) const {
    std::set<std::uint64_t> shared;
    for (const auto& [day, starts] : days_) {
      for (const Start& start : starts) {
        if (other.has(start)) {
          shared.insert(start.process);
        }
      }
    }
    return shared.size();
  }

  void save(StateWriter& value) const {
    value.number(days_.size());
    for (const auto& [day, starts] : days_) {
      value.time(day).number(starts.size());
      for (const Start& start : starts) {
        value.key64(start.process).time(start.time);
      }
    }
  }

  void restore(StateReader& value) {
    for (std::uint64_t days = value.number_to(HostIdentity::kStartDaysMax); days > 0; --days) {
      std::vector<Start>& starts = days_[value.time()];
      for (std::uint64_t left = value.number_to(HostIdentity::kStartsPerDayMax); left > 0; --left) {
        const std::uint64_t process = value.key64();
        starts.push_back({.process = process, .time = value.time()});
      }
    }
  }

  [[nodiscard]] std::size_t memory_bytes() const {
    constexpr std::size_t kTreeNodeBytes = 72;
    std::size_t bytes = 0;
    for (const auto& [day, starts] : days_) {
      bytes += kTreeNodeBytes + starts.capacity() * sizeof(Start);
    }
    return bytes;
  }

 private:
  static constexpr std::int64_t days_kept() { return HostIdentity::kStartDaysMax; }

  std::map<std::int64_t, std::vector<Start>> days_;
};

struct Host {
  std::string key;
  std::uint32_t above = 0;  ///< Towards the canonical one of its machine; itself if that is it.
  std::set<std::string> names;
  StartSample starts;
  bool is_changed = false;  ///< Listed among `changed`.
};

}  // namespace

struct HostIdentity::Impl {
  std::uint32_t host_of(std::string_view key) {
    const auto known = by_key.find(key);
    if (known != by_key.end()) {
      return known->second;
    }
    const auto number = static_cast<std::uint32_t>(hosts.size());
    hosts.push_back({.key = std::string(key), .above = number, .names = {}, .starts = {}});
    by_key.emplace(hosts.back().key, number);
    note(number);
    return number;
  }

  [[nodiscard]] std::uint32_t root_of(std::uint32_t host) const {
    while (hosts[host].above != host) {
      host = hosts[host].above;
    }
    return host;
  }

  void join(std::uint32_t one, std::uint32_t other, std::vector<HostJoin>& joins) {
    std::uint32_t into = root_of(one);
    std::uint32_t from = root_of(other);
    if (into == from) {
      return;
    }
    if (hosts[from].key < hosts[into].key) {
      std::swap(into, from);
    }
    hosts[from].above = into;
    note(from);
    joins.push_back({.from = hosts[from].key, .into = hosts[into].key});
    // The path from each to its root stays short.
    for (std::uint32_t host : {one, other}) {
      while (hosts[host].above != into && host != into) {
        host = std::exchange(hosts[host].above, into);
      }
    }
  }

  /// Joins a host with those of one of its names that saw the same processes.
  void compare(std::uint32_t host, const std::string& name, std::vector<HostJoin>& joins) {
    const auto named = by_name.find(name);
    if (named == by_name.end() || named->second.size() > kHostsPerNameMax) {
      return;
    }
    for (const std::uint32_t other : named->second) {
      if (root_of(other) != root_of(host) &&
          hosts[host].starts.shared_with(hosts[other].starts) >= kSharedProcessesMin) {
        join(host, other, joins);
      }
    }
  }

  std::vector<HostJoin> name_host(std::uint32_t host, const std::string& name) {
    std::vector<HostJoin> joins;
    std::set<std::string>& names = hosts[host].names;
    if (name.empty() || !names.insert(name).second) {
      return joins;
    }
    by_name[name].insert(host);
    note(host);
    if (names.size() > kNamesPerHostMax) {
      const auto greatest = std::prev(names.end());
      by_name[*greatest].erase(host);
      names.erase(greatest);
    }
    if (names.contains(name)) {
      compare(host, name, joins);
    }
    return joins;
  }

  void note(std::uint32_t host) {
    if (is_tracking && !hosts[host].is_changed) {
      hosts[host].is_changed = true;
      changed.push_back(host);
    }
  }

  /// False if the row is damaged.
  bool restore_host(std::string_view key, StateReader& value) {
    const std::uint32_t host = host_of(key);
    hosts[host].above = host_of(value.text());
    for (std::uint64_t names = value.number_to(kNamesPerHostMax); names > 0; --names) {
      const std::string name(value.text());
      hosts[host].names.insert(name);
      by_name[name].insert(host);
    }
    hosts[host].starts.restore(value);
    return value.is_done() && hosts[hosts[host].above].key <= key;
  }

  bool is_tracking = false;
  std::vector<std::uint32_t> changed;
  std::deque<Host> hosts;  ///< Keys of `by_key` are views into it.
  boost::unordered_flat_map<std::string_view, std::uint32_t, SeededTextHash, std::equal_to<>>
      by_key;
  boost::unordered_flat_map<std::string, std::set<std::uint32_t>, SeededTextHash, std::equal_to<>>
      by_name;
};

HostIdentity::HostIdentity() : impl_(std::make_unique<Impl>()) {}

HostIdentity::~HostIdentity() = default;
HostIdentity::HostIdentity(HostIdentity&&) noexcept = default;
HostIdentity& HostIdentity::operator=(HostIdentity&&) noexcept = default;

std::vector<HostJoin> HostIdentity::alias(std::string_view host_key, std::string_view other_key) {
  std::vector<HostJoin> joins;
  const std::uint32_t host = impl_->host_of(host_key);
  impl_->join(host, impl_->host_of(other_key), joins);
  return joins;
}

std::vector<HostJoin> HostIdentity::state(std::string_view host_key, std::string_view hostname) {
  const std::string name = short_name(hostname);
  if (name.empty()) {
    return {};
  }
  std::vector<HostJoin> joins = alias(host_key, name);
  std::ranges::move(impl_->name_host(impl_->host_of(host_key), name), std::back_inserter(joins));
  return joins;
}

std::vector<HostJoin> HostIdentity::name(std::string_view host_key, std::string_view hostname) {
  return impl_->name_host(impl_->host_of(host_key), short_name(hostname));
}

std::vector<HostJoin> HostIdentity::started(std::string_view host_key,
                                            std::uint32_t pid,
                                            Timestamp start,
                                            std::string_view image) {
  std::vector<HostJoin> joins;
  const std::string_view basename = basename_of(image);
  if (start <= 0 || basename.empty()) {
    return joins;
  }
  const std::uint32_t host = impl_->host_of(host_key);
  const std::uint64_t process =
      UidBuilder().add(std::uint64_t{pid}).add(fold(basename)).finish().low;
  if (impl_->hosts[host].starts.add({.process = process, .time = start})) {
    impl_->note(host);
    for (const std::string& name : impl_->hosts[host].names) {
      impl_->compare(host, name, joins);
    }
  }
  return joins;
}

std::string_view HostIdentity::canonical(std::string_view host_key) const {
  const auto known = impl_->by_key.find(host_key);
  return known == impl_->by_key.end()
             ? host_key
             : std::string_view(impl_->hosts[impl_->root_of(known->second)].key);
}

std::vector<std::string> HostIdentity::keys_of(std::string_view host_key) const {
  const auto known = impl_->by_key.find(host_key);
  if (known == impl_->by_key.end()) {
    return {std::string(host_key)};
  }
  std::vector<std::string> keys;
  for (std::uint32_t host = 0; host < impl_->hosts.size(); ++host) {
    if (impl_->root_of(host) == impl_->root_of(known->second)) {
      keys.push_back(impl_->hosts[host].key);
    }
  }
  std::ranges::sort(keys);
  return keys;
}

void HostIdentity::track_changes() {
  impl_->is_tracking = true;
  for (std::uint32_t host = 0; host < impl_->hosts.size(); ++host) {
    impl_->note(host);
  }
}

void HostIdentity::save(StateSink& sink) {
  StateWriter value;
  for (const std::uint32_t number : impl_->changed) {
    Host& host = impl_->hosts[number];
    host.is_changed = false;
    value.clear();
    value.text(impl_->hosts[host.above].key).number(host.names.size());
    for (const std::string& name : host.names) {
      value.text(name);
    }
    host.starts.save(value);
    sink.put(StateWriter(StateRow::identity).raw(host.key).bytes(), value.bytes());
  }
  impl_->changed.clear();
}

Result<void> HostIdentity::restore(const StateSource& source) {
  const bool is_sound =
      each_row(source, StateWriter(StateRow::identity).bytes(),
               [&](std::string_view /*key*/, StateReader& host_key, StateReader& value) {
                 return impl_->restore_host(host_key.rest(), value);
               });
  if (!is_sound) {
    return fail(ErrorCode::bad_state, "a row of the names of hosts is damaged");
  }
  return {};
}

void HostIdentity::for_each_joined(
    const std::function<void(std::string_view, std::string_view)>& look) const {
  for (const Host& host : impl_->hosts) {
    const std::string_view canonical_key = canonical(host.key);
    if (canonical_key != host.key) {
      look(host.key, canonical_key);
    }
  }
}

std::size_t HostIdentity::crowded_names() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      impl_->by_name, [](const auto& entry) { return entry.second.size() > kHostsPerNameMax; }));
}

std::size_t HostIdentity::memory_bytes() const {
  constexpr std::size_t kTreeNodeBytes = 64;
  std::size_t bytes = impl_->by_key.bucket_count() * (sizeof(std::string_view) + 8) +
                      impl_->by_name.bucket_count() * 80;
  for (const Host& host : impl_->hosts) {
    bytes += sizeof(Host) + host.starts.memory_bytes() + host.names.size() * 3 * kTreeNodeBytes;
  }
  return bytes;
}

}  // namespace spoor
