// State in memory: of a run that keeps nothing, and of tests. What a reader finds is what was
// committed, as with the store on disk.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/state_io.h"

namespace spoor {

/// One thread changes and commits; any may read and write aside.
class MemoryState final : public StateSink, public StateSource, public StateAside {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  MemoryState() = default;

  /// What was committed.
  explicit MemoryState(Rows rows) : rows_(std::move(rows)) {}

  void put(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;
  void erase_range(std::string_view from, std::string_view to) override;

  void commit();

  /// The process died: what was not committed is gone.
  void crash() { pending_.clear(); }

  void for_each(std::string_view prefix, const Look& look) const override;
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const override;

  [[nodiscard]] Result<void> put_aside(std::string_view key, std::string_view value) override;
  [[nodiscard]] Result<void> erase_aside(std::string_view key) override;

  /// Not while another thread is at it.
  [[nodiscard]] Rows& rows() { return rows_; }

 private:
  enum class Kind : std::uint8_t { put, erase, range };

  struct Change {
    Kind kind;
    std::string key;
    std::string value;
  };

  /// Of rows_. Who looks at rows may read others meanwhile.
  mutable std::recursive_mutex mutex_;
  Rows rows_;
  std::vector<Change> pending_;
};

}  // namespace spoor
