#include "engine/correlation/correlator.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/correlation/build_finding.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/step_time.h"
#include "engine/correlation/window.h"
#include "engine/process_graph/graph_algorithms.h"

namespace spoor {
namespace {

/// (number, process) as one key.
using PairKey = std::uint64_t;

PairKey pair_key(std::uint32_t number, ProcessIndex process) {
  return (PairKey{number} << 32U) | process;
}

std::uint32_t number_of(PairKey key) {
  return static_cast<std::uint32_t>(key >> 32U);
}

ProcessIndex process_of(PairKey key) {
  return static_cast<ProcessIndex>(key & 0xFFFFFFFFU);
}

std::vector<KeptField> keep_fields(const std::vector<MatchedField>& matched) {
  std::vector<KeptField> kept;
  kept.reserve(matched.size());
  for (const MatchedField& field : matched) {
    kept.push_back({.name = std::string(field.field),
                    .value = std::string(field.value),
                    .test = std::string(field.test),
                    .form = field.form});
  }
  return kept;
}

/// What one evaluation of an anchor gathered.
struct Gathered {
  std::vector<StepTime> times;   ///< Sorted by order.
  std::vector<const Hit*> hits;  ///< Beside `times`.
  std::size_t beyond_limit = 0;  ///< Hits counted but not kept.
};

/// A hit of a rule that reports by itself.
struct PlainMatch {
  const void* host = nullptr;
  Hit hit;
};

/// The hits of such a rule, one for each event.
struct PlainMatches {
  std::map<OrderKey, PlainMatch> by_order;
  boost::unordered_flat_map<Uid, OrderKey, UidHash> orders;
};

/// Cuts evidence to the limit: each step's first stays, then the first and the last of the rest.
void cut_evidence(std::vector<MatchEvidence>& evidence) {
  if (evidence.size() <= kEvidencePerMatchMax) {
    return;
  }
  std::set<std::string_view> seen;
  std::vector<bool> keep(evidence.size(), false);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < evidence.size() && kept < kEvidencePerMatchMax; ++i) {
    keep[i] = seen.insert(evidence[i].step).second;
    kept += keep[i] ? 1U : 0U;
  }
  const std::size_t from_front = (kEvidencePerMatchMax - kept) / 2;
  for (std::size_t i = 0, taken = 0; i < evidence.size() && taken < from_front; ++i) {
    if (!keep[i]) {
      keep[i] = true;
      ++taken;
      ++kept;
    }
  }
  for (std::size_t i = evidence.size(); i-- > 0 && kept < kEvidencePerMatchMax;) {
    if (!keep[i]) {
      keep[i] = true;
      ++kept;
    }
  }
  std::vector<MatchEvidence> cut;
  for (std::size_t i = 0; i < evidence.size(); ++i) {
    if (keep[i]) {
      cut.push_back(evidence[i]);
    }
  }
  evidence = std::move(cut);
}

}  // namespace

/// One machine: its processes, the hits at them, the anchors among them.
struct Correlator::Host {
  std::string key;
  std::string hostname;  ///< The best name that any event gave.
  ProcessGraph graph;
  boost::unordered_flat_map<PairKey, HitSet> hits;  ///< (feed, process).
  boost::unordered_flat_map<ProcessIndex, std::vector<CorrelationNumber>>
      anchors;                                ///< → correlations, ascending.
  boost::unordered_flat_set<PairKey> marked;  ///< (correlation, process) to evaluate.
  /// Processes whose children are to be marked. Not marked at once: a process may have many, and
  /// many hits.
  boost::unordered_flat_set<ProcessIndex> marked_above;
  boost::unordered_flat_set<PairKey> matches;  ///< (correlation, process) that hold.
  /// Some process at or below this one, along claimed edges, has or had a hit. If set for a
  /// process, set for all above it.
  std::vector<bool> hit_below;
};

struct Correlator::Impl {
  explicit Impl(const RuleSet& rule_set)
      : rules(&rule_set), feeds(rule_set), plain(rule_set.detections.size()) {}

  Host& host_of(std::string_view key) {
    const auto known = hosts.find(key);
    if (known != hosts.end()) {
      return *known->second;
    }
    auto host = std::make_unique<Host>();
    host->key = key;
    return *hosts.emplace(std::string(key), std::move(host)).first->second;
  }

  // --- What a new fact may concern
  // -------------------------------------------------------------------------------

  void mark(Host& host, ProcessIndex process) {
    const auto anchor = host.anchors.find(process);
    if (anchor == host.anchors.end()) {
      return;
    }
    for (const CorrelationNumber correlation : anchor->second) {
      host.marked.insert(pair_key(correlation, process));
    }
  }

  /// Marks the anchors at and above `process`, along claimed edges: suspect ones too, for they may
  /// be good tomorrow.
  void mark_line(Host& host, ProcessIndex process) {
    for (std::size_t steps = 0; process != kNoProcess && steps <= kAncestorsMax; ++steps) {
      mark(host, process);
      process = host.graph.claimed_parent(process);
    }
  }

  void mark_children(Host& host) {
    for (const ProcessIndex process : host.marked_above) {
      for (ProcessIndex child = host.graph.first_child(process); child != kNoProcess;
           child = host.graph.next_sibling(child)) {
        mark(host, child);
      }
    }
    host.marked_above.clear();
  }

  /// The anchors of which `process` may be a sibling.
  static void mark_beside(Host& host, ProcessIndex process) {
    const ProcessIndex parent = host.graph.claimed_parent(process);
    if (parent != kNoProcess) {
      host.marked_above.insert(parent);
    }
  }

  /// If claims lead from `above` up to `process`, an edge between them makes or breaks a cycle: all
  /// edges of it become suspect or good, and siblings with them.
  static void mark_cycle(Host& host, ProcessIndex above, ProcessIndex process) {
    std::vector<ProcessIndex> walked;
    while (above != kNoProcess && above != process && walked.size() < kAncestorsMax) {
      walked.push_back(above);
      above = host.graph.claimed_parent(above);
    }
    if (above == process) {
      host.marked_above.insert(process);
      host.marked_above.insert(walked.begin(), walked.end());
    }
  }

  /// Tells everything above that there is a hit below. Stops where that is known.
  void note_hit_below(Host& host, ProcessIndex process) {
    host.hit_below.resize(host.graph.size(), false);
    while (process != kNoProcess && !host.hit_below[process]) {
      host.hit_below[process] = true;
      process = host.graph.claimed_parent(process);
    }
  }

  /// Ancestry changed at `process`: what hangs below it joins what is above it.
  void relinked(Host& host, ProcessIndex process) {
    host.hit_below.resize(host.graph.size(), false);
    mark(host, process);
    if (feeds.looks_up()) {
      host.marked_above.insert(process);
    }
    if (feeds.looks_sideways()) {
      host.marked_above.insert(process);
      mark_beside(host, process);
      mark_cycle(host, host.graph.claimed_parent(process), process);
    }
    if (host.hit_below[process]) {
      note_hit_below(host, host.graph.claimed_parent(process));
      mark_line(host, process);
    }
  }

  // --- Hits
  // --------------------------------------------------------------------------------------------------------

  void keep_step_hit(Host& host,
                     std::size_t rule,
                     const Feed& feed,
                     ProcessIndex process,
                     const Event& event,
                     bool duplicate,
                     Matcher& matcher,
                     const Lineage* lineage,
                     std::shared_ptr<const KeptEvent>& kept) {
    HitSet& set = host.hits[pair_key(feed.number, process)];
    if (!set.wants(event.order_key(), event.record, duplicate)) {
      return;
    }
    if (!kept) {
      kept = keep_event(event, process);
    }
    set.add({.event = kept, .matched = keep_fields(matcher.explain(rule, event, lineage))});
    note_hit_below(host, process);
    for (const FedStep& fed : feed.steps) {
      const CorrelationRule& correlation = rules->correlations[fed.correlation];
      if (fed.step == correlation.anchor) {
        std::vector<CorrelationNumber>& anchored = host.anchors[process];
        const CorrelationNumber number = feeds.number_of(fed.correlation);
        const auto place = std::ranges::lower_bound(anchored, number);
        if (place == anchored.end() || *place != number) {
          anchored.insert(place, number);
        }
      }
      const Relation relation = correlation.steps[fed.step].relation;
      if (relation == Relation::parent) {
        host.marked_above.insert(process);
      } else if (relation == Relation::sibling) {
        mark_beside(host, process);
      }
    }
    mark_line(host, process);
  }

  void keep_plain_hit(Host& host,
                      std::size_t rule,
                      ProcessIndex process,
                      const Event& event,
                      bool duplicate,
                      Matcher& matcher,
                      const Lineage* lineage,
                      std::shared_ptr<const KeptEvent>& kept) {
    PlainMatches& matches = plain[rule];
    const OrderKey order = event.order_key();
    const auto twin = matches.orders.find(order.uid);
    if (twin != matches.orders.end()) {
      // The event comes again, perhaps in another carriage, which may give it another text and even
      // another time. The least stands, whichever came first.
      const auto known = matches.by_order.find(twin->second);
      const std::string_view record = event.record.substr(0, kDeadLetterBytesMax);
      if (known->first < order ||
          (known->first == order && !(record < known->second.hit.event->record))) {
        return;
      }
      matches.by_order.erase(known);
    } else if (matches.by_order.size() >= kMatchesPerRuleMax) {
      stats.matches_beyond_limit += duplicate ? 0U : 1U;
      const auto last = std::prev(matches.by_order.end());
      if (last->first < order) {
        return;
      }
      matches.orders.erase(last->first.uid);
      matches.by_order.erase(last);
    }
    if (!kept) {
      kept = keep_event(event, process);
    }
    matches.orders.insert_or_assign(order.uid, order);
    matches.by_order.emplace(
        order, PlainMatch{.host = &host,
                          .hit = {.event = kept,
                                  .matched = keep_fields(matcher.explain(rule, event, lineage))}});
  }

  // --- Evaluation
  // ----------------------------------------------------------------------------------------------------

  /// The processes in which a step may have happened.
  static std::vector<ProcessIndex> scope(const Host& host,
                                         ProcessIndex anchor,
                                         Relation relation,
                                         std::vector<ProcessIndex>& below) {
    if (relation == Relation::self) {
      return {anchor};
    }
    if (relation == Relation::parent) {
      const ProcessIndex parent = host.graph.parent(anchor);
      return parent == kNoProcess ? std::vector<ProcessIndex>{} : std::vector<ProcessIndex>{parent};
    }
    if (relation == Relation::child) {
      return children(host.graph, anchor);
    }
    if (relation == Relation::sibling) {
      const ProcessIndex parent = host.graph.parent(anchor);
      std::vector<ProcessIndex> siblings;
      if (parent != kNoProcess) {
        siblings = children(host.graph, parent);
        std::erase(siblings, anchor);
      }
      return siblings;
    }
    if (below.empty()) {
      below = subtree(host.graph, anchor);
    }
    return relation == Relation::descendant
               ? std::vector<ProcessIndex>(below.begin() + 1, below.end())
               : below;
  }

  /// All hits around an anchor that its steps ask for, the anchor's own step apart unless the
  /// condition names it.
  [[nodiscard]] Gathered gather(const Host& host, std::size_t rule, ProcessIndex anchor) const {
    const CorrelationRule& correlation = rules->correlations[rule];
    std::vector<std::pair<StepTime, const Hit*>> found;
    std::vector<ProcessIndex> below;
    Gathered gathered;
    for (std::size_t step = 0; step < correlation.steps.size(); ++step) {
      const bool is_anchor = step == correlation.anchor;
      if (is_anchor && !correlation.anchor_takes_part) {
        continue;
      }
      const Relation relation = is_anchor ? Relation::self : correlation.steps[step].relation;
      for (const ProcessIndex process : scope(host, anchor, relation, below)) {
        const auto set = host.hits.find(pair_key(feeds.of_step(rule, step), process));
        if (set == host.hits.end()) {
          continue;
        }
        gathered.beyond_limit += is_anchor && !counts_anchor(correlation)
                                     ? 0
                                     : set->second.total() - set->second.hits().size();
        for (const Hit& hit : set->second.hits()) {
          if (std::optional<StepTime> time = step_time(correlation, step, *hit.event)) {
            found.emplace_back(std::move(*time), &hit);
          }
        }
      }
    }
    std::ranges::sort(found, [](const auto& a, const auto& b) {
      return std::pair(a.first.order, a.first.step) < std::pair(b.first.order, b.first.step);
    });
    for (auto& [time, hit] : found) {
      gathered.times.push_back(std::move(time));
      gathered.hits.push_back(hit);
    }
    return gathered;
  }

  void settle(Host& host) {
    mark_children(host);
    for (const PairKey key : host.marked) {
      evaluate(host, key);
    }
    host.marked.clear();
  }

  void evaluate(Host& host, PairKey key) {
    ++stats.evaluations;
    const std::size_t rule = feeds.correlation_of(number_of(key));
    const Gathered gathered = gather(host, rule, process_of(key));
    if (find_windows(rules->correlations[rule], gathered.times)) {
      host.matches.insert(key);
    } else {
      host.matches.erase(key);
    }
  }

  // --- Findings
  // ------------------------------------------------------------------------------------------------------

  [[nodiscard]] Finding correlation_finding(const Host& host, PairKey key) const {
    const std::size_t rule = feeds.correlation_of(number_of(key));
    const CorrelationRule& correlation = rules->correlations[rule];
    const ProcessIndex anchor = process_of(key);
    const Gathered gathered = gather(host, rule, anchor);
    const std::optional<WindowResult> windows = find_windows(correlation, gathered.times);

    MatchView match;
    match.rule = &correlation.meta;
    match.is_correlation = true;
    match.level = correlation.meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.anchor = anchor;
    match.anchor_uid = host.graph.key(anchor);
    for (const CorrelationStep& step : correlation.steps) {
      match.related.push_back(&rules->detections[step.rule]);
    }
    for (std::size_t i = 0; i < correlation.escalations.size(); ++i) {
      if (windows->escalated[i]) {
        match.level = std::max(match.level, correlation.escalations[i].level);
      }
    }
    const auto evidence_of = [&](const Hit* hit, std::size_t step, bool required) {
      const CorrelationStep& listed = correlation.steps[step];
      return MatchEvidence{.hit = hit,
                           .rule = &rules->detections[listed.rule],
                           .step = listed.name,
                           .required = required};
    };
    bool shows_anchor = false;
    for (std::size_t i = 0; i < gathered.times.size(); ++i) {
      const std::size_t step = gathered.times[i].step;
      const bool is_anchor = step == correlation.anchor;
      if (windows->included[i] && (!is_anchor || counts_anchor(correlation))) {
        match.evidence.push_back(
            evidence_of(gathered.hits[i], step, is_anchor || windows->required[step]));
        shows_anchor = shows_anchor || is_anchor;
      }
    }
    match.evidence_total = match.evidence.size() + gathered.beyond_limit + (shows_anchor ? 0U : 1U);
    if (!shows_anchor) {
      // Of the anchor's own step the first hit says enough: it may hold for everything the process
      // does.
      const HitSet& anchor_hits =
          host.hits.at(pair_key(feeds.of_step(rule, correlation.anchor), anchor));
      match.evidence.push_back(evidence_of(&anchor_hits.hits().front(), correlation.anchor, true));
    }
    std::ranges::stable_sort(match.evidence, {}, [](const MatchEvidence& evidence) {
      return evidence.hit->event->order;
    });
    cut_evidence(match.evidence);
    return build_finding(match, host.graph);
  }

  [[nodiscard]] Finding plain_finding(const DetectionRule& rule,
                                      const PlainMatch& plain_match) const {
    const auto& host = *static_cast<const Host*>(plain_match.host);
    const KeptEvent& event = *plain_match.hit.event;
    MatchView match;
    match.rule = &rule.meta;
    match.level = rule.meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.anchor = event.actor;
    match.anchor_uid = event.order.uid;
    const std::string_view step = rule.meta.name.empty() ? rule.meta.title : rule.meta.name;
    match.evidence.push_back(
        {.hit = &plain_match.hit, .rule = &rule, .step = step, .required = true});
    match.evidence_total = 1;
    return build_finding(match, host.graph);
  }

  // --- Another rule set
  // ------------------------------------------------------------------------------------------------

  /// Forgets the hits, anchors and matches of what `stays` no longer knows. Nothing is allocated.
  static void forget_others(Host& host, const Feeds& stays) {
    const auto has_no_correlation = [&stays](PairKey key) {
      return !stays.has_correlation(number_of(key));
    };
    boost::unordered::erase_if(
        host.hits, [&](const auto& entry) { return !stays.has_feed(number_of(entry.first)); });
    boost::unordered::erase_if(host.marked, has_no_correlation);
    boost::unordered::erase_if(host.matches, has_no_correlation);
    boost::unordered::erase_if(host.anchors, [&stays](auto& entry) {
      std::erase_if(entry.second,
                    [&stays](CorrelationNumber number) { return !stays.has_correlation(number); });
      return entry.second.empty();
    });
  }

  void replace_rules(const RuleSet& following) {
    const UnchangedRules unchanged = unchanged_rules(*rules, following);
    Feeds following_feeds = feeds.followed_by(following, unchanged);
    std::vector<PlainMatches> following_plain(following.detections.size());
    // From here on nothing can fail.
    for (std::size_t rule = 0; rule < following_plain.size(); ++rule) {
      if (unchanged.detections[rule] && following.detections[rule].makes_finding) {
        following_plain[rule] = std::move(plain[*unchanged.detections[rule]]);
      }
    }
    for (auto& [key, host] : hosts) {
      forget_others(*host, following_feeds);
    }
    plain = std::move(following_plain);
    feeds = std::move(following_feeds);
    rules = &following;
  }

  const RuleSet* rules;
  Feeds feeds;
  std::vector<PlainMatches> plain;  ///< By detection rule.
  boost::unordered_flat_map<std::string, std::unique_ptr<Host>, SeededTextHash, std::equal_to<>>
      hosts;
  CorrelatorStats stats;
};

Correlator::Correlator(const RuleSet& rules) : impl_(std::make_unique<Impl>(rules)) {}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::take(const Event& event,
                      const std::vector<std::size_t>& hits,
                      bool duplicate,
                      Matcher& matcher,
                      const Lineage* lineage) {
  Host& host = impl_->host_of(event.host);
  if (better_hostname(event.hostname, host.hostname)) {
    host.hostname = event.hostname;
  }
  const GraphChange change = host.graph.apply(event);
  for (const ProcessIndex process : change.relinked) {
    if (process != kNoProcess) {
      impl_->relinked(host, process);
    }
  }
  if (change.left_parent != kNoProcess) {
    impl_->mark_line(host, change.left_parent);
    if (impl_->feeds.looks_sideways()) {
      host.marked_above.insert(change.left_parent);
      Impl::mark_cycle(host, change.left_parent, change.actor);
    }
  }
  std::shared_ptr<const KeptEvent> kept;
  for (const std::size_t rule : hits) {
    impl_->stats.hits += duplicate ? 0U : 1U;
    if (change.actor != kNoProcess) {
      for (const Feed& feed : impl_->feeds.of_detection(rule)) {
        impl_->keep_step_hit(host, rule, feed, change.actor, event, duplicate, matcher, lineage,
                             kept);
      }
    }
    if (impl_->rules->detections[rule].makes_finding) {
      impl_->keep_plain_hit(host, rule, change.actor, event, duplicate, matcher, lineage, kept);
    }
  }
}

void Correlator::replace_rules(const RuleSet& rules) {
  impl_->replace_rules(rules);
}

void Correlator::settle() {
  for (auto& [key, host] : impl_->hosts) {
    impl_->settle(*host);
  }
}

void Correlator::settle_all() {
  for (auto& [key, host] : impl_->hosts) {
    host->marked.clear();
    host->marked_above.clear();
    host->matches.clear();
    for (const auto& [process, correlations] : host->anchors) {
      for (const CorrelationNumber correlation : correlations) {
        impl_->evaluate(*host, pair_key(correlation, process));
      }
    }
  }
}

std::vector<Finding> Correlator::findings() const {
  std::vector<Finding> findings;
  for (const auto& [key, host] : impl_->hosts) {
    for (const PairKey match : host->matches) {
      findings.push_back(impl_->correlation_finding(*host, match));
    }
  }
  for (std::size_t rule = 0; rule < impl_->plain.size(); ++rule) {
    for (const auto& [order, match] : impl_->plain[rule].by_order) {
      findings.push_back(impl_->plain_finding(impl_->rules->detections[rule], match));
    }
  }
  std::ranges::sort(findings, canonical_less);
  return findings;
}

std::size_t Correlator::match_count() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->matches.size();
  }
  for (const auto& matches : impl_->plain) {
    count += matches.by_order.size();
  }
  return count;
}

const CorrelatorStats& Correlator::stats() const {
  return impl_->stats;
}

std::size_t Correlator::hits_beyond_limit() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    for (const auto& [place, set] : host->hits) {
      count += set.total() - set.hits().size();
    }
  }
  return count;
}

std::size_t Correlator::host_count() const {
  return impl_->hosts.size();
}

std::size_t Correlator::process_count() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.size();
  }
  return count;
}

std::size_t Correlator::refused_processes() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.refused();
  }
  return count;
}

const ProcessGraph* Correlator::graph(std::string_view host) const {
  const auto known = impl_->hosts.find(host);
  return known == impl_->hosts.end() ? nullptr : &known->second->graph;
}

std::string_view Correlator::hostname(std::string_view host) const {
  const auto known = impl_->hosts.find(host);
  return known == impl_->hosts.end() ? std::string_view() : known->second->hostname;
}

std::vector<std::string> Correlator::hosts() const {
  std::vector<std::string> keys;
  for (const auto& [key, host] : impl_->hosts) {
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

}  // namespace spoor
