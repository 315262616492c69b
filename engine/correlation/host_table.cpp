#include "engine/correlation/host_table.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "engine/base/prefetch.h"

namespace spoor {
namespace {

/// The pid of a process start, if it is written in decimal.
std::optional<std::uint32_t> decimal_pid(std::string_view text) {
  std::uint32_t pid = 0;
  const char* const end = text.data() + text.size();
  const bool is_whole = !text.empty() && std::from_chars(text.data(), end, pid).ptr == end;
  return is_whole ? std::optional(pid) : std::nullopt;
}

}  // namespace

HostTable::Arrival HostTable::arrive(const Event& event) {
  Arrival arrival;
  const Uid key = seeded_uid(event.host);
  KnownHost& known = known_.of(key);
  std::vector<HostJoin> joins;
  const auto add = [&joins](std::vector<HostJoin> more) {
    std::ranges::move(more, std::back_inserter(joins));
  };
  if (!event.hostname.empty()) {
    const Uid name = seeded_uid(event.hostname);
    if (name != known.last_name) {
      known.last_name = name;
      arrival.has_new_name = true;
      add(identity_.name(event.host, event.hostname));
    }
    if (event.type == EventType::sensor && event.source == Source::crowdstrike) {
      add(identity_.state(event.host, event.hostname));
    }
  }
  // A start from the future would push those of the last days out.
  if (event.type == EventType::process_creation && event.actor.start != 0 &&
      event.actor.start_is_exact && !is_from_future(event.actor.start, event.position.received)) {
    if (const std::optional<std::uint32_t> pid = decimal_pid(event.actor.pid)) {
      add(identity_.started(event.host, *pid, event.actor.start, event.actor.image));
    }
  }
  if (!joins.empty()) {
    arrival.joined = join(joins);
  }
  if (known.host == nullptr) {
    known.host = &of(event.host);
    known.graph = known.host->graph.expectation();
  }
  arrival.host = known.host;
  return arrival;
}

ProcessGraph::Expectation HostTable::expect(const Uid& key) const {
  const KnownHost* const known = known_.find(key);
  if (known == nullptr) {
    return {};
  }
  constexpr std::size_t kLine = 64;
  const char* const host = reinterpret_cast<const char*>(known->host);
  for (std::size_t line = 0; host != nullptr && line < 3; ++line) {  // What every event needs.
    prefetch_line(host + kLine * line);
  }
  known->graph.fetch_tables();
  return known->graph;
}

std::vector<HostTable::Joined> HostTable::alias(std::string_view key, std::string_view other) {
  return join(identity_.alias(key, other));
}

std::vector<HostTable::Joined> HostTable::join(const std::vector<HostJoin>& joins) {
  std::vector<Joined> joined;
  for (const HostJoin& one : joins) {
    std::vector<std::string> moved{one.from};
    if (const auto others = other_keys_.find(one.from); others != other_keys_.end()) {
      moved.insert(moved.end(), others->second.begin(), others->second.end());
      other_keys_.erase(others);
    }
    for (const std::string& key : moved) {
      aliases_.insert_or_assign(key, one.into);
      if (KnownHost* const known = known_.find(seeded_uid(key))) {
        known->host = nullptr;
        known->graph = {};
      }
    }
    std::vector<std::string>& others = other_keys_[one.into];
    others.insert(others.end(), moved.begin(), moved.end());
    const auto from = hosts_.find(one.from);
    if (from == hosts_.end()) {
      continue;
    }
    std::unique_ptr<HostState> gone = std::move(from->second);
    hosts_.erase(from);
    joined.push_back({.gone = std::move(gone), .into = &of(one.into)});
  }
  return joined;
}

std::string_view HostTable::canonical_key(std::string_view key) const {
  const auto joined = aliases_.find(key);
  return joined == aliases_.end() ? key : std::string_view(joined->second);
}

std::vector<std::string> HostTable::keys_of(std::string_view key) const {
  std::vector<std::string> keys{std::string(canonical_key(key))};
  if (const auto others = other_keys_.find(keys.front()); others != other_keys_.end()) {
    keys.insert(keys.end(), others->second.begin(), others->second.end());
  }
  std::ranges::sort(keys);
  return keys;
}

Result<void> HostTable::restore_identity(const StateSource& source) {
  identity_ = HostIdentity();
  aliases_.clear();
  other_keys_.clear();
  known_.clear();
  Result<void> restored = identity_.restore(source);
  if (restored) {
    identity_.for_each_joined([this](std::string_view key, std::string_view canonical) {
      aliases_.insert_or_assign(std::string(key), std::string(canonical));
      other_keys_[std::string(canonical)].emplace_back(key);
    });
  }
  return restored;
}

HostState* HostTable::find(std::string_view key) const {
  const auto known = hosts_.find(canonical_key(key));
  return known == hosts_.end() ? nullptr : known->second.get();
}

HostState& HostTable::of(std::string_view key) {
  if (HostState* known = find(key)) {
    return *known;
  }
  auto host = std::make_unique<HostState>();
  host->key = canonical_key(key);
  on_new_(*host);
  std::string canonical = host->key;
  return *hosts_.emplace(std::move(canonical), std::move(host)).first->second;
}

}  // namespace spoor
