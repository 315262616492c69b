#include "engine/process_graph/graph_algorithms.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/pending/queue.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/process_graph/boost_graph.h"

namespace spoor {

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<ProcessGraph>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<ProcessGraph>));

namespace {

/// Colours of the vertices met, and only of those: a walk costs what it visits, not what the graph
/// holds.
struct SparseColorMap {
  // NOLINTBEGIN(readability-identifier-naming): Boost's property maps look for these names.
  using key_type = ProcessIndex;
  using value_type = boost::default_color_type;
  using reference = value_type;
  using category = boost::read_write_property_map_tag;
  // NOLINTEND(readability-identifier-naming)
  boost::unordered_flat_map<ProcessIndex, value_type>* colors = nullptr;
};

boost::default_color_type get(const SparseColorMap& map, ProcessIndex process) {
  const auto known = map.colors->find(process);
  return known == map.colors->end() ? boost::white_color : known->second;
}

void put(const SparseColorMap& map, ProcessIndex process, boost::default_color_type color) {
  (*map.colors)[process] = color;
}

/// Thrown by a visitor to leave a BGL walk, which knows no other way out; caught in walk().
struct WalkBound {};

/// Notes the vertices in the order they are reached, level by level.
class Collector : public boost::default_bfs_visitor {
 public:
  Collector(std::vector<ProcessIndex>* reached, std::size_t max) : reached_(reached), max_(max) {}

  template <typename Graph>
  void discover_vertex(ProcessIndex process, const Graph& /*graph*/) {
    if (reached_->size() >= max_ || level_ > kAncestorsMax) {
      throw WalkBound{};
    }
    reached_->push_back(process);
  }

  /// Breadth-first: vertices are examined in the order they were reached. At the first of a level,
  /// all of that level have been reached, and what is reached from here on is of the next.
  template <typename Graph>
  void examine_vertex(ProcessIndex /*process*/, const Graph& /*graph*/) {
    if (examined_++ == level_end_) {
      level_end_ = reached_->size();
      ++level_;
    }
  }

 private:
  std::vector<ProcessIndex>* reached_;
  std::size_t max_;
  std::size_t examined_ = 0;
  std::size_t level_end_ = 0;
  std::size_t level_ = 0;
};

/// Breadth-first from `root`; true if `max` vertices were not enough.
template <typename Graph>
bool walk(const Graph& graph,
          ProcessIndex root,
          std::size_t max,
          std::vector<ProcessIndex>& reached) {
  boost::unordered_flat_map<ProcessIndex, boost::default_color_type> colors;
  boost::queue<ProcessIndex> pending;
  try {
    boost::breadth_first_visit(graph, root, pending, Collector(&reached, max),
                               SparseColorMap{&colors});
  } catch (const WalkBound&) {
    return true;
  }
  return false;
}

}  // namespace

std::vector<ProcessIndex> ancestors(const ProcessGraph& graph, ProcessIndex process) {
  std::vector<ProcessIndex> line;
  ProcessIndex next = graph.parent(process);
  while (next != kNoProcess && line.size() < kAncestorsMax) {
    line.push_back(next);
    next = graph.parent(next);
  }
  return line;
}

std::vector<ProcessIndex> ancestors_by_bgl(const ProcessGraph& graph, ProcessIndex process) {
  std::vector<ProcessIndex> reached;
  walk(boost::make_reverse_graph(graph), process, kAncestorsMax + 1, reached);
  reached.erase(reached.begin());  // The process itself.
  return reached;
}

std::vector<ProcessIndex> subtree(const ProcessGraph& graph, ProcessIndex root, bool* cut) {
  std::vector<ProcessIndex> reached;
  const bool bounded = walk(graph, root, kSubtreeMax, reached);
  if (cut != nullptr) {
    *cut = bounded;
  }
  return reached;
}

void sort_for_display(const ProcessGraph& graph, std::vector<ProcessIndex>& processes) {
  std::ranges::sort(processes, [&graph](ProcessIndex a, ProcessIndex b) {
    return std::pair(graph.start(a), graph.key(a)) < std::pair(graph.start(b), graph.key(b));
  });
}

std::vector<ProcessIndex> processes(const ProcessGraph& graph) {
  const auto [first, last] = vertices(graph);
  return {first, last};
}

std::vector<ProcessIndex> roots(const ProcessGraph& graph) {
  std::vector<ProcessIndex> found;
  for (const ProcessIndex process : processes(graph)) {
    if (graph.parent(process) == kNoProcess) {
      found.push_back(process);
    }
  }
  sort_for_display(graph, found);
  return found;
}

std::vector<ProcessIndex> children(const ProcessGraph& graph, ProcessIndex process) {
  std::vector<ProcessIndex> found;
  const auto [first, last] = out_edges(process, graph);
  for (OutEdgeIterator edge = first; edge != last; ++edge) {
    found.push_back((*edge).to);
  }
  sort_for_display(graph, found);
  return found;
}

std::string to_dot(const ProcessGraph& graph,
                   const std::function<bool(ProcessIndex)>& include,
                   const std::function<std::string(ProcessIndex)>& label) {
  // A small copy in display order: write_graphviz numbers vertices by position, and ours depend on
  // arrival.
  std::vector<ProcessIndex> order;
  for (const ProcessIndex process : processes(graph)) {
    if (include(process)) {
      order.push_back(process);
    }
  }
  sort_for_display(graph, order);
  boost::unordered_flat_map<ProcessIndex, std::size_t> place;
  for (std::size_t i = 0; i < order.size(); ++i) {
    place.emplace(order[i], i);
  }
  // bidirectionalS keeps its edges in one list; directedS would make g++ 12 warn of its edge
  // iterator at -O2.
  boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS> copy(order.size());
  for (const ProcessIndex process : order) {
    const auto parent = place.find(graph.parent(process));
    if (parent != place.end()) {
      boost::add_edge(parent->second, place.at(process), copy);
    }
  }
  const auto write_vertex = [&](std::ostream& out, std::size_t vertex) {
    out << "[label=" << boost::escape_dot_string(label(order[vertex])) << ",shape=box]";
  };
  std::ostringstream out;
  boost::write_graphviz(out, copy, write_vertex);
  return out.str();
}

}  // namespace spoor
