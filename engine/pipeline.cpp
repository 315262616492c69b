#include "engine/pipeline.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/state_walk.h"
#include "engine/base/uid_set.h"
#include "engine/correlation/graph_lineage.h"
#include "engine/rule/unchanged_rules.h"
#include "parsers/field_writer.h"

namespace spoor {
namespace {

void collect_fields(const Expr& expr, FieldSet& fields, std::set<std::string>& names) {
  const auto collect = [&](const FieldRef& field) {
    // Keywords are looked for in everything: the event is then parsed again, whole. What is asked
    // of ancestors the graph has.
    if (field.keyword || field.ancestor) {
      return;
    }
    if (field.id) {
      fields.insert(*field.id);
    } else {
      names.insert(field.name);
    }
  };
  if (expr.kind == Expr::Kind::test) {
    collect(expr.field);
    if (expr.test.kind == TestKind::field_ref) {
      collect(expr.test.reference);
    }
  }
  for (const Expr& child : expr.children) {
    collect_fields(child, fields, names);
  }
}

bool asks_ancestors(const Expr& expr) {
  return (expr.kind == Expr::Kind::test &&
          (expr.field.ancestor ||
           (expr.test.kind == TestKind::field_ref && expr.test.reference.ancestor))) ||
         std::ranges::any_of(expr.children, asks_ancestors);
}

bool asks_ancestors(const RuleSet& rules) {
  return std::ranges::any_of(
      rules.detections, [](const DetectionRule& rule) { return asks_ancestors(rule.condition); });
}

}  // namespace

/// Uids of the last events, to count duplicates. Two generations: the older is dropped when the
/// newer is full. Nothing but the counters depends on it: taking an event twice changes nothing.
class Pipeline::RecentEvents {
 public:
  /// Asks for the memory that seen_before() will look at.
  void prefetch(const Uid& uid) const {
    newer_.prefetch(uid);
    older_.prefetch(uid);
  }

  /// True if the uid was there.
  bool seen_before(const Uid& uid) {
    if (newer_.contains(uid) || older_.contains(uid)) {
      return true;
    }
    if (newer_.size() >= kRecentEventsMax / 2) {
      std::swap(older_, newer_);
      newer_.clear();
      has_turned_ = true;
    }
    newer_.insert(uid);
    if (is_kept_) {
      unsaved_.push_back(uid);
    }
    return false;
  }

  // For a restart: uids in rows as they came, so that most of them are written once and never
  // touched again.

  void keep() { is_kept_ = true; }

  void save(StateSink& sink) {
    if (has_turned_) {
      has_turned_ = false;
      sink.erase_range(row(older_row_), row(newer_row_));
      older_row_ = newer_row_;
      newer_row_ = next_row_;
    }
    if (unsaved_.empty()) {
      return;
    }
    StateWriter value;
    for (const Uid& uid : unsaved_) {
      value.uid(uid);
    }
    unsaved_.clear();
    sink.put(row(next_row_++), value.bytes());
    value.clear();
    value.number(older_row_).number(newer_row_).number(next_row_);
    sink.put(StateWriter(StateRow::recent).bytes(), value.bytes());
  }

  /// False if a row is damaged.
  [[nodiscard]] bool restore(const StateSource& source) {
    const std::optional<std::string> head = source.get(StateWriter(StateRow::recent).bytes());
    if (!head) {
      return true;
    }
    StateReader from(*head);
    older_row_ = from.number();
    newer_row_ = from.number();
    next_row_ = from.number();
    return from.is_done() &&
           each_row(source, StateWriter(StateRow::recent_events).bytes(),
                    [&](std::string_view /*key*/, StateReader& place, StateReader& value) {
                      const bool is_newer = place.key64() >= newer_row_;
                      while (value.ok() && !value.is_done()) {
                        (is_newer ? newer_ : older_).insert(value.uid());
                      }
                      return place.is_done() && value.ok();
                    });
  }

 private:
  static std::string row(std::uint64_t number) {
    return StateWriter(StateRow::recent_events).key64(number).bytes();
  }

  bool is_kept_ = false;
  bool has_turned_ = false;  ///< Since the last save().
  std::vector<Uid> unsaved_;
  std::uint64_t older_row_ = 0;  ///< The first of each generation.
  std::uint64_t newer_row_ = 0;
  std::uint64_t next_row_ = 0;
  UidSet newer_;
  UidSet older_;
};

Pipeline::Pipeline(std::shared_ptr<const RuleSet> rules,
                   PipelineOptions options,
                   std::vector<Diagnostic>* diagnostics)
    : options_(std::move(options)),
      rules_(std::move(rules)),
      parser_(projection_of(*rules_), options_.parser),
      whole_parser_(whole_projection_of(*rules_), options_.parser),
      matcher_(Matcher::create(*rules_, diagnostics, {.clock = options_.rule_clock})),
      correlator_(*rules_,
                  {.lateness = options_.lateness,
                   .retention = options_.retention,
                   .processes_max = options_.processes_max,
                   .process_bytes_max = options_.process_bytes_max}),
      recent_(std::make_unique<RecentEvents>()),
      waiting_(options_.waiting.value_or(
          options_.lateness ? WaitingLimits{} : WaitingLimits::of_bytes(kReplayWaitingBytesMax))),
      asks_ancestors_(asks_ancestors(*rules_)) {
  if (options_.on_window) {
    correlator_.on_window(options_.on_window);
  }
  alias_hosts();
}

void Pipeline::alias_hosts() {
  for (const std::vector<std::string>& names : options_.host_aliases) {
    for (const std::string& name : names) {
      correlator_.alias_host(host_key(names.front()), host_key(name));
    }
  }
}

Result<StateLoss> Pipeline::open_state(const StateSource& source, StateSink& sink) {
  Result<StateLoss> loss = correlator_.open_state(source, sink);
  if (!loss) {
    return loss;
  }
  alias_hosts();
  sink_ = &sink;
  waiting_.keep_state(sink, identity_uids(rules_->detections, *rules_));
  const Result<void> waiting = waiting_.restore(source);
  if (!waiting) {
    return tl::unexpected<Error>(waiting.error());
  }
  recent_->keep();
  const std::optional<std::string> counts = source.get(StateWriter(StateRow::accounting).bytes());
  StateReader from(counts ? std::string_view(*counts) : std::string_view());
  if (!recent_->restore(source) || (counts && (!accounting_.restore(from)))) {
    return fail(ErrorCode::bad_state, "a row of the counters is damaged");
  }
  return loss;
}

void Pipeline::save() {
  correlator_.save();
  recent_->save(*sink_);
  StateWriter value;
  accounting_.save(value);
  sink_->put(StateWriter(StateRow::accounting).bytes(), value.bytes());
}

Pipeline::Pipeline(const RuleSet& rules,
                   PipelineOptions options,
                   std::vector<Diagnostic>* diagnostics)
    : Pipeline(std::shared_ptr<const RuleSet>(std::shared_ptr<const RuleSet>(), &rules),
               std::move(options),
               diagnostics) {}

Pipeline::~Pipeline() = default;

Result<void> Pipeline::replace_rules(std::shared_ptr<const RuleSet> rules,
                                     std::vector<Diagnostic>* diagnostics) {
  const UnchangedRules unchanged = unchanged_rules(*rules_, *rules);
  Matcher matcher = Matcher::create(*rules, diagnostics, {.clock = options_.rule_clock});
  std::vector<std::optional<std::size_t>> following(rules_->detections.size());
  for (std::size_t rule = 0; rule < rules->detections.size(); ++rule) {
    const std::optional<std::size_t> before = unchanged.detections[rule];
    if (!matcher.is_usable(rule) && !(before && !matcher_.is_usable(*before))) {
      const RuleMeta& refused = rules->detections[rule].meta;
      return fail(ErrorCode::bad_rule,
                  refused.file + ": RE2 refuses an expression of '" + refused.title + "'");
    }
    if (before) {
      following[*before] = rule;
    }
  }
  RecordParser parser(projection_of(*rules), options_.parser);
  RecordParser whole_parser(whole_projection_of(*rules), options_.parser);
  correlator_.replace_rules(*rules);
  // From here on nothing can fail.
  waiting_.renumber(following, identity_uids(rules->detections, *rules));
  asks_ancestors_ = asks_ancestors(*rules);
  evaluations_before_ += matcher_.evaluations();
  parser_ = std::move(parser);
  whole_parser_ = std::move(whole_parser);
  matcher_ = std::move(matcher);
  rules_ = std::move(rules);
  return {};
}

void Pipeline::take(std::string_view record, const RecordPosition& position) {
  parser_.parse(record, position, *this);
}

void Pipeline::expect_host(std::string_view host) {
  expected_ = host;
  expected_host_ = seeded_uid(host);
  correlator_.prefetch(expected_host_);
}

/// What the event touches beside millions of processes is asked for one step after the other, and
/// what needs no such memory is done in between.
void Pipeline::on_event(const Event& event) {
  const std::string_view expected = std::exchange(expected_, {});
  if (outside(event)) {
    accounting_.count(event, Fate::filtered);
    return;
  }
  const bool is_expected =
      expected.data() == event.host.data() && expected.size() == event.host.size();
  const ProcessGraph::Expectation graph =
      correlator_.expect(is_expected ? expected_host_ : seeded_uid(event.host));
  recent_->prefetch(event.uid);
  const bool whole_needed = matcher_.needs_everything(event);
  graph.fetch_place(event.actor.key);
  const bool duplicate = recent_->seen_before(event.uid);
  accounting_.count(event, duplicate ? Fate::duplicate : Fate::applied);
  hits_.clear();
  open_.clear();
  graph.fetch_node(event.actor.key);
  if (whole_needed &&
      with_everything(event.record, event.position, event.uid, [&](const Event& whole) {
        match(whole, Keywords::possible);
        take_matched(whole, duplicate);
      })) {
    return;
  }
  match(event, whole_needed ? Keywords::possible : Keywords::ruled_out);
  if (hits_.empty() ||
      !with_everything(event.record, event.position, event.uid,
                       [&](const Event& whole) { take_matched(whole, duplicate); })) {
    take_matched(event, duplicate);
  }
}

/// What a rule has to say of processes the graph may still learn, whatever it knows by now: then no
/// verdict depends on what came first.
void Pipeline::match(const Event& event, Keywords keywords) {
  static const OpenLineage kOpen;
  const bool has_process = !event.actor.key.is_none() || bare_pid(event);
  matcher_.match(event, hits_, has_process ? &kOpen : nullptr, &open_, keywords);
  // What holds already waits with the rest: it may fail once more is known of an ancestor.
  std::erase_if(hits_,
                [this](std::size_t rule) { return std::ranges::find(open_, rule) != open_.end(); });
}

void Pipeline::take_matched(const Event& event, bool duplicate) {
  correlator_.take(event, hits_, duplicate, matcher_);
  if (options_.on_event) {
    options_.on_event(event, duplicate);
  }
  const std::optional<std::uint32_t> pid = bare_pid(event);
  std::vector<std::size_t> held;
  if (pid) {
    // What holds is told already; whose act it was is to be learned.
    held = hits_;
    std::ranges::sort(held);
    open_.insert(open_.end(), held.begin(), held.end());
    std::ranges::sort(open_);
  }
  if (open_.empty() || waiting_.add(event, open_, held)) {
    return;
  }
  hurried_ += duplicate ? 0U : 1U;
  with_everything(event.record, event.position, event.uid, [&](const Event& whole) {
    WaitingEvent before;
    before.host = event.host;
    before.actor = event.actor.key;
    before.pid = pid;
    before.rules = open_;
    before.held = held;
    judge(whole, before, duplicate);
  });
}

std::vector<std::size_t> Pipeline::verdicts(const Event& event,
                                            const std::vector<std::size_t>& rules,
                                            const Uid& actor) {
  const ProcessGraph* graph = correlator_.graph(event.host);
  std::vector<std::size_t> held;
  if (graph == nullptr) {
    return held;
  }
  const GraphLineage lineage(*graph, graph->find(actor));
  std::ranges::copy_if(rules, std::back_inserter(held), [&](std::size_t rule) {
    return matcher_.judge(rule, event, &lineage) == Verdict::yes;
  });
  return held;
}

void Pipeline::judge(const Uid& uid) {
  const WaitingEvent& waiting = waiting_.at(uid);
  if (waiting.pid && waiting.judged && !waiting.actor.is_none() &&
      correlator_.graph(waiting.host)->find(waiting.actor) == kNoProcess) {
    return;  // Its process is forgotten: whoever has the pid now did not do it.
  }
  Judged judged{.held = {}, .actor = waiting.actor};
  with_everything(waiting.text(), waiting.position, uid,
                  [&](const Event& whole) { judged = judge(whole, waiting, false); });
  waiting_.set_judged(uid, std::move(judged.held), judged.actor);
}

Pipeline::Judged Pipeline::judge(const Event& event, const WaitingEvent& before, bool duplicate) {
  KeptHits told{
      .host = before.host, .actor = before.actor, .order = event.order_key(), .rules = before.held};
  PidActor actor{.process = before.actor};
  bool is_moved = false;
  if (before.pid) {
    actor = correlator_.resolve(before.host, *before.pid, event.time);
    is_moved = correlator_.place(told, actor);
  }
  Judged judged{.held = verdicts(event, before.rules, actor.process), .actor = actor.process};
  std::vector<std::size_t> added;
  std::vector<std::size_t> kept;
  std::ranges::set_difference(judged.held, before.held, std::back_inserter(added));
  std::ranges::set_intersection(judged.held, before.held, std::back_inserter(kept));
  told.rules.clear();
  std::ranges::set_difference(before.held, judged.held, std::back_inserter(told.rules));
  told.actor = is_moved ? Uid{} : before.actor;  // place() took them from there.
  if (!told.rules.empty()) {
    correlator_.retract(told);
  }
  const ProcessGraph* graph = correlator_.graph(event.host);
  const GraphLineage lineage(*graph, graph->find(actor.process));
  const PidActor* placed = before.pid ? &actor : nullptr;
  if (is_moved && !kept.empty()) {
    correlator_.take_again(event, kept, matcher_, lineage, actor);
  }
  if (before.renewed && !kept.empty()) {
    correlator_.take(event, kept, true, matcher_, &lineage, placed);
  }
  if (!added.empty()) {
    correlator_.take(event, added, duplicate, matcher_, &lineage, placed);
  }
  return judged;
}

void Pipeline::judge_waiting() {
  for (const Uid& uid : waiting_.all()) {
    judge(uid);
  }
}

std::vector<Finding> Pipeline::updates() {
  for (const std::string& host : correlator_.stirred_hosts()) {
    // Events wait under the key that they came with.
    const std::vector<std::string> keys = correlator_.keys_of_host(host);
    judge_again(host, keys);
    for (const std::string& key : keys) {
      for (const Uid& uid : waiting_.due(key, correlator_.watermark(host))) {
        judge(uid);
      }
    }
  }
  waiting_.forget_judged_before(correlator_.forgotten_before());
  return correlator_.updates();
}

void Pipeline::judge_again(const std::string& host, const std::vector<std::string>& keys) {
  const auto has_judged = [this](const std::string& key) { return waiting_.has_judged(key); };
  if (std::ranges::none_of(keys, has_judged)) {
    return;
  }
  std::set<Uid> again;
  const auto add = [&again](const std::vector<Uid>& uids) {
    again.insert(uids.begin(), uids.end());
  };
  const std::vector<Uid> processes = correlator_.stirred_processes(host, asks_ancestors_);
  const std::optional<std::vector<std::uint32_t>> pids = correlator_.stirred_pids(host);
  for (const std::string& key : keys) {
    for (const Uid& process : processes) {
      add(waiting_.judged_of(key, process));
    }
    for (const std::uint32_t pid : pids.value_or(std::vector<std::uint32_t>{})) {
      add(waiting_.judged_with_pid(key, pid));
    }
    if (!pids) {
      add(waiting_.judged_with_pid(key));
    }
  }
  for (const Uid& uid : again) {
    judge(uid);
  }
}

std::vector<Finding> Pipeline::last_updates() {
  for (const std::string& host : correlator_.stirred_hosts()) {
    judge_again(host, correlator_.keys_of_host(host));
  }
  // Of the others nothing new is known; their processes may be forgotten by now.
  for (const Uid& uid : waiting_.all()) {
    if (!waiting_.at(uid).judged) {
      judge(uid);
    }
  }
  correlator_.finish();
  return correlator_.updates();
}

std::size_t Pipeline::waiting_events() const {
  return waiting_.size();
}

bool Pipeline::with_everything(std::string_view record,
                               const RecordPosition& position,
                               const Uid& uid,
                               const std::function<void(const Event&)>& take) {
  /// Picks the one event among those of its record.
  class Picker final : public RecordSink {
   public:
    Picker(const Uid& uid, const std::function<void(const Event&)>& take_it)
        : uid_(uid), take_(take_it) {}

    void on_event(const Event& whole) override {
      if (!found && whole.uid == uid_) {
        found = true;
        take_(whole);
      }
    }

    void on_bad_record(const Error& /*error*/,
                       std::string_view /*record*/,
                       const RecordPosition& /*position*/) override {}

    bool found = false;

   private:
    Uid uid_;
    const std::function<void(const Event&)>& take_;
  };

  Picker picker(uid, take);
  whole_parser_.parse(record, position, picker);
  return picker.found;
}

void Pipeline::on_bad_record(const Error& error,
                             std::string_view record,
                             const RecordPosition& position) {
  take_bad(error, record, position);
}

void Pipeline::take_bad(const Error& error, std::string_view text, const RecordPosition& position) {
  accounting_.count_dead_letter(error.code, position);
  if (options_.on_dead_letter) {
    options_.on_dead_letter(error, text, position);
  }
}

std::vector<Finding> Pipeline::findings() {
  judge_waiting();
  correlator_.finish();
  correlator_.settle();
  return correlator_.findings();
}

bool Pipeline::outside(const Event& event) const {
  if (event.time == 0 || event.time_suspect) {
    return false;
  }
  return (options_.from && event.time < *options_.from) ||
         (options_.to && event.time >= *options_.to);
}

Projection projection_of(const RuleSet& rules) {
  Projection projection;
  std::set<std::string> names;
  for (const DetectionRule& rule : rules.detections) {
    collect_fields(rule.condition, projection.fields, names);
  }
  projection.extra_fields.assign(names.begin(), names.end());
  return projection;
}

Projection whole_projection_of(const RuleSet& rules) {
  Projection projection = Projection::everything();
  projection.extra_fields = projection_of(rules).extra_fields;
  return projection;
}

}  // namespace spoor
