// What a window correlation knows of one group: the window that ends at its newest event, and
// whether the condition holds for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/correlation/exact_sum.h"
#include "engine/rule/window_correlation.h"

namespace spoor {

/// What of an event concerns a group.
struct GroupEvent {
  Timestamp time = 0;
  const std::vector<std::size_t>* listed = nullptr;       ///< Places in WindowCorrelation::rules.
  const std::vector<std::string_view>* values = nullptr;  ///< Of value_*.
};

/// Takes the events of a group in the order of time.
class GroupWindow {
 public:
  /// `rule` must outlive the window. At most `entries_max` events or values are kept.
  GroupWindow(const WindowCorrelation& rule, std::size_t entries_max)
      : rule_(rule), entries_max_(entries_max), times_(rule.rules.size()) {}

  ~GroupWindow() = default;
  GroupWindow(const GroupWindow&) = delete;  // Its entries point into it.
  GroupWindow& operator=(const GroupWindow&) = delete;

  /// Moves the window so that it ends at `event`, and judges it. Amortised O(1) for counts,
  /// O(listed rules) for temporal ones, O(log entries) and a move of memory for percentiles.
  [[nodiscard]] bool take(const GroupEvent& event);

  /// Entries that did not fit.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  using ValueCounts =
      std::unordered_map<std::string, std::uint64_t, SeededTextHash, std::equal_to<>>;

  struct Entry {
    Timestamp time = 0;
    ValueCounts::value_type* value = nullptr;  ///< value_count.
    double number = 0;                         ///< The others of value_*.
  };

  void add_values(const GroupEvent& event);
  void add_sequence(const GroupEvent& event);
  void add(const Entry& entry);
  void remove_oldest();
  [[nodiscard]] bool is_seen(std::size_t listed) const;
  [[nodiscard]] bool holds(const SeenExpr& expr) const;
  /// What the thresholds are held against; none: the condition does not hold.
  [[nodiscard]] std::optional<double> measure() const;

  const WindowCorrelation& rule_;
  std::size_t entries_max_;
  Timestamp start_ = 0;  ///< Of the window.
  std::deque<Entry> entries_;
  std::uint64_t dropped_ = 0;
  /// temporal: when each listed rule was last seen. temporal_ordered: for each place the latest
  /// time at which a sequence up to there began; a sequence that began earlier is no better.
  std::vector<std::optional<Timestamp>> times_;
  ValueCounts counts_;
  ExactSum sum_;
  std::vector<double> sorted_;  ///< Percentiles.
};

}  // namespace spoor
