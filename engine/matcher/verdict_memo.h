// What the rules of one kind of event said of events that look the same to them.
//
// Most of what endpoints log repeats but for ids and times, which no rule tests: 98 of 100 handles
// opened in OTRF's captures, 85 of 100 modules loaded. Of those the verdicts are known. The table
// has a fixed size, and rests while events hardly repeat (network connections have ports).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spoor {

class VerdictMemo {
 public:
  struct Verdicts {
    std::vector<std::size_t> hits;
    std::vector<std::size_t> open;
  };

  /// Is it worth making the next event's key? Counts the events that it is not worth it for.
  [[nodiscard]] bool is_awake();

  /// The verdicts on the event whose tested values are `key`; null if they are not known. They live
  /// until the next remember().
  [[nodiscard]] const Verdicts* find(std::string_view key);

  /// Keeps the verdicts for the key last asked for, in the place of others.
  void remember(std::string_view key,
                const std::vector<std::size_t>& hits,
                const std::vector<std::size_t>& open);

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::string key;  ///< Empty: unused.
    Verdicts verdicts;
  };

  std::vector<Entry> entries_;  ///< A power of two; empty until first used.
  std::uint64_t hash_ = 0;      ///< Of the key last asked for.
  std::uint32_t asked_ = 0;
  std::uint32_t known_ = 0;
  std::uint32_t rest_ = 0;  ///< Events to go until it is tried again.
};

}  // namespace spoor
