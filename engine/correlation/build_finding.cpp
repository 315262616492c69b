#include "engine/correlation/build_finding.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "engine/base/text.h"
#include "engine/process_graph/graph_algorithms.h"

namespace spoor {
namespace {

Knowledge knowledge_of(const ProcessGraph& graph, ProcessIndex process) {
  if (graph.start_seen(process)) {
    return Knowledge::known;
  }
  if (graph.text(process, ProcessText::image).empty()) {
    return Knowledge::missing;
  }
  return graph.took_part(process) ? Knowledge::inferred : Knowledge::claimed;
}

bool is_all_zero(std::string_view hex) {
  return std::ranges::all_of(hex, [](char c) { return c == '0'; });
}

/// "SHA1=…,MD5=…" → pairs with lower-case hex; all-zero means absent.
std::vector<std::pair<std::string, std::string>> split_hashes(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> hashes;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    const std::size_t equals = one.find('=');
    if (equals != std::string_view::npos && equals > 0 && !is_all_zero(one.substr(equals + 1))) {
      hashes.emplace_back(one.substr(0, equals), to_lower_ascii(one.substr(equals + 1)));
    }
  }
  return hashes;
}

std::optional<NamedProcess> creator_of(const ProcessGraph& graph, ProcessIndex process) {
  const ProcessIndex creator = graph.creator(process);
  if (creator == kNoProcess) {
    return std::nullopt;
  }
  const std::optional<std::uint32_t> pid = graph.pid(creator);
  return NamedProcess{.uid = std::string(graph.text(creator, ProcessText::vendor_uid)),
                      .pid = pid ? std::to_string(*pid) : "",
                      .image = std::string(graph.text(creator, ProcessText::image))};
}

FindingProcess describe(const ProcessGraph& graph, ProcessIndex process) {
  FindingProcess described;
  described.uid = graph.text(process, ProcessText::vendor_uid);
  for (const ProcessIndex node : graph.members(process)) {
    const std::string_view uid = graph.vendor_uid(node);
    if (!uid.empty() && uid != described.uid) {
      described.other_uids.emplace_back(uid);
    }
  }
  std::ranges::sort(described.other_uids);
  const std::optional<std::uint32_t> pid = graph.pid(process);
  described.pid = pid ? std::to_string(*pid) : "";
  described.image = graph.text(process, ProcessText::image);
  described.command_line = graph.text(process, ProcessText::command_line);
  described.user = graph.text(process, ProcessText::user);
  described.integrity_level = graph.text(process, ProcessText::integrity_level);
  described.hashes = split_hashes(graph.text(process, ProcessText::hashes));
  described.start = graph.start(process);
  bool inferred_end = false;
  const Timestamp end = graph.end(process, &inferred_end);
  described.end = inferred_end ? 0 : end;
  described.knowledge = knowledge_of(graph, process);
  described.parent_mismatch = graph.parent_mismatch(process);
  described.creator = creator_of(graph, process);
  described.parent_ambiguous = graph.is_ambiguous_parent(process);
  return described;
}

FindingRule describe(const RuleMeta& meta, bool is_correlation) {
  return {.id = meta.id,
          .name = meta.name,
          .title = meta.title,
          .description = meta.description,
          .author = meta.author,
          .license = meta.license,
          .references = meta.references,
          .tags = meta.tags,
          .logic_hash = meta.logic_hash,
          .correlation = is_correlation,
          .false_positives = meta.false_positives};
}

/// The processes of the finding, parents first, siblings by start, and where each graph node went.
class EvidenceTree {
 public:
  EvidenceTree(const MatchView& match, const ProcessGraph& graph, const PidActors& actors)
      : graph_(graph), actors_(actors) {
    add_line(match.anchor);
    for (const MatchEvidence& evidence : match.evidence) {
      add_line(process_of(*evidence.hit->event));
    }
    std::vector<ProcessIndex> tops;
    for (const ProcessIndex process : members_) {
      if (!members_.contains(graph.parent(process))) {
        tops.push_back(process);
      }
    }
    sort_for_display(graph, tops);
    for (const ProcessIndex top : tops) {
      place(top, std::nullopt);
    }
  }

  [[nodiscard]] ProcessIndex process_of(const KeptEvent& event) const {
    return graph_.find(actors_.actor_of(event));
  }

  [[nodiscard]] bool is_ambiguous(const KeptEvent& event) const {
    return actors_.is_ambiguous(event);
  }

  [[nodiscard]] std::optional<std::size_t> place_of(ProcessIndex process) const {
    const auto found = places_.find(process);
    return found == places_.end() ? std::nullopt : std::optional(found->second);
  }

  [[nodiscard]] std::vector<FindingProcess> take() { return std::move(processes_); }

 private:
  /// A process and all its ancestors.
  void add_line(ProcessIndex process) {
    if (process == kNoProcess) {
      return;
    }
    members_.insert(process);
    for (const ProcessIndex ancestor : ancestors(graph_, process)) {
      members_.insert(ancestor);
    }
  }

  /// Depth is bounded by add_line's walks.
  void place(ProcessIndex process, std::optional<std::size_t> parent) {
    const std::size_t here = processes_.size();
    processes_.push_back(describe(graph_, process));
    processes_.back().parent = parent;
    places_.emplace(process, here);
    std::vector<ProcessIndex> below;
    for (ProcessIndex child = graph_.first_child(process); child != kNoProcess;
         child = graph_.next_sibling(child)) {
      if (members_.contains(child) && graph_.parent(child) == process) {
        below.push_back(child);
      }
    }
    sort_for_display(graph_, below);
    for (const ProcessIndex child : below) {
      place(child, here);
    }
  }

  const ProcessGraph& graph_;
  const PidActors& actors_;
  std::set<ProcessIndex> members_;
  std::map<ProcessIndex, std::size_t> places_;
  std::vector<FindingProcess> processes_;
};

FindingEvidence describe(const MatchEvidence& evidence, const EvidenceTree& tree) {
  const KeptEvent& event = *evidence.hit->event;
  FindingEvidence described;
  described.step = evidence.step;
  described.step_title = evidence.rule->meta.title;
  described.step_rule_id = evidence.rule->meta.id;
  described.required = evidence.required;
  described.order = event.order;
  described.type = event.type;
  described.source = event.source;
  described.vendor_event_uid = event.vendor_event_uid;
  described.process = tree.place_of(tree.process_of(event));
  described.process_ambiguous = described.process && tree.is_ambiguous(event);
  for (const KeptField& field : evidence.hit->matched) {
    described.matched.push_back(
        {.name = field.name, .value = field.value, .test = field.test, .form = field.form});
  }
  for (const auto& [name, value] : event.fields) {
    described.fields.push_back({.name = name, .value = value, .test = ""});
  }
  described.record = event.record;
  described.salvaged = event.salvaged;
  return described;
}

}  // namespace

MatchView match_of(const RuleMeta& rule,
                   bool is_correlation,
                   std::string_view host_key,
                   std::string_view hostname) {
  MatchView match;
  match.rule = &rule;
  match.is_correlation = is_correlation;
  match.level = rule.level;
  match.host_key = host_key;
  match.hostname = hostname;
  return match;
}

bool better_hostname(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() > b.size() : a < b;
}

Uid finding_uid(const RuleMeta& rule, std::string_view host_key, const Uid& anchor) {
  return UidBuilder()
      .add("finding")
      .add(rule.id)
      .add(rule.logic_hash)
      .add(host_key)
      .add(anchor.high)
      .add(anchor.low)
      .finish();
}

Finding build_finding(const MatchView& match, const ProcessGraph& graph, const PidActors& actors) {
  Finding finding;
  finding.uid =
      match.uid.is_none() ? finding_uid(*match.rule, match.host_key, match.anchor_uid) : match.uid;
  finding.level = to_string(match.level);
  finding.rule = describe(*match.rule, match.is_correlation);
  for (const DetectionRule* related : match.related) {
    finding.related_rules.push_back(describe(related->meta, false));
  }
  finding.host_key = match.host_key;
  // Not every vendor's events name their host: CrowdStrike's few that do name it for all.
  finding.hostname = match.hostname;
  EvidenceTree tree(match, graph, actors);
  finding.anchor = tree.place_of(match.anchor);
  for (const MatchEvidence& evidence : match.evidence) {
    const KeptEvent& event = *evidence.hit->event;
    // A window's evidence may be of several hosts, and a host may have several keys.
    const bool is_here =
        match.of_one_host || event.host == match.host_key || tree.process_of(event) != kNoProcess;
    if (is_here && better_hostname(event.hostname, finding.hostname)) {
      finding.hostname = event.hostname;
    }
    if (is_here && finding.os_type.empty()) {
      finding.os_type = event.os_type;
    }
    finding.evidence.push_back(describe(evidence, tree));
  }
  finding.processes = tree.take();
  finding.evidence_total = match.evidence_total;
  finding.group = match.group;
  if (match.evidence.empty()) {
    return finding;
  }
  finding.first_seen = match.evidence.front().hit->event->order.time;
  finding.last_seen = match.evidence.back().hit->event->order.time;
  return finding;
}

}  // namespace spoor
