// Hits → matches: joins what happened in one lineage.
//
// The state of a host is its process graph and its hits, and both only grow. A match is a function
// of that state and an anchor process: evaluate(). A late hit, a late anchor, a late parent edge
// and a placeholder that gets its start all do the same: they mark the anchors they may concern,
// and marked anchors are evaluated again. So the order in which the facts arrive cannot matter, and
// nothing is evaluated for events that concern no anchor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/correlation/hit_store.h"
#include "engine/event/event.h"
#include "engine/finding/finding.h"
#include "engine/matcher/matcher.h"
#include "engine/process_graph/process_graph.h"
#include "engine/rule/rule.h"

namespace spoor {

/// Counters for the summary.
struct CorrelatorStats {
  std::size_t hits = 0;                  ///< Rules that held for an event.
  std::size_t evaluations = 0;           ///< Anchors looked at.
  std::size_t matches_beyond_limit = 0;  ///< Of plain rules: kMatchesPerRuleMax.
};

/// Correlates the hits of all hosts. Not thread-safe.
class Correlator {
 public:
  /// `rules` must outlive the correlator, or its replace_rules().
  explicit Correlator(const RuleSet& rules);
  ~Correlator();
  Correlator(Correlator&&) noexcept;
  Correlator& operator=(Correlator&&) noexcept;

  /// Takes in one event: its place in the graph, and the rules that held for it (indices into
  /// RuleSet::detections). `matcher` explains hits that are kept. Taking an event again changes
  /// nothing; `duplicate` only keeps the counters right. `lineage` (may be null) is what the rules
  /// leaned on.
  void take(const Event& event,
            const std::vector<std::size_t>& hits,
            bool duplicate,
            Matcher& matcher,
            const Lineage* lineage = nullptr);

  /// Goes on with other rules, which must outlive the correlator or its next replace_rules(); the
  /// rules so far must be there until it returns. What is unchanged (see UnchangedRules) keeps its
  /// hits and matches, and shows what the new set says of it. All other rules start afresh and see
  /// what is taken from now on; the process graphs stay, so they know ancestors from before. Of a
  /// detection that now makes no findings of its own those it made are forgotten. If it throws (no
  /// memory), nothing has changed. O(rules × log rules + hits kept).
  void replace_rules(const RuleSet& rules);

  /// Evaluates the marked anchors. Cheap when nothing is marked. After it, findings() is up to
  /// date.
  void settle();

  /// All findings that hold now, in canonical order: of correlations, and of rules that report by
  /// themselves. Content is a function of the set of events taken.
  [[nodiscard]] std::vector<Finding> findings() const;

  /// How many findings() would give, as of the last settle(): for a progress display.
  [[nodiscard]] std::size_t match_count() const;

  /// Evaluates every anchor from scratch, marks or not: the slow twin of settle(), for tests.
  void settle_all();

  [[nodiscard]] const CorrelatorStats& stats() const;
  /// Hits that were counted and not kept: kHitsPerStepMax. O(processes with hits).
  [[nodiscard]] std::size_t hits_beyond_limit() const;
  [[nodiscard]] std::size_t host_count() const;
  [[nodiscard]] std::size_t process_count() const;
  [[nodiscard]] std::size_t refused_processes() const;
  /// The graph of a host (its key), or null.
  [[nodiscard]] const ProcessGraph* graph(std::string_view host) const;
  /// The best name that events gave a host (by its key): the longest, then the least. Empty if none
  /// gave one. Valid until the next take().
  [[nodiscard]] std::string_view hostname(std::string_view host) const;
  /// Host keys, sorted.
  [[nodiscard]] std::vector<std::string> hosts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
