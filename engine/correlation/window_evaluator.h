// Window correlations over a stream of hits: (event, rules that held) → firings.
//
// An event at time t sees, of its group, the events from t - timespan to t, both ends included; of
// one time those before it in canonical order. A rule's condition is judged at each of its events.
// What comes out depends on the events alone, not on the order in which they came, nor on how
// often.
//
// Events are therefore kept until no earlier one can come: advance() says until when that is, and
// finish() that no more come. An event that is earlier than what was judged already is counted and
// dropped, or, with revise(), judged in its place all the same. Within the order of time the state
// is: for each group of a rule its window, or, of temporal rules, one time for each listed rule.
// Groups without an event within the timespan are forgotten. All of it is bounded by WindowLimits,
// and what a bound drops is counted.
//
// A rule that lists another correlation sees each of its firings as an event of its own, directly
// behind the event that completed it, with that event's fields and, under the names of `group-by`,
// the values of the group.
//
// No clock, no I/O. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/correlation/field_reader.h"
#include "engine/correlation/group_window.h"
#include "engine/rule/rule.h"
#include "engine/rule/unchanged_rules.h"

namespace spoor {

/// An event as the evaluator gets it.
struct WindowEvent {
  OrderKey order;            ///< The uid tells events apart: an event is taken once.
  std::uint64_t number = 0;  ///< The caller's.
  /// Of an event that comes again, perhaps in another carriage, the one with the lesser (order,
  /// record) stands while it waits.
  std::string_view record;
  bool duplicate = false;  ///< It was taken before: it cannot be late.
  WindowHits hits;         ///< For evidence; may be empty.
};

/// A condition that held for the window that ends at an event.
struct WindowFiring {
  std::size_t rule = 0;            ///< Index into RuleSet::window_correlations.
  std::uint64_t event = 0;         ///< The caller's number of the event.
  Timestamp time = 0;              ///< That event's.
  OrderKey order;                  ///< That event's.
  std::vector<std::string> group;  ///< In the order of `group-by`.
  OrderKey first;                  ///< Of the first event in the window.
  std::vector<EvidenceRef>
      evidence;  ///< GroupWindow::evidence(). Empty with WindowReporting::every.
  std::size_t evidence_total = 0;
  /// Some process of its evidence was forgotten (lacks_evidence()): shown again it would be less.
  bool lacks = false;
};

/// A window that was judged, whether its condition held or not. Views are valid during the call.
struct WindowJudgement {
  std::size_t rule = 0;                             ///< Index into RuleSet::window_correlations.
  Timestamp time = 0;                               ///< Of the event at which the window ends.
  const std::vector<std::string>* group = nullptr;  ///< In the order of `group-by`.
  const GroupWindow* window = nullptr;
  bool holds = false;
};

enum class WindowReporting : std::uint8_t {
  every,  ///< Every event at which a condition holds.
  fire,   ///< The first, and then none of the same rule and group for one timespan. Rules that list
          ///< the rule see all of them: this hides notifications, never facts.
};

struct WindowLimits {
  std::size_t waiting_max = kWindowWaitingMax;  ///< Events that wait for earlier ones.
  std::size_t groups_max = kWindowGroupsMax;    ///< Of a rule.
  std::size_t entries_max = kWindowEntriesMax;  ///< Of a group.
};

/// What a bound dropped. All zero: the firings are all that there are.
struct WindowDrops {
  std::uint64_t late_events = 0;  ///< Earlier than what was judged already, and not taken.
  std::uint64_t groups = 0;       ///< Forgotten before their time, the longest unused first.
  std::uint64_t entries = 0;      ///< Events or values forgotten before their time, oldest first.

  [[nodiscard]] bool any() const { return late_events + groups + entries != 0; }
};

class WindowEvaluator {
 public:
  using OnFiring = std::function<void(const WindowFiring&)>;
  using OnJudged = std::function<void(const WindowJudgement&)>;

  /// A firing that was handed over and is none, or another, now. Of it the rule, the order of the
  /// event and the group are told; what it is now is handed over behind all that are withdrawn.
  using OnWithdrawn = std::function<void(const WindowFiring&)>;

  /// `rules` must outlive the evaluator. Firings are handed over in the order of their events'
  /// times, of one event in the order of the rules.
  WindowEvaluator(const RuleSet& rules,
                  WindowReporting reporting,
                  OnFiring on_firing,
                  const WindowLimits& limits = {});
  ~WindowEvaluator();
  WindowEvaluator(WindowEvaluator&&) noexcept;
  WindowEvaluator& operator=(WindowEvaluator&&) noexcept;

  /// Shows every window as it is judged: for who asks why a condition does not hold.
  void on_judged(OnJudged look);

  /// Takes what comes late too, up to `late_by` behind the watermark: what was judged is kept for
  /// as long, and judged again with it when next advanced. What then fires otherwise is withdrawn
  /// and handed over. To be called before the first event. Of the events that a bound made be
  /// judged early, or forgotten, it holds as well.
  void revise(Duration late_by, OnWithdrawn on_withdrawn);

  /// Takes an event: `hits` are the detections that held (indices into RuleSet::detections). What a
  /// rule may want of its fields is copied. Taking it again adds hits to it, and nothing else. If
  /// more events wait than may, the earlier half of them is judged.
  void add(WindowEvent event, std::span<const std::size_t> hits, const FieldReader& fields);

  /// Does some rule list the detection?
  [[nodiscard]] bool wants(std::size_t detection) const;

  /// The detection does not hold for that event after all. If it was judged already, and is not to
  /// be judged again, that is counted as a late event.
  void remove(const OrderKey& order, std::size_t detection);

  /// Goes on with another rule set, which must outlive the evaluator. Rules that are `unchanged`
  /// keep their groups, all others start afresh. Events that still wait are seen by all of them.
  /// Allocates before it changes anything.
  void replace_rules(const RuleSet& rules, const UnchangedRules& unchanged);

  /// No event before `watermark` comes any more: judges all that are.
  void advance(Timestamp watermark);

  /// No event comes any more.
  void finish();

  /// From now on what a restart needs is written to `sink`, which must outlive the evaluator: each
  /// event as it comes. `rules` are those of the evaluator.
  void keep_state(StateSink& sink, const RuleSet& rules);

  /// Remembers, for a restart, that a process of a firing's evidence was forgotten.
  void lacks_evidence(const WindowFiring& firing);

  /// Writes what is left to write. Firings of events before `keep_from` need not come again.
  void save(Timestamp keep_from);

  /// Takes in what was kept, into an evaluator that took nothing yet: the events that wait, and by
  /// judging the others again all that was known of groups. Firings that were handed over are
  /// handed over again, from `keep_from` on at least. A rule sees what it saw; one that was not
  /// there sees none of it. Fails with bad_state if a row is damaged. O(events kept).
  [[nodiscard]] Result<void> restore(const StateSource& source, const RuleSet& rules);

  [[nodiscard]] const WindowDrops& drops() const;

  /// What came late and was taken all the same.
  [[nodiscard]] std::uint64_t revised_events() const;

  /// Groups that are remembered now, over all rules.
  [[nodiscard]] std::size_t groups() const;
  /// Of one rule. O(1).
  [[nodiscard]] std::size_t groups_of(std::size_t rule) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
