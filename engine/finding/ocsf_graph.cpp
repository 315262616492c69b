#include "engine/finding/ocsf_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/finding/ocsf_process.h"

namespace spoor {
namespace {

constexpr std::size_t kNodeUidBytesMax = 256;

struct Leaf {
  std::string uid;
  ArtifactView artifact;
  std::vector<std::string_view> steps;
};

struct Edge {
  std::string source;
  std::string target;
  std::string_view relation;

  friend bool operator<(const Edge& a, const Edge& b) {
    return std::tie(a.source, a.target, a.relation) < std::tie(b.source, b.target, b.relation);
  }
};

void add_once(std::vector<std::string_view>& steps, std::string_view step) {
  if (!step.empty() && std::ranges::find(steps, step) == steps.end()) {
    steps.push_back(step);
  }
}

/// Readable where it can be; a hash where a hostile value would be repeated by every edge.
std::string leaf_uid(const ArtifactView& artifact) {
  std::string uid(to_string(artifact.kind));
  uid.push_back(':');
  if (artifact.value.size() <= kNodeUidBytesMax && is_valid_utf8(artifact.value)) {
    return uid.append(artifact.value);
  }
  return uid.append(to_string(UidBuilder().add(artifact.value).finish()));
}

/// Nodes and edges, collected before they are written: a node carries the steps of all its
/// evidence.
class Graph {
 public:
  explicit Graph(const Finding& finding)
      : finding_(finding),
        process_uids_(process_node_uids(finding)),
        process_steps_(finding.processes.size()) {
    for (const FindingEvidence& evidence : finding.evidence) {
      add(evidence);
    }
  }

  [[nodiscard]] bool empty() const { return process_uids_.empty() && leaves_.empty(); }

  void write(JsonWriter& json) const {
    json.begin_array("nodes");
    for (std::size_t i = 0; i < process_uids_.size(); ++i) {
      write_process_node(json, i);
    }
    for (const Leaf& leaf : leaves_) {
      write_leaf(json, leaf);
    }
    json.end_array();
    write_edges(json);
  }

 private:
  void add(const FindingEvidence& evidence) {
    const std::optional<std::size_t> process = process_of(finding_, evidence);
    if (process) {
      add_once(process_steps_[*process], evidence.step);
    }
    const std::optional<ArtifactView> artifact = artifact_of(evidence);
    if (!artifact) {
      return;
    }
    std::string uid = leaf_uid(*artifact);
    const auto [place, is_new] = leaf_index_.try_emplace(uid, leaves_.size());
    if (is_new) {
      leaves_.push_back({.uid = uid, .artifact = *artifact, .steps = {}});
    }
    add_once(leaves_[place->second].steps, evidence.step);
    if (process) {
      Edge edge{.source = process_uids_[*process],
                .target = std::move(uid),
                .relation = artifact->relation};
      if (seen_edges_.insert(edge).second) {
        edges_.push_back(std::move(edge));
      }
    }
  }

  static void write_steps(JsonWriter& json, const std::vector<std::string_view>& steps) {
    if (steps.empty()) {
      return;
    }
    json.begin_array("match");
    for (const std::string_view step : steps) {
      json.element(step);
    }
    json.end_array();
  }

  static void write_other_uids(JsonWriter& json, const FindingProcess& process) {
    if (process.other_uids.empty()) {
      return;
    }
    json.begin_array("other_uids");
    for (const std::string& uid : process.other_uids) {
      json.element(uid);
    }
    json.end_array();
  }

  void write_process_node(JsonWriter& json, std::size_t index) const {
    const FindingProcess& process = finding_.processes[index];
    json.begin_object();
    json.text("uid", process_uids_[index]);
    json.text("name", short_name(process.image));
    json.text("type", "process");
    json.begin_object("data");
    if (const auto pid = pid_number(process)) {
      json.number("pid", *pid);
    }
    write_other_uids(json, process);
    json.text("path", process.image);
    json.text("cmd_line", process.command_line);
    json.text("user", process.user);
    json.text("integrity", process.integrity_level);
    write_time(json, "created_time", process.start);
    write_time(json, "terminated_time", process.end);
    json.text("knowledge", to_string(process.knowledge));
    if (finding_.anchor == index) {
      json.boolean("anchor", true);
    }
    if (process.parent_mismatch) {
      json.boolean("parent_mismatch", true);
    }
    if (process.creator) {
      json.begin_object("creator");
      json.text("uid", process.creator->uid);
      json.text("pid", process.creator->pid);
      json.text("path", process.creator->image);
      json.end_object();
    }
    if (process.parent_ambiguous) {
      json.boolean("parent_ambiguous", true);
    }
    write_steps(json, process_steps_[index]);
    json.end_object();
    json.end_object();
  }

  static void write_leaf(JsonWriter& json, const Leaf& leaf) {
    const bool path = is_file(leaf.artifact.kind) || leaf.artifact.kind == ArtifactKind::process;
    json.begin_object();
    json.text("uid", leaf.uid);
    json.text("name", path ? short_name(leaf.artifact.value) : leaf.artifact.value);
    json.text("type", to_string(leaf.artifact.kind));
    json.begin_object("data");
    if (path) {
      json.text("path", leaf.artifact.value);
    }
    write_steps(json, leaf.steps);
    json.end_object();
    json.end_object();
  }

  static void write_edge(JsonWriter& json,
                         std::string_view source,
                         std::string_view target,
                         std::string_view name) {
    json.begin_object();
    json.text("source", source);
    json.text("target", target);
    std::string relation(name);
    std::ranges::replace(relation, ' ', '_');  // A word for programs: "connected_to".
    json.text("relation", relation);
    json.text("name", name);
    json.end_object();
  }

  void write_edges(JsonWriter& json) const {
    const auto is_child = [&](std::size_t i) { return parent_of(finding_, i).has_value(); };
    std::vector<std::size_t> children;
    for (std::size_t i = 0; i < process_uids_.size(); ++i) {
      if (is_child(i)) {
        children.push_back(i);
      }
    }
    if (children.empty() && edges_.empty()) {
      return;
    }
    json.begin_array("edges");
    for (const std::size_t child : children) {
      write_edge(json, process_uids_[*parent_of(finding_, child)], process_uids_[child], "spawned");
    }
    for (const Edge& edge : edges_) {
      write_edge(json, edge.source, edge.target, edge.relation);
    }
    json.end_array();
  }

  const Finding& finding_;
  std::vector<std::string> process_uids_;
  std::vector<std::vector<std::string_view>> process_steps_;
  std::vector<Leaf> leaves_;
  std::map<std::string, std::size_t> leaf_index_;
  std::vector<Edge> edges_;
  std::set<Edge> seen_edges_;
};

}  // namespace

std::vector<std::string> process_node_uids(const Finding& finding) {
  std::vector<std::string> uids;
  std::set<std::string> used;
  for (std::size_t i = 0; i < finding.processes.size(); ++i) {
    std::string uid = replace_invalid_utf8(finding.processes[i].uid);
    if (uid.empty() || !used.insert(uid).second) {
      uid = "process-" + std::to_string(i);
      used.insert(uid);
    }
    uids.push_back(std::move(uid));
  }
  return uids;
}

void write_attack_graph(JsonWriter& json, const Finding& finding) {
  const Graph graph(finding);
  if (graph.empty()) {
    return;
  }
  json.begin_object("attack_graph");
  json.text("uid", "tree:" + to_string(finding.uid));
  json.text("name", "evidence tree");
  json.text("type", "process_tree");
  json.boolean("is_directed", true);
  graph.write(json);
  json.end_object();
}

}  // namespace spoor
