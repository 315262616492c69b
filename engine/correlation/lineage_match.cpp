#include "engine/correlation/lineage_match.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
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

/// The match's evidence, in canonical order, cut to the limit.
void add_evidence(const HostState& host,
                  const LineageRule& rule,
                  const GatheredHits& gathered,
                  const WindowResult& windows,
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
  for (std::size_t i = 0; i < gathered.times.size(); ++i) {
    const std::size_t step = gathered.times[i].step;
    const bool is_anchor = step == correlation.anchor;
    if (windows.included[i] && (!is_anchor || counts_anchor(correlation))) {
      match.evidence.push_back(
          evidence_of(gathered.hits[i], step, is_anchor || windows.required[step]));
      shows_anchor = shows_anchor || is_anchor;
    }
  }
  match.evidence_total = match.evidence.size() + gathered.beyond_limit + (shows_anchor ? 0U : 1U);
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

GatheredHits gather_hits(const HostState& host, const LineageRule& rule, ProcessIndex anchor) {
  const CorrelationRule& correlation = rule.rule();
  std::vector<std::pair<StepTime, const Hit*>> found;
  Scopes scopes(host.graph, anchor);
  GatheredHits gathered;
  for (std::size_t step = 0; step < correlation.steps.size(); ++step) {
    const bool is_anchor = step == correlation.anchor;
    if (is_anchor && !correlation.anchor_takes_part) {
      continue;
    }
    const Relation relation = is_anchor ? Relation::self : correlation.steps[step].relation;
    for (const ProcessIndex process : scopes.of(relation)) {
      for (const HitSet* set : host.hits_at(rule.feed(step), process)) {
        const bool counts = !is_anchor || counts_anchor(correlation);
        gathered.beyond_limit += counts ? set->total() - set->hits().size() : 0;
        add_times(correlation, step, *set, found);
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

LineageVerdict evaluate_anchor(const HostState& host,
                               const LineageRule& rule,
                               ProcessIndex anchor,
                               Timestamp closed_until) {
  const CorrelationRule& correlation = rule.rule();
  if (host.first_hit_at(rule.feed(correlation.anchor), anchor) == nullptr) {
    return {};
  }
  const GatheredHits gathered = gather_hits(host, rule, anchor);
  LineageVerdict verdict;
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

Finding lineage_finding(const HostState& host,
                        const LineageRule& rule,
                        ProcessIndex anchor,
                        Timestamp closed_until) {
  const CorrelationRule& correlation = rule.rule();
  const GatheredHits gathered = gather_hits(host, rule, anchor);
  const std::optional<WindowResult> windows =
      find_windows(correlation, gathered.times, closed_until);

  MatchView match = match_of(correlation.meta, true, host.key, host.hostname);
  match.anchor = anchor;
  match.anchor_uid = host.graph.key(anchor);
  for (const CorrelationStep& step : correlation.steps) {
    match.related.push_back(&rule.rules->detections[step.rule]);
  }
  for (std::size_t i = 0; i < correlation.escalations.size(); ++i) {
    if (windows->escalated[i]) {
      match.level = std::max(match.level, correlation.escalations[i].level);
    }
  }
  add_evidence(host, rule, gathered, *windows, match);
  return build_finding(match, host.graph);
}

}  // namespace spoor
