#include "engine/correlation/explain_lineage.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/correlation/step_time.h"
#include "engine/process_graph/graph_algorithms.h"

namespace spoor {
namespace {

/// How much of a condition holds: the number of its parts that do.
double nearness(const StepExpr& condition, const std::vector<bool>& present) {
  double sum = 0;
  double most = 0;
  switch (condition.kind) {
    case StepExpr::Kind::step: return present[condition.step] ? 1 : 0;
    case StepExpr::Kind::negation: return holds(condition, present) ? 1 : 0;
    case StepExpr::Kind::all:
    case StepExpr::Kind::any: break;
  }
  for (const StepExpr& child : condition.children) {
    const double one = nearness(child, present);
    sum += one;
    most = std::max(most, one);
  }
  return condition.kind == StepExpr::Kind::all ? sum : most;
}

/// The steps that keep a condition from holding: missing ones, and such as are not wanted.
void blame(const StepExpr& condition,
           const std::vector<bool>& present,
           std::set<std::size_t>& missing,
           std::set<std::size_t>& not_wanted) {
  const std::function<void(const StepExpr&)> forbid = [&](const StepExpr& expr) {
    if (expr.kind == StepExpr::Kind::step && present[expr.step]) {
      not_wanted.insert(expr.step);
    }
    std::ranges::for_each(expr.children, forbid);
  };
  if (holds(condition, present)) {
    return;
  }
  switch (condition.kind) {
    case StepExpr::Kind::step: missing.insert(condition.step); return;
    case StepExpr::Kind::negation: forbid(condition.children.front()); return;
    case StepExpr::Kind::all:
    case StepExpr::Kind::any: break;
  }
  for (const StepExpr& child : condition.children) {
    blame(child, present, missing, not_wanted);
  }
}

/// A number against its threshold, from 0 to 1.
double nearness(const Threshold& threshold, std::optional<double> measure) {
  if (!measure) {
    return 0;
  }
  if (threshold.holds(*measure)) {
    return 1;
  }
  const double far = std::max(std::abs(threshold.number), std::abs(*measure));
  return far == 0 ? 0 : 1 - std::min(1.0, std::abs(threshold.number - *measure) / far);
}

bool takes_part(const CorrelationRule& rule, std::size_t step) {
  return step != rule.anchor || rule.anchor_takes_part;
}

double nearness(const CorrelationRule& rule,
                const std::vector<bool>& present,
                std::optional<double> measure) {
  if (has_step_condition(rule)) {
    return nearness(rule.condition, present);
  }
  double sum = 0;
  if (rule.type == WindowCorrelationType::temporal_ordered) {
    sum = static_cast<double>(std::ranges::count(present, true));
  }
  for (const Threshold& threshold : rule.thresholds) {
    sum += nearness(threshold, measure);
  }
  return sum;
}

/// Explains one anchor.
class AnchorExplainer {
 public:
  AnchorExplainer(const HostState& host, const LineageRule& rule, ProcessIndex at)
      : host_(host), rule_(rule), correlation_(rule.rule()) {
    explained_.at = at;
    explained_.anchors = anchors_at(host, rule, at);
    explained_.anchor = explained_.anchors.front();
    explained_.steps.resize(correlation_.steps.size());
  }

  AnchorExplained rate(Timestamp closed_until) {
    explained_.holds = evaluate_at(host_, rule_, explained_.at, closed_until).holds;
    gathered_ = gather_hits(host_, rule_, explained_.anchors);
    present_.assign(correlation_.steps.size(), false);
    explained_.nearness = nearness(correlation_, present_, std::nullopt);
    bool first = true;
    look_at_windows(
        correlation_, gathered_.times, closed_until, [this, &first](const WindowLook& window) {
          // One that holds comes before all that do not.
          const double near =
              nearness(correlation_, *window.present, window.measure) + (window.holds ? 1e6 : 0);
          if (!first && near <= explained_.nearness) {
            return;
          }
          first = false;
          explained_.nearness = near;
          explained_.window = window.start;
          explained_.measure = window.measure;
          present_ = *window.present;
          in_window_.assign(window.hits.begin(), window.hits.end());
        });
    return explained_;
  }

  AnchorExplained explain(Timestamp closed_until) {
    rate(closed_until);
    StepEvidence evidence;
    for (const StepTime* time : in_window_) {
      evidence.emplace(time->step, hit_of(*time));
    }
    explained_.anchor = find_chief(host_, rule_, explained_.anchors, std::move(evidence)).anchor;
    std::set<std::size_t> missing;
    std::set<std::size_t> not_wanted;
    if (!explained_.holds && has_step_condition(correlation_)) {
      blame(correlation_.condition, present_, missing, not_wanted);
    } else if (!explained_.holds && correlation_.type == WindowCorrelationType::temporal_ordered) {
      for (std::size_t step = 0; step < present_.size(); ++step) {
        if (takes_part(correlation_, step) && !present_[step]) {
          missing.insert(step);
        }
      }
    }
    for (std::size_t step = 0; step < explained_.steps.size(); ++step) {
      StepExplained& explained = explained_.steps[step];
      explained.missing = missing.contains(step);
      if (!takes_part(correlation_, step)) {
        explain_anchor_step(explained);
      } else if (present_[step]) {
        explain_present(step, explained);
        explained.state = not_wanted.contains(step) ? StepState::not_wanted : StepState::seen;
      } else {
        explain_absent(step, explained);
      }
    }
    return std::move(explained_);
  }

 private:
  /// It only says which process is the anchor.
  void explain_anchor_step(StepExplained& explained) const {
    const FeedNumber feed = rule_.feed(correlation_.anchor);
    explained.state = StepState::seen;
    explained.hit = host_.first_hit_at(feed, explained_.anchor);
    explained.process = explained_.anchor;
    for (const ProcessIndex anchor : explained_.anchors) {
      for (const HitSet* set : host_.hits_at(feed, anchor)) {
        explained.hits += set->total();
      }
    }
  }

  void explain_present(std::size_t step, StepExplained& explained) const {
    for (const StepTime* time : in_window_) {
      if (time->step != step) {
        continue;
      }
      ++explained.hits;
      if (explained.hit == nullptr) {
        explained.hit = hit_of(*time);
        explained.process = process_of(*explained.hit);
      }
    }
  }

  /// It is not in the window: where else?
  void explain_absent(std::size_t step, StepExplained& explained) const {
    const Relation relation =
        step == correlation_.anchor ? Relation::self : correlation_.steps[step].relation;
    const FeedNumber feed = rule_.feed(step);
    std::vector<const Hit*> related;
    std::vector<const Hit*> others;
    for (const auto& [node, facts] : host_.facts) {
      for (const auto& [number, set] : facts.hits) {
        if (number != feed || !host_.graph.is_known(node)) {
          continue;
        }
        const ProcessIndex process = host_.graph.canonical(node);
        std::vector<const Hit*>& found =
            is_related(host_.graph, process, explained_.anchors, relation) ? related : others;
        for (const Hit& hit : set.hits()) {
          found.push_back(&hit);
        }
      }
    }
    const std::vector<const Hit*>& found = related.empty() ? others : related;
    explained.hits = found.size();
    if (found.empty()) {
      explained.state = explained.missing || !has_step_condition(correlation_) ? StepState::no_hit
                                                                               : StepState::absent;
      return;
    }
    explained.hit = *std::ranges::min_element(
        found, {}, [this](const Hit* hit) { return std::tuple(off(*hit), hit->event->order); });
    explained.process = process_of(*explained.hit);
    explained.off = off(*explained.hit);
    explained.state = StepState::elsewhere;
    if (!related.empty()) {
      explained.state = explained.off == 0 ? StepState::out_of_group : StepState::out_of_window;
    }
    if (!explained.missing && has_step_condition(correlation_)) {
      explained.state = StepState::absent;
    }
  }

  /// How far an event is from the window; without one, from the anchor's first hit.
  [[nodiscard]] Duration off(const Hit& hit) const {
    const Timestamp time = hit.event->order.time;
    Timestamp start = 0;
    Timestamp end = 0;
    if (explained_.window) {
      start = *explained_.window;
      end = plus(start, correlation_.timespan);
    } else {
      const Hit* first = host_.first_hit_at(rule_.feed(correlation_.anchor), explained_.anchor);
      start = end = first->event->order.time;
    }
    return time < start ? start - time : time > end ? time - end : 0;
  }

  [[nodiscard]] const Hit* hit_of(const StepTime& time) const {
    return gathered_.hits[static_cast<std::size_t>(&time - gathered_.times.data())];
  }

  [[nodiscard]] ProcessIndex process_of(const Hit& hit) const {
    return host_.process_of(*hit.event);
  }

  const HostState& host_;
  const LineageRule& rule_;
  const CorrelationRule& correlation_;
  AnchorExplained explained_;
  GatheredHits gathered_;
  std::vector<bool> present_;
  std::vector<const StepTime*> in_window_;
};

/// The processes that the anchor's step makes anchors, or the programs that they run.
std::vector<ProcessIndex> places_of(const HostState& host, const LineageRule& rule) {
  const FeedNumber feed = rule.feed(rule.rule().anchor);
  std::set<ProcessIndex> found;
  for (const auto& [node, facts] : host.facts) {
    for (const auto& [number, set] : facts.hits) {
      if (number == feed && !set.hits().empty() && host.graph.is_known(node)) {
        found.insert(joins_runs(rule.rule().group_by) ? host.programs.program(node)
                                                      : host.graph.canonical(node));
      }
    }
  }
  found.erase(kNoProcess);  // A run that was not looked at yet.
  return {found.begin(), found.end()};
}

bool is_related_to(const ProcessGraph& graph,
                   ProcessIndex process,
                   ProcessIndex anchor,
                   Relation relation) {
  const auto is_below = [&] {
    const std::vector<ProcessIndex> above = ancestors(graph, process);
    return std::ranges::find(above, anchor) != above.end();
  };
  switch (relation) {
    case Relation::self: return process == anchor;
    case Relation::child: return graph.parent(process) == anchor;
    case Relation::descendant: return is_below();
    case Relation::self_or_descendant: return process == anchor || is_below();
    case Relation::parent: return graph.parent(anchor) == process;
    case Relation::sibling:
      return process != anchor && graph.parent(process) != kNoProcess &&
             graph.parent(process) == graph.parent(anchor);
  }
  return false;
}

/// The anchor that a process is, or is below, or has another relation to; the first if to none.
ProcessIndex nearest_anchor(const ProcessGraph& graph,
                            ProcessIndex process,
                            std::span<const ProcessIndex> anchors) {
  for (const Relation relation :
       {Relation::self, Relation::descendant, Relation::parent, Relation::sibling}) {
    const auto found = std::ranges::find_if(anchors, [&](ProcessIndex anchor) {
      return is_related_to(graph, process, anchor, relation);
    });
    if (found != anchors.end()) {
      return *found;
    }
  }
  return anchors.front();
}

/// "no descendant of the anchor: the parent of cmd.exe (12) is unknown".
std::string unrelated_text(const ProcessGraph& graph,
                           ProcessIndex process,
                           ProcessIndex anchor,
                           const std::string& named) {
  const std::vector<ProcessIndex> above = ancestors(graph, process);
  std::vector<ProcessIndex> line = ancestors(graph, anchor);
  line.insert(line.begin(), anchor);
  for (const ProcessIndex ancestor : above) {
    if (std::ranges::find(line, ancestor) != line.end()) {
      return "in another branch: what they have in common is " + process_name(graph, ancestor);
    }
  }
  const ProcessIndex top = above.empty() ? process : above.back();
  if (graph.is_suspect_edge(top)) {
    return "no relative of " + named + ": " + process_name(graph, top) +
           " is said to be started by " + process_name(graph, graph.claimed_parent(top)) +
           ", which starts later or closes a circle";
  }
  return "in another tree: what started " + process_name(graph, top) +
         (top == process ? "" : ", at its top,") + " is unknown";
}

}  // namespace

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::seen: return "seen";
    case StepState::not_wanted: return "not_wanted";
    case StepState::absent: return "absent";
    case StepState::out_of_window: return "out_of_window";
    case StepState::out_of_group: return "out_of_group";
    case StepState::elsewhere: return "elsewhere";
    case StepState::no_hit: break;
  }
  return "no_hit";
}

std::vector<AnchorExplained> explain_anchors(const HostState& host,
                                             const LineageRule& rule,
                                             Timestamp closed_until,
                                             std::size_t anchors_max,
                                             std::size_t* anchors) {
  std::vector<AnchorExplained> rated;
  for (const ProcessIndex at : places_of(host, rule)) {
    rated.push_back(AnchorExplainer(host, rule, at).rate(closed_until));
  }
  if (anchors != nullptr) {
    *anchors = rated.size();
  }
  std::ranges::sort(rated, {}, [&host](const AnchorExplained& one) {
    return std::tuple(!one.holds, -one.nearness, host.graph.start(one.anchor),
                      host.graph.key(one.anchor));
  });
  std::vector<AnchorExplained> best;
  for (std::size_t i = 0; i < std::min(anchors_max, rated.size()); ++i) {
    best.push_back(AnchorExplainer(host, rule, rated[i].at).explain(closed_until));
  }
  return best;
}

std::string relation_text(const ProcessGraph& graph,
                          ProcessIndex process,
                          std::span<const ProcessIndex> anchors) {
  const ProcessIndex anchor = nearest_anchor(graph, process, anchors);
  const std::string named = anchors.size() == 1 ? "the anchor" : process_name(graph, anchor);
  if (process == anchor) {
    return anchors.size() == 1 ? "the anchor itself" : "a run of the program itself";
  }
  const std::vector<ProcessIndex> above = ancestors(graph, process);
  const auto found = std::ranges::find(above, anchor);
  if (found != above.end()) {
    const auto levels = found - above.begin() + 1;
    return levels == 1
               ? "a child of " + named
               : "a descendant of " + named + ", " + std::to_string(levels) + " levels below";
  }
  const std::vector<ProcessIndex> line = ancestors(graph, anchor);
  const auto at = std::ranges::find(line, process);
  if (at != line.end()) {
    return (at == line.begin() ? "the parent of " : "an ancestor of ") + named;
  }
  if (!above.empty() && above.front() == graph.parent(anchor)) {
    return "a sibling of " + named;
  }
  return unrelated_text(graph, process, anchor, named);
}

bool is_related(const ProcessGraph& graph,
                ProcessIndex process,
                std::span<const ProcessIndex> anchors,
                Relation relation) {
  return std::ranges::any_of(anchors, [&](ProcessIndex anchor) {
    return is_related_to(graph, process, anchor, relation);
  });
}

std::vector<std::string> unknown_above(const ProcessGraph& graph, ProcessIndex process) {
  std::vector<std::string> unknown;
  ProcessIndex at = process;
  for (std::size_t level = 0; level <= kAncestorsMax; ++level) {
    const ProcessIndex parent = graph.parent(at);
    const std::string name = (at == process ? "" : "ancestor ") + process_name(graph, at);
    if (graph.is_suspect_edge(at)) {
      unknown.push_back(name + ": is said to be started by " +
                        process_name(graph, graph.claimed_parent(at)) +
                        ", which starts later or closes a circle; that does not count");
    } else if (!graph.start_seen(at)) {
      unknown.push_back(name + ": its start was not seen" +
                        (parent == kNoProcess ? ", nor is it known what started it" : ""));
    } else if (parent == kNoProcess) {
      unknown.push_back(name + ": what started it is unknown");
    }
    if (parent == kNoProcess) {
      break;
    }
    at = parent;
  }
  return unknown;
}

std::string process_name(const ProcessGraph& graph, ProcessIndex process) {
  if (process == kNoProcess) {
    return "a process";
  }
  const std::string_view image = graph.text(process, ProcessText::image);
  const std::optional<std::uint32_t> pid = graph.pid(process);
  if (image.empty()) {
    const std::string_view uid = graph.text(process, ProcessText::vendor_uid);
    return "process " + (pid ? std::to_string(*pid) : uid.empty() ? "unknown" : std::string(uid));
  }
  return std::string(basename_of(image)) + (pid ? " (" + std::to_string(*pid) + ")" : "");
}

}  // namespace spoor
