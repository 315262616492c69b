#include "engine/correlation/correlator.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/correlation/build_finding.h"
#include "engine/correlation/feeds.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/lineage_match.h"
#include "engine/correlation/plain_matches.h"
#include "engine/correlation/window_finding.h"
#include "engine/finding/ledger.h"
#include "engine/process_graph/host_identity.h"

namespace spoor {
namespace {

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

/// An event on its way in, with what explains its hits. What is kept of it is copied once.
class TakenEvent {
 public:
  TakenEvent(const Event& event, bool duplicate, Matcher& matcher, const Lineage* lineage)
      : event_(event), duplicate_(duplicate), matcher_(matcher), lineage_(lineage) {}

  [[nodiscard]] const Event& event() const { return event_; }

  [[nodiscard]] bool is_duplicate() const { return duplicate_; }

  [[nodiscard]] Hit hit(std::size_t rule) {
    if (!kept_) {
      kept_ = keep_event(event_);
    }
    return {.event = kept_, .matched = keep_fields(matcher_.explain(rule, event_, lineage_))};
  }

 private:
  const Event& event_;
  bool duplicate_;
  Matcher& matcher_;
  const Lineage* lineage_;
  std::shared_ptr<const KeptEvent> kept_;
};

}  // namespace

struct Correlator::Impl {
  Impl(const RuleSet& rule_set, const CorrelatorOptions& correlator_options)
      : rules(&rule_set),
        options(correlator_options),
        feeds(rule_set),
        plain(rule_set.detections.size()),
        windows(rule_set, WindowReporting::fire, [this](const WindowFiring& firing) {
          keep_firing(firing);
        }) {}

  // --- Hosts ---

  /// The key of the machine that a vendor's key is of.
  [[nodiscard]] std::string_view canonical_key(std::string_view key) const {
    const auto joined = aliases.find(key);
    return joined == aliases.end() ? key : std::string_view(joined->second);
  }

  /// Null if no event of it came.
  [[nodiscard]] HostState* find_host(std::string_view key) const {
    const auto known = hosts.find(canonical_key(key));
    return known == hosts.end() ? nullptr : known->second.get();
  }

  HostState& host_of(std::string_view key) {
    if (HostState* known = find_host(key)) {
      return *known;
    }
    const std::string canonical(canonical_key(key));
    auto host = std::make_unique<HostState>();
    host->key = canonical;
    if (options.lateness) {
      host->watermark.set_lateness(*options.lateness);
    }
    HostState* const made = host.get();
    made->graph.on_forget([this, made](ProcessIndex node, bool forced) {
      const std::size_t hits = made->forget_node(node, forced);
      stats.forgotten_hits += forced ? hits : 0;
    });
    return *hosts.emplace(canonical, std::move(host)).first->second;
  }

  /// What an event says of which machine its host key is.
  void learn_host(const Event& event) {
    std::vector<HostJoin> joins;
    const auto add = [&joins](std::vector<HostJoin> more) {
      joins.insert(joins.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    };
    if (!event.hostname.empty()) {
      const auto last = last_names.find(event.host);
      if (last == last_names.end() || last->second != event.hostname) {
        last_names.insert_or_assign(std::string(event.host), std::string(event.hostname));
        add(identity.name(event.host, event.hostname));
      }
      if (event.type == EventType::sensor && event.source == Source::crowdstrike) {
        add(identity.state(event.host, event.hostname));
      }
    }
    if (event.type == EventType::process_creation && event.actor.start != 0 &&
        event.actor.start_is_exact) {
      std::uint32_t pid = 0;
      const char* const end = event.actor.pid.data() + event.actor.pid.size();
      if (!event.actor.pid.empty() &&
          std::from_chars(event.actor.pid.data(), end, pid).ptr == end) {
        add(identity.started(event.host, pid, event.actor.start, event.actor.image));
      }
    }
    for (const HostJoin& join : joins) {
      join_hosts(join);
    }
  }

  /// Two host keys turned out to be one machine.
  void join_hosts(const HostJoin& join) {
    std::vector<std::string> moved{join.from};
    if (const auto joined = other_keys.find(join.from); joined != other_keys.end()) {
      moved.insert(moved.end(), joined->second.begin(), joined->second.end());
      other_keys.erase(joined);
    }
    for (const std::string& key : moved) {
      aliases.insert_or_assign(key, join.into);
    }
    std::vector<std::string>& others = other_keys[join.into];
    others.insert(others.end(), moved.begin(), moved.end());
    const auto from = hosts.find(join.from);
    if (from == hosts.end()) {
      return;
    }
    const std::unique_ptr<HostState> gone = std::move(from->second);
    hosts.erase(from);
    HostState& into = host_of(join.into);
    into.absorb(*gone, feeds, options.lateness.has_value());
    if (options.lateness) {
      // They show the host's key, whether or not a process of it is known.
      for (const auto& [number, firing] : firings) {
        if (canonical_key(spoor::host_of(firing)) == join.into) {
          firings_to_tell.insert(number);
        }
      }
    }
  }

  // --- Hits ---

  void keep_step_hit(HostState& host,
                     std::size_t rule,
                     const Feed& feed,
                     ProcessIndex process,
                     TakenEvent& taken) const {
    HitSet& set = host.facts[process].hits_of(feed.number);
    const Event& event = taken.event();
    if (!set.wants(event.order_key(), event.record, taken.is_duplicate())) {
      return;
    }
    set.add(taken.hit(rule));
    host.note_hit_below(process);
    for (const FedStep& fed : feed.steps) {
      const CorrelationRule& correlation = rules->correlations[fed.correlation];
      if (fed.step == correlation.anchor) {
        host.add_anchor(feeds.number_of(fed.correlation), process);
      }
      const Relation relation = correlation.steps[fed.step].relation;
      if (relation == Relation::parent) {
        host.marked_above.insert(process);
      } else if (relation == Relation::sibling) {
        host.mark_beside(process);
      }
    }
    host.mark_line(process);
  }

  void keep_plain_hit(HostState& host, std::size_t rule, ProcessIndex actor, TakenEvent& taken) {
    const Event& event = taken.event();
    bool beyond = false;
    std::shared_ptr<const KeptEvent> pushed_out;
    const bool wanted = plain[rule].wants(event.order_key(), event.record, &beyond, &pushed_out);
    stats.matches_beyond_limit += beyond && !taken.is_duplicate() ? 1U : 0U;
    if (!wanted) {
      return;
    }
    plain[rule].add(taken.hit(rule));
    if (!options.lateness) {
      return;
    }
    if (pushed_out) {
      find_host(pushed_out->host)
          ->plain_changed.insert({.rule = rule, .event = pushed_out->order.uid});
    }
    const PlainHit place{.rule = rule, .event = event.uid};
    host.plain_changed.insert(place);
    if (actor != kNoProcess) {
      std::vector<PlainHit>& here = host.facts[actor].plain;
      if (std::ranges::find(here, place) == here.end()) {
        here.push_back(place);
      }
      host.note_hit_below(actor);
    }
  }

  /// Hands the event to the window correlations that list one of its rules.
  void keep_window_hits(const std::vector<std::size_t>& hits, TakenEvent& taken) {
    if (rules->window_correlations.empty() || hits.empty()) {
      return;
    }
    const Event& event = taken.event();
    if (event.time_suspect && event.time == 0) {
      return;  // It has no place in any window.
    }
    WindowEvent added{.order = event.order_key(),
                      .number = 0,
                      .record = event.record.substr(0, kDeadLetterBytesMax),
                      .duplicate = taken.is_duplicate(),
                      .hits = {}};
    for (const std::size_t rule : hits) {
      if (windows.wants(rule)) {
        added.hits.emplace_back(rules->detections[rule].meta.id, taken.hit(rule));
      }
    }
    windows.add(std::move(added), hits, EventFieldsView(event));
  }

  void keep_firing(const WindowFiring& firing) {
    if (!rules->window_correlations[firing.rule].makes_finding) {
      return;
    }
    if (firings_of.size() <= firing.rule) {
      firings_of.resize(firing.rule + 1, 0);
    }
    if (firings_of[firing.rule] >= kMatchesPerRuleMax) {
      ++stats.matches_beyond_limit;
      return;
    }
    ++firings_of[firing.rule];
    const FiringNumber number = next_firing++;
    firings.emplace(number, firing);
    if (!options.lateness) {
      return;
    }
    firings_to_tell.insert(number);
    for_each_event(firing.evidence, [&](const KeptEvent& event) {
      HostState& host = *find_host(event.host);
      const ProcessIndex actor = host.graph.find(event.actor);
      if (actor != kNoProcess) {
        std::vector<FiringNumber>& here = host.facts[actor].firings;
        if (here.empty() || here.back() != number) {
          here.push_back(number);
        }
        host.note_hit_below(actor);
      }
    });
  }

  [[nodiscard]] Finding finding_of(const WindowFiring& firing) const {
    return window_finding(*rules, firing, *find_host(spoor::host_of(firing)));
  }

  [[nodiscard]] LineageRule lineage_rule(CorrelationNumber number) const {
    return {.rules = rules, .feeds = &feeds, .index = feeds.correlation_of(number)};
  }

  void settle(HostState& host) {
    collect_due(host);
    host.mark_children();
    for (const AtProcess& place : host.marked) {
      evaluate(host, place);
    }
    if (options.lateness) {
      host.evaluated.insert(host.marked.begin(), host.marked.end());
    }
    host.marked.clear();
  }

  /// Until when the events of a host are here.
  [[nodiscard]] Timestamp closed_until(const HostState& host) const {
    if (finished) {
      return kAllClosed;
    }
    return options.lateness ? host.watermark.value() : kNothingClosed;
  }

  void evaluate(HostState& host, const AtProcess& place) {
    ++stats.evaluations;
    if (!host.graph.is_known(place.process) || !host.graph.is_canonical(place.process)) {
      host.matches.erase(place);  // What is known of it counts for the process that it is of.
      return;
    }
    const LineageVerdict verdict =
        evaluate_anchor(host, lineage_rule(place.number), place.process, closed_until(host));
    if (verdict.holds) {
      host.matches.insert(place);
    } else {
      host.matches.erase(place);
    }
    if (verdict.next_close) {
      host.lineage_due.emplace(*verdict.next_close, place);
    }
  }

  [[nodiscard]] Finding plain_finding(const DetectionRule& rule, const Hit& hit) const {
    const KeptEvent& event = *hit.event;
    const HostState& host = *find_host(event.host);
    MatchView match;
    match.rule = &rule.meta;
    match.level = rule.meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.anchor = host.graph.find(event.actor);
    match.anchor_uid = event.order.uid;
    const std::string_view step = rule.meta.name.empty() ? rule.meta.title : rule.meta.name;
    match.evidence.push_back({.hit = &hit, .rule = &rule, .step = step, .required = true});
    match.evidence_total = 1;
    return build_finding(match, host.graph);
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
    std::vector<std::optional<std::size_t>> following_rule(rules->detections.size());
    for (std::size_t rule = 0; rule < following_plain.size(); ++rule) {
      if (unchanged.detections[rule] && following.detections[rule].makes_finding) {
        following_rule[*unchanged.detections[rule]] = rule;
      }
    }
    for (auto& [key, host] : hosts) {
      host->forget_others(following_feeds);
      host->renumber_plain(following_rule);
    }
    std::map<std::size_t, std::size_t> following_windows;
    for (std::size_t rule = 0; rule < following.window_correlations.size(); ++rule) {
      if (unchanged.window_correlations[rule]) {
        following_windows.emplace(*unchanged.window_correlations[rule], rule);
      }
    }
    firings_of.assign(following.window_correlations.size(), 0);
    for (auto firing = firings.begin(); firing != firings.end();) {
      const auto now = following_windows.find(firing->second.rule);
      if (now == following_windows.end()) {
        firing = firings.erase(firing);
        continue;
      }
      firing->second.rule = now->second;
      ++firings_of[now->second];
      ++firing;
    }
    windows.replace_rules(following, unchanged);
    plain = std::move(following_plain);
    feeds = std::move(following_feeds);
    rules = &following;
  }

  // --- As a stream ---

  /// Tells of a finding that holds, if there is news of it.
  void tell(Finding finding,
            Timestamp final_after,
            Timestamp watermark,
            std::vector<Finding>& out) {
    finding.status =
        finished || final_after < watermark ? FindingStatus::final : FindingStatus::provisional;
    if (ledger.update(finding)) {
      out.push_back(std::move(finding));
    }
  }

  void tell_lineage(HostState& host, const AtProcess& place, std::vector<Finding>& out) {
    if (!feeds.has_correlation(place.number)) {
      return;
    }
    const LineageRule rule = lineage_rule(place.number);
    if (host.matches.contains(place)) {
      Finding finding = lineage_finding(host, rule, place.process, closed_until(host));
      const Timestamp final_after = plus(finding.last_seen, rule.rule().timespan);
      host.told.insert_or_assign(place, finding.uid);
      if (!finished && final_after >= host.watermark.value()) {
        host.lineage_due.emplace(final_after, place);
      }
      tell(std::move(finding), final_after, host.watermark.value(), out);
      return;
    }
    const auto told = host.told.find(place);
    if (told == host.told.end()) {
      return;
    }
    MatchView match;
    match.rule = &rule.rule().meta;
    match.is_correlation = true;
    match.level = rule.rule().meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.anchor = place.process;
    match.uid = told->second;
    host.told.erase(told);
    Finding finding = build_finding(match, host.graph);
    finding.superseded_by = successor(host, place);
    tell_retraction(std::move(finding), out);
  }

  /// The finding of the process that this one turned out to be, if it has one.
  [[nodiscard]] std::optional<Uid> successor(const HostState& host, const AtProcess& place) const {
    if (!host.graph.is_known(place.process)) {
      return std::nullopt;
    }
    const ProcessIndex canonical = host.graph.canonical(place.process);
    if (!host.matches.contains({.number = place.number, .process = canonical})) {
      return std::nullopt;
    }
    return finding_uid(lineage_rule(place.number).rule().meta, host.key, host.graph.key(canonical));
  }

  /// What was told under a host key that is no more.
  void tell_renamed(HostState& host, std::vector<Finding>& out) {
    for (const auto& [uid, place] : std::exchange(host.told_elsewhere, {})) {
      const std::optional<Uid> now = successor(host, place);
      if (!feeds.has_correlation(place.number) || now == uid) {
        continue;
      }
      MatchView match;
      match.rule = &lineage_rule(place.number).rule().meta;
      match.is_correlation = true;
      match.level = match.rule->level;
      match.host_key = host.key;
      match.hostname = host.hostname;
      match.anchor = host.graph.canonical(place.process);
      match.uid = uid;
      Finding finding = build_finding(match, host.graph);
      finding.superseded_by = now;
      tell_retraction(std::move(finding), out);
    }
  }

  void tell_plain(HostState& host, const PlainHit& place, std::vector<Finding>& out) {
    const DetectionRule& rule = rules->detections[place.rule];
    const Hit* hit = plain[place.rule].find(place.event);
    if (hit != nullptr) {
      const Timestamp final_after = hit->event->order.time;
      if (!finished && final_after >= host.watermark.value()) {
        host.plain_due.emplace(final_after, place);
      }
      Finding finding = plain_finding(rule, *hit);
      const Uid before = std::exchange(host.told_plain[place], finding.uid);
      if (!before.is_none() && before != finding.uid) {
        retract_plain(host, rule, before, finding.uid, out);
      }
      tell(std::move(finding), final_after, host.watermark.value(), out);
      return;
    }
    const auto told = host.told_plain.find(place);
    if (told != host.told_plain.end()) {
      retract_plain(host, rule, told->second, std::nullopt, out);
      host.told_plain.erase(told);
    }
  }

  void retract_plain(const HostState& host,
                     const DetectionRule& rule,
                     const Uid& uid,
                     std::optional<Uid> now,
                     std::vector<Finding>& out) {
    MatchView match;
    match.rule = &rule.meta;
    match.level = rule.meta.level;
    match.host_key = host.key;
    match.hostname = host.hostname;
    match.uid = uid;
    Finding finding = build_finding(match, host.graph);
    finding.superseded_by = now;
    tell_retraction(std::move(finding), out);
  }

  void tell_retraction(Finding finding, std::vector<Finding>& out) {
    if (ledger.retract(finding)) {
      out.push_back(std::move(finding));
    }
  }

  /// What the watermark has made certain.
  void collect_due(HostState& host) const {
    const Timestamp closed = closed_until(host);
    while (!host.lineage_due.empty() && (finished || host.lineage_due.begin()->first < closed)) {
      const AtProcess place = host.lineage_due.extract(host.lineage_due.begin()).value().second;
      if (feeds.has_correlation(place.number)) {
        host.marked.insert(place);
      }
    }
    while (!host.plain_due.empty() && (finished || host.plain_due.begin()->first < closed)) {
      host.plain_changed.insert(host.plain_due.extract(host.plain_due.begin()).value().second);
    }
  }

  void tell_host(HostState& host, std::vector<Finding>& out) {
    // Not in settle(): who waits for the graph asks what changed before findings are told.
    host.mark_changed(feeds);
    settle(host);
    for (const AtProcess& place : host.evaluated) {
      tell_lineage(host, place, out);
    }
    host.evaluated.clear();
    tell_renamed(host, out);
    for (const PlainHit& place : host.plain_changed) {
      tell_plain(host, place, out);
    }
    host.plain_changed.clear();
  }

  // --- What a stream forgets ---

  /// How long a hit may still join others.
  [[nodiscard]] Duration longest_timespan() const {
    Duration longest = 0;
    for (const CorrelationRule& rule : rules->correlations) {
      longest = std::max(longest, rule.timespan);
    }
    return longest;
  }

  /// Forgets processes that ended, or fell silent, and under which no hit can join any more.
  void retain(HostState& host) {
    constexpr Duration kStep = 60 * kNanosPerSecond;
    const Timestamp now = host.watermark.value();
    if (now == kNothingClosed || finished ||
        (host.retained_at != kNothingClosed && now < plus(host.retained_at, kStep))) {
      return;
    }
    host.retained_at = now;
    const Duration longest = longest_timespan();
    const std::vector<ProcessIndex> gone =
        host.graph.evictable(minus(now, options.retention.after_end),
                             minus(now, options.retention.idle_after), [&](ProcessIndex process) {
                               const Timestamp last = host.last_hit_at(process);
                               return last == kNothingClosed ? last : plus(last, longest);
                             });
    for (const ProcessIndex process : gone) {
      host.graph_changed(host.graph.forget(process), feeds, true);
    }
    stats.forgotten_processes += gone.size();
  }

  /// Forgets what was told and is final for long.
  void forget_told() {
    const Timestamp before = forgotten_before();
    if (before == kNothingClosed) {
      return;
    }
    for (std::size_t rule = 0; rule < plain.size(); ++rule) {
      plain[rule].forget_before(before, [&](const Hit& hit) {
        HostState& host = *find_host(hit.event->host);
        const PlainHit place{.rule = rule, .event = hit.event->order.uid};
        host.told_plain.erase(place);
        host.plain_changed.erase(place);
        const ProcessIndex actor = host.graph.find(hit.event->actor);
        if (actor != kNoProcess) {
          for (const ProcessIndex node : host.graph.members(actor)) {
            const auto here = host.facts.find(node);
            if (here != host.facts.end()) {
              std::erase(here->second.plain, place);
            }
          }
        }
      });
    }
    while (!firings.empty() && firings.begin()->second.time < before) {
      --firings_of[firings.begin()->second.rule];
      firings.erase(firings.begin());
    }
    ledger.forget_before(minus(before, longest_timespan()));
  }

  [[nodiscard]] Timestamp forgotten_before() const {
    return options.lateness && !finished ? minus(least_watermark(), options.retention.after_told)
                                         : kNothingClosed;
  }

  /// Events of window correlations are judged when no host has earlier ones. One that has fallen
  /// silent holds nobody back.
  [[nodiscard]] Timestamp least_watermark() const {
    Timestamp newest = kNothingClosed;
    for (const auto& [key, host] : hosts) {
      newest = std::max(newest, host->watermark.value());
    }
    const Duration silence = options.lateness->source_silence;
    Timestamp least = newest;
    for (const auto& [key, host] : hosts) {
      const Timestamp value = host->watermark.value();
      if (value != kNothingClosed && plus(value, silence) >= newest) {
        least = std::min(least, value);
      }
    }
    return least;
  }

  const RuleSet* rules;
  CorrelatorOptions options;
  Feeds feeds;
  std::vector<PlainMatches> plain;  ///< By detection rule.
  WindowEvaluator windows;
  std::map<FiringNumber, WindowFiring> firings;
  FiringNumber next_firing = 0;
  std::vector<std::size_t> firings_of;  ///< How many, by window correlation.
  std::set<FiringNumber> firings_to_tell;
  FindingLedger ledger;
  bool finished = false;
  boost::
      unordered_flat_map<std::string, std::unique_ptr<HostState>, SeededTextHash, std::equal_to<>>
          hosts;
  HostIdentity identity;
  /// Keys that are not the least of their machine.
  boost::unordered_flat_map<std::string, std::string, SeededTextHash, std::equal_to<>> aliases;
  /// By the least key of a machine that has several: the others.
  std::map<std::string, std::vector<std::string>, std::less<>> other_keys;
  /// By host key, to learn nothing twice.
  boost::unordered_flat_map<std::string, std::string, SeededTextHash, std::equal_to<>> last_names;
  CorrelatorStats stats;
};

Correlator::Correlator(const RuleSet& rules, const CorrelatorOptions& options)
    : impl_(std::make_unique<Impl>(rules, options)) {}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::take(const Event& event,
                      const std::vector<std::size_t>& hits,
                      bool duplicate,
                      Matcher& matcher,
                      const Lineage* lineage) {
  impl_->learn_host(event);
  HostState& host = impl_->host_of(event.host);
  if (better_hostname(event.hostname, host.hostname)) {
    host.hostname = event.hostname;
  }
  const GraphChange change = host.graph.apply(event);
  if (impl_->options.lateness && !event.time_suspect &&
      host.watermark.see(event.source, event.time)) {
    host.watermark_moved = true;
  }
  host.graph_changed(change, impl_->feeds, impl_->options.lateness.has_value());
  TakenEvent taken(event, duplicate, matcher, lineage);
  for (const std::size_t rule : hits) {
    impl_->stats.hits += duplicate ? 0U : 1U;
    if (change.actor != kNoProcess) {
      for (const Feed& feed : impl_->feeds.of_detection(rule)) {
        impl_->keep_step_hit(host, rule, feed, change.actor, taken);
      }
    }
    if (impl_->rules->detections[rule].makes_finding) {
      impl_->keep_plain_hit(host, rule, change.actor, taken);
    }
  }
  impl_->keep_window_hits(hits, taken);
}

void Correlator::retract(const KeptHits& hits) {
  if (impl_->find_host(hits.host) == nullptr) {
    return;
  }
  HostState& host = *impl_->find_host(hits.host);
  const ProcessIndex actor = host.graph.find(hits.actor);
  const ProcessMembers nodes = actor == kNoProcess ? ProcessMembers{} : host.graph.members(actor);
  for (const std::size_t rule : hits.rules) {
    for (const Feed& feed : impl_->feeds.of_detection(rule)) {
      for (const ProcessIndex node : nodes) {
        // A hit is at the node that its event named; the others' counts know nothing of it.
        if (host.graph.node_key(node) == hits.actor &&
            host.facts[node].hits_of(feed.number).remove(hits.order)) {
          host.mark_line(actor);
          host.marked_above.insert(actor);
          host.mark_beside(actor);
        }
      }
    }
    if (impl_->plain[rule].remove(hits.order.uid)) {
      host.plain_changed.insert({.rule = rule, .event = hits.order.uid});
    }
    impl_->windows.remove(hits.order, rule);
  }
}

void Correlator::alias_host(std::string_view host, std::string_view other) {
  for (const HostJoin& join : impl_->identity.alias(host, other)) {
    impl_->join_hosts(join);
  }
}

std::vector<std::string> Correlator::keys_of_host(std::string_view host) const {
  std::vector<std::string> keys{std::string(impl_->canonical_key(host))};
  if (const auto joined = impl_->other_keys.find(keys.front()); joined != impl_->other_keys.end()) {
    keys.insert(keys.end(), joined->second.begin(), joined->second.end());
  }
  std::ranges::sort(keys);
  return keys;
}

void Correlator::finish() {
  impl_->finished = true;
  impl_->windows.finish();
}

Timestamp Correlator::watermark(std::string_view host) const {
  const HostState* known = impl_->find_host(host);
  if (impl_->finished) {
    return kAllClosed;
  }
  return known == nullptr ? kNothingClosed : known->watermark.value();
}

std::vector<std::string> Correlator::stirred_hosts() const {
  std::vector<std::string> stirred;
  for (const auto& [key, host] : impl_->hosts) {
    if (host->watermark_moved || !host->changed.empty() || impl_->finished) {
      stirred.push_back(key);
    }
  }
  std::ranges::sort(stirred);
  return stirred;
}

std::vector<Uid> Correlator::stirred_processes(std::string_view host_key, bool deep) const {
  const HostState& host = *impl_->find_host(host_key);
  const std::size_t levels_max = deep ? kAncestorsMax : 2;
  boost::unordered_flat_set<ProcessIndex> stirred;
  for (const ProcessIndex process : host.changed) {
    if (host.graph.is_known(process)) {
      stirred.insert(host.graph.canonical(process));
    }
  }
  std::vector<ProcessIndex> level(stirred.begin(), stirred.end());
  for (std::size_t depth = 0; depth < levels_max && !level.empty(); ++depth) {
    std::vector<ProcessIndex> next;
    for (const ProcessIndex process : level) {
      for (ProcessIndex child = host.graph.first_child(process); child != kNoProcess;
           child = host.graph.next_sibling(child)) {
        if (stirred.insert(child).second) {
          next.push_back(child);
        }
      }
    }
    level = std::move(next);
  }
  std::vector<Uid> keys;
  for (const ProcessIndex process : stirred) {
    for (const ProcessIndex node : host.graph.members(process)) {
      keys.push_back(host.graph.node_key(node));
    }
  }
  return keys;
}

Timestamp Correlator::forgotten_before() const {
  return impl_->forgotten_before();
}

std::vector<Finding> Correlator::updates() {
  Impl& impl = *impl_;
  std::vector<Finding> out;
  if (!impl.options.lateness) {
    return out;
  }
  if (!impl.finished && !impl.rules->window_correlations.empty()) {
    impl.windows.advance(impl.least_watermark());
  }
  for (auto& [key, host] : impl.hosts) {
    impl.tell_host(*host, out);
    host->watermark_moved = false;
    impl.firings_to_tell.merge(host->firings_changed);
    host->firings_changed.clear();
  }
  for (const FiringNumber number : impl.firings_to_tell) {
    const auto firing = impl.firings.find(number);
    if (firing != impl.firings.end()) {
      // What was judged is final: nothing earlier is taken any more.
      impl.tell(impl.finding_of(firing->second), kNothingClosed, kAllClosed, out);
    }
  }
  impl.firings_to_tell.clear();
  for (auto& [key, host] : impl.hosts) {
    impl.retain(*host);
  }
  impl.forget_told();
  std::ranges::sort(out, canonical_less);
  return out;
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
    for (const auto& [node, here] : host->facts) {
      for (const CorrelationNumber correlation : here.anchored) {
        impl_->evaluate(*host, {.number = correlation, .process = host->graph.canonical(node)});
      }
    }
  }
}

std::vector<Finding> Correlator::findings() const {
  std::vector<Finding> findings;
  for (const auto& [key, host] : impl_->hosts) {
    for (const AtProcess& match : host->matches) {
      findings.push_back(lineage_finding(*host, impl_->lineage_rule(match.number), match.process,
                                         impl_->closed_until(*host)));
    }
  }
  for (std::size_t rule = 0; rule < impl_->plain.size(); ++rule) {
    for (const auto& [order, hit] : impl_->plain[rule].by_order()) {
      findings.push_back(impl_->plain_finding(impl_->rules->detections[rule], hit));
    }
  }
  for (const auto& [number, firing] : impl_->firings) {
    findings.push_back(impl_->finding_of(firing));
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
    count += matches.size();
  }
  return count + impl_->firings.size();
}

const CorrelatorStats& Correlator::stats() const {
  return impl_->stats;
}

std::size_t Correlator::hits_beyond_limit() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    for (const auto& [node, here] : host->facts) {
      for (const auto& [feed, set] : here.hits) {
        count += set.total() - set.hits().size();
      }
    }
  }
  return count;
}

const WindowDrops& Correlator::window_drops() const {
  return impl_->windows.drops();
}

std::size_t Correlator::host_count() const {
  return impl_->hosts.size();
}

std::size_t Correlator::process_count() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.process_count();
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
  const HostState* known = impl_->find_host(host);
  return known == nullptr ? nullptr : &known->graph;
}

std::string_view Correlator::hostname(std::string_view host) const {
  const HostState* known = impl_->find_host(host);
  return known == nullptr ? std::string_view() : std::string_view(known->hostname);
}

std::vector<std::string> Correlator::hosts() const {
  std::vector<std::string> keys;
  for (const auto& [key, host] : impl_->hosts) {
    keys.push_back(key);
  }
  std::ranges::sort(keys);
  return keys;
}

const HostState* Correlator::host_state(std::string_view host) const {
  return impl_->find_host(host);
}

LineageRule Correlator::lineage_rule(std::size_t correlation) const {
  return {.rules = impl_->rules, .feeds = &impl_->feeds, .index = correlation};
}

const std::map<OrderKey, Hit>& Correlator::plain_hits(std::size_t detection) const {
  return impl_->plain[detection].by_order();
}

void Correlator::on_window(WindowEvaluator::OnJudged look) {
  impl_->windows.on_judged(std::move(look));
}

}  // namespace spoor
