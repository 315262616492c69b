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
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/correlation/hit_store.h"
#include "engine/correlation/pid_actors.h"
#include "engine/correlation/watermark.h"
#include "engine/correlation/window_evaluator.h"
#include "engine/event/event.h"
#include "engine/finding/finding.h"
#include "engine/matcher/matcher.h"
#include "engine/process_graph/process_graph.h"
#include "engine/rule/rule.h"

namespace spoor {

struct HostState;
struct LineageRule;

/// Counters for the summary.
struct CorrelatorStats {
  std::size_t hits = 0;                  ///< Rules that held for an event.
  std::size_t evaluations = 0;           ///< Anchors looked at.
  std::size_t forgotten_hits = 0;        ///< With processes forgotten for want of room.
  std::size_t forgotten_processes = 0;   ///< By a stream, when nothing could join them any more.
  std::size_t matches_beyond_limit = 0;  ///< Of plain and window rules: kMatchesPerRuleMax.
  /// Evaluations that left hits out for being in too many processes below an anchor: kSubtreeMax.
  /// Since the start alone.
  std::uint64_t subtrees_beyond_limit = 0;
  /// Of a stream: when the watermark of their host had passed them. Since the start alone.
  std::uint64_t late_events = 0;
};

/// The watermarks of the hosts of a stream, as of the last updates().
struct WatermarkRange {
  Timestamp oldest = 0;  ///< Of the hosts that still send.
  Timestamp newest = 0;
};

struct CorrelatorOptions {
  /// How late events may come, where findings are told as they arise: updates(). None: nothing is
  /// certain before finish(), and no update is ever told.
  std::optional<Lateness> lateness = std::nullopt;
  Retention retention = {};  ///< Of a stream. Without lateness everything is kept.
  /// Nodes of all hosts' graphs. At the bound the host that holds most forgets the least needed,
  /// whoever asks for more: a host that floods the engine forgets its own.
  std::size_t processes_max = kProcessesMax;
  /// Bytes of these, kProcessBytes each, and of their texts: the same bound in another measure.
  std::uint64_t process_bytes_max = kProcessBytesMax;
};

/// Hits of one event, by what they were kept under.
struct KeptHits {
  std::string_view host;  ///< Host key.
  Uid actor;
  OrderKey order;
  std::vector<std::size_t> rules;  ///< Indices into RuleSet::detections.
};

/// What of an earlier run could not be gone on with, for its rule is no more or another.
struct StateLoss {
  std::size_t hits = 0;     ///< Kept for rules.
  std::size_t matches = 0;  ///< Told of lineages; they are not taken back.

  [[nodiscard]] bool any() const { return hits + matches != 0; }
};

/// Correlates the hits of all hosts. Not thread-safe.
class Correlator {
 public:
  struct Impl;  ///< Of this folder.

  /// `rules` must outlive the correlator, or its replace_rules().
  explicit Correlator(const RuleSet& rules, const CorrelatorOptions& options = {});
  ~Correlator();
  Correlator(Correlator&&) noexcept;
  Correlator& operator=(Correlator&&) noexcept;

  /// Takes in one event: its place in the graph, and the rules that held for it (indices into
  /// RuleSet::detections). `matcher` explains hits that are kept. Taking an event again changes
  /// nothing; `duplicate` only keeps the counters right. `lineage` (may be null) is what the rules
  /// leaned on. `actor` (may be null): of an event that names its process by a bare pid, who that
  /// is; without it, nobody.
  void take(const Event& event,
            const std::vector<std::size_t>& hits,
            bool duplicate,
            Matcher& matcher,
            const Lineage* lineage = nullptr,
            const PidActor* actor = nullptr);

  // Events that name their process by a bare pid (bare_pid()).

  /// Whom the pid means at that time, by what is known of the host now.
  [[nodiscard]] PidActor resolve(std::string_view host, std::uint32_t pid, Timestamp time) const;

  /// It is the process of an event from now on. `hits`: those that take() was told of, and who did
  /// it so far. They leave that process; take_again() keeps them at this one. False if it is the
  /// same as before: then nothing is to be done.
  bool place(const KeptHits& hits, const PidActor& actor);

  /// Keeps hits that take() was told of before at the process that place() was told of.
  void take_again(const Event& event,
                  const std::vector<std::size_t>& hits,
                  Matcher& matcher,
                  const Lineage& lineage,
                  const PidActor& actor);

  /// The rules (indices into RuleSet::detections) do not hold for an event after all, though take()
  /// was told so: more is known of an ancestor. Unknown hits are passed by.
  void retract(const KeptHits& hits);

  /// Takes in what an earlier run left in `source`, and goes on as if there had been no stop; from
  /// now on what a restart needs is written to `sink`. Both must outlive the correlator. Call it
  /// before the first event, of a stream. A rule that is unchanged (UnchangedRules) keeps its hits
  /// and matches. Fails with bad_state if a row is damaged: the correlator is of no use then.
  /// O(processes and hits kept).
  [[nodiscard]] Result<StateLoss> open_state(const StateSource& source, StateSink& sink);

  /// Writes what changed and is not written yet. Call it after updates(), before a commit.
  /// O(changes).
  void save();

  /// Two host keys are one machine: configuration says so.
  void alias_host(std::string_view host, std::string_view other);

  // An event of a host is on its way: asks early for the memory that take() will need. `host`:
  // seeded_uid() of its key.

  /// First.
  void prefetch(const Uid& host) const;
  /// Then; it knows how to go on.
  [[nodiscard]] ProcessGraph::Expectation expect(const Uid& host) const;

  /// All keys that are known of a host's machine, ascending.
  [[nodiscard]] std::vector<std::string> keys_of_host(std::string_view host) const;

  /// Goes on with other rules, which must outlive the correlator or its next replace_rules(); the
  /// rules so far must be there until it returns. What is unchanged (see UnchangedRules) keeps its
  /// hits and matches, and shows what the new set says of it. All other rules start afresh and see
  /// what is taken from now on; the process graphs stay, so they know ancestors from before. Of a
  /// detection that now makes no findings of its own those it made are forgotten. If it throws (no
  /// memory), nothing has changed but what window correlations knew. O(rules × log rules + hits
  /// kept).
  void replace_rules(const RuleSet& rules);

  /// The input has ended: what waits for later events is judged. Events may come after it; of
  /// window correlations those that are earlier than what was judged are late.
  void finish();

  // As a stream: with CorrelatorOptions::lateness.

  /// The end of the time of which the host's events are here; kAllClosed after finish().
  [[nodiscard]] Timestamp watermark(std::string_view host) const;
  /// Hosts whose watermark moved, or whose processes changed, since the last updates(); sorted.
  [[nodiscard]] std::vector<std::string> stirred_hosts() const;
  /// Keys of the processes of a host whose verdicts on parents and grandparents may be others since
  /// the last updates(): those of which something new is known, with their children and theirs, or,
  /// if `deep`, all that is below. In no particular order.
  [[nodiscard]] std::vector<Uid> stirred_processes(std::string_view host, bool deep) const;
  /// Pids of a host that may mean others now; all, if that is not known. In no particular order.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> stirred_pids(std::string_view host) const;
  /// Hits from before this time that were told are forgotten: the least watermark of all hosts that
  /// still send, less Retention::after_told.
  [[nodiscard]] Timestamp forgotten_before() const;
  /// What has to be told since the last call: findings that are new, differ, are final now, or do
  /// not hold any more, each with its revision; in canonical order. The last revision of each that
  /// is told by then is, after finish(), what findings() gives.
  [[nodiscard]] std::vector<Finding> updates();

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
  /// Events of which a bare pid was looked up and not kept: kPidActorsMax. O(hosts).
  [[nodiscard]] std::size_t pids_beyond_limit() const;
  /// What the bounds of window correlations dropped.
  [[nodiscard]] const WindowDrops& window_drops() const;
  // Of each rule, O(1): by its place in the rule set.

  /// Events that the detection held for, since it came or the start. One that is taken back later
  /// stays counted.
  [[nodiscard]] std::uint64_t hits_of(std::size_t detection) const;

  /// Where a hit of its anchor's step is, but the correlation does not hold.
  [[nodiscard]] std::uint64_t partial_matches(std::size_t correlation) const;
  /// Of a window correlation: groups of which something is remembered.
  [[nodiscard]] std::size_t groups_of(std::size_t window_correlation) const;

  /// None before the first host has one. O(log hosts).
  [[nodiscard]] std::optional<WatermarkRange> watermarks() const;

  [[nodiscard]] std::size_t host_count() const;
  [[nodiscard]] std::size_t process_count() const;
  [[nodiscard]] std::size_t refused_processes() const;
  /// Forgotten before their time, for want of room.
  [[nodiscard]] std::size_t evicted_processes() const;
  /// The graph of a host (its key), or null.
  [[nodiscard]] const ProcessGraph* graph(std::string_view host) const;
  /// The best name that events gave a host (by its key): the longest, then the least. Empty if none
  /// gave one. Valid until the next take().
  [[nodiscard]] std::string_view hostname(std::string_view host) const;
  /// Host keys, sorted.
  [[nodiscard]] std::vector<std::string> hosts() const;

  // For who asks why a rule did not hold. Valid until the next call that is not const.

  /// What is known of a host (its key), or null.
  [[nodiscard]] const HostState* host_state(std::string_view host) const;
  /// A correlation (index into RuleSet::correlations) with what feeds it.
  [[nodiscard]] LineageRule lineage_rule(std::size_t correlation) const;
  /// The hits of a detection that reports by itself, at most kMatchesPerRuleMax.
  [[nodiscard]] const std::map<OrderKey, Hit>& plain_hits(std::size_t detection) const;
  /// Shows every window of a window correlation as it is judged.
  void on_window(WindowEvaluator::OnJudged look);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
