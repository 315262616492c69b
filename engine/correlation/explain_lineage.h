// Why a correlation along the process tree does or does not hold at an anchor: for people.
//
// The verdict is evaluate_at()'s and the windows are find_windows()'s; what is added here is
// only which of them comes nearest, and where the hits are that it lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/correlation/host_state.h"
#include "engine/correlation/lineage_match.h"
#include "engine/process_graph/process_graph.h"
#include "engine/rule/rule.h"

namespace spoor {

enum class StepState : std::uint8_t {
  seen,           ///< In the window.
  not_wanted,     ///< In the window, and the condition does not want it there.
  absent,         ///< Not in the window, and the condition does not need it.
  out_of_window,  ///< Hit by a process of the right relation, at another time.
  out_of_group,   ///< The same, but its event lacks a field that the rule groups by, or it is of
                  ///< another group.
  elsewhere,      ///< Hit by a process of another relation, or of none.
  no_hit,         ///< Not hit on this host, as far as the event names a process.
};

[[nodiscard]] std::string_view to_string(StepState state);

struct StepExplained {
  StepState state = StepState::no_hit;
  bool missing = false;               ///< The condition needs it, or one of those that are missing.
  const Hit* hit = nullptr;           ///< The first in the window; else the nearest in time.
  ProcessIndex process = kNoProcess;  ///< Of that hit.
  std::size_t hits = 0;               ///< In the window; else those of the state, as far as kept.
  Duration off = 0;                   ///< out_of_window: how far from it.
};

struct AnchorExplained {
  ProcessIndex at = kNoProcess;       ///< The anchor, or the program whose runs are joined.
  ProcessIndex anchor = kNoProcess;   ///< Of several runs the one that did most.
  std::vector<ProcessIndex> anchors;  ///< It, or all runs.
  bool holds = false;
  double nearness = 0;               ///< The greater, the nearer the best window comes.
  std::vector<StepExplained> steps;  ///< As the rule lists them.
  std::optional<Timestamp> window;   ///< Start of the window that comes nearest; none without hits.
  std::optional<double> measure = std::nullopt;  ///< Of it, where thresholds count.
};

/// The processes of a host at which the correlation holds, or else comes nearest, the best first;
/// at most `anchors_max`. Where it joins the runs of a program, programs. `*anchors` (if not null):
/// how many there are. O(anchors × what evaluate_at() costs).
[[nodiscard]] std::vector<AnchorExplained> explain_anchors(const HostState& host,
                                                           const LineageRule& rule,
                                                           Timestamp closed_until,
                                                           std::size_t anchors_max,
                                                           std::size_t* anchors = nullptr);

/// How a process is related to the anchors, in words: "a child of the anchor", "no descendant of
/// the anchor: the parent of cmd.exe (12) is unknown". Of several anchors to the nearest.
[[nodiscard]] std::string relation_text(const ProcessGraph& graph,
                                        ProcessIndex process,
                                        std::span<const ProcessIndex> anchors);

/// Does the process stand to one of the anchors as the relation asks?
[[nodiscard]] bool is_related(const ProcessGraph& graph,
                              ProcessIndex process,
                              std::span<const ProcessIndex> anchors,
                              Relation relation);

/// What is not known of a process and those above it, nearest first: "parent cmd.exe (12): its
/// start was not seen".
[[nodiscard]] std::vector<std::string> unknown_above(const ProcessGraph& graph,
                                                     ProcessIndex process);

/// "cmd.exe (12)"; "process 12", "process {uid}" or "a process" of which less is known. Not
/// escaped.
[[nodiscard]] std::string process_name(const ProcessGraph& graph, ProcessIndex process);

}  // namespace spoor
