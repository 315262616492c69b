#include "engine/correlation/lineage_match.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/base/limits.h"
#include "engine/correlation/build_finding.h"
#include "engine/correlation/step_time.h"
#include "engine/process_graph/graph_algorithms.h"

namespace spoor {
namespace {

/// Processes with hits.
struct Below {
  std::vector<ProcessIndex> processes;     ///< The anchor first, then level by level.
  std::vector<ProcessIndex> beyond_limit;  ///< Those of the same kind that were too many.
};

/// The anchor and what at most kAncestorsMax levels below it has hits. It goes where there are hits
/// only, level by level, children in display order: what a host has started beside them costs
/// nothing, and which are too many does not depend on what came first.
Below below_with_hits(const HostState& host, ProcessIndex anchor) {
  const ProcessGraph& graph = host.graph;
  Below below{.processes = {anchor}, .beyond_limit = {}};
  std::vector<ProcessIndex> level{anchor};
  for (std::size_t depth = 0; depth < kAncestorsMax && !level.empty(); ++depth) {
    std::vector<ProcessIndex> next;
    for (const ProcessIndex process : level) {
      std::vector<ProcessIndex> found;
      for (ProcessIndex child = graph.first_child(process); child != kNoProcess;
           child = graph.next_sibling(child)) {
        if (host.has_hit_below(child) && !graph.is_suspect_edge(child)) {
          found.push_back(child);
        }
      }
      sort_for_display(graph, found);
      next.insert(next.end(), found.begin(), found.end());
    }
    for (const ProcessIndex process : next) {
      if (host.has_hit(process)) {
        (below.processes.size() < kSubtreeMax ? below.processes : below.beyond_limit)
            .push_back(process);
      }
    }
    level = std::move(next);
  }
  return below;
}

/// The processes in which a step may have happened.
class Scopes {
 public:
  Scopes(const HostState& host, ProcessIndex anchor)
      : host_(host), graph_(host.graph), anchor_(anchor) {}

  [[nodiscard]] std::vector<ProcessIndex> of(Relation relation) {
    switch (relation) {
      case Relation::self: return {anchor_};
      case Relation::parent: {
        const ProcessIndex parent = graph_.parent(anchor_);
        return parent == kNoProcess ? std::vector<ProcessIndex>{}
                                    : std::vector<ProcessIndex>{parent};
      }
      case Relation::child: return children(graph_, anchor_);
      case Relation::sibling: {
        const ProcessIndex parent = graph_.parent(anchor_);
        std::vector<ProcessIndex> siblings;
        if (parent != kNoProcess) {
          siblings = children(graph_, parent);
          std::erase(siblings, anchor_);
        }
        return siblings;
      }
      case Relation::descendant: return {below().begin() + 1, below().end()};
      case Relation::self_or_descendant: break;
    }
    return below();
  }

  /// Those that a relation leaves out for being too many.
  [[nodiscard]] const std::vector<ProcessIndex>& beyond_limit(Relation relation) const {
    static const std::vector<ProcessIndex> kNone;
    return relation == Relation::descendant || relation == Relation::self_or_descendant
               ? below_.beyond_limit
               : kNone;
  }

 private:
  const std::vector<ProcessIndex>& below() {
    if (below_.processes.empty()) {
      below_ = below_with_hits(host_, anchor_);
    }
    return below_.processes;
  }

  const HostState& host_;
  const ProcessGraph& graph_;
  ProcessIndex anchor_;
  Below below_;
};

/// The hits of a set as times of the step, as far as they have one.
void add_times(const CorrelationRule& correlation,
               std::size_t step,
               const HitSet& set,
               std::vector<std::pair<StepTime, const Hit*>>& found) {
  for (const Hit& hit : set.hits()) {
    if (std::optional<StepTime> time = step_time(correlation, step, *hit.event)) {
      found.emplace_back(std::move(*time), &hit);
    }
  }
}

/// The hits of a step at one node.
using StepHits = std::pair<std::size_t, const HitSet*>;

/// Those around one anchor that the steps ask for. How many hits are beyond the bound of processes.
std::size_t add_sets(const HostState& host,
                     const LineageRule& rule,
                     ProcessIndex anchor,
                     std::vector<StepHits>& sets) {
  const CorrelationRule& correlation = rule.rule();
  std::size_t beyond_limit = 0;
  Scopes scopes(host, anchor);
  for (std::size_t step = 0; step < correlation.steps.size(); ++step) {
    const bool is_anchor = step == correlation.anchor;
    if (is_anchor && !correlation.anchor_takes_part) {
      continue;
    }
    const Relation relation = is_anchor ? Relation::self : correlation.steps[step].relation;
    for (const ProcessIndex process : scopes.of(relation)) {
      for (const HitSet* set : host.hits_at(rule.feed(step), process)) {
        sets.emplace_back(step, set);
      }
    }
    for (const ProcessIndex process : scopes.beyond_limit(relation)) {
      for (const HitSet* set : host.hits_at(rule.feed(step), process)) {
        beyond_limit += set->total();
      }
    }
  }
  return beyond_limit;
}

/// The hits that lie in a window that holds.
StepEvidence evidence_in(const GatheredHits& gathered, const WindowResult& windows) {
  StepEvidence evidence;
  for (std::size_t i = 0; i < gathered.times.size(); ++i) {
    if (windows.included[i]) {
      evidence.emplace(gathered.times[i].step, gathered.hits[i]);
    }
  }
  return evidence;
}

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

/// The match's evidence, in canonical order, cut to the limit. Of other runs than the chief the
/// first hit of each step says enough, when it began: they do the same every day. Unless hits are
/// counted, or their order is asked for.
void add_evidence(const HostState& host,
                  const LineageRule& rule,
                  const GatheredHits& gathered,
                  const WindowResult& windows,
                  const Chief& chief,
                  MatchView& match) {
  const CorrelationRule& correlation = rule.rule();
  const auto evidence_of = [&](const Hit* hit, std::size_t step, bool required) {
    const CorrelationStep& listed = correlation.steps[step];
    return MatchEvidence{.hit = hit,
                         .rule = &rule.rules->detections[listed.rule],
                         .step = listed.name,
                         .required = required};
  };
  bool shows_anchor = false;
  std::vector<bool> began(correlation.steps.size(), false);
  for (std::size_t i = 0; i < gathered.times.size(); ++i) {
    const std::size_t step = gathered.times[i].step;
    const bool is_anchor = step == correlation.anchor;
    if (!windows.included[i] || (is_anchor && !counts_anchor(correlation))) {
      continue;
    }
    shows_anchor = shows_anchor || is_anchor;
    ++match.evidence_total;
    if (!began[step] || !has_step_condition(correlation) ||
        chief.evidence.contains({step, gathered.hits[i]})) {
      began[step] = true;
      match.evidence.push_back(
          evidence_of(gathered.hits[i], step, is_anchor || windows.required[step]));
    }
  }
  match.evidence_total += gathered.beyond_limit + (shows_anchor ? 0U : 1U);
  if (!shows_anchor) {
    // Of the anchor's own step the first hit says enough: it may hold for everything the process
    // does.
    const Hit* anchor_hit = host.first_hit_at(rule.feed(correlation.anchor), match.anchor);
    match.evidence.push_back(evidence_of(anchor_hit, correlation.anchor, true));
  }
  std::ranges::stable_sort(
      match.evidence, {}, [](const MatchEvidence& evidence) { return evidence.hit->event->order; });
  cut_evidence(match.evidence);
}

}  // namespace

std::vector<ProcessIndex> anchors_at(const HostState& host,
                                     const LineageRule& rule,
                                     ProcessIndex at) {
  std::vector<ProcessIndex> anchors;
  if (is_program(at)) {
    for (const ProcessIndex node : host.programs.runs(at)) {
      anchors.push_back(host.graph.canonical(node));
    }
    std::ranges::sort(anchors);
    anchors.erase(std::unique(anchors.begin(), anchors.end()), anchors.end());
  } else {
    anchors.push_back(at);
  }
  const FeedNumber feed = rule.feed(rule.rule().anchor);
  std::erase_if(anchors,
                [&](ProcessIndex process) { return host.first_hit_at(feed, process) == nullptr; });
  std::ranges::sort(anchors, {}, [&host](ProcessIndex process) {
    return std::tuple(host.graph.start(process), host.graph.text(process, ProcessText::vendor_uid),
                      host.graph.key(process));
  });
  return anchors;
}

GatheredHits gather_hits(const HostState& host,
                         const LineageRule& rule,
                         std::span<const ProcessIndex> anchors) {
  const CorrelationRule& correlation = rule.rule();
  std::vector<StepHits> sets;
  GatheredHits gathered;
  for (const ProcessIndex anchor : anchors) {
    gathered.beyond_subtree += add_sets(host, rule, anchor, sets);
  }
  gathered.beyond_limit = gathered.beyond_subtree;
  if (anchors.size() > 1) {  // One run may have started another.
    std::ranges::sort(sets);
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  }
  std::vector<std::pair<StepTime, const Hit*>> found;
  for (const auto& [step, set] : sets) {
    const bool counts = step != correlation.anchor || counts_anchor(correlation);
    gathered.beyond_limit += counts ? set->total() - set->hits().size() : 0;
    add_times(correlation, step, *set, found);
  }
  // Events of one uid may be of several processes.
  const auto who = [&host](const Hit* hit) { return host.pid_actors.actor_of(*hit->event); };
  std::ranges::sort(found, [&who](const auto& a, const auto& b) {
    const std::pair first(a.first.order, a.first.step);
    const std::pair second(b.first.order, b.first.step);
    return first != second ? first < second : who(a.second) < who(b.second);
  });
  for (auto& [time, hit] : found) {
    gathered.times.push_back(std::move(time));
    gathered.hits.push_back(hit);
  }
  return gathered;
}

Chief find_chief(const HostState& host,
                 const LineageRule& rule,
                 std::span<const ProcessIndex> anchors,
                 StepEvidence evidence) {
  if (anchors.size() == 1) {
    return {.anchor = anchors.front(), .evidence = std::move(evidence)};
  }
  Chief chief;
  std::size_t most = 0;
  for (const ProcessIndex anchor : anchors) {
    std::vector<StepHits> sets;
    add_sets(host, rule, anchor, sets);
    Chief one{.anchor = anchor, .evidence = {}};
    std::set<std::size_t> steps;
    for (const auto& [step, set] : sets) {
      for (const Hit& hit : set->hits()) {
        if (evidence.contains({step, &hit})) {
          one.evidence.emplace(step, &hit);
          steps.insert(step);
        }
      }
    }
    if (steps.size() >= most) {
      most = steps.size();
      chief = std::move(one);
    }
  }
  return chief;
}

LineageVerdict evaluate_at(const HostState& host,
                           const LineageRule& rule,
                           ProcessIndex at,
                           Timestamp closed_until) {
  const CorrelationRule& correlation = rule.rule();
  const std::vector<ProcessIndex> anchors = anchors_at(host, rule, at);
  if (anchors.empty()) {
    return {};
  }
  const GatheredHits gathered = gather_hits(host, rule, anchors);
  LineageVerdict verdict;
  verdict.has_anchor = true;
  verdict.beyond_subtree = gathered.beyond_subtree;
  verdict.holds = find_windows(correlation, gathered.times, closed_until).has_value();
  if (correlation.correlation_class == CorrelationClass::non_monotone) {
    for (const StepTime& time : gathered.times) {
      const Timestamp close = plus(time.order.time, correlation.timespan);
      if (close >= closed_until) {
        verdict.next_close = close;  // They are in the order of time.
        break;
      }
    }
  }
  return verdict;
}

MatchView lineage_match(const HostState& host, const LineageRule& rule, ProcessIndex at) {
  MatchView match = match_of(rule.rule().meta, true, host.key, host.hostname);
  if (is_program(at)) {
    const std::string_view name = host.programs.name(at);
    match.anchor_uid = UidBuilder().add("program").add(name).finish();
    match.group.emplace_back("program", name);
    const std::vector<ProcessIndex> anchors = anchors_at(host, rule, at);
    match.anchor = anchors.empty() ? kNoProcess : anchors.front();
  } else if (host.graph.is_known(at)) {
    match.anchor = host.graph.canonical(at);
    match.anchor_uid = host.graph.key(at);
  }
  return match;
}

Finding lineage_finding(const HostState& host,
                        const LineageRule& rule,
                        ProcessIndex at,
                        Timestamp closed_until) {
  const CorrelationRule& correlation = rule.rule();
  const std::vector<ProcessIndex> anchors = anchors_at(host, rule, at);
  const GatheredHits gathered = gather_hits(host, rule, anchors);
  const std::optional<WindowResult> windows =
      find_windows(correlation, gathered.times, closed_until);

  MatchView match = lineage_match(host, rule, at);
  const Chief chief = find_chief(host, rule, anchors, evidence_in(gathered, *windows));
  match.anchor = chief.anchor;
  if (is_program(at)) {
    // As it was written, where that is known.
    const std::string_view image = host.graph.text(match.anchor, ProcessText::image);
    match.group.front().second = image.empty() ? match.group.front().second : image;
  }
  for (const CorrelationStep& step : correlation.steps) {
    match.related.push_back(&rule.rules->detections[step.rule]);
  }
  for (std::size_t i = 0; i < correlation.escalations.size(); ++i) {
    if (windows->escalated[i]) {
      match.level = std::max(match.level, correlation.escalations[i].level);
    }
  }
  add_evidence(host, rule, gathered, *windows, chief, match);
  Finding finding = build_finding(match, host.graph, host.pid_actors);
  finding.evicted = host.lost.within(finding.first_seen, finding.last_seen, correlation.timespan);
  finding.late = host.late.within(finding.first_seen, finding.last_seen, correlation.timespan);
  return finding;
}

}  // namespace spoor
