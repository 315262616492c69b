// What of correlation survives a restart: hosts, hits, what was told. What holds is evaluated
// again.
//
// Rows are written as facts come and go, hosts when their events were taken in. All of it counts
// when it is committed, which is done between two calls of updates(): then nothing is left to tell.
#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/state_walk.h"
#include "engine/correlation/correlator_impl.h"
#include "engine/correlation/state_rows.h"
#include "engine/rule/unchanged_rules.h"

namespace spoor {

// --- Writing
// ----------------------------------------------------------------------------------------------

void Correlator::Impl::keep_host(HostState& host) const {
  if (keeping == nullptr) {
    return;
  }
  host.row_number = keeping->next_host++;
  host.sink = keeping->sink;
  host.graph.track_changes();
}

std::uint64_t Correlator::Impl::stored(const KeptEvent& event) const {
  if (event.stored.get() == 0) {
    const std::uint64_t number = keeping->next_event++;
    StateWriter value;
    write_event(event, value);
    keeping->sink->put(kept_event_key(number), value.bytes());
    event.stored.set(number, keeping->unused);
  }
  return event.stored.get();
}

void Correlator::Impl::save_step_hit(const HostState& host,
                                     ProcessIndex node,
                                     FeedNumber feed,
                                     const Hit& hit) const {
  if (keeping == nullptr) {
    return;
  }
  StateWriter value;
  value.number(stored(*hit.event));
  write_fields(hit.matched, value);
  keeping->sink->put(step_hit_key(host.row_number, node, feed, hit.event->order), value.bytes());
}

void Correlator::Impl::save_step_total(const HostState& host,
                                       ProcessIndex node,
                                       FeedNumber feed,
                                       const HitSet& set) const {
  if (keeping != nullptr) {
    keeping->sink->put(step_total_key(host.row_number, node, feed),
                       StateWriter().number(set.total()).bytes());
  }
}

void Correlator::Impl::save_plain_hit(std::size_t rule, const Hit& hit) const {
  if (keeping == nullptr) {
    return;
  }
  const HostState& host = *hosts.find(hit.event->host);
  const auto told = host.told_plain.find({.rule = rule, .event = hit.event->order.uid});
  StateWriter value;
  value.number(stored(*hit.event)).uid(told == host.told_plain.end() ? Uid{} : told->second);
  value.flag(host.has_plain(host.pid_actors.actor_of(*hit.event),
                            {.rule = rule, .event = hit.event->order.uid}));
  write_fields(hit.matched, value);
  keeping->sink->put(plain_hit_key(keeping->detection_ids[rule], hit.event->order), value.bytes());
}

void Correlator::Impl::erase_plain_hit(std::size_t rule, const OrderKey& order) const {
  if (keeping != nullptr) {
    keeping->sink->erase(plain_hit_key(keeping->detection_ids[rule], order));
  }
}

void Correlator::Impl::save_pid_actor(const HostState& host,
                                      const Uid& event,
                                      const PidActor& actor,
                                      Timestamp time) const {
  if (keeping != nullptr) {
    keeping->sink->put(pid_actor_key(host.row_number, event),
                       StateWriter().uid(actor.process).flag(actor.ambiguous).time(time).bytes());
  }
}

void Correlator::Impl::save_told_lineage(const HostState& host,
                                         const MatchPlace& place,
                                         const Uid& finding) const {
  if (keeping != nullptr) {
    const std::string_view program = is_program(place.at) ? host.programs.name(place.at) : "";
    keeping->sink->put(told_lineage_key(host.row_number, place.number, place.at, program),
                       StateWriter().uid(finding).bytes());
  }
}

void Correlator::Impl::save_told(const Uid& finding) {
  if (keeping != nullptr) {
    StateWriter value;
    write_told(*ledger.find(finding), value);
    keeping->sink->put(told_key(finding), value.bytes());
  }
}

void Correlator::Impl::save_host(HostState& host) const {
  host.is_unsaved = false;
  host.graph.save(*keeping->sink, host.row_number);
  StateWriter value;
  value.text(host.key).text(host.hostname).time(host.retained_at).time(host.forgotten_until);
  for (const HitTally& tally : {host.lost, host.late}) {
    value.number(tally.count).time(tally.first).time(tally.last);
  }
  host.watermark.save(value);
  host.save_pending(value);
  keeping->sink->put(host_rows(StateRow::host, host.row_number), value.bytes());
}

void Correlator::Impl::erase_host(const HostState& host) const {
  for (const StateRow row :
       {StateRow::host, StateRow::graph, StateRow::process, StateRow::last_seen,
        StateRow::process_texts, StateRow::pid_end, StateRow::step_hit, StateRow::step_total,
        StateRow::told_lineage, StateRow::pid_actor, StateRow::lineage_due}) {
    keeping->sink->erase_prefix(host_rows(row, host.row_number));
  }
}

void Correlator::Impl::rewrite_facts(HostState& host) const {
  for (const StateRow row : {StateRow::step_hit, StateRow::step_total, StateRow::told_lineage,
                             StateRow::pid_actor, StateRow::lineage_due}) {
    keeping->sink->erase_prefix(host_rows(row, host.row_number));
  }
  for (const auto& [node, here] : host.facts) {
    for (const auto& [feed, set] : here.hits) {
      for (const Hit& hit : set.hits()) {
        save_step_hit(host, node, feed, hit);
      }
      save_step_total(host, node, feed, set);
    }
  }
  for (const auto& [place, finding] : host.told) {
    save_told_lineage(host, place, finding);
  }
  for (const auto& [time, place] : host.lineage_due) {
    keeping->sink->put(host.due_key(time, place), {});
  }
  host.pid_actors.for_each([&](const Uid& event, const PidActor& actor, Timestamp time) {
    save_pid_actor(host, event, actor, time);
  });
}

void Correlator::Impl::save_counters() const {
  StateWriter value;
  value.number(keeping->next_event).number(keeping->next_host).time(told_forgotten_at);
  value.time(ledger_forgotten_before);
  value.number(stats.hits).number(stats.evaluations).number(stats.forgotten_hits);
  value.number(stats.forgotten_processes).number(stats.matches_beyond_limit);
  if (value.bytes() != keeping->counters) {
    keeping->counters = value.bytes();
    keeping->sink->put(StateWriter(StateRow::correlator).bytes(), value.bytes());
  }
}

void Correlator::Impl::save_rules() const {
  if (keeping == nullptr) {
    return;
  }
  const std::vector<Uid> before = std::move(keeping->detection_ids);
  keeping->detection_ids = identity_uids(rules->detections, *rules);
  keeping->correlation_ids = identity_uids(rules->correlations, *rules);
  std::vector<Uid> now = keeping->detection_ids;
  std::ranges::sort(now);
  for (const Uid& gone : before) {
    if (!std::ranges::binary_search(now, gone)) {
      keeping->sink->erase_prefix(StateWriter(StateRow::plain_hit).uid(gone).bytes());
    }
  }
  for (const auto& [key, host] : hosts) {
    rewrite_facts(*host);
  }
  StateWriter value;
  feeds.save(*rules, keeping->detection_ids, keeping->correlation_ids, value);
  keeping->sink->put(StateWriter(StateRow::feeds).bytes(), value.bytes());
}

void Correlator::Impl::save() {
  if (keeping == nullptr) {
    return;
  }
  for (HostState* host : std::exchange(keeping->unsaved, {})) {
    save_host(*host);
  }
  hosts.save_identity(*keeping->sink);
  windows.save(forgotten_before());
  for (const std::uint64_t number : std::exchange(*keeping->unused, {})) {
    keeping->sink->erase(kept_event_key(number));
  }
  save_counters();
}

void Correlator::Impl::settle_restored(HostState& host) {
  StateSink* const sink = std::exchange(host.sink, nullptr);  // It is written already.
  host.restored(feeds);
  host.mark_children();
  host.mark_programs();
  for (const MatchPlace& place : std::exchange(host.marked, {})) {
    evaluate(host, place);
  }
  host.lineage_due.clear();
  host.sink = sink;
  count_nodes(host);
  list_watermark(host);
}

// --- Restoring
// --------------------------------------------------------------------------------------------

namespace {

/// Which row is damaged, for the person who has to decide what to do.
tl::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorCode::bad_state, "a row of " + std::string(what) + " is damaged");
}

/// What an earlier run left, on its way into a correlator.
class Restoration {
 public:
  Restoration(Correlator::Impl& into, const StateSource& source)
      : into_(into), keeping_(*into.keeping), source_(source) {}

  Result<StateLoss> run() {
    // Each needs those before it.
    const std::pair<std::string_view, bool (Restoration::*)()> steps[] = {
        {"the counters", &Restoration::restore_counters},
        {"the rules", &Restoration::restore_feeds},
        {"the hosts", &Restoration::restore_hosts},
        {"the events", &Restoration::restore_events},
        {"the hits", &Restoration::restore_step_hits},
        {"the counts of hits", &Restoration::restore_step_totals},
        {"who had which pid", &Restoration::restore_pid_actors},
        {"the hits that report by themselves", &Restoration::restore_plain_hits},
        {"the findings told", &Restoration::restore_told_lineages},
    };
    for (const auto& [what, restore] : steps) {
      if (!(this->*restore)()) {
        return failure_ ? tl::unexpected<Error>(*failure_) : damaged(what);
      }
    }
    const Result<void> windows = into_.windows.restore(source_, *into_.rules);
    if (!windows) {
      return tl::unexpected<Error>(windows.error());
    }
    into_.firings_to_tell.clear();
    for (const auto& [key, host] : into_.hosts) {
      into_.settle_restored(*host);
    }
    if (!restore_lineage_due()) {
      return damaged("the verdicts that are due");
    }
    for (const auto& [number, host] : hosts_) {
      if (!restore_pending(*host, pending_[number])) {
        return damaged("the hosts");
      }
    }
    return loss_;
  }

 private:
  using TakeRow = std::function<bool(StateReader& key, StateReader& value)>;

  /// False if `take` refused a row. The key is read from behind its kind on.
  bool each(StateRow row, const TakeRow& take) {
    return each_row(source_, StateWriter(row).bytes(),
                    [&](std::string_view key, StateReader& place, StateReader& value) {
                      key_ = key;
                      return take(place, value);
                    });
  }

  /// The row is of a rule that is no more.
  void drop_row(std::size_t& count) {
    keeping_.sink->erase(key_);
    ++count;
  }

  bool restore_counters() {
    const std::optional<std::string> bytes = source_.get(StateWriter(StateRow::correlator).bytes());
    if (!bytes) {
      return true;
    }
    StateReader value(*bytes);
    keeping_.next_event = value.number();
    keeping_.next_host = static_cast<std::uint32_t>(value.number_to(0xFFFFFFFFU));
    into_.told_forgotten_at = value.time();
    into_.ledger_forgotten_before = value.time();
    CorrelatorStats& stats = into_.stats;
    for (std::size_t* count : {&stats.hits, &stats.evaluations, &stats.forgotten_hits,
                               &stats.forgotten_processes, &stats.matches_beyond_limit}) {
      *count = value.number();
    }
    return value.is_done();
  }

  bool restore_feeds() {
    const std::optional<std::string> bytes = source_.get(StateWriter(StateRow::feeds).bytes());
    if (bytes) {
      StateReader value(*bytes);
      std::optional<Feeds> feeds =
          Feeds::restore(*into_.rules, keeping_.detection_ids, keeping_.correlation_ids, value);
      if (!feeds) {
        return false;
      }
      into_.feeds = std::move(*feeds);
    }
    for (std::size_t rule = 0; rule < into_.rules->detections.size(); ++rule) {
      detections_.emplace(keeping_.detection_ids[rule], rule);
      for (const Feed& feed : into_.feeds.of_detection(rule)) {
        feeds_.emplace(feed.number, &feed);
      }
    }
    return true;
  }

  bool restore_hosts() {
    const Result<void> identity = into_.hosts.restore_identity(source_);
    if (!identity) {
      failure_ = identity.error();
      return false;
    }
    return each(StateRow::host, [this](StateReader& key, StateReader& value) {
      const std::uint32_t number = key.key32();
      const std::string_view host_key = value.text();
      if (!key.is_done() || into_.hosts.canonical_key(host_key) != host_key ||
          into_.hosts.find(host_key) != nullptr) {
        return false;
      }
      const std::uint32_t next = keeping_.next_host;
      HostState& host = into_.hosts.of(host_key);
      keeping_.next_host = std::max(next, number + 1);
      host.row_number = number;
      host.hostname = value.text();
      host.retained_at = value.time();
      host.forgotten_until = value.time();
      for (HitTally* tally : {&host.lost, &host.late}) {
        tally->count = value.number();
        tally->first = value.time();
        tally->last = value.time();
      }
      host.watermark.restore(value);
      pending_[number] = value.rest();
      const Result<void> graph = host.graph.restore(source_, number);
      if (!graph) {
        failure_ = graph.error();
        return false;
      }
      hosts_.emplace(number, &host);
      return value.is_done();
    });
  }

  /// What was marked and not looked at.
  bool restore_pending(HostState& host, std::string_view bytes) {
    StateReader from(bytes);
    const bool is_sound = host.restore_pending(from) && from.is_done();
    boost::unordered::erase_if(host.marked, [this](const MatchPlace& place) {
      return !into_.feeds.has_correlation(place.number);
    });
    if (!host.marked.empty() || !host.marked_runs.empty() || !host.marked_above.empty() ||
        !host.changed.empty() || !host.changed_pids.empty() || host.all_pids_changed) {
      into_.touch(host);
    }
    return is_sound;
  }

  bool restore_events() {
    return each(StateRow::kept_event, [this](StateReader& key, StateReader& value) {
      const std::uint64_t number = key.key64();
      std::shared_ptr<const KeptEvent> event = read_event(value);
      if (!key.is_done() || !value.is_done()) {
        return false;
      }
      event->stored.set(number, keeping_.unused);
      keeping_.next_event = std::max(keeping_.next_event, number + 1);
      events_.emplace(number, std::move(event));
      return true;
    });
  }

  /// False if the event is not there, or another than the key says.
  [[nodiscard]] bool read_hit(std::uint64_t event, const OrderKey& order, Hit& hit) const {
    const auto known = events_.find(event);
    if (known == events_.end() || known->second->order != order) {
      return false;
    }
    hit.event = known->second;
    return true;
  }

  bool restore_step_hits() {
    return each(StateRow::step_hit, [this](StateReader& key, StateReader& value) {
      const auto host = hosts_.find(key.key32());
      const ProcessIndex node = key.key32();
      const FeedNumber feed = key.key32();
      const OrderKey order = read_order_key(key);
      Hit hit;
      const bool has_event = read_hit(value.number(), order, hit);
      hit.matched = read_fields(value);
      if (!key.is_done() || !value.is_done() || !has_event || host == hosts_.end() ||
          !host->second->graph.is_known(node)) {
        return false;
      }
      const auto known = feeds_.find(feed);
      if (known == feeds_.end()) {
        drop_row(loss_.hits);
        return true;
      }
      host->second->facts[node].hits_of(feed).add(std::move(hit));
      for (const FedStep& fed : known->second->steps) {
        const CorrelationRule& correlation = into_.rules->correlations[fed.correlation];
        if (fed.step == correlation.anchor) {
          host->second->add_anchor(into_.feeds.number_of(fed.correlation), node,
                                   joins_runs(correlation.group_by));
        }
      }
      return true;
    });
  }

  bool restore_step_totals() {
    return each(StateRow::step_total, [this](StateReader& key, StateReader& value) {
      const auto host = hosts_.find(key.key32());
      const ProcessIndex node = key.key32();
      const FeedNumber feed = key.key32();
      const std::uint64_t total = value.number();
      if (!key.is_done() || !value.is_done() || host == hosts_.end()) {
        return false;
      }
      if (!feeds_.contains(feed)) {
        std::size_t counted_already = 0;
        drop_row(counted_already);
      } else if (host->second->graph.is_known(node)) {
        host->second->facts[node].hits_of(feed).set_total(total);
      }
      return true;
    });
  }

  bool restore_pid_actors() {
    return each(StateRow::pid_actor, [this](StateReader& key, StateReader& value) {
      const auto host = hosts_.find(key.key32());
      const Uid event = key.uid();
      PidActor actor;
      actor.process = value.uid();
      actor.ambiguous = value.flag();
      const Timestamp time = value.time();
      if (!key.is_done() || !value.is_done() || host == hosts_.end()) {
        return false;
      }
      host->second->pid_actors.set(event, actor, time);
      return true;
    });
  }

  bool restore_plain_hits() {
    return each(StateRow::plain_hit, [this](StateReader& key, StateReader& value) {
      const auto rule = detections_.find(key.uid());
      const OrderKey order = read_order_key(key);
      Hit hit;
      const bool has_event = read_hit(value.number(), order, hit);
      const Uid told = value.uid();
      const bool is_at_process = value.flag();
      hit.matched = read_fields(value);
      if (!key.is_done() || !value.is_done() || !has_event) {
        return false;
      }
      if (rule == detections_.end() || !into_.rules->detections[rule->second].makes_finding) {
        drop_row(loss_.hits);
        return true;
      }
      HostState& host = into_.hosts.of(hit.event->host);
      const PlainHit place{.rule = rule->second, .event = order.uid};
      const ProcessIndex node =
          hit.event->actor.is_none() ? host.process_of(*hit.event) : host.node_of(hit.event->actor);
      if (is_at_process && node != kNoProcess) {
        host.facts[node].plain.push_back(place);
      }
      if (told.is_none()) {
        host.plain_changed.insert(place);
      } else {
        host.told_plain.emplace(place, told);
      }
      if (order.time >= into_.closed_until(host)) {
        host.plain_due.emplace(order.time, place);
      }
      into_.plain[rule->second].add(std::move(hit));
      return true;
    });
  }

  /// The place that a row names; none if its process is not known.
  static std::optional<MatchPlace> place_at(HostState& host, const PlaceRow& row) {
    if (row.is_program) {
      return MatchPlace{.number = row.correlation, .at = host.programs.of(row.program)};
    }
    return host.graph.is_known(row.node)
               ? std::optional(MatchPlace{.number = row.correlation, .at = row.node})
               : std::nullopt;
  }

  bool restore_told_lineages() {
    return each(StateRow::told_lineage, [this](StateReader& key, StateReader& value) {
      const auto host = hosts_.find(key.key32());
      const PlaceRow row = read_place(key);
      const Uid finding = value.uid();
      if (!key.is_done() || !value.is_done() || host == hosts_.end()) {
        return false;
      }
      if (!into_.feeds.has_correlation(row.correlation)) {
        drop_row(loss_.matches);
      } else if (const std::optional<MatchPlace> place = place_at(*host->second, row)) {
        host->second->told.emplace(*place, finding);
        if (row.is_program) {
          into_.told_of_programs.insert(finding);
        }
      }
      return true;
    });
  }

  bool restore_lineage_due() {
    return each(StateRow::lineage_due, [this](StateReader& key, StateReader& /*value*/) {
      const auto host = hosts_.find(key.key32());
      const Timestamp time = key.key_time();
      const PlaceRow row = read_place(key);
      if (!key.is_done() || host == hosts_.end()) {
        return false;
      }
      if (const std::optional<MatchPlace> place = place_at(*host->second, row);
          place && into_.feeds.has_correlation(row.correlation)) {
        host->second->lineage_due.emplace(time, *place);
      } else {
        keeping_.sink->erase(key_);
      }
      return true;
    });
  }

  Correlator::Impl& into_;
  Correlator::Impl::Keeping& keeping_;
  const StateSource& source_;
  StateLoss loss_;
  std::optional<Error> failure_;  ///< Of a part that says itself what is wrong.
  std::string_view key_;          ///< Of the row that is looked at.
  std::map<Uid, std::size_t> detections_;
  std::map<FeedNumber, const Feed*> feeds_;
  std::map<std::uint32_t, HostState*> hosts_;
  std::map<std::uint32_t, std::string> pending_;
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<const KeptEvent>> events_;
};

}  // namespace

Result<StateLoss> Correlator::open_state(const StateSource& source, StateSink& sink) {
  Impl& impl = *impl_;
  impl.keeping = std::make_unique<Impl::Keeping>();
  impl.keeping->sink = &sink;
  impl.keeping->detection_ids = identity_uids(impl.rules->detections, *impl.rules);
  impl.keeping->correlation_ids = identity_uids(impl.rules->correlations, *impl.rules);
  impl.windows.keep_state(sink, *impl.rules);
  impl.ledger.on_unknown([&source](const Uid& finding) -> std::optional<FindingLedger::Told> {
    const std::optional<std::string> bytes = source.get(told_key(finding));
    return bytes ? read_told(*bytes) : std::nullopt;
  });
  Result<StateLoss> loss = Restoration(impl, source).run();
  if (!loss) {
    return loss;
  }
  impl.hosts.track_changes();
  StateWriter value;
  impl.feeds.save(*impl.rules, impl.keeping->detection_ids, impl.keeping->correlation_ids, value);
  sink.put(StateWriter(StateRow::feeds).bytes(), value.bytes());
  return loss;
}

void Correlator::save() {
  impl_->save();
}

}  // namespace spoor
