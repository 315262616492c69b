// The way of an event: record → event → graph → hits → matches → findings. The table of contents in
// code.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/accounting.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/base/time.h"
#include "engine/correlation/correlator.h"
#include "engine/finding/finding.h"
#include "engine/matcher/matcher.h"
#include "engine/rule/diagnostic.h"
#include "engine/rule/rule.h"
#include "engine/waiting_events.h"
#include "parsers/record_parser.h"

namespace spoor {

/// Machines, each as the names and sensor ids that are known to be its own.
using HostAliases = std::vector<std::vector<std::string>>;

struct PipelineOptions {
  std::optional<Timestamp> from =
      std::nullopt;  ///< Events before it are filtered. Events whose time is suspect never are.
  std::optional<Timestamp> to = std::nullopt;  ///< Events at or after it are filtered.
  ParserOptions parser{};
  /// Beside what is learned from the events: host names and sensor ids of one machine are one host.
  HostAliases host_aliases{};
  /// How late events may come, for findings as they arise: updates(). None: everything is kept
  /// until findings(), and it does not matter how late anything comes.
  std::optional<Lateness> lateness = std::nullopt;
  Retention retention = {};                   ///< What a stream forgets, and when.
  std::size_t processes_max = kProcessesMax;  ///< Of all hosts: CorrelatorOptions::processes_max.
  std::uint64_t process_bytes_max = kProcessBytesMax;  ///< And their bytes.
  /// What may wait for the process graph. None: what a stream allows, or without lateness a replay.
  std::optional<WaitingLimits> waiting = std::nullopt;
  /// Measures what rules cost (RuleCost::time), and nothing else. Null: nobody asks. Must outlive
  /// the pipeline.
  const Clock* rule_clock = nullptr;
  /// Called for each record that gives no event. Views are valid during the call.
  std::function<void(const Error&, std::string_view record, const RecordPosition&)> on_dead_letter =
      nullptr;
  /// Called for each event that is taken in, after it, duplicates too: with what the rules test of
  /// it at least. Views are valid during the call.
  std::function<void(const Event&, bool duplicate)> on_event = nullptr;
  /// Called for each window of a window correlation that is judged.
  WindowEvaluator::OnJudged on_window = nullptr;
};

/// One engine: rules, state, counters. Not thread-safe.
class Pipeline final : private RecordSink {
 public:
  /// What RE2 refuses is added to `diagnostics` (if not null).
  Pipeline(std::shared_ptr<const RuleSet> rules,
           PipelineOptions options,
           std::vector<Diagnostic>* diagnostics = nullptr);
  /// `rules` must outlive the pipeline, or its replace_rules().
  Pipeline(const RuleSet& rules,
           PipelineOptions options,
           std::vector<Diagnostic>* diagnostics = nullptr);
  ~Pipeline() override;

  /// Goes on with other rules, all or nothing. Call it between two records, not from within take().
  ///
  /// A rule that is unchanged (see UnchangedRules) keeps its state: hits, matches, events that wait
  /// for the process graph. Its findings show what the new set says of it, title and level; the
  /// tests in their evidence are as they were written when the event came. So with the same rules
  /// findings() gives what it would have given. Every other rule starts afresh: it sees the events
  /// that are taken from now on (of processes it knows what came before, for the graph stays), and
  /// what is gone is forgotten with its findings.
  ///
  /// Fails with bad_rule if RE2 refuses a rule that it did not refuse before: the rules so far stay
  /// as they are. What RE2 refuses is added to `diagnostics` (if not null) either way. The same if
  /// it throws (no memory). Nothing refers to the rules so far afterwards. Compiles all rules, so
  /// it takes as long as the constructor; O(hits kept) more.
  [[nodiscard]] Result<void> replace_rules(std::shared_ptr<const RuleSet> rules,
                                           std::vector<Diagnostic>* diagnostics = nullptr);

  /// Goes on where an earlier run left off, and writes from now on what a restart needs
  /// (Correlator::open_state()). For a stream, before the first record.
  [[nodiscard]] Result<StateLoss> open_state(const StateSource& source, StateSink& sink);

  /// Writes what changed since: call it after updates() or last_updates(), and then commit. After
  /// last_updates() too, more may come in a later run.
  void save();

  [[nodiscard]] const RuleSet& rules() const { return *rules_; }

  /// One record on its way through all stages. RecordParser::kJsonPadding readable bytes must
  /// follow it.
  void take(std::string_view record, const RecordPosition& position);
  /// A stretch of input that is no record.
  void take_bad(const Error& error, std::string_view text, const RecordPosition& position);

  /// Brings matches up to date with what was taken.
  void settle() { correlator_.settle(); }

  /// As a stream: what has to be told since the last call (Correlator::updates()). With
  /// PipelineOptions::lateness only.
  [[nodiscard]] std::vector<Finding> updates();

  /// The end of a stream: what waits for later events is judged; then the last updates().
  [[nodiscard]] std::vector<Finding> last_updates();

  /// Judges the events that waited for the graph, settle()s, then all findings in canonical order.
  /// For the end of the input: what is absent now counts as absent.
  [[nodiscard]] std::vector<Finding> findings();

  /// Events of which some rule's verdict waits for what the process graph may still learn.
  [[nodiscard]] std::size_t waiting_events() const;

  /// Events that could not wait, for there were too many: judged by what was known then.
  [[nodiscard]] std::size_t hurried_events() const { return hurried_; }

  [[nodiscard]] const Accounting& accounting() const { return accounting_; }

  [[nodiscard]] const Correlator& correlator() const { return correlator_; }

  /// Of all rule sets so far.
  [[nodiscard]] std::size_t rule_evaluations() const {
    return evaluations_before_ + matcher_.evaluations();
  }

  /// For what its rules cost, since they came. Valid until replace_rules().
  [[nodiscard]] const Matcher& matcher() const { return matcher_; }

  /// Builds the matcher's index for events of this one's kind, before the first one comes.
  void prepare(const Event& event) { matcher_.prepare(event); }

  /// Detections that can hold: those of which RE2 refused no expression.
  [[nodiscard]] std::size_t usable_rules() const { return matcher_.usable_rules(); }

 private:
  class RecentEvents;

  void alias_hosts();
  void expect_host(std::string_view host) override;
  void on_event(const Event& event) override;
  void on_bad_record(const Error& error,
                     std::string_view record,
                     const RecordPosition& position) override;
  [[nodiscard]] bool outside(const Event& event) const;
  /// Calls `take` with the event of that uid in a record, and all its fields: for what a finding
  /// may show, and for keywords. False if the record does not hold it.
  bool with_everything(std::string_view record,
                       const RecordPosition& position,
                       const Uid& uid,
                       const std::function<void(const Event&)>& take);
  void match(const Event& event, Keywords keywords);
  void take_matched(const Event& event, bool duplicate);
  /// Which of the rules hold by what the graph knows now; `actor` did it.
  [[nodiscard]] std::vector<std::size_t> verdicts(const Event& event,
                                                  const std::vector<std::size_t>& rules,
                                                  const Uid& actor);
  /// Judges an event that waits, perhaps again: tells the correlator what changed.
  void judge(const Uid& uid);

  /// What an event came to.
  struct Judged {
    std::vector<std::size_t> held;  ///< Ascending.
    Uid actor;
  };

  /// Judges an event, of which `before` was told so far, and tells the correlator what changed.
  Judged judge(const Event& event, const WaitingEvent& before, bool duplicate);
  /// Judges again what waits under the keys of a host and whose process, or what is above it, is
  /// known better now.
  void judge_again(const std::string& host, const std::vector<std::string>& keys);
  void judge_waiting();

  PipelineOptions options_;
  std::shared_ptr<const RuleSet> rules_;  ///< Owns them only if it was given them to own.
  RecordParser parser_;                   ///< Takes what the rules test.
  RecordParser whole_parser_;  ///< Takes everything: for the few events that a finding may show.
  Matcher matcher_;
  Correlator correlator_;
  Accounting accounting_;
  std::unique_ptr<RecentEvents> recent_;
  StateSink* sink_ = nullptr;  ///< Null: nothing survives a restart.
  WaitingEvents waiting_;
  std::vector<std::size_t> hits_;
  std::vector<std::size_t> open_;
  std::string_view expected_;  ///< The host key of expect_host(), until its event comes.
  Uid expected_host_;          ///< seeded_uid() of it.
  std::size_t hurried_ = 0;
  bool asks_ancestors_ = false;         ///< Some rule asks more than the grandparent.
  std::size_t evaluations_before_ = 0;  ///< By the rule sets before this one.
};

/// The fields that the rules test.
[[nodiscard]] Projection projection_of(const RuleSet& rules);

/// Everything, and of what a field of the table shows the vendor's own name too, if a rule tests
/// it.
[[nodiscard]] Projection whole_projection_of(const RuleSet& rules);

}  // namespace spoor
