// The state of a Correlator and what is done with it. Private to this folder: correlator.cpp takes
// events and evaluates, correlator_updates.cpp tells what is news, correlator_retention.cpp
// forgets.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/correlation/build_finding.h"
#include "engine/correlation/correlator.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/host_table.h"
#include "engine/correlation/lineage_match.h"
#include "engine/correlation/plain_matches.h"
#include "engine/correlation/window_finding.h"
#include "engine/finding/ledger.h"

namespace spoor {

class TakenEvent;

struct Correlator::Impl {
  Impl(const RuleSet& rule_set, const CorrelatorOptions& correlator_options);

  /// Findings are told as they arise.
  [[nodiscard]] bool is_stream() const { return options.lateness.has_value(); }

  /// Joins the states of what turned out to be one machine.
  void join(const std::vector<HostTable::Joined>& joined);

  /// Something came of the host: it is looked at when findings are next told. Of the others nothing
  /// can be new, and there may be many.
  void touch(HostState& host);
  void touch_all();
  /// Those that were touched.
  std::vector<HostState*> untouch_all();

  // --- Hits

  void keep_step_hit(HostState& host,
                     std::size_t rule,
                     const Feed& feed,
                     ProcessIndex process,
                     TakenEvent& taken) const;
  void keep_plain_hit(HostState& host, std::size_t rule, ProcessIndex actor, TakenEvent& taken);
  /// Hands the event to the window correlations that list one of its rules.
  void keep_window_hits(const std::vector<std::size_t>& hits, TakenEvent& taken);
  void keep_firing(const WindowFiring& firing);
  /// It is none any more, or another.
  void withdraw_firing(const WindowFiring& gone);
  void forget_node(HostState& host, ProcessIndex node, bool forced);
  /// Keeps the hits of an event at a process, for the correlations that list their rules.
  void keep_step_hits(HostState& host,
                      const std::vector<std::size_t>& hits,
                      ProcessIndex process,
                      TakenEvent& taken) const;
  /// Takes the hits of an event from the process that they were kept at.
  void drop_step_hits(HostState& host, const KeptHits& hits) const;
  /// Shows findings of the event again: it is of another process than before.
  void show_placed(HostState& host, const KeptHits& hits, ProcessIndex before, ProcessIndex now);

  // --- Evaluation and findings

  void settle(HostState& host);
  void evaluate(HostState& host, const MatchPlace& place);

  /// Until when the events of a host are here, each with who did it: of a bare pid that is known
  /// when all who may have started by then are.
  [[nodiscard]] Timestamp closed_until(const HostState& host) const {
    if (finished) {
      return kAllClosed;
    }
    return options.lateness ? minus(host.watermark.value(), kClockSlackNs) : kNothingClosed;
  }

  [[nodiscard]] LineageRule lineage_rule(CorrelationNumber number) const {
    return {.rules = rules, .feeds = &feeds, .index = feeds.correlation_of(number)};
  }

  [[nodiscard]] Finding plain_finding(const DetectionRule& rule, const Hit& hit) const;

  [[nodiscard]] Finding finding_of(const WindowFiring& firing) const {
    return window_finding(*rules, firing, *hosts.find(host_of(firing)));
  }

  void replace_rules(const RuleSet& following);

  // --- As a stream

  /// May evidence of what was told be forgotten by now? That it is no more says nothing then.
  [[nodiscard]] bool may_lack(const HostState& host, const FindingLedger::Told& told) const;
  /// Tells of a finding that holds, if there is news of it. One that is not `is_remembered` may be
  /// what is left of one that was told long ago: then it has to say more than that.
  void tell(Finding finding,
            Timestamp final_after,
            Timestamp closed,
            std::vector<Finding>& out,
            bool is_remembered);
  void tell_lineage(HostState& host, const MatchPlace& place, std::vector<Finding>& out);
  /// The finding of the process that this one turned out to be, if it has one.
  [[nodiscard]] std::optional<Uid> successor(const HostState& host, const MatchPlace& place) const;
  /// What was told under a host key that is no more.
  void tell_renamed(HostState& host, std::vector<Finding>& out);
  void tell_plain(HostState& host, const PlainHit& place, std::vector<Finding>& out);
  /// Takes back what was told; the match says of what, and has the uid that was told.
  void retract(const MatchView& match,
               const HostState& host,
               std::optional<Uid> superseded_by,
               std::vector<Finding>& out);
  /// What the watermark has made certain.
  void collect_due(HostState& host) const;
  void tell_host(HostState& host, std::vector<Finding>& out);
  void tell_withdrawn(std::vector<Finding>& out);

  // --- The bound of all hosts (correlator_retention.cpp)

  /// Brings the counts up to date for a host.
  void count_nodes(HostState& host);
  /// It is no more.
  void uncount_nodes(HostState& host);

  /// For the nodes of one event.
  [[nodiscard]] bool has_room() const {
    constexpr std::size_t kNodesOfEvent = 4;
    return node_count + kNodesOfEvent <= options.processes_max &&
           byte_count <= options.process_bytes_max;
  }

  /// Makes room for the nodes of one event. O(1) amortised over the events that fill it.
  void make_room();

  // --- What a stream forgets

  void forget_pid_actors(Timestamp before) const;
  /// How long a hit may still join others.
  [[nodiscard]] Duration longest_timespan() const;
  /// Forgets processes that ended, or fell silent, and under which no hit can join any more.
  void retain(HostState& host);
  /// Forgets what was told and is final for long.
  void forget_told();
  [[nodiscard]] Timestamp forgotten_before() const;
  /// Brings by_watermark up to date for a host.
  void list_watermark(HostState& host);
  /// Events of window correlations are judged when no host has earlier ones. One that has fallen
  /// silent holds nobody back.
  [[nodiscard]] Timestamp least_watermark() const;

  // --- What survives a restart (correlator_state.cpp)

  /// What an open state needs.
  struct Keeping {
    StateSink* sink = nullptr;
    std::vector<Uid> detection_ids;    ///< identity_uids()
    std::vector<Uid> correlation_ids;  ///< The same.
    std::uint64_t next_event = 1;
    std::uint32_t next_host = 1;
    std::shared_ptr<UnusedNumbers> unused = std::make_shared<UnusedNumbers>();
    std::vector<HostState*> unsaved;  ///< Touched since they were last saved.
    std::string counters;             ///< As they were last saved.
  };

  void keep_host(HostState& host) const;
  /// The number of an event among those stored; it is if it was not.
  std::uint64_t stored(const KeptEvent& event) const;
  void save_step_hit(const HostState& host,
                     ProcessIndex node,
                     FeedNumber feed,
                     const Hit& hit) const;
  void save_step_total(const HostState& host,
                       ProcessIndex node,
                       FeedNumber feed,
                       const HitSet& set) const;
  void save_plain_hit(std::size_t rule, const Hit& hit) const;
  void erase_plain_hit(std::size_t rule, const OrderKey& order) const;
  void save_pid_actor(const HostState& host,
                      const Uid& event,
                      const PidActor& actor,
                      Timestamp time) const;
  void save_told_lineage(const HostState& host, const MatchPlace& place, const Uid& finding) const;
  void save_told(const Uid& finding);
  void save_host(HostState& host) const;
  void erase_host(const HostState& host) const;
  void save_counters() const;
  /// All rows of hits at a host's processes, and of what was told of them, anew.
  void rewrite_facts(HostState& host) const;
  void save_rules() const;
  void save();
  /// What was restored holds or does not, and was told.
  void settle_restored(HostState& host);

  std::unique_ptr<Keeping> keeping;
  Timestamp ledger_forgotten_before = kNothingClosed;

  const RuleSet* rules;
  CorrelatorOptions options;
  Feeds feeds;
  PartialCounts partial;                         ///< Of the places where one was begun.
  std::vector<PlainMatches> plain;               ///< By detection rule.
  std::vector<std::uint64_t> hits_by_detection;  ///< Duplicates apart.
  WindowEvaluator windows;
  std::map<FiringNumber, WindowFiring> firings;
  FiringNumber next_firing = 0;
  std::vector<std::size_t> firings_of;  ///< How many, by window correlation.
  std::set<FiringNumber> firings_to_tell;
  std::vector<WindowFiring> withdrawn;  ///< To be retracted, if nothing else is told of them.
  FindingLedger ledger;
  /// Told of the runs of a program: it may come again at any time.
  boost::unordered_flat_set<Uid, UidHash> told_of_programs;
  Timestamp told_forgotten_at = kNothingClosed;
  bool finished = false;
  HostTable hosts;
  std::vector<HostState*> touched;  ///< In no order that may be shown.
  /// Hosts by watermark, as of when findings were last told.
  std::set<std::pair<Timestamp, const HostState*>> by_watermark;

  /// Hosts by how many bytes of nodes and texts they hold, in steps: the last holds most, but for
  /// less than a step. Of one step by key, so that it does not depend on addresses who forgets.
  struct LargerHost {
    static constexpr std::uint64_t kStep = 64 * kProcessBytes;

    bool operator()(const HostState* a, const HostState* b) const {
      return std::pair(a->counted_bytes / kStep, std::string_view(a->key)) <
             std::pair(b->counted_bytes / kStep, std::string_view(b->key));
    }
  };

  std::set<HostState*, LargerHost> by_size;
  std::size_t node_count = 0;
  std::uint64_t byte_count = 0;
  CorrelatorStats stats;
};

}  // namespace spoor
