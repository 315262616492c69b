#include "engine/matcher/matcher.h"

#include <algorithm>

#include "engine/matcher/event_values.h"
#include "engine/matcher/log_source.h"
#include "engine/matcher/program.h"
#include "engine/matcher/rule_index.h"

namespace spoor {
namespace {

/// The rules that the events of one kind meet.
struct Route {
  std::vector<std::size_t> rules;  ///< Ascending.
  std::unique_ptr<RuleIndex> index;
  bool keywords = false;  ///< Some of them looks for keywords.
};

bool has_keywords(const Expr& expr) {
  return (expr.kind == Expr::Kind::test && expr.field.keyword) ||
         std::ranges::any_of(expr.children, has_keywords);
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
    routes.resize(options.route ? event_kind_count() : 1);
    for (const DetectionRule& rule : rules.detections) {
      keywords.push_back(has_keywords(rule.condition));
    }
  }

  Route& route_of(const EventKind& kind) {
    std::unique_ptr<Route>& route = routes[options.route ? kind.number() : 0];
    if (route == nullptr) {
      route = std::make_unique<Route>();
      for (std::size_t rule = 0; rule < program.size(); ++rule) {
        if (program.usable(rule) &&
            (!options.route || covers(rules.detections[rule].log_source, kind))) {
          route->rules.push_back(rule);
          route->keywords = route->keywords || keywords[rule];
        }
      }
      route->index = std::make_unique<RuleIndex>(program, route->rules);
    }
    return *route;
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

  /// The tests that held and speak for the rule: not those under a `not`, nor those of a branch
  /// that failed.
  void collect(const ProgramNode& node, std::vector<MatchedField>& matched) {
    if (node.kind == Expr::Kind::negation ||
        program.evaluate_plainly(node, values) != Verdict::yes) {
      return;
    }
    for (const ProgramNode& child : node.children) {
      collect(child, matched);
    }
    if (node.kind != Expr::Kind::test) {
      return;
    }
    const Predicate& predicate = program.predicate(node.predicate);
    constexpr std::string_view kKeyword = "keyword";
    const std::string_view name =
        predicate.field().keyword ? kKeyword : std::string_view(predicate.field().name);
    const bool repeated = !predicate.field().keyword &&
                          std::ranges::any_of(matched, [name](const MatchedField& field) {
                            return field.field == name;
                          });
    if (repeated) {
      return;
    }
    // A test for absence holds by no value.
    const FieldValue* value = predicate.witness(values);
    matched.push_back({.field = name,
                       .value = value == nullptr ? std::string_view("") : value->text,
                       .test = predicate.test().text,
                       .form = value == nullptr ? ValueForm::as_is : value->form});
  }

  const RuleSet& rules;
  MatcherOptions options;
  Program program;
  EventValues values;
  EventKinds kinds;
  std::vector<std::unique_ptr<Route>> routes;  ///< By EventKind::number(); one if all is one.
  std::vector<bool> keywords;                  ///< By rule: does it look for some?
  std::vector<RuleCost> costs;
  std::vector<std::size_t> candidates;
  std::size_t evaluations = 0;
  std::size_t events = 0;
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
                    std::vector<std::size_t>* open) {
  ++impl_->events;
  Route& route = impl_->route_of(impl_->kinds.kind_of(event));
  if (route.rules.empty()) {
    return;
  }
  impl_->values.reset(event, lineage);
  impl_->candidates.clear();
  route.index->find(impl_->values, impl_->candidates);
  for (const std::size_t rule : impl_->candidates) {
    impl_->judge(rule, hits, open);
  }
}

void Matcher::match_plainly(const Event& event,
                            std::vector<std::size_t>& hits,
                            const Lineage* lineage,
                            std::vector<std::size_t>* open) {
  ++impl_->events;
  const Route& route = impl_->route_of(impl_->kinds.kind_of(event));
  impl_->values.reset(event, lineage);
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
  impl_->collect(impl_->program.root(rule), matched);
  return matched;
}

bool Matcher::routes(const LogSource& log_source, const Event& event) {
  return covers(log_source, EventKinds().kind_of(event));
}

bool Matcher::needs_everything(const Event& event) {
  return impl_->route_of(impl_->kinds.kind_of(event)).keywords;
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
  for (const std::unique_ptr<Route>& route : impl_->routes) {
    bytes += route == nullptr ? 0 : route->index->bytes();
  }
  return bytes;
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
