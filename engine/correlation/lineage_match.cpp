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

/// The processes in which a step may have happened.
class Scopes {
 public:
  Scopes(const ProcessGraph& graph, ProcessIndex anchor) : graph_(graph), anchor_(anchor) {}

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

 private:
  const std::vector<ProcessIndex>& below() {
    if (below_.empty()) {
      below_ = subtree(graph_, anchor_);
    }
    return below_;
  }

  const ProcessGraph& graph_;
  ProcessIndex anchor_;
  std::vector<ProcessIndex> below_;  ///< The anchor first.
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

/// Those around one anchor that the steps ask for.
void add_sets(const HostState& host,
              const LineageRule& rule,
              ProcessIndex anchor,
              std::vector<StepHits>& sets) {
  const CorrelationRule& correlation = rule.rule();
  Scopes scopes(host.graph, anchor);
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
  }
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
  for (const ProcessIndex anchor : anchors) {
    add_sets(host, rule, anchor, sets);
  }
  if (anchors.size() > 1) {  // One run may have started another.
    std::ranges::sort(sets);
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  }
  std::vector<std::pair<StepTime, const Hit*>> found;
  GatheredHits gathered;
  for (const auto& [step, set] : sets) {
    const bool counts = step != correlation.anchor || counts_anchor(correlation);
    gathered.beyond_limit += counts ? set->total() - set->hits().size() : 0;
    add_times(correlation, step, *set, found);
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
