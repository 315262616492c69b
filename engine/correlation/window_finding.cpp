#include "engine/correlation/window_finding.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/correlation/build_finding.h"

namespace spoor {
namespace {

/// A detection that a correlation lists, itself or through others.
struct Listed {
  const DetectionRule* rule = nullptr;
  std::string_view step;
};

void collect_listed(const RuleSet& rules,
                    const WindowCorrelation& correlation,
                    std::map<std::string_view, Listed>& by_id,
                    std::vector<const DetectionRule*>& in_order) {
  for (const ListedRule& listed : correlation.rules) {
    if (listed.is_correlation) {
      collect_listed(rules, rules.window_correlations[listed.index], by_id, in_order);
      continue;
    }
    const DetectionRule& rule = rules.detections[listed.index];
    if (by_id.try_emplace(rule.meta.id, Listed{.rule = &rule, .step = listed.name}).second) {
      in_order.push_back(&rule);
    }
  }
}

/// Calls `look` once with each that stands in the window, or in the windows within it. These share
/// most of what they hold: to follow each of them would take time exponential in their depth.
template <typename Look>
void for_each_evidence(const std::vector<EvidenceRef>& window, const Look& look) {
  boost::unordered_flat_set<const WindowEvidence*> seen;
  std::vector<const std::vector<EvidenceRef>*> open{&window};
  while (!open.empty()) {
    const std::vector<EvidenceRef>& next = *open.back();
    open.pop_back();
    for (const EvidenceRef& one : next) {
      if (seen.insert(one.get()).second) {
        look(*one);
        open.push_back(&one->of_firing);
      }
    }
  }
}

/// Each hit of a listed detection at an event of the window, or of the windows within it.
void collect_evidence(const std::vector<EvidenceRef>& window,
                      const std::map<std::string_view, Listed>& listed,
                      std::map<std::pair<OrderKey, std::string_view>, MatchEvidence>& evidence) {
  for_each_evidence(window, [&](const WindowEvidence& one) {
    if (!one.hits) {
      return;
    }
    for (const auto& [id, hit] : *one.hits) {
      const auto of_rule = listed.find(id);
      if (of_rule != listed.end()) {
        evidence.try_emplace({one.order, of_rule->first},
                             MatchEvidence{.hit = &hit,
                                           .rule = of_rule->second.rule,
                                           .step = of_rule->second.step,
                                           .required = true});
      }
    }
  });
}

}  // namespace

Uid finding_uid(const RuleMeta& rule, const WindowFiring& firing) {
  UidBuilder builder;
  builder.add("finding").add(rule.id).add(rule.logic_hash).add("window");
  for (const std::string& value : firing.group) {
    builder.add(value);
  }
  return builder.add(firing.first.uid.high).add(firing.first.uid.low).finish();
}

void for_each_event(const std::vector<EvidenceRef>& window,
                    const std::function<void(const KeptEvent&)>& look) {
  for_each_evidence(window, [&look](const WindowEvidence& one) {
    if (one.hits && !one.hits->empty()) {
      look(*one.hits->front().second.event);
    }
  });
}

std::string_view host_of(const WindowFiring& firing) {
  const KeptEvent* last = nullptr;
  for_each_event(firing.evidence, [&last](const KeptEvent& event) {
    last = last == nullptr || last->order < event.order ? &event : last;
  });
  return last == nullptr ? std::string_view() : std::string_view(last->host);
}

Finding window_finding(const RuleSet& rules, const WindowFiring& firing, const HostState& host) {
  const WindowCorrelation& rule = rules.window_correlations[firing.rule];
  std::map<std::string_view, Listed> listed;
  MatchView match = match_of(rule.meta, true, host.key, host.hostname);
  match.of_one_host = false;
  collect_listed(rules, rule, listed, match.related);
  std::map<std::pair<OrderKey, std::string_view>, MatchEvidence> evidence;
  collect_evidence(firing.evidence, listed, evidence);
  for (auto& [place, one] : evidence) {
    match.evidence.push_back(one);
  }
  if (match.evidence.size() > kEvidencePerMatchMax) {
    match.evidence.erase(match.evidence.begin(),
                         match.evidence.end() - static_cast<std::ptrdiff_t>(kEvidencePerMatchMax));
  }
  match.evidence_total = std::max(firing.evidence_total, evidence.size());
  match.uid = finding_uid(rule.meta, firing);
  for (std::size_t i = 0; i < firing.group.size(); ++i) {
    match.group.emplace_back(rule.group_by[i].name, firing.group[i]);
  }
  Finding finding = build_finding(match, host.graph, host.pid_actors);
  // The oldest of many are not kept as evidence.
  finding.first_seen = std::min(finding.first_seen, firing.first.time);
  finding.late = host.late.within(finding.first_seen, finding.last_seen, rule.timespan);
  return finding;
}

}  // namespace spoor
