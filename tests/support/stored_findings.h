// Findings in a state in memory, as a replay would have committed them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "engine/state/finding_store.h"
#include "engine/state/memory_state.h"

namespace spoor::test {

inline Finding told_finding(std::uint64_t uid, std::string level = "high", std::string rule = "r") {
  Finding finding;
  finding.uid = {.high = 1, .low = uid};
  finding.level = std::move(level);
  finding.rule.id = std::move(rule);
  return finding;
}

class StoredFindings {
 public:
  /// Committed. Its sequence number.
  std::uint64_t add(const Finding& finding, const std::string& payload = "{}") {
    const std::uint64_t sequence = store_.add(finding, payload, 0);
    state_.commit();
    return sequence;
  }

  /// So many, with uids from 1 on.
  void add_many(std::uint64_t count, const std::string& level = "high") {
    for (std::uint64_t i = 0; i < count; ++i) {
      ++uids_;
      store_.add(told_finding(uids_, level), "{\"n\":" + std::to_string(uids_) + "}", 0);
    }
    state_.commit();
  }

  /// Of the oldest only so many bytes are kept.
  void keep_bytes(std::uint64_t bytes) {
    store_.forget({.age = 1, .bytes = bytes}, 0);
    state_.commit();
  }

  [[nodiscard]] MemoryState& state() { return state_; }

 private:
  MemoryState state_;
  FindingStore store_ = *FindingStore::open(state_, state_);
  std::uint64_t uids_ = 0;
};

}  // namespace spoor::test
