#include "engine/state/memory_state.h"

#include <utility>

namespace spoor {

void MemoryState::put(std::string_view key, std::string_view value) {
  pending_.push_back({.kind = Kind::put, .key = std::string(key), .value = std::string(value)});
}

void MemoryState::erase(std::string_view key) {
  pending_.push_back({.kind = Kind::erase, .key = std::string(key), .value = {}});
}

void MemoryState::erase_range(std::string_view from, std::string_view to) {
  pending_.push_back({.kind = Kind::range, .key = std::string(from), .value = std::string(to)});
}

void MemoryState::commit() {
  const std::lock_guard lock(mutex_);
  for (Change& change : std::exchange(pending_, {})) {
    switch (change.kind) {
      case Kind::put: rows_.insert_or_assign(std::move(change.key), std::move(change.value)); break;
      case Kind::erase: rows_.erase(change.key); break;
      case Kind::range:
        rows_.erase(rows_.lower_bound(change.key), rows_.lower_bound(change.value));
        break;
    }
  }
}

void MemoryState::for_each(std::string_view prefix, const Look& look) const {
  const std::lock_guard lock(mutex_);
  for (auto at = rows_.lower_bound(prefix); at != rows_.end() && at->first.starts_with(prefix);
       ++at) {
    if (!look(at->first, at->second)) {
      return;
    }
  }
}

std::optional<std::string> MemoryState::get(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto known = rows_.find(key);
  return known == rows_.end() ? std::nullopt : std::optional(known->second);
}

Result<void> MemoryState::put_aside(std::string_view key, std::string_view value) {
  const std::lock_guard lock(mutex_);
  rows_.insert_or_assign(std::string(key), std::string(value));
  return {};
}

Result<void> MemoryState::erase_aside(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto known = rows_.find(key);
  if (known != rows_.end()) {
    rows_.erase(known);
  }
  return {};
}

}  // namespace spoor
