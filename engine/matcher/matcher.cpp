#include "engine/matcher/matcher.h"

#include <algorithm>

#include "engine/matcher/event_values.h"
#include "engine/matcher/keyword_filter.h"
#include "engine/matcher/log_source.h"
#include "engine/matcher/program.h"
#include "engine/matcher/rule_index.h"
#include "engine/matcher/verdict_memo.h"

namespace spoor {
namespace {

/// The rules that the events of some kinds meet.
struct Route {
  std::vector<std::uint32_t> sources;  ///< The log sources that cover them, ascending.
  std::vector<std::size_t> rules;      ///< Ascending.
  std::unique_ptr<RuleIndex> index;
  std::vector<ColumnId> columns;  ///< All fields that they test, ascending.
  VerdictMemo memo;
  bool has_keywords = false;  ///< Some of them looks for keywords.
  KeywordFilter keywords;
};

/// Calls `look(predicate)` for each test of a rule.
template <typename Look>
void for_each_test(const ProgramNode& node, const Look& look) {
  if (node.kind == Expr::Kind::test) {
    look(node.predicate);
  }
  for (const ProgramNode& child : node.children) {
    for_each_test(child, look);
  }
}

}  // namespace

struct Matcher::Impl {
  Impl(const RuleSet& rule_set,
       const MatcherOptions& matcher_options,
       std::vector<Diagnostic>* diagnostics)
      : rules(rule_set),
        options(matcher_options),
        program(rule_set, matcher_options.by_name, diagnostics),
        values(program.columns(), matcher_options.canonical),
        costs(rule_set.detections.size()) {
    routes.resize(options.route ? event_kind_count() : 1, nullptr);
    for (const DetectionRule& rule : rules.detections) {
      const auto known = std::ranges::find(sources, rule.log_source);
      source_of_rule.push_back(static_cast<std::uint32_t>(known - sources.begin()));
      if (known == sources.end()) {
        sources.push_back(rule.log_source);
      }
    }
  }

  void add_test(PredicateId id, Route& route) const {
    const Predicate& predicate = program.predicate(id);
    route.columns.push_back(predicate.column());
    if (predicate.reference() != ColumnTable::kNone) {
      route.columns.push_back(predicate.reference());
    }
    if (predicate.field().keyword) {
      route.has_keywords = true;
      route.keywords.add(program.literals(id));
    }
  }

  Route& route_of(const EventKind& kind) {
    Route*& route = routes[options.route ? kind.number() : 0];
    if (route == nullptr) {
      route = &route_for(kind);
    }
    return *route;
  }

  /// Kinds that the same log sources cover share a route.
  Route& route_for(const EventKind& kind) {
    std::vector<std::uint32_t> covering;
    for (std::uint32_t source = 0; source < sources.size(); ++source) {
      if (!options.route || covers(sources[source], kind)) {
        covering.push_back(source);
      }
    }
    const auto known = std::ranges::find_if(
        made, [&](const std::unique_ptr<Route>& route) { return route->sources == covering; });
    if (known != made.end()) {
      return **known;
    }
    Route& route = *made.emplace_back(std::make_unique<Route>());
    route.sources = std::move(covering);
    for (std::size_t rule = 0; rule < program.size(); ++rule) {
      if (program.usable(rule) && std::ranges::binary_search(route.sources, source_of_rule[rule])) {
        route.rules.push_back(rule);
        for_each_test(program.root(rule), [&](PredicateId id) { add_test(id, route); });
      }
    }
    std::ranges::sort(route.columns);
    route.columns.erase(std::unique(route.columns.begin(), route.columns.end()),
                        route.columns.end());
    route.keywords.build();
    route.index = std::make_unique<RuleIndex>(program, route.rules);
    return route;
  }

  void judge(std::size_t rule, std::vector<std::size_t>& hits, std::vector<std::size_t>* open) {
    values.forget_leaning();
    EvaluationCost cost;
    const Verdict verdict = program.evaluate(rule, values, cost);
    RuleCost& of_rule = costs[rule];
    ++of_rule.candidates;
    of_rule.tests += cost.tests;
    ++evaluations;
    if (verdict == Verdict::yes) {
      ++of_rule.hits;
      hits.push_back(rule);
    }
    if (open != nullptr && values.leaned_on_lineage()) {
      open->push_back(rule);
    }
  }

  void find_and_judge(Route& route,
                      std::vector<std::size_t>& hits,
                      std::vector<std::size_t>* open) {
    candidates.clear();
    route.index->find(values, candidates);
    if (options.clock != nullptr && --until_timed == 0) {
      until_timed = kTimedEvery;
      judge_candidates_timed(hits, open);
      return;
    }
    for (const std::size_t rule : candidates) {
      judge(rule, hits, open);
    }
  }

  void judge_candidates_timed(std::vector<std::size_t>& hits, std::vector<std::size_t>* open) {
    std::chrono::nanoseconds before = options.clock->monotonic();
    for (const std::size_t rule : candidates) {
      judge(rule, hits, open);
      const std::chrono::nanoseconds now = options.clock->monotonic();
      costs[rule].time += (now - before) * kTimedEvery;
      before = now;
    }
  }

  void take(const VerdictMemo::Verdicts& known,
            std::vector<std::size_t>& hits,
            std::vector<std::size_t>* open) {
    for (const std::size_t rule : known.hits) {
      ++costs[rule].hits;
      hits.push_back(rule);
    }
    if (open != nullptr) {
      open->insert(open->end(), known.open.begin(), known.open.end());
    }
  }

  /// Appends the tests that hold and speak for the rule: not those under a `not`, nor those of a
  /// branch that fails. Returns whether the part of the rule holds.
  Verdict collect(const ProgramNode& node, std::vector<MatchedField>& matched) {
    switch (node.kind) {
      case Expr::Kind::test: return collect_test(node, matched);
      case Expr::Kind::negation: return program.evaluate_plainly(node, values);
      case Expr::Kind::all: {
        const std::size_t before = matched.size();
        Verdict verdict = Verdict::yes;
        for (const ProgramNode& child : node.children) {
          verdict = std::min(verdict, collect(child, matched));
          if (verdict == Verdict::no) {
            break;
          }
        }
        if (verdict != Verdict::yes) {
          matched.resize(before);
        }
        return verdict;
      }
      case Expr::Kind::any: {
        Verdict verdict = Verdict::no;
        for (const ProgramNode& child : node.children) {
          // What would be added is there, and the branch holds: regular expressions are dear.
          const bool says_nothing_new =
              verdict == Verdict::yes && child.kind == Expr::Kind::test && is_among(child, matched);
          if (!says_nothing_new) {
            verdict = std::max(verdict, collect(child, matched));
          }
        }
        return verdict;
      }
    }
    return Verdict::no;
  }

  /// Is the test's field among those that matched? Keywords have no field to repeat.
  [[nodiscard]] bool is_among(const ProgramNode& test,
                              const std::vector<MatchedField>& matched) const {
    const FieldRef& field = program.predicate(test.predicate).field();
    return !field.keyword &&
           std::ranges::find(matched, field.name, &MatchedField::field) != matched.end();
  }

  Verdict collect_test(const ProgramNode& node, std::vector<MatchedField>& matched) {
    const Verdict verdict = program.evaluate_plainly(node, values);
    if (verdict != Verdict::yes || is_among(node, matched)) {
      return verdict;
    }
    constexpr std::string_view kKeyword = "keyword";
    const Predicate& predicate = program.predicate(node.predicate);
    // A test for absence holds by no value.
    const FieldValue* value = predicate.witness(values);
    matched.push_back(
        {.field = predicate.field().keyword ? kKeyword : std::string_view(predicate.field().name),
         .value = value == nullptr ? std::string_view("") : value->text,
         .test = predicate.test().text,
         .form = value == nullptr ? ValueForm::as_is : value->form});
    return verdict;
  }

  const RuleSet& rules;
  MatcherOptions options;
  Program program;
  EventValues values;
  EventKinds kinds;
  std::vector<LogSource> sources;             ///< All that rules have, without repeats.
  std::vector<std::uint32_t> source_of_rule;  ///< Of `sources`.
  std::vector<Route*> routes;                 ///< By EventKind::number(); one if all is one.
  std::vector<std::unique_ptr<Route>> made;
  std::vector<RuleCost> costs;
  std::vector<std::size_t> candidates;
  std::string key;                      ///< Of the event in hand.
  std::vector<std::size_t> found_hits;  ///< For what is remembered.
  std::vector<std::size_t> found_open;
  std::size_t evaluations = 0;
  std::size_t events = 0;
  std::uint32_t until_timed = kTimedEvery;  ///< Events whose rules are evaluated.
};

Matcher::Matcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Matcher Matcher::create(const RuleSet& rules,
                        std::vector<Diagnostic>* diagnostics,
                        const MatcherOptions& options) {
  return Matcher(std::make_unique<Impl>(rules, options, diagnostics));
}

void Matcher::match(const Event& event,
                    std::vector<std::size_t>& hits,
                    const Lineage* lineage,
                    std::vector<std::size_t>* open,
                    Keywords keywords) {
  ++impl_->events;
  Route& route = impl_->route_of(impl_->kinds.kind_of(event));
  if (route.rules.empty()) {
    return;
  }
  impl_->values.reset(event, lineage);
  const bool no_keywords = !route.has_keywords || keywords == Keywords::ruled_out;
  if (no_keywords) {
    impl_->values.rule_out_keywords();
  }
  const bool may_recall =
      no_keywords && (lineage == nullptr || lineage->is_constant()) && route.memo.is_awake();
  if (!may_recall) {
    impl_->find_and_judge(route, hits, open);
    return;
  }
  impl_->key.assign(1, lineage == nullptr ? '0' : '1');
  impl_->values.append_key(route.columns, impl_->key);
  if (const VerdictMemo::Verdicts* known = route.memo.find(impl_->key)) {
    impl_->take(*known, hits, open);
    return;
  }
  impl_->found_hits.clear();
  impl_->found_open.clear();
  impl_->find_and_judge(route, impl_->found_hits, &impl_->found_open);
  route.memo.remember(impl_->key, impl_->found_hits, impl_->found_open);
  hits.insert(hits.end(), impl_->found_hits.begin(), impl_->found_hits.end());
  if (open != nullptr) {
    open->insert(open->end(), impl_->found_open.begin(), impl_->found_open.end());
  }
}

void Matcher::match_plainly(const Event& event,
                            std::vector<std::size_t>& hits,
                            const Lineage* lineage,
                            std::vector<std::size_t>* open) {
  ++impl_->events;
  const Route& route = impl_->route_of(impl_->kinds.kind_of(event));
  impl_->values.reset(event, lineage, true);
  for (const std::size_t rule : route.rules) {
    if (open == nullptr) {
      ++impl_->evaluations;
      if (impl_->program.evaluate_plainly(rule, impl_->values) == Verdict::yes) {
        hits.push_back(rule);
      }
    } else {
      impl_->judge(rule, hits, open);  // What a verdict rests on depends on what was asked first.
    }
  }
}

Verdict Matcher::judge(std::size_t rule,
                       const Event& event,
                       const Lineage* lineage,
                       bool* may_change) {
  impl_->values.reset(event, lineage);
  EvaluationCost cost;
  const Verdict verdict = impl_->program.usable(rule)
                              ? impl_->program.evaluate(rule, impl_->values, cost)
                              : Verdict::no;
  if (may_change != nullptr) {
    *may_change = impl_->values.leaned_on_lineage();
  }
  return verdict;
}

std::vector<MatchedField> Matcher::explain(std::size_t rule,
                                           const Event& event,
                                           const Lineage* lineage) {
  impl_->values.reset(event, lineage);
  std::vector<MatchedField> matched;
  static_cast<void>(impl_->collect(impl_->program.root(rule), matched));
  return matched;
}

bool Matcher::routes(const LogSource& log_source, const Event& event) {
  return covers(log_source, EventKinds().kind_of(event));
}

bool Matcher::needs_everything(const Event& event) {
  const Route& route = impl_->route_of(impl_->kinds.kind_of(event));
  // Other vendors' parsers say much in words of their own.
  const bool is_windows = event.source == Source::sysmon || event.source == Source::windows;
  return route.has_keywords && (!is_windows || route.keywords.may_hold(event.record));
}

bool Matcher::is_usable(std::size_t rule) const {
  return impl_->program.usable(rule);
}

std::size_t Matcher::usable_rules() const {
  std::size_t usable = 0;
  for (std::size_t rule = 0; rule < impl_->program.size(); ++rule) {
    usable += impl_->program.usable(rule) ? 1U : 0U;
  }
  return usable;
}

std::size_t Matcher::evaluations() const {
  return impl_->evaluations;
}

std::size_t Matcher::events() const {
  return impl_->events;
}

const std::vector<RuleCost>& Matcher::costs() const {
  return impl_->costs;
}

std::string Matcher::witness_text(std::size_t rule) const {
  return spoor::witness_text(impl_->program, impl_->program.root(rule));
}

std::size_t Matcher::index_bytes() const {
  std::size_t bytes = 0;
  for (const std::unique_ptr<Route>& route : impl_->made) {
    bytes += route->index->bytes();
  }
  return bytes;
}

void Matcher::prepare(const Event& event) {
  static_cast<void>(impl_->route_of(impl_->kinds.kind_of(event)));
}

void Matcher::build_indexes() {
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    for (const Platform platform : {Platform::windows, Platform::linux, Platform::macos}) {
      EventKind kind{.type = static_cast<EventType>(type), .platform = platform, .channel = 0};
      static_cast<void>(impl_->route_of(kind));
    }
  }
}

}  // namespace spoor
