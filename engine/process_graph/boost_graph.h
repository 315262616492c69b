// ProcessGraph as Boost.Graph sees it: VertexListGraph and BidirectionalGraph over our own storage.
//
// Private to this folder: heavy, and found by argument-dependent look-up where BGL needs it.
// Suspect edges are not part of this view: it is the graph of ancestry. Nor are the nodes of a
// group but its canonical one.
#pragma once

#include <iterator>
#include <utility>

#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>

#include "engine/process_graph/process_graph.h"

namespace spoor {

struct ProcessEdge {
  ProcessIndex from = kNoProcess;  ///< Parent.
  ProcessIndex to = kNoProcess;    ///< Child.
  friend bool operator==(const ProcessEdge&, const ProcessEdge&) = default;
};

/// Over the processes: nodes in use that are canonical.
class ProcessIterator : public boost::iterator_facade<ProcessIterator,
                                                      ProcessIndex,
                                                      boost::forward_traversal_tag,
                                                      ProcessIndex> {
 public:
  ProcessIterator() = default;

  ProcessIterator(const ProcessGraph* graph, ProcessIndex process)
      : graph_(graph), process_(process) {
    skip_others();
  }

 private:
  friend class boost::iterator_core_access;

  [[nodiscard]] ProcessIndex dereference() const { return process_; }

  [[nodiscard]] bool equal(const ProcessIterator& other) const {
    return process_ == other.process_;
  }

  void increment() {
    ++process_;
    skip_others();
  }

  void skip_others() {
    while (process_ < graph_->size() &&
           !(graph_->is_known(process_) && graph_->is_canonical(process_))) {
      ++process_;
    }
  }

  const ProcessGraph* graph_ = nullptr;
  ProcessIndex process_ = 0;
};

/// Over the children of a process, suspect edges left out.
class OutEdgeIterator
    : public boost::
          iterator_facade<OutEdgeIterator, ProcessEdge, boost::forward_traversal_tag, ProcessEdge> {
 public:
  OutEdgeIterator() = default;

  OutEdgeIterator(const ProcessGraph* graph, ProcessIndex parent, ProcessIndex child)
      : graph_(graph), parent_(parent), child_(child) {
    skip_suspects();
  }

 private:
  friend class boost::iterator_core_access;

  [[nodiscard]] ProcessEdge dereference() const { return {.from = parent_, .to = child_}; }

  [[nodiscard]] bool equal(const OutEdgeIterator& other) const { return child_ == other.child_; }

  void increment() {
    child_ = graph_->next_sibling(child_);
    skip_suspects();
  }

  void skip_suspects() {
    while (child_ != kNoProcess && graph_->is_suspect_edge(child_)) {
      child_ = graph_->next_sibling(child_);
    }
  }

  const ProcessGraph* graph_ = nullptr;
  ProcessIndex parent_ = kNoProcess;
  ProcessIndex child_ = kNoProcess;
};

/// Over the one edge, or none, from the parent.
class InEdgeIterator
    : public boost::
          iterator_facade<InEdgeIterator, ProcessEdge, boost::forward_traversal_tag, ProcessEdge> {
 public:
  InEdgeIterator() = default;

  InEdgeIterator(ProcessIndex parent, ProcessIndex child) : parent_(parent), child_(child) {}

 private:
  friend class boost::iterator_core_access;

  [[nodiscard]] ProcessEdge dereference() const { return {.from = parent_, .to = child_}; }

  [[nodiscard]] bool equal(const InEdgeIterator& other) const { return parent_ == other.parent_; }

  void increment() { parent_ = kNoProcess; }

  ProcessIndex parent_ = kNoProcess;
  ProcessIndex child_ = kNoProcess;
};

}  // namespace spoor

// NOLINTBEGIN(readability-identifier-naming): Boost.Graph looks for these names.
namespace boost {

template <>
struct graph_traits<spoor::ProcessGraph> {
  struct traversal_category : public bidirectional_graph_tag, public vertex_list_graph_tag {};

  using vertex_descriptor = spoor::ProcessIndex;
  using edge_descriptor = spoor::ProcessEdge;
  using directed_category = directed_tag;
  using edge_parallel_category = disallow_parallel_edge_tag;
  using vertex_iterator = spoor::ProcessIterator;
  using out_edge_iterator = spoor::OutEdgeIterator;
  using in_edge_iterator = spoor::InEdgeIterator;
  using edge_iterator = void;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;

  static vertex_descriptor null_vertex() { return spoor::kNoProcess; }
};

template <>
struct property_map<spoor::ProcessGraph, vertex_index_t> {
  using type = typed_identity_property_map<spoor::ProcessIndex>;
  using const_type = type;
};

}  // namespace boost

// NOLINTEND(readability-identifier-naming)

namespace spoor {

using ProcessGraphTraits = boost::graph_traits<ProcessGraph>;

inline std::pair<ProcessGraphTraits::vertex_iterator, ProcessGraphTraits::vertex_iterator> vertices(
    const ProcessGraph& graph) {
  return {ProcessIterator(&graph, 0),
          ProcessIterator(&graph, static_cast<ProcessIndex>(graph.size()))};
}

inline std::size_t num_vertices(const ProcessGraph& graph) {
  return graph.process_count();
}

inline std::pair<OutEdgeIterator, OutEdgeIterator> out_edges(ProcessIndex process,
                                                             const ProcessGraph& graph) {
  return {OutEdgeIterator(&graph, process, graph.first_child(process)),
          OutEdgeIterator(&graph, process, kNoProcess)};
}

inline std::pair<InEdgeIterator, InEdgeIterator> in_edges(ProcessIndex process,
                                                          const ProcessGraph& graph) {
  return {InEdgeIterator(graph.parent(process), process), InEdgeIterator(kNoProcess, process)};
}

inline std::size_t out_degree(ProcessIndex process, const ProcessGraph& graph) {
  const auto [first, last] = out_edges(process, graph);
  return static_cast<std::size_t>(std::distance(first, last));
}

inline std::size_t in_degree(ProcessIndex process, const ProcessGraph& graph) {
  return graph.parent(process) == kNoProcess ? 0 : 1;
}

inline std::size_t degree(ProcessIndex process, const ProcessGraph& graph) {
  return in_degree(process, graph) + out_degree(process, graph);
}

inline ProcessIndex source(const ProcessEdge& edge, const ProcessGraph& /*graph*/) {
  return edge.from;
}

inline ProcessIndex target(const ProcessEdge& edge, const ProcessGraph& /*graph*/) {
  return edge.to;
}

inline boost::typed_identity_property_map<ProcessIndex> get(boost::vertex_index_t /*tag*/,
                                                            const ProcessGraph& /*graph*/) {
  return {};
}

inline ProcessIndex get(boost::vertex_index_t /*tag*/,
                        const ProcessGraph& /*graph*/,
                        ProcessIndex process) {
  return process;
}

}  // namespace spoor
