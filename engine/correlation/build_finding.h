// Match → finding: gathers the evidence tree and names everything for the reader.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/correlation/hit_store.h"
#include "engine/correlation/pid_actors.h"
#include "engine/finding/finding.h"
#include "engine/process_graph/process_graph.h"
#include "engine/rule/rule.h"

namespace spoor {

/// One piece of evidence before it has a place in the tree.
struct MatchEvidence {
  const Hit* hit = nullptr;
  const DetectionRule* rule = nullptr;
  std::string_view step;  ///< The name the correlation uses, or the rule's own.
  bool required = false;
};

/// A completed detection.
struct MatchView {
  const RuleMeta* rule = nullptr;
  bool is_correlation = false;
  std::vector<const DetectionRule*> related;  ///< Steps, in the order listed.
  Level level = Level::medium;
  std::string_view host_key;
  bool of_one_host = true;    ///< All evidence is of this host, under whichever of its keys.
  std::string_view hostname;  ///< The best name that any event of the host gave; may be empty.
  ProcessIndex anchor = kNoProcess;  ///< kNoProcess: the evidence names no process.
  Uid anchor_uid;                    ///< What the finding's uid is of: process key or event uid.
  Uid uid;  ///< The finding's uid, where it is of something else; else none.
  std::vector<std::pair<std::string, std::string>> group;  ///< (field, value) of group-by.
  std::vector<MatchEvidence> evidence;                     ///< In canonical order.
  std::size_t evidence_total = 0;
};

/// What every match says of its rule and its host. The views must outlive it.
[[nodiscard]] MatchView match_of(const RuleMeta& rule,
                                 bool is_correlation,
                                 std::string_view host_key,
                                 std::string_view hostname);

/// A host may log under several names: the longest (the full one), then the least, is the better.
[[nodiscard]] bool better_hostname(std::string_view a, std::string_view b);

/// The finding's identity: of what was detected, and where, not of the evidence.
[[nodiscard]] Uid finding_uid(const RuleMeta& rule, std::string_view host_key, const Uid& anchor);

/// Builds the finding. Evidence may be empty: what was retracted has none. Its content depends on
/// the match and the graph alone, not on node numbers.
[[nodiscard]] Finding build_finding(const MatchView& match,
                                    const ProcessGraph& graph,
                                    const PidActors& actors);

}  // namespace spoor
