#include "cli/explanation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <tuple>

#include "cli/explanation_view.h"
#include "engine/base/text.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/lineage_match.h"

namespace spoor {
namespace {

constexpr std::size_t kFindingsTold = 10;
constexpr std::size_t kHitsTold = 3;
constexpr std::size_t kNearestTold = 2;
constexpr std::size_t kAnchorsTold = 3;
constexpr std::size_t kHostsTold = 5;
constexpr std::size_t kGroupsTold = 3;

std::string wanted_text(WindowCorrelationType type,
                        const std::vector<Threshold>& thresholds,
                        Duration timespan) {
  std::string text(to_string(type));
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    text += (i == 0 ? " " : " and ") + std::string(to_string(thresholds[i].comparison)) + " " +
            number_text(thresholds[i].number);
  }
  return text + " within " + span_text(timespan);
}

std::string name_of(const RuleMeta& meta) {
  return meta.name.empty() ? meta.title : meta.name;
}

std::string log_source_of(const LogSource& source) {
  std::string text;
  for (const std::string* part : {&source.product, &source.category, &source.service}) {
    text += part->empty() ? "" : (text.empty() ? "" : "/") + *part;
  }
  return text.empty() ? "any" : text;
}

std::string host_name(const Correlator& correlator, const std::string& key) {
  const std::string_view name = correlator.hostname(key);
  return name.empty() ? key : std::string(name);
}

ToldEvent told(const Correlator& correlator, const KeptEvent& event) {
  ToldEvent told{.host = host_name(correlator, event.host),
                 .time = event.order.time,
                 .type = std::string(to_string(event.type)),
                 .process = {},
                 .command_line = {},
                 .uid = to_string(event.order.uid)};
  const ProcessGraph* graph = correlator.graph(event.host);
  const ProcessIndex process = graph == nullptr ? kNoProcess : graph->find(event.actor);
  if (process != kNoProcess) {
    told.process = process_name(*graph, process);
    told.command_line = graph->text(process, ProcessText::command_line);
  }
  return told;
}

std::vector<ToldNearEvent> told(const Correlator& correlator, const std::vector<NearEvent>& near) {
  std::vector<ToldNearEvent> all;
  all.reserve(near.size());
  for (const NearEvent& one : near) {
    all.push_back({.event = told(correlator, *one.event), .failed = one.failed});
  }
  return all;
}

// --- What is lacking

std::string joined(const std::vector<std::string>& parts, std::string_view word) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += (i == 0 ? "" : " " + std::string(word) + " ") + parts[i];
  }
  return text;
}

/// Ways to make a condition hold: of each what would have to be there.
using Ways = std::set<std::set<std::string>>;

constexpr std::size_t kWaysMax = 64;

/// Leaves out ways that need more than another does.
Ways without_detours(const Ways& ways) {
  Ways kept;
  for (const std::set<std::string>& way : ways) {
    const bool is_detour = std::ranges::any_of(ways, [&way](const std::set<std::string>& other) {
      return other.size() < way.size() && std::ranges::includes(way, other);
    });
    if (!is_detour && kept.size() < kWaysMax) {
      kept.insert(way);
    }
  }
  return kept;
}

/// What a condition lacks, in every way in which it could come to hold.
Ways lacking(const CorrelationRule& rule, const StepExpr& expr, const std::vector<bool>& present) {
  if (holds(expr, present)) {
    return {{}};
  }
  if (expr.kind == StepExpr::Kind::step) {
    return {{rule.steps[expr.step].name}};
  }
  if (expr.kind == StepExpr::Kind::negation) {
    const StepExpr& child = expr.children.front();
    return {{child.kind == StepExpr::Kind::step ? "the absence of " + rule.steps[child.step].name
                                                : "the absence of what the condition excludes"}};
  }
  Ways ways;
  if (expr.kind == StepExpr::Kind::all) {
    ways.insert(std::set<std::string>());
  }
  for (const StepExpr& child : expr.children) {
    const Ways more = lacking(rule, child, present);
    if (expr.kind == StepExpr::Kind::any) {
      ways.insert(more.begin(), more.end());
      continue;
    }
    Ways both;
    for (const std::set<std::string>& way : ways) {
      for (std::set<std::string> one : more) {
        one.insert(way.begin(), way.end());
        both.insert(std::move(one));
      }
    }
    ways = without_detours(both);
  }
  return without_detours(ways);
}

/// "(a and b) or (c and d) or 3 more ways", those that need least first.
std::string some_of(const Ways& ways) {
  constexpr std::size_t kWaysTold = 3;
  std::vector<std::set<std::string>> sorted(ways.begin(), ways.end());
  std::ranges::stable_sort(sorted, {}, [](const auto& way) { return way.size(); });
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < kWaysTold; ++i) {
    const std::string text = joined({sorted[i].begin(), sorted[i].end()}, "and");
    parts.push_back(sorted[i].size() > 1 ? "(" + text + ")" : text);
  }
  parts.push_back(std::to_string(sorted.size() - kWaysTold) + " more ways");
  return joined(parts, "or");
}

/// "a and (b or c)".
std::string text_of(const Ways& ways) {
  constexpr std::size_t kAllTold = 6;
  if (ways.size() > kAllTold) {
    return some_of(ways);
  }
  std::set<std::string> common;
  for (const std::string& part : *ways.begin()) {
    if (std::ranges::all_of(ways, [&part](const auto& way) { return way.contains(part); })) {
      common.insert(part);
    }
  }
  std::vector<std::string> all(common.begin(), common.end());
  std::vector<std::string> alternatives;
  for (std::set<std::string> way : ways) {
    std::erase_if(way, [&common](const std::string& part) { return common.contains(part); });
    const std::string text = joined({way.begin(), way.end()}, "and");
    alternatives.push_back(way.size() > 1 && ways.size() > 1 ? "(" + text + ")" : text);
  }
  if (ways.size() > 1) {
    const std::string text = joined(alternatives, "or");
    all.push_back(common.empty() ? text : "(" + text + ")");
  }
  return joined(all, "and");
}

/// A condition as rules write it.
template <typename Condition, typename Name>
std::string condition_text(const Condition& expr, const Name& name_of_leaf, bool inner = false) {
  switch (expr.kind) {
    case Condition::Kind::negation:
      return "not " + condition_text(expr.children.front(), name_of_leaf, true);
    case Condition::Kind::all:
    case Condition::Kind::any: break;
    default: return name_of_leaf(expr);
  }
  std::vector<std::string> parts;
  for (const Condition& child : expr.children) {
    parts.push_back(condition_text(child, name_of_leaf, true));
  }
  const std::string text = joined(parts, expr.kind == Condition::Kind::all ? "and" : "or");
  return inner && parts.size() > 1 ? "(" + text + ")" : text;
}

std::string lacks_text(const CorrelationRule& rule, const AnchorExplained& anchor) {
  if (anchor.holds) {
    return "";
  }
  std::vector<bool> present;
  for (std::size_t step = 0; step < anchor.steps.size(); ++step) {
    const StepState state = anchor.steps[step].state;
    present.push_back((step != rule.anchor || rule.anchor_takes_part) &&
                      (state == StepState::seen || state == StepState::not_wanted));
  }
  if (std::ranges::none_of(present, std::identity()) && !anchor.window) {
    return "has none of the steps";
  }
  if (has_step_condition(rule)) {
    const std::string text = text_of(lacking(rule, rule.condition, present));
    return text.empty() ? "no window holds" : "lacks " + text;
  }
  if (rule.type == WindowCorrelationType::temporal_ordered) {
    std::vector<std::string> missing;
    for (std::size_t step = 0; step < anchor.steps.size(); ++step) {
      if (anchor.steps[step].missing) {
        missing.push_back(rule.steps[step].name);
      }
    }
    return missing.empty() ? "has every step within the timespan, but not in the order listed"
                           : "lacks " + joined(missing, "and");
  }
  return "reaches " + (anchor.measure ? number_text(*anchor.measure) : "nothing to measure") +
         ", wanted " + wanted_text(rule.type, rule.thresholds, rule.timespan);
}

// --- Windows

double nearness(const SeenExpr& expr, const GroupWindow& window) {
  double sum = 0;
  double most = 0;
  switch (expr.kind) {
    case SeenExpr::Kind::seen: return window.is_seen(expr.rule) ? 1 : 0;
    case SeenExpr::Kind::negation:
      return 1 - std::min(1.0, nearness(expr.children.front(), window));
    case SeenExpr::Kind::all:
    case SeenExpr::Kind::any: break;
  }
  for (const SeenExpr& child : expr.children) {
    const double one = nearness(child, window);
    sum += one;
    most = std::max(most, one);
  }
  return expr.kind == SeenExpr::Kind::all ? sum : most;
}

double nearness(const Threshold& threshold, double measure) {
  if (threshold.holds(measure)) {
    return 1;
  }
  const double most = std::max(std::abs(threshold.number), std::abs(measure));
  return most == 0 ? 0 : 1 - std::min(1.0, std::abs(threshold.number - measure) / most);
}

bool is_set_of_rules(const WindowCorrelation& rule) {
  return rule.type == WindowCorrelationType::temporal ||
         rule.type == WindowCorrelationType::temporal_ordered;
}

/// Keeps the groups that come nearest.
class NearGroups {
 public:
  NearGroups(const RuleSet& rules, std::size_t rule) : rules_(rules), rule_(rule) {}

  void take(const WindowJudgement& judged) {
    if (judged.rule != rule_) {
      return;
    }
    ToldGroup told = look(judged);
    const auto known = std::ranges::find(best_, told.group, &ToldGroup::group);
    if (known != best_.end()) {
      if (known->nearness < told.nearness) {
        *known = std::move(told);
      }
    } else {
      best_.push_back(std::move(told));
    }
    std::ranges::stable_sort(
        best_, {}, [](const ToldGroup& group) { return std::tuple(-group.nearness, group.time); });
    best_.resize(std::min(best_.size(), kGroupsTold));
  }

  [[nodiscard]] const std::vector<ToldGroup>& best() const { return best_; }

 private:
  [[nodiscard]] ToldGroup look(const WindowJudgement& judged) const {
    const WindowCorrelation& rule = rules_.window_correlations[rule_];
    ToldGroup told;
    for (std::size_t i = 0; i < judged.group->size(); ++i) {
      told.group.emplace_back(rule.group_by[i].name, (*judged.group)[i]);
    }
    told.time = judged.time;
    told.holds = judged.holds;
    if (is_set_of_rules(rule)) {
      for (std::size_t place = 0; place < rule.rules.size(); ++place) {
        (judged.window->is_seen(place) ? told.seen : told.missing)
            .push_back(rule.rules[place].name);
      }
    }
    if (!rule.thresholds.empty()) {
      told.measure = judged.window->measure();
    }
    if (judged.holds) {
      told.nearness = 1e6;
    } else if (rule.has_seen) {
      told.nearness = nearness(rule.seen, *judged.window);
    } else if (rule.type == WindowCorrelationType::temporal_ordered) {
      told.nearness = static_cast<double>(told.seen.size());
    }
    for (const Threshold& threshold : rule.thresholds) {
      told.nearness += told.measure ? nearness(threshold, *told.measure) : 0;
    }
    return told;
  }

  const RuleSet& rules_;
  std::size_t rule_;
  std::vector<ToldGroup> best_;
};

}  // namespace

struct RuleExplainer::Impl {
  explicit Impl(RuleAlone rule)
      : alone(std::move(rule)), groups(alone.rules, alone.choice.index), pipeline(make()) {}

  Pipeline make() {
    for (const DetectionRule& detection : alone.rules.detections) {
      near.push_back(std::make_unique<NearEvents>(detection));
    }
    PipelineOptions options;
    options.on_event = [this](const Event& event, bool duplicate) {
      for (const std::unique_ptr<NearEvents>& events : near) {
        events->take(event, duplicate);
      }
    };
    if (alone.choice.kind == RuleKind::window) {
      options.on_window = [this](const WindowJudgement& judged) { groups.take(judged); };
    }
    return {alone.rules, std::move(options)};
  }

  [[nodiscard]] const Correlator& correlator() const { return pipeline.correlator(); }

  [[nodiscard]] const RuleMeta& meta() const { return meta_of(alone.rules, alone.choice); }

  [[nodiscard]] bool is_of(const std::string& key, const std::string& host) const {
    return host.empty() || correlator().host_state(key)->key == host;
  }

  // --- Parts of the explanation

  void tell_findings(const std::vector<Finding>& findings,
                     const std::string& host,
                     Explanation& told) const {
    std::set<std::string> hosts;
    for (const Finding& finding : findings) {
      if (finding.rule.id != meta().id || finding.rule.title != meta().title ||
          !is_of(finding.host_key, host)) {
        continue;
      }
      hosts.insert(finding.host_key);
      if (++told.finding_count > kFindingsTold) {
        continue;
      }
      ToldFinding one{.uid = to_string(finding.uid),
                      .level = finding.level,
                      .host = finding.hostname.empty() ? finding.host_key : finding.hostname,
                      .process = {},
                      .first = finding.first_seen,
                      .last = finding.last_seen};
      if (finding.anchor) {
        const FindingProcess& process = finding.processes[*finding.anchor];
        one.process = std::string(basename_of(process.image)) +
                      (process.pid.empty() ? "" : " (" + process.pid + ")");
      }
      told.findings.push_back(std::move(one));
    }
    told.completed = told.finding_count > 0;
    if (told.completed) {
      const std::size_t count = told.finding_count;
      told.verdict = "completed on " + std::to_string(hosts.size()) +
                     (hosts.size() == 1 ? " host: " : " hosts: ") + std::to_string(count) +
                     (count == 1 ? " finding" : " findings");
    }
  }

  /// A field of `group-by` that the event lacks, of the rule that lists the detection.
  [[nodiscard]] bool lacks_group(const KeptEvent& event, std::size_t detection) const {
    const auto lacks = [&event](const std::string& name) {
      return std::ranges::find(event.fields, name, [](const auto& field) { return field.first; }) ==
             event.fields.end();
    };
    if (alone.choice.kind != RuleKind::window) {
      return false;
    }
    const WindowCorrelation& rule = alone.rules.window_correlations[alone.choice.index];
    for (std::size_t place = 0; place < rule.rules.size(); ++place) {
      if (rule.rules[place].is_correlation || rule.rules[place].index != detection) {
        continue;
      }
      return std::ranges::any_of(
          rule.group_by, [&](const GroupField& field) { return lacks(field.of_rule[place]); });
    }
    return false;
  }

  [[nodiscard]] std::string listed_name(std::size_t detection) const {
    if (alone.choice.kind == RuleKind::lineage) {
      const CorrelationRule& rule = alone.rules.correlations[alone.choice.index];
      const auto step = std::ranges::find(rule.steps, detection, &CorrelationStep::rule);
      return step->name;
    }
    return name_of(alone.rules.detections[detection].meta);
  }

  /// Of a correlation without an anchor only the anchor's step is.
  [[nodiscard]] bool is_of_interest(std::size_t detection) const {
    if (alone.choice.kind != RuleKind::lineage) {
      return true;
    }
    const CorrelationRule& rule = alone.rules.correlations[alone.choice.index];
    return rule.steps[rule.anchor].rule == detection;
  }

  [[nodiscard]] ToldDetection tell_detection(std::size_t detection, const std::string& host) const {
    const DetectionRule& rule = alone.rules.detections[detection];
    ToldDetection told_one{.name = listed_name(detection),
                           .log_source = log_source_of(rule.log_source),
                           .events = near[detection]->covered(host),
                           .hits = 0,
                           .without_group = 0,
                           .in_full = is_of_interest(detection),
                           .first_hits = {},
                           .nearest = {}};
    for (const auto& [order, hit] : correlator().plain_hits(detection)) {
      if (!is_of(hit.event->host, host)) {
        continue;
      }
      ++told_one.hits;
      told_one.without_group += lacks_group(*hit.event, detection) ? 1U : 0U;
      if (told_one.first_hits.size() < kHitsTold) {
        told_one.first_hits.push_back(told(correlator(), *hit.event));
      }
    }
    if (told_one.hits == 0 && is_of_interest(detection)) {
      told_one.nearest = told(correlator(), near[detection]->nearest(host, kNearestTold));
    }
    return told_one;
  }

  [[nodiscard]] ToldStep tell_step(const HostState& host,
                                   const AnchorExplained& anchor,
                                   std::size_t step) const {
    const CorrelationRule& rule = alone.rules.correlations[alone.choice.index];
    const StepExplained& explained = anchor.steps[step];
    ToldStep told_step{.name = rule.steps[step].name,
                       .relation = step == rule.anchor
                                       ? "anchor"
                                       : std::string(to_string(rule.steps[step].relation)),
                       .state = explained.state,
                       .missing = explained.missing,
                       .hits = explained.hits,
                       .hit = std::nullopt,
                       .where = {},
                       .off = explained.off,
                       .nearest = {}};
    if (explained.hit != nullptr) {
      told_step.hit = told(correlator(), *explained.hit->event);
      if (explained.process != kNoProcess) {
        told_step.where = relation_text(host.graph, explained.process, anchor.anchors);
      }
    } else if (explained.state == StepState::no_hit) {
      tell_nowhere(host, anchor, rule, step, told_step);
    }
    return told_step;
  }

  /// A step that no process of the host has a hit of.
  void tell_nowhere(const HostState& host,
                    const AnchorExplained& anchor,
                    const CorrelationRule& rule,
                    std::size_t step,
                    ToldStep& told_step) const {
    const std::size_t detection = rule.steps[step].rule;
    std::size_t here = 0;
    std::size_t elsewhere = 0;
    for (const auto& [order, hit] : correlator().plain_hits(detection)) {
      const bool is_here = is_of(hit.event->host, host.key);
      (is_here ? here : elsewhere) += 1;
      if (is_here && !told_step.hit) {
        told_step.hit = told(correlator(), *hit.event);
      }
    }
    if (here > 0) {
      told_step.state = StepState::elsewhere;
      told_step.hits = here;
      told_step.where = "in an event that names no process";
      return;
    }
    if (elsewhere > 0) {
      told_step.where = "hit on other hosts only, " + std::to_string(elsewhere) +
                        (elsewhere == 1 ? " time" : " times");
    }
    const auto preferred = [&](const KeptEvent& event) {
      const ProcessIndex process = host.graph.find(event.actor);
      return process != kNoProcess &&
             is_related(host.graph, process, anchor.anchors,
                        step == rule.anchor ? Relation::self : rule.steps[step].relation);
    };
    told_step.nearest = told(correlator(), near[detection]->nearest(host.key, 1, preferred));
    if (told_step.where.empty() && near[detection]->covered(host.key) == 0) {
      told_step.where = "no hit, and no event of its log source, " +
                        log_source_of(alone.rules.detections[detection].log_source);
    } else if (told_step.where.empty() && told_step.nearest.empty()) {
      told_step.where = "no hit, and no event satisfies any of its tests";
    }
  }

  [[nodiscard]] ToldAnchor tell_anchor(const HostState& host, const AnchorExplained& anchor) const {
    const ProcessGraph& graph = host.graph;
    ToldAnchor told_anchor{
        .process = process_name(graph, anchor.anchor),
        .runs = anchor.anchors.size(),
        .uid = std::string(graph.text(anchor.anchor, ProcessText::vendor_uid)),
        .command_line = std::string(graph.text(anchor.anchor, ProcessText::command_line)),
        .start = graph.start(anchor.anchor),
        .holds = anchor.holds,
        .steps = {},
        .window = anchor.window,
        .measure = std::nullopt,
        .lacks = lacks_text(alone.rules.correlations[alone.choice.index], anchor),
        .unknown = unknown_above(graph, anchor.anchor)};
    if (!alone.rules.correlations[alone.choice.index].thresholds.empty()) {
      told_anchor.measure = anchor.measure;
    }
    for (std::size_t step = 0; step < anchor.steps.size(); ++step) {
      told_anchor.steps.push_back(tell_step(host, anchor, step));
    }
    return told_anchor;
  }

  void tell_lineage(const std::string& host, Explanation& told_all) const {
    const LineageRule rule = correlator().lineage_rule(alone.choice.index);

    struct Rated {
      const HostState* host;
      std::size_t anchors;
      std::vector<AnchorExplained> nearest;
    };

    std::vector<Rated> rated;
    for (const std::string& key : correlator().hosts()) {
      if (!is_of(key, host)) {
        continue;
      }
      Rated one{.host = correlator().host_state(key), .anchors = 0, .nearest = {}};
      one.nearest = explain_anchors(*one.host, rule, kAllClosed, kAnchorsTold, &one.anchors);
      if (!one.nearest.empty() && one.nearest.front().holds) {
        std::erase_if(one.nearest, [](const AnchorExplained& anchor) { return !anchor.holds; });
      } else if (!one.nearest.empty()) {
        // What does not come half as near tells nothing.
        const double best = one.nearest.front().nearness;
        std::erase_if(one.nearest,
                      [best](const AnchorExplained& anchor) { return anchor.nearness * 2 < best; });
      }
      if (!one.nearest.empty()) {
        rated.push_back(std::move(one));
      }
    }
    std::ranges::stable_sort(rated, {}, [](const Rated& one) {
      return std::tuple(!one.nearest.front().holds, -one.nearest.front().nearness);
    });
    if (told_all.completed) {
      // Of what holds nobody asks why it holds nowhere else.
      std::erase_if(rated, [](const Rated& one) { return !one.nearest.front().holds; });
    }
    for (std::size_t i = 0; i < std::min(rated.size(), kHostsTold); ++i) {
      ToldHost& told_host = told_all.by_host.emplace_back();
      told_host.host = host_name(correlator(), rated[i].host->key);
      told_host.anchors = rated[i].anchors;
      told_host.are_programs = joins_runs(alone.rules.correlations[alone.choice.index].group_by);
      for (const AnchorExplained& anchor : rated[i].nearest) {
        told_host.nearest.push_back(tell_anchor(*rated[i].host, anchor));
      }
    }
    told_all.hosts_left_out = rated.size() - told_all.by_host.size();
  }

  // --- Verdicts of what did not complete

  [[nodiscard]] std::string detection_verdict(const ToldDetection& detection) const {
    if (detection.events == 0) {
      return "no event is of its log source, " + detection.log_source;
    }
    return (detection.events == 1 ? "the one event"
                                  : "none of the " + std::to_string(detection.events) + " events") +
           " of its log source, " + detection.log_source +
           (detection.events == 1 ? ", does not satisfy it" : ", satisfies it");
  }

  [[nodiscard]] std::string lineage_verdict(const Explanation& told_all) const {
    const CorrelationRule& rule = alone.rules.correlations[alone.choice.index];
    if (told_all.by_host.empty()) {
      const ToldDetection& anchor = told_all.detections[rule.steps[rule.anchor].rule];
      return "no process is an anchor: " +
             (anchor.hits > 0 ? "the events that " + anchor.name + " holds for name none"
              : anchor.events == 0
                  ? anchor.name + " has no event of its log source, " + anchor.log_source
                  : anchor.name + " holds for no event");
    }
    const ToldHost& host = told_all.by_host.front();
    return "the nearest, " + host.nearest.front().process + " on " + host.host + ", " +
           host.nearest.front().lacks;
  }

  /// Why no event came into any group.
  [[nodiscard]] std::string no_group_verdict(const WindowCorrelation& rule,
                                             const Explanation& told_all) const {
    std::vector<std::string> correlations;
    for (const ListedRule& listed : rule.rules) {
      if (listed.is_correlation) {
        correlations.push_back(listed.name);
      }
    }
    if (!correlations.empty()) {
      return "none of the rules that it lists fired; explain " + joined(correlations, "or") +
             " by itself";
    }
    const bool has_hits = std::ranges::any_of(
        told_all.detections, [](const ToldDetection& detection) { return detection.hits > 0; });
    return has_hits ? "all hits of the rules that it lists lack a field of group-by, or their time"
                    : "none of the rules that it lists has a hit";
  }

  [[nodiscard]] std::string window_verdict(const Explanation& told_all) const {
    const WindowCorrelation& rule = alone.rules.window_correlations[alone.choice.index];
    if (told_all.groups.empty()) {
      return no_group_verdict(rule, told_all);
    }
    const ToldGroup& group = told_all.groups.front();
    if (group.measure && rule.type != WindowCorrelationType::temporal) {
      return "the nearest group reaches " + number_text(*group.measure) + ", wanted " +
             told_all.wanted;
    }
    if (group.missing.empty()) {
      return "the nearest group has every rule listed, and what the condition does not want";
    }
    return rule.type == WindowCorrelationType::temporal_ordered
               ? "in the nearest group there does not follow " + joined(group.missing, "then")
               : "the nearest group lacks " + joined(group.missing, "and");
  }

  void tell_verdict(Explanation& told_all) const {
    if (told_all.completed) {
      return;
    }
    told_all.verdict = "did not complete: ";
    switch (alone.choice.kind) {
      case RuleKind::detection:
        told_all.verdict += detection_verdict(told_all.detections.front());
        break;
      case RuleKind::lineage: told_all.verdict += lineage_verdict(told_all); break;
      case RuleKind::window: told_all.verdict += window_verdict(told_all); break;
    }
  }

  /// What a correlation wants, in one line.
  [[nodiscard]] std::string wanted() const {
    if (alone.choice.kind == RuleKind::lineage) {
      const CorrelationRule& rule = alone.rules.correlations[alone.choice.index];
      if (has_step_condition(rule)) {
        return condition_text(
                   rule.condition,
                   [&rule](const StepExpr& leaf) { return rule.steps[leaf.step].name; }) +
               ", within " + span_text(rule.timespan);
      }
      std::vector<std::string> names;
      for (std::size_t step = 0; step < rule.steps.size(); ++step) {
        if (step != rule.anchor || rule.anchor_takes_part) {
          names.push_back(rule.steps[step].name);
        }
      }
      return wanted_by_list(rule, names);
    }
    if (alone.choice.kind == RuleKind::window) {
      const WindowCorrelation& rule = alone.rules.window_correlations[alone.choice.index];
      if (rule.has_seen) {
        return condition_text(
                   rule.seen,
                   [&rule](const SeenExpr& leaf) { return rule.rules[leaf.rule].name; }) +
               ", within " + span_text(rule.timespan);
      }
      std::vector<std::string> names;
      for (const ListedRule& listed : rule.rules) {
        names.push_back(listed.name);
      }
      return wanted_by_list(rule, names);
    }
    return "";
  }

  template <typename Rule>
  [[nodiscard]] static std::string wanted_by_list(const Rule& rule,
                                                  const std::vector<std::string>& names) {
    return rule.type == WindowCorrelationType::temporal_ordered
               ? joined(names, "then") + ", within " + span_text(rule.timespan)
               : wanted_text(rule.type, rule.thresholds, rule.timespan);
  }

  RuleAlone alone;
  std::vector<std::unique_ptr<NearEvents>> near;  ///< By detection.
  NearGroups groups;
  Pipeline pipeline;
};

RuleExplainer::RuleExplainer(RuleAlone rule) : impl_(std::make_unique<Impl>(std::move(rule))) {}

RuleExplainer::~RuleExplainer() = default;

Pipeline& RuleExplainer::pipeline() {
  return impl_->pipeline;
}

Explanation RuleExplainer::explain(const std::string& host) {
  Impl& impl = *impl_;
  const std::vector<Finding> findings = impl.pipeline.findings();
  for (const std::unique_ptr<NearEvents>& near : impl.near) {
    near->finish(impl.correlator());
  }
  Explanation told_all;
  told_all.rule = impl.meta();
  told_all.kind = impl.alone.choice.kind;
  told_all.wanted = impl.wanted();
  const auto& total = impl.pipeline.accounting().total();
  told_all.events = total.applied;
  told_all.unreadable = total.dead_lettered;
  told_all.hosts = impl.correlator().host_count();
  impl.tell_findings(findings, host, told_all);
  for (std::size_t i = 0; i < impl.alone.rules.detections.size(); ++i) {
    told_all.detections.push_back(impl.tell_detection(i, host));
  }
  if (told_all.kind == RuleKind::lineage) {
    impl.tell_lineage(host, told_all);
  } else if (told_all.kind == RuleKind::window) {
    told_all.groups = impl.groups.best();
  }
  impl.tell_verdict(told_all);
  return told_all;
}

}  // namespace spoor
