#include "engine/correlation/correlator.h"

#include <algorithm>
#include <utility>

#include "engine/base/limits.h"
#include "engine/correlation/correlator_impl.h"
#include "engine/correlation/state_rows.h"

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

}  // namespace

/// An event on its way in, with what explains its hits. What is kept of it is copied once.
class TakenEvent {
 public:
  TakenEvent(const Event& event,
             bool duplicate,
             Matcher& matcher,
             const Lineage* lineage,
             const PidActor* actor)
      : event_(event), duplicate_(duplicate), matcher_(matcher), lineage_(lineage), actor_(actor) {}

  [[nodiscard]] const Event& event() const { return event_; }

  [[nodiscard]] bool is_duplicate() const { return duplicate_; }

  [[nodiscard]] Hit hit(std::size_t rule) {
    if (!kept_) {
      kept_ = keep_event(event_);
    }
    return {.event = kept_, .matched = explain(rule)};
  }

  /// To be kept at the process that did it.
  [[nodiscard]] Hit placed_hit(std::size_t rule) {
    if (actor_ == nullptr) {
      return hit(rule);
    }
    if (!placed_) {
      KeptEvent kept = *keep_event(event_);
      kept.actor = actor_->process;
      kept.actor_ambiguous = actor_->ambiguous;
      placed_ = std::make_shared<const KeptEvent>(std::move(kept));
    }
    return {.event = placed_, .matched = explain(rule)};
  }

 private:
  [[nodiscard]] std::vector<KeptField> explain(std::size_t rule) {
    return keep_fields(matcher_.explain(rule, event_, lineage_));
  }

  const Event& event_;
  bool duplicate_;
  Matcher& matcher_;
  const Lineage* lineage_;
  const PidActor* actor_;
  std::shared_ptr<const KeptEvent> kept_;
  std::shared_ptr<const KeptEvent> placed_;
};

Correlator::Impl::Impl(const RuleSet& rule_set, const CorrelatorOptions& correlator_options)
    : rules(&rule_set),
      options(correlator_options),
      feeds(rule_set),
      plain(rule_set.detections.size()),
      hits_by_detection(rule_set.detections.size(), 0),
      windows(rule_set,
              WindowReporting::fire,
              [this](const WindowFiring& firing) { keep_firing(firing); }),
      hosts([this](HostState& made) {
        if (options.lateness) {
          made.watermark.set_lateness(*options.lateness);
        }
        made.partial_counts = &partial;
        keep_host(made);
        made.graph.on_forget(
            [this, &made](ProcessIndex node, bool forced) { forget_node(made, node, forced); });
      }) {
  if (options.lateness && options.lateness->policy == LatePolicy::revise) {
    // As long as what was told of firings is kept.
    windows.revise(options.retention.after_told - kClockSlackNs,
                   [this](const WindowFiring& gone) { withdraw_firing(gone); });
  }
}

void Correlator::Impl::forget_node(HostState& host, ProcessIndex node, bool forced) {
  const auto known = host.facts.find(node);
  std::vector<FiringNumber> shown_by;
  std::vector<PlainHit> plain_here;
  if (known != host.facts.end()) {
    shown_by.swap(known->second.firings);
    plain_here.swap(known->second.plain);
  }
  const std::size_t hits = host.forget_node(node, forced);
  stats.forgotten_hits += forced ? hits : 0;
  for (const FiringNumber number : shown_by) {
    const auto firing = firings.find(number);
    if (firing != firings.end()) {
      firing->second.lacks = true;
      windows.lacks_evidence(firing->second);
    }
  }
  for (const PlainHit& place : plain_here) {
    const Hit* hit = plain[place.rule].find(place.event);
    if (hit != nullptr) {
      save_plain_hit(place.rule, *hit);  // It is at no process any more.
    }
  }
}

void Correlator::Impl::touch(HostState& host) {
  if (!host.touched) {
    host.touched = true;
    touched.push_back(&host);
  }
  if (keeping != nullptr && !host.is_unsaved) {
    host.is_unsaved = true;
    keeping->unsaved.push_back(&host);
  }
}

std::vector<HostState*> Correlator::Impl::untouch_all() {
  for (HostState* host : touched) {
    host->touched = false;
  }
  return std::exchange(touched, {});
}

void Correlator::Impl::touch_all() {
  for (const auto& [key, host] : hosts) {
    touch(*host);
  }
}

void Correlator::Impl::join(const std::vector<HostTable::Joined>& joined) {
  for (const HostTable::Joined& one : joined) {
    one.into->absorb(*one.gone, feeds, is_stream());
    std::erase(touched, one.gone.get());
    if (keeping != nullptr) {
      std::erase(keeping->unsaved, one.gone.get());
      erase_host(*one.gone);
      rewrite_facts(*one.into);
    }
    by_watermark.erase({one.gone->listed_watermark, one.gone.get()});
    uncount_nodes(*one.gone);
    count_nodes(*one.into);
    touch(*one.into);
    if (!is_stream()) {
      continue;
    }
    // They show the host's key, whether or not a process of it is known.
    for (const auto& [number, firing] : firings) {
      if (hosts.canonical_key(host_of(firing)) == one.into->key) {
        firings_to_tell.insert(number);
      }
    }
  }
}

void Correlator::Impl::keep_step_hit(HostState& host,
                                     std::size_t rule,
                                     const Feed& feed,
                                     ProcessIndex process,
                                     TakenEvent& taken) const {
  HitSet& set = host.facts[process].hits_of(feed.number);
  const Event& event = taken.event();
  const std::size_t total = set.total();
  if (!set.wants(event.order_key(), event.record, taken.is_duplicate())) {
    if (set.total() != total) {
      save_step_total(host, process, feed.number, set);
    }
    return;
  }
  Hit hit = taken.placed_hit(rule);
  save_step_hit(host, process, feed.number, hit);
  if (const std::optional<OrderKey> dropped = set.add(std::move(hit)); dropped && host.sink) {
    host.sink->erase(step_hit_key(host.row_number, process, feed.number, *dropped));
  }
  save_step_total(host, process, feed.number, set);
  host.note_hit_below(process);
  for (const FedStep& fed : feed.steps) {
    const CorrelationRule& correlation = rules->correlations[fed.correlation];
    if (fed.step == correlation.anchor) {
      host.add_anchor(feeds.number_of(fed.correlation), process, joins_runs(correlation.group_by));
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

void Correlator::Impl::keep_step_hits(HostState& host,
                                      const std::vector<std::size_t>& hits,
                                      ProcessIndex process,
                                      TakenEvent& taken) const {
  for (const std::size_t rule : hits) {
    for (const Feed& feed : feeds.of_detection(rule)) {
      keep_step_hit(host, rule, feed, process, taken);
    }
  }
}

void Correlator::Impl::drop_step_hits(HostState& host, const KeptHits& hits) const {
  const ProcessIndex actor = host.graph.find(hits.actor);
  if (actor == kNoProcess) {
    return;
  }
  for (const ProcessIndex node : host.graph.members(actor)) {
    // A hit is at the node that its event named; the others' counts know nothing of it.
    const auto here = host.facts.find(node);
    if (host.graph.node_key(node) != hits.actor || here == host.facts.end()) {
      continue;
    }
    for (const std::size_t rule : hits.rules) {
      for (const Feed& feed : feeds.of_detection(rule)) {
        HitSet& set = here->second.hits_of(feed.number);
        const bool was_kept = set.remove(hits.order);
        save_step_total(host, node, feed.number, set);
        if (was_kept) {
          if (host.sink != nullptr) {
            host.sink->erase(step_hit_key(host.row_number, node, feed.number, hits.order));
          }
          host.mark_line(actor);
          host.marked_above.insert(actor);
          host.mark_beside(actor);
        }
      }
    }
  }
}

void Correlator::Impl::show_placed(HostState& host,
                                   const KeptHits& hits,
                                   ProcessIndex before,
                                   ProcessIndex now) {
  for (const std::size_t rule : hits.rules) {
    if (plain[rule].find(hits.order.uid) == nullptr) {
      continue;
    }
    const PlainHit place{.rule = rule, .event = hits.order.uid};
    host.plain_changed.insert(place);
    if (before != kNoProcess) {
      std::erase(host.facts[before].plain, place);
    }
    if (now != kNoProcess) {
      host.facts[now].plain.push_back(place);
    }
    save_plain_hit(rule, *plain[rule].find(hits.order.uid));
  }
  if (now != kNoProcess) {
    host.note_hit_below(now);
  }
  if (std::ranges::none_of(hits.rules, [this](std::size_t rule) { return windows.wants(rule); })) {
    return;
  }
  for (const auto& [number, firing] : firings) {
    for_each_event(firing.evidence, [&, number = number](const KeptEvent& event) {
      if (event.order.uid == hits.order.uid) {
        firings_to_tell.insert(number);
        if (now != kNoProcess) {
          host.facts[now].firings.push_back(number);
        }
      }
    });
  }
}

void Correlator::Impl::keep_plain_hit(HostState& host,
                                      std::size_t rule,
                                      ProcessIndex actor,
                                      TakenEvent& taken) {
  const Event& event = taken.event();
  bool beyond = false;
  std::shared_ptr<const KeptEvent> pushed_out;
  const Hit* twin = plain[rule].find(event.uid);
  const std::optional<OrderKey> twin_order =
      twin == nullptr ? std::nullopt : std::optional(twin->event->order);
  const bool wanted = plain[rule].wants(event.order_key(), event.record, &beyond, &pushed_out);
  stats.matches_beyond_limit += beyond && !taken.is_duplicate() ? 1U : 0U;
  if (!wanted) {
    return;
  }
  plain[rule].add(taken.hit(rule));
  if (!is_stream()) {
    return;
  }
  if (twin_order) {
    erase_plain_hit(rule, *twin_order);
  }
  if (pushed_out) {
    erase_plain_hit(rule, pushed_out->order);
    HostState& other = *hosts.find(pushed_out->host);
    other.plain_changed.insert({.rule = rule, .event = pushed_out->order.uid});
    touch(other);
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
  save_plain_hit(rule, *plain[rule].find(event.uid));
}

void Correlator::Impl::keep_window_hits(const std::vector<std::size_t>& hits, TakenEvent& taken) {
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

void Correlator::Impl::keep_firing(const WindowFiring& firing) {
  // An old one can only be one that a restart found again.
  if (!rules->window_correlations[firing.rule].makes_finding || firing.time < told_forgotten_at) {
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
  if (!is_stream()) {
    return;
  }
  firings_to_tell.insert(number);
  if (firing.lacks) {
    return;
  }
  for_each_event(firing.evidence, [&](const KeptEvent& event) {
    HostState& host = hosts.of(event.host);
    const ProcessIndex actor = host.process_of(event);
    if (actor != kNoProcess) {
      std::vector<FiringNumber>& here = host.facts[actor].firings;
      if (here.empty() || here.back() != number) {
        here.push_back(number);
      }
      host.note_hit_below(actor);
    }
  });
}

void Correlator::Impl::withdraw_firing(const WindowFiring& gone) {
  const auto known = std::ranges::find_if(firings, [&gone](const auto& entry) {
    const WindowFiring& firing = entry.second;
    return firing.rule == gone.rule && firing.order == gone.order && firing.group == gone.group;
  });
  if (known == firings.end()) {
    return;  // It makes no finding, or was beyond the limit.
  }
  --firings_of[gone.rule];
  firings_to_tell.erase(known->first);
  withdrawn.push_back(std::move(known->second));
  firings.erase(known);
}

void Correlator::Impl::settle(HostState& host) {
  collect_due(host);
  host.mark_children();
  host.mark_programs();
  for (const MatchPlace& place : host.marked) {
    evaluate(host, place);
  }
  if (options.lateness) {
    host.evaluated.insert(host.marked.begin(), host.marked.end());
  }
  host.marked.clear();
}

void Correlator::Impl::evaluate(HostState& host, const MatchPlace& place) {
  ++stats.evaluations;
  if (!is_program(place.at) &&
      (!host.graph.is_known(place.at) || !host.graph.is_canonical(place.at))) {
    host.matches.erase(place);  // What is known of it counts for the process that it is of.
    host.set_partial(place, false);
    return;
  }
  const LineageVerdict verdict =
      evaluate_at(host, lineage_rule(place.number), place.at, closed_until(host));
  stats.subtrees_beyond_limit += verdict.beyond_subtree == 0 ? 0U : 1U;
  if (verdict.holds) {
    host.matches.insert(place);
  } else {
    host.matches.erase(place);
  }
  host.set_partial(place, verdict.has_anchor && !verdict.holds);
  if (verdict.next_close) {
    host.add_due(*verdict.next_close, place);
  }
}

void Correlator::Impl::replace_rules(const RuleSet& following) {
  const UnchangedRules unchanged = unchanged_rules(*rules, following);
  Feeds following_feeds = feeds.followed_by(following, unchanged);
  std::vector<PlainMatches> following_plain(following.detections.size());
  std::vector<std::uint64_t> following_hits(following.detections.size(), 0);
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
  for (const auto& [key, host] : hosts) {
    host->forget_others(following_feeds);
    host->renumber_plain(following_rule);
  }
  for (std::size_t rule = 0; rule < following_hits.size(); ++rule) {
    if (unchanged.detections[rule]) {
      following_hits[rule] = hits_by_detection[*unchanged.detections[rule]];
    }
  }
  boost::unordered::erase_if(
      partial, [&](const auto& entry) { return !following_feeds.has_correlation(entry.first); });
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
  withdrawn.clear();
  touch_all();
  windows.replace_rules(following, unchanged);
  plain = std::move(following_plain);
  hits_by_detection = std::move(following_hits);
  feeds = std::move(following_feeds);
  rules = &following;
  save_rules();
}

Finding Correlator::Impl::plain_finding(const DetectionRule& rule, const Hit& hit) const {
  const KeptEvent& event = *hit.event;
  const HostState& host = *hosts.find(event.host);
  MatchView match = match_of(rule.meta, false, host.key, host.hostname);
  match.anchor = host.process_of(event);
  match.anchor_uid = event.order.uid;
  const std::string_view step = rule.meta.name.empty() ? rule.meta.title : rule.meta.name;
  match.evidence.push_back({.hit = &hit, .rule = &rule, .step = step, .required = true});
  match.evidence_total = 1;
  return build_finding(match, host.graph, host.pid_actors);
}

Correlator::Correlator(const RuleSet& rules, const CorrelatorOptions& options)
    : impl_(std::make_unique<Impl>(rules, options)) {}

Correlator::~Correlator() = default;
Correlator::Correlator(Correlator&&) noexcept = default;
Correlator& Correlator::operator=(Correlator&&) noexcept = default;

void Correlator::take(const Event& event,
                      const std::vector<std::size_t>& hits,
                      bool duplicate,
                      Matcher& matcher,
                      const Lineage* lineage,
                      const PidActor* actor) {
  const HostTable::Arrival arrival = impl_->hosts.arrive(event);
  if (!arrival.joined.empty()) {
    impl_->join(arrival.joined);
  }
  HostState& host = *arrival.host;
  if (arrival.has_new_name && better_hostname(event.hostname, host.hostname)) {
    host.hostname = event.hostname;
  }
  impl_->touch(host);
  if (!impl_->has_room()) {
    impl_->make_room();
  }
  const GraphChange change = host.graph.apply(event);
  if (std::ranges::any_of(change.changed, [](ProcessIndex node) { return node != kNoProcess; })) {
    impl_->count_nodes(host);
  }
  if (impl_->options.lateness && !event.time_suspect) {
    // With lineage it comes back from waiting: then the watermark has passed it.
    const bool has_arrived = !duplicate && lineage == nullptr;
    if (has_arrived && event.time < host.watermark.value()) {
      ++impl_->stats.late_events;
      if (!hits.empty()) {
        host.late.add({.count = 1, .first = event.time, .last = event.time});
      }
    }
    host.watermark_moved |= host.watermark.see(event.source, event.time);
  }
  host.graph_changed(change, impl_->feeds, impl_->is_stream());
  TakenEvent taken(event, duplicate, matcher, lineage, actor);
  const ProcessIndex process = actor == nullptr ? change.actor : host.graph.find(actor->process);
  if (process != kNoProcess) {
    impl_->keep_step_hits(host, hits, process, taken);
  }
  for (const std::size_t rule : hits) {
    impl_->stats.hits += duplicate ? 0U : 1U;
    impl_->hits_by_detection[rule] += duplicate ? 0U : 1U;
    if (impl_->rules->detections[rule].makes_finding) {
      impl_->keep_plain_hit(host, rule, process, taken);
    }
  }
  impl_->keep_window_hits(hits, taken);
}

PidActor Correlator::resolve(std::string_view host_key, std::uint32_t pid, Timestamp time) const {
  const HostState* host = impl_->hosts.find(host_key);
  if (host == nullptr) {
    return {};
  }
  const ResolvedPid resolved = host->graph.resolve_pid(pid, time);
  if (resolved.process == kNoProcess) {
    return {};
  }
  // What is kept at a tombstone would be lost without a word.
  for (const ProcessIndex node : host->graph.members(resolved.process)) {
    if (!host->graph.is_tombstone_node(node)) {
      return {.process = host->graph.node_key(node), .ambiguous = resolved.ambiguous};
    }
  }
  return {};
}

bool Correlator::place(const KeptHits& hits, const PidActor& actor) {
  HostState& host = *impl_->hosts.find(hits.host);
  const PidActor* before = host.pid_actors.find(hits.order.uid);
  if (before != nullptr && *before == actor) {
    return false;
  }
  impl_->touch(host);
  impl_->drop_step_hits(host, hits);
  host.pid_actors.set(hits.order.uid, actor, hits.order.time);
  impl_->save_pid_actor(host, hits.order.uid, actor, hits.order.time);
  if (impl_->is_stream()) {
    impl_->show_placed(host, hits, host.graph.find(hits.actor), host.graph.find(actor.process));
  }
  return true;
}

void Correlator::take_again(const Event& event,
                            const std::vector<std::size_t>& hits,
                            Matcher& matcher,
                            const Lineage& lineage,
                            const PidActor& actor) {
  HostState& host = *impl_->hosts.find(event.host);
  const ProcessIndex process = host.graph.find(actor.process);
  if (process != kNoProcess) {
    TakenEvent taken(event, false, matcher, &lineage, &actor);
    impl_->keep_step_hits(host, hits, process, taken);
  }
}

void Correlator::retract(const KeptHits& hits) {
  if (impl_->hosts.find(hits.host) == nullptr) {
    return;
  }
  HostState& host = *impl_->hosts.find(hits.host);
  impl_->touch(host);
  impl_->drop_step_hits(host, hits);
  for (const std::size_t rule : hits.rules) {
    const Hit* plain_hit = impl_->plain[rule].find(hits.order.uid);
    if (plain_hit != nullptr) {
      impl_->erase_plain_hit(rule, plain_hit->event->order);
    }
    if (impl_->plain[rule].remove(hits.order.uid)) {
      host.plain_changed.insert({.rule = rule, .event = hits.order.uid});
    }
    impl_->windows.remove(hits.order, rule);
  }
}

void Correlator::alias_host(std::string_view host, std::string_view other) {
  impl_->join(impl_->hosts.alias(host, other));
}

void Correlator::prefetch(const Uid& host) const {
  impl_->hosts.prefetch(host);
}

ProcessGraph::Expectation Correlator::expect(const Uid& host) const {
  return impl_->hosts.expect(host);
}

std::vector<std::string> Correlator::keys_of_host(std::string_view host) const {
  return impl_->hosts.keys_of(host);
}

void Correlator::finish() {
  impl_->finished = true;
  impl_->touch_all();
  impl_->windows.finish();
}

void Correlator::replace_rules(const RuleSet& rules) {
  impl_->replace_rules(rules);
}

void Correlator::settle() {
  for (HostState* host : impl_->touched) {
    impl_->settle(*host);
  }
  if (!impl_->is_stream()) {  // Else they are still to be told of.
    static_cast<void>(impl_->untouch_all());
  }
}

void Correlator::settle_all() {
  for (const auto& [key, host] : impl_->hosts) {
    host->marked.clear();
    host->marked_above.clear();
    host->matches.clear();
    host->clear_partial();
    for (const auto& [node, here] : host->facts) {
      host->mark(node);
    }
    host->mark_programs();
    for (const MatchPlace& place : host->marked) {
      impl_->evaluate(*host, place);
    }
    host->marked.clear();
  }
}

std::vector<Finding> Correlator::findings() const {
  std::vector<Finding> findings;
  for (const auto& [key, host] : impl_->hosts) {
    for (const MatchPlace& match : host->matches) {
      findings.push_back(lineage_finding(*host, impl_->lineage_rule(match.number), match.at,
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

std::size_t Correlator::pids_beyond_limit() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->pid_actors.beyond_limit() + host->graph.pid_ends_beyond_limit();
  }
  return count;
}

const WindowDrops& Correlator::window_drops() const {
  return impl_->windows.drops();
}

std::uint64_t Correlator::hits_of(std::size_t detection) const {
  return impl_->hits_by_detection[detection];
}

std::uint64_t Correlator::partial_matches(std::size_t correlation) const {
  const auto known = impl_->partial.find(impl_->feeds.number_of(correlation));
  return known == impl_->partial.end() ? 0 : known->second;
}

std::size_t Correlator::groups_of(std::size_t window_correlation) const {
  return impl_->windows.groups_of(window_correlation);
}

std::optional<WatermarkRange> Correlator::watermarks() const {
  if (impl_->by_watermark.empty() || impl_->by_watermark.rbegin()->first == kNothingClosed) {
    return std::nullopt;
  }
  return WatermarkRange{.oldest = impl_->least_watermark(),
                        .newest = impl_->by_watermark.rbegin()->first};
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

std::size_t Correlator::evicted_processes() const {
  std::size_t count = 0;
  for (const auto& [key, host] : impl_->hosts) {
    count += host->graph.evicted_by_limit();
  }
  return count;
}

const ProcessGraph* Correlator::graph(std::string_view host) const {
  const HostState* known = impl_->hosts.find(host);
  return known == nullptr ? nullptr : &known->graph;
}

std::string_view Correlator::hostname(std::string_view host) const {
  const HostState* known = impl_->hosts.find(host);
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
  return impl_->hosts.find(host);
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
