// What a window correlation knows of one group: the window that ends at its newest event, and
// whether the condition holds for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/correlation/exact_sum.h"
#include "engine/correlation/hit_store.h"
#include "engine/rule/window_correlation.h"

namespace spoor {

/// What stands in a window, for evidence: an event, or the firing of a rule that is listed.
struct WindowEvidence {
  OrderKey order;            ///< Of the event, or of the one that completed the firing.
  std::uint64_t number = 0;  ///< The caller's, of that event.
  /// Of an event: the ids of the detections that held, and what is kept of it. May be null.
  std::shared_ptr<const WindowHits> hits;
  std::vector<std::shared_ptr<const WindowEvidence>> of_firing;  ///< What stood in its window.
};

using EvidenceRef = std::shared_ptr<const WindowEvidence>;

/// What of an event concerns a group.
struct GroupEvent {
  Timestamp time = 0;
  EvidenceRef evidence;
  const std::vector<std::size_t>* listed = nullptr;       ///< Places in WindowCorrelation::rules.
  const std::vector<std::string_view>* values = nullptr;  ///< Of value_*.
};

/// Takes the events of a group in the order of time.
class GroupWindow {
 public:
  /// `rule` must outlive the window. At most `entries_max` events or values are kept.
  GroupWindow(const WindowCorrelation& rule, std::size_t entries_max)
      : rule_(&rule), entries_max_(entries_max), seen_(rule.rules.size()) {}

  ~GroupWindow() = default;
  GroupWindow(const GroupWindow&) = delete;  // Its entries point into it.
  GroupWindow& operator=(const GroupWindow&) = delete;

  /// Moves the window so that it ends at `event`, and judges it. Amortised O(1) for counts,
  /// O(listed rules) for temporal ones, O(log entries) and a move of memory for percentiles.
  [[nodiscard]] bool take(const GroupEvent& event);

  /// What stands in the window of which take() last said that it holds, in canonical order: of a
  /// temporal rule the latest of each listed rule, of a sequence its events, else the newest
  /// kEvidencePerMatchMax. O(what is returned × log of it).
  [[nodiscard]] std::vector<EvidenceRef> evidence() const;
  /// How many there are, those not returned included.
  [[nodiscard]] std::size_t evidence_total() const;
  /// The first of them.
  [[nodiscard]] OrderKey first() const;

  /// What the thresholds are held against, of the window that take() judged last; none: the
  /// condition does not hold.
  [[nodiscard]] std::optional<double> measure() const;
  /// Does the listed rule of that place stand in it?
  [[nodiscard]] bool is_seen(std::size_t listed) const;

  /// Goes on with the same rule of another rule set, which must outlive the window.
  void rebind(const WindowCorrelation& rule) { rule_ = &rule; }

  /// Entries that did not fit.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  using ValueCounts =
      std::unordered_map<std::string, std::uint64_t, SeededTextHash, std::equal_to<>>;

  struct Entry {
    OrderKey order;
    ValueCounts::value_type* value = nullptr;  ///< value_count.
    double number = 0;                         ///< The others of value_*.
    EvidenceRef evidence;                      ///< Of the newest kEvidencePerMatchMax.
  };

  /// The events of a sequence up to a place, the last one first.
  struct Chain {
    EvidenceRef evidence;
    std::shared_ptr<const Chain> before;
  };

  /// Of a listed rule. temporal: when it was last seen. temporal_ordered: the latest time at which
  /// a sequence up to its place began; one that began earlier is no better.
  struct Seen {
    std::optional<Timestamp> time;
    std::shared_ptr<const Chain> chain;
  };

  void add_values(const GroupEvent& event);
  void add_sequence(const GroupEvent& event);
  void add(Entry entry);
  [[nodiscard]] bool is_set_of_rules() const;
  void remove_oldest();
  [[nodiscard]] bool holds(const SeenExpr& expr) const;

  const WindowCorrelation* rule_;
  std::size_t entries_max_;
  Timestamp start_ = 0;  ///< Of the window.
  std::deque<Entry> entries_;
  std::uint64_t dropped_ = 0;
  std::vector<Seen> seen_;  ///< By listed rule.
  EvidenceRef newest_;      ///< Of the event at which the window ends.
  ValueCounts counts_;
  ExactSum sum_;
  std::vector<double> sorted_;  ///< Percentiles.
};

}  // namespace spoor
