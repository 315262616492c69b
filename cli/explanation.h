// Why a rule did or did not complete: everything that 'spoor explain' tells, as plain data.
//
// Texts are as events have them: escape them for a terminal.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/near_events.h"
#include "cli/rule_choice.h"
#include "engine/base/time.h"
#include "engine/correlation/explain_lineage.h"
#include "engine/finding/finding.h"
#include "engine/pipeline.h"
#include "engine/rule/rule.h"

namespace spoor {

/// An event as it is told of.
struct ToldEvent {
  std::string host;  ///< The best name; else its key.
  Timestamp time = 0;
  std::string type;          ///< "dns_query".
  std::string process;       ///< "cmd.exe (12)"; empty if the event names none.
  std::string command_line;  ///< Of that process.
  std::string uid;           ///< The event's.
};

struct ToldNearEvent {
  ToldEvent event;
  std::vector<std::string> failed;
};

/// A detection: the rule itself, or one that it lists.
struct ToldDetection {
  std::string name;  ///< As the correlation lists it, or its own.
  std::string log_source;
  std::size_t events = 0;  ///< Of its log source.
  std::size_t hits = 0;
  std::size_t without_group = 0;       ///< Hits that lack a field of `group-by`.
  bool in_full = true;                 ///< Worth more than its counts.
  std::vector<ToldEvent> first_hits;   ///< In canonical order.
  std::vector<ToldNearEvent> nearest;  ///< Of one without hits.
};

struct ToldStep {
  std::string name;
  std::string relation;  ///< "anchor" of the anchor's own step.
  StepState state = StepState::no_hit;
  bool missing = false;
  std::size_t hits = 0;
  std::optional<ToldEvent> hit;
  std::string where;  ///< Of a hit elsewhere: how its process is related to the anchor.
  Duration off = 0;
  std::vector<ToldNearEvent> nearest;
};

/// A process that a correlation is about.
struct ToldAnchor {
  std::string process;   ///< Of several runs of a program the one that did most.
  std::size_t runs = 1;  ///< Where the correlation joins them.
  std::string uid;       ///< As the vendor writes it.
  std::string command_line;
  Timestamp start = 0;
  bool holds = false;
  std::vector<ToldStep> steps;
  std::optional<Timestamp> window;
  std::optional<double> measure;
  std::string lacks;  ///< In a sentence; empty if it holds.
  std::vector<std::string> unknown;
};

struct ToldHost {
  std::string host;
  std::size_t anchors = 0;    ///< In all.
  bool are_programs = false;  ///< Whose runs are joined, and not processes.
  std::vector<ToldAnchor> nearest;
};

/// A group of a window correlation, and the window of it that comes nearest.
struct ToldGroup {
  std::vector<std::pair<std::string, std::string>> group;
  Timestamp time = 0;
  bool holds = false;
  double nearness = 0;
  std::optional<double> measure;
  std::vector<std::string> seen;
  std::vector<std::string> missing;
};

struct ToldFinding {
  std::string uid;
  std::string level;
  std::string host;
  std::string process;
  Timestamp first = 0;
  Timestamp last = 0;
};

struct Explanation {
  RuleMeta rule;
  RuleKind kind = RuleKind::detection;
  bool completed = false;
  std::string verdict;  ///< A sentence.
  std::string wanted;   ///< Of a correlation with thresholds: "event_count gte 5 within 10m".
  std::size_t finding_count = 0;
  std::vector<ToldFinding> findings;  ///< The first of them.
  std::size_t events = 0;             ///< Read, of all hosts.
  std::size_t unreadable = 0;
  std::size_t hosts = 0;
  std::vector<ToldDetection> detections;
  std::vector<ToldHost> by_host;  ///< Lineage correlations: the nearest hosts.
  std::size_t hosts_left_out = 0;
  std::vector<ToldGroup> groups;  ///< Window correlations: the nearest.
};

/// Reads events through a pipeline of its own, which gives the verdict, and watches.
class RuleExplainer {
 public:
  explicit RuleExplainer(RuleAlone rule);
  ~RuleExplainer();
  RuleExplainer(const RuleExplainer&) = delete;
  RuleExplainer& operator=(const RuleExplainer&) = delete;

  /// Take the input into it.
  [[nodiscard]] Pipeline& pipeline();

  /// Once the input has ended. `host`: the key of the one host that is asked for, or empty.
  [[nodiscard]] Explanation explain(const std::string& host);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
