// State in memory: what a restart finds is what was committed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/state_io.h"

namespace spoor::test {

class MemoryState final : public StateSink, public StateSource {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  MemoryState() = default;

  /// What was committed.
  explicit MemoryState(Rows rows) : rows_(std::move(rows)) {}

  void put(std::string_view key, std::string_view value) override {
    pending_.push_back({.kind = Kind::put, .key = std::string(key), .value = std::string(value)});
  }

  void erase(std::string_view key) override {
    pending_.push_back({.kind = Kind::erase, .key = std::string(key), .value = {}});
  }

  void erase_range(std::string_view from, std::string_view to) override {
    pending_.push_back({.kind = Kind::range, .key = std::string(from), .value = std::string(to)});
  }

  void commit() {
    for (Change& change : std::exchange(pending_, {})) {
      switch (change.kind) {
        case Kind::put:
          rows_.insert_or_assign(std::move(change.key), std::move(change.value));
          break;
        case Kind::erase: rows_.erase(change.key); break;
        case Kind::range:
          rows_.erase(rows_.lower_bound(change.key), rows_.lower_bound(change.value));
          break;
      }
    }
  }

  /// The process died: what was not committed is gone.
  void crash() { pending_.clear(); }

  void for_each(std::string_view prefix, const Look& look) const override {
    for (auto at = rows_.lower_bound(prefix); at != rows_.end() && at->first.starts_with(prefix);
         ++at) {
      if (!look(at->first, at->second)) {
        return;
      }
    }
  }

  [[nodiscard]] std::optional<std::string> get(std::string_view key) const override {
    const auto known = rows_.find(key);
    return known == rows_.end() ? std::nullopt : std::optional(known->second);
  }

  [[nodiscard]] Rows& rows() { return rows_; }

 private:
  enum class Kind { put, erase, range };

  struct Change {
    Kind kind;
    std::string key;
    std::string value;
  };

  Rows rows_;
  std::vector<Change> pending_;
};

}  // namespace spoor::test
