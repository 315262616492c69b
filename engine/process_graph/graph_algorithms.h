// Walks over a process graph, by Boost.Graph's algorithms.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "engine/process_graph/process_graph.h"

namespace spoor {

/// The parent, its parent, … nearest first; at most kAncestorsMax. The plain loop that the event
/// path uses.
[[nodiscard]] std::vector<ProcessIndex> ancestors(const ProcessGraph& graph, ProcessIndex process);

/// The same by breadth_first_visit over reverse_graph: the twin that tests compare with.
[[nodiscard]] std::vector<ProcessIndex> ancestors_by_bgl(const ProcessGraph& graph,
                                                         ProcessIndex process);

/// `root` and what is at most kAncestorsMax levels below it, by breadth_first_visit, parents before
/// children, at most kSubtreeMax processes. So a process is in the subtree of exactly those that
/// ancestors() names for it. `*cut` (if not null) tells whether the bound was met.
[[nodiscard]] std::vector<ProcessIndex> subtree(const ProcessGraph& graph,
                                                ProcessIndex root,
                                                bool* cut = nullptr);

/// Sorts processes by (start, key): the order in which siblings are shown.
void sort_for_display(const ProcessGraph& graph, std::vector<ProcessIndex>& processes);

/// All processes, groups by their canonical member, in no particular order.
[[nodiscard]] std::vector<ProcessIndex> processes(const ProcessGraph& graph);

/// Processes without a parent in ancestry, in display order.
[[nodiscard]] std::vector<ProcessIndex> roots(const ProcessGraph& graph);

/// Children in display order.
[[nodiscard]] std::vector<ProcessIndex> children(const ProcessGraph& graph, ProcessIndex process);

/// Graphviz text of the processes that `include` accepts, by write_graphviz. `label` gives each
/// node's text, which is escaped here. Byte-identical for equal graphs, whatever order they were
/// built in.
[[nodiscard]] std::string to_dot(const ProcessGraph& graph,
                                 const std::function<bool(ProcessIndex)>& include,
                                 const std::function<std::string(ProcessIndex)>& label);

}  // namespace spoor
