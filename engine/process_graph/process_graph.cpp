#include "engine/process_graph/process_graph.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {

/// Look-ups by identity, pid and text. Iterated nowhere: order must not reach output.
struct ProcessGraph::Index {
  boost::unordered_flat_map<Uid, ProcessIndex, UidHash> by_key;
  boost::unordered_flat_map<std::uint32_t, ProcessIndex> by_pid;  ///< Head of a next_with_pid list.
  boost::unordered_flat_map<std::string_view, TextIndex, SeededTextHash, std::equal_to<>> by_text;
  std::deque<std::string> texts{
      ""};  ///< A deque never moves its strings, so views into them stay good. 0: unknown.
  std::size_t text_bytes = 0;
};

namespace {

/// "4876" or "0x154c"; Windows writes both.
std::optional<std::uint32_t> read_pid(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint32_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid, base);
  if (error != std::errc{} || text.empty() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return pid;
}

/// A better claim: from a better source or, from the same, the lesser value. Any order of arrival
/// ends at the least.
template <typename Value>
bool improves(ClaimRank rank, const Value& value, ClaimRank known_rank, const Value& known) {
  return rank < known_rank || (rank == known_rank && value < known);
}

}  // namespace

ProcessGraph::ProcessGraph() : index_(std::make_unique<Index>()) {}

ProcessGraph::~ProcessGraph() = default;
ProcessGraph::ProcessGraph(ProcessGraph&&) noexcept = default;
ProcessGraph& ProcessGraph::operator=(ProcessGraph&&) noexcept = default;

GraphChange ProcessGraph::apply(const Event& event) {
  const bool is_start = event.type == EventType::process_creation;
  GraphChange change;
  change.actor = materialise(event.actor);
  change.parent = materialise(event.parent);
  change.target = materialise(event.target);

  if (change.parent != kNoProcess) {
    bool changed = !std::exchange(nodes_[change.parent].claimed_by_child, true);
    if (fill(change.parent, event.parent, ClaimRank::child_claim, changed)) {
      change.relinked[1] = change.parent;
    }
    change.changed[1] = changed ? change.parent : kNoProcess;
  }
  if (change.target != kNoProcess) {
    bool changed = !std::exchange(nodes_[change.target].took_part, true);
    if (fill(change.target, event.target, ClaimRank::own_event, changed)) {
      change.relinked[2] = change.target;
    }
    change.changed[2] = changed ? change.target : kNoProcess;
  }
  if (change.actor == kNoProcess) {
    return change;
  }
  bool changed = false;
  const bool start_changed = fill(change.actor, event.actor,
                                  is_start ? ClaimRank::own_start : ClaimRank::own_event, changed);
  bool relinked = start_changed;
  Node& actor = nodes_[change.actor];
  changed = !std::exchange(actor.took_part, true) || changed;
  if (event.type == EventType::process_termination && event.time != 0 && !event.time_suspect) {
    const Timestamp end = actor.end_seen == 0 ? event.time : std::min(actor.end_seen, event.time);
    changed = std::exchange(actor.end_seen, end) != end || changed;
  }
  if (change.parent != kNoProcess) {
    const ProcessIndex before = actor.parent;
    if (link(change.actor, change.parent, is_start ? ClaimRank::own_start : ClaimRank::own_event)) {
      relinked = true;
      change.left_parent = before;
    }
  }
  if (is_start) {
    changed = !std::exchange(actor.start_seen, true) || changed;
    const auto fill_from_start = [&](ProcessText which, std::string_view value) {
      changed = fill_text(actor, which, value, ClaimRank::own_start) || changed;
    };
    fill_from_start(ProcessText::integrity_level, event.field(FieldId::integrity_level));
    fill_from_start(ProcessText::hashes, event.field(FieldId::hashes));
    fill_from_start(ProcessText::current_directory, event.field(FieldId::current_directory));
    fill_from_start(ProcessText::claimed_parent_image, event.parent.image);
    fill_from_start(ProcessText::claimed_parent_command_line, event.parent.command_line);
  }
  change.changed[0] = changed || relinked ? change.actor : kNoProcess;
  if (relinked) {
    change.relinked[0] = change.actor;
  }
  return change;
}

ProcessIndex ProcessGraph::materialise(const ProcessMention& mention) {
  if (mention.key.is_none()) {
    return kNoProcess;
  }
  const auto known = index_->by_key.find(mention.key);
  if (known != index_->by_key.end()) {
    return known->second;
  }
  if (nodes_.size() >= kProcessesPerHostMax) {
    ++refused_;
    return kNoProcess;
  }
  const auto process = static_cast<ProcessIndex>(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.key = mention.key;
  node.ranks.fill(ClaimRank::none);
  index_->by_key.emplace(mention.key, process);
  return process;
}

bool ProcessGraph::fill(ProcessIndex process,
                        const ProcessMention& mention,
                        ClaimRank rank,
                        bool& changed) {
  Node& node = nodes_[process];
  changed = fill_text(node, ProcessText::vendor_uid, mention.vendor_uid, rank) || changed;
  changed = fill_text(node, ProcessText::image, mention.image, rank) || changed;
  changed = fill_text(node, ProcessText::command_line, mention.command_line, rank) || changed;
  changed = fill_text(node, ProcessText::user, mention.user, rank) || changed;
  changed = fill_pid(process, mention.pid, rank) || changed;
  const bool start_changed = fill_start(node, mention, rank);
  changed = changed || start_changed;
  return start_changed;
}

bool ProcessGraph::fill_text(Node& node,
                             ProcessText which,
                             std::string_view value,
                             ClaimRank rank) {
  if (value.empty()) {
    return false;
  }
  const auto slot = static_cast<std::size_t>(which);
  const std::string_view known = index_->texts[node.texts[slot]];
  if (!improves(rank, value, node.ranks[slot], known)) {
    return false;
  }
  const bool is_other = value != known;
  node.texts[slot] = intern(value);
  node.ranks[slot] = rank;
  return is_other;
}

bool ProcessGraph::fill_start(Node& node, const ProcessMention& mention, ClaimRank rank) {
  if (mention.start == 0) {
    return false;
  }
  // A start derived from a uid is as good whoever mentions the process; the start event's own time
  // is better.
  const ClaimRank start_rank = mention.start_is_exact ? rank : ClaimRank::child_claim;
  if (!improves(start_rank, mention.start, node.start_rank, node.start)) {
    return false;
  }
  const bool changed = node.start != mention.start;
  node.start = mention.start;
  node.start_rank = start_rank;
  return changed;
}

bool ProcessGraph::fill_pid(ProcessIndex process, std::string_view pid_text, ClaimRank rank) {
  const std::optional<std::uint32_t> pid = read_pid(pid_text);
  Node& node = nodes_[process];
  if (!pid || !improves(rank, *pid, node.pid_rank, node.pid)) {
    return false;
  }
  const bool listed = node.pid_rank != ClaimRank::none;
  const bool same = listed && node.pid == *pid;
  node.pid_rank = rank;
  if (same) {
    return false;
  }
  if (listed) {
    leave_pid_list(process);  // Two pids claimed for one process.
  }
  node.pid = *pid;
  const auto [head, is_new] = index_->by_pid.try_emplace(*pid, kNoProcess);
  node.next_with_pid = head->second;
  node.previous_with_pid = kNoProcess;
  if (head->second != kNoProcess) {
    nodes_[head->second].previous_with_pid = process;
  }
  head->second = process;
  return true;
}

void ProcessGraph::leave_pid_list(ProcessIndex process) {
  const Node& node = nodes_[process];
  const bool is_first = node.previous_with_pid == kNoProcess;
  (is_first ? index_->by_pid[node.pid] : nodes_[node.previous_with_pid].next_with_pid) =
      node.next_with_pid;
  if (node.next_with_pid != kNoProcess) {
    nodes_[node.next_with_pid].previous_with_pid = node.previous_with_pid;
  }
}

bool ProcessGraph::link(ProcessIndex child, ProcessIndex parent, ClaimRank rank) {
  if (child == parent) {
    ++self_parents_;
    return false;
  }
  Node& node = nodes_[child];
  if (node.parent == parent) {
    node.parent_rank = std::min(node.parent_rank, rank);
    return false;
  }
  if (node.parent != kNoProcess) {
    // The process's own start event knows best. Two of equal rank that name two parents: the lesser
    // key stands, whichever came first.
    if (std::pair(node.parent_rank, nodes_[node.parent].key) <
        std::pair(rank, nodes_[parent].key)) {
      return false;
    }
    unlink(child);
  }
  node.parent = parent;
  node.parent_rank = rank;
  node.next_sibling = nodes_[parent].first_child;
  if (node.next_sibling != kNoProcess) {
    nodes_[node.next_sibling].previous_sibling = child;
  }
  nodes_[parent].first_child = child;
  return true;
}

void ProcessGraph::unlink(ProcessIndex child) {
  Node& node = nodes_[child];
  const bool is_first = node.previous_sibling == kNoProcess;
  (is_first ? nodes_[node.parent].first_child : nodes_[node.previous_sibling].next_sibling) =
      node.next_sibling;
  if (node.next_sibling != kNoProcess) {
    nodes_[node.next_sibling].previous_sibling = node.previous_sibling;
  }
  node.next_sibling = kNoProcess;
  node.previous_sibling = kNoProcess;
  node.parent = kNoProcess;
}

ProcessIndex ProcessGraph::find(const Uid& key) const {
  const auto known = index_->by_key.find(key);
  return known == index_->by_key.end() ? kNoProcess : known->second;
}

std::vector<ProcessIndex> ProcessGraph::with_pid(std::uint32_t pid) const {
  std::vector<ProcessIndex> found;
  const auto head = index_->by_pid.find(pid);
  ProcessIndex process = head == index_->by_pid.end() ? kNoProcess : head->second;
  for (; process != kNoProcess; process = nodes_[process].next_with_pid) {
    found.push_back(process);
  }
  std::ranges::sort(found, [this](ProcessIndex a, ProcessIndex b) {
    return std::pair(nodes_[a].start, nodes_[a].key) < std::pair(nodes_[b].start, nodes_[b].key);
  });
  return found;
}

std::string_view ProcessGraph::text(ProcessIndex process, ProcessText which) const {
  return index_->texts[nodes_[process].texts[static_cast<std::size_t>(which)]];
}

std::optional<std::uint32_t> ProcessGraph::pid(ProcessIndex process) const {
  const Node& node = nodes_[process];
  return node.pid_rank == ClaimRank::none ? std::nullopt : std::optional(node.pid);
}

Timestamp ProcessGraph::end(ProcessIndex process, bool* inferred) const {
  const Node& node = nodes_[process];
  if (inferred != nullptr) {
    *inferred = false;
  }
  if (node.end_seen != 0 || node.pid_rank == ClaimRank::none || node.start == 0) {
    return node.end_seen;
  }
  Timestamp next_start = 0;
  const auto head = index_->by_pid.find(node.pid);
  for (ProcessIndex other = head->second; other != kNoProcess;
       other = nodes_[other].next_with_pid) {
    const Timestamp start = nodes_[other].start;
    if (nodes_[other].start_seen && start > node.start && (next_start == 0 || start < next_start)) {
      next_start = start;
    }
  }
  if (inferred != nullptr) {
    *inferred = next_start != 0;
  }
  return next_start;
}

bool ProcessGraph::parent_mismatch(ProcessIndex process) const {
  const ProcessIndex parent = nodes_[process].parent;
  if (parent == kNoProcess || !nodes_[parent].start_seen) {
    return false;
  }
  const auto contradicts = [&](ProcessText claim, ProcessText fact) {
    const std::string_view claimed = text(process, claim);
    const std::string_view known = text(parent, fact);
    return !claimed.empty() && !known.empty() && fold(claimed) != fold(known);
  };
  return contradicts(ProcessText::claimed_parent_image, ProcessText::image) ||
         contradicts(ProcessText::claimed_parent_command_line, ProcessText::command_line);
}

ProcessIndex ProcessGraph::parent(ProcessIndex process) const {
  return is_suspect_edge(process) ? kNoProcess : nodes_[process].parent;
}

bool ProcessGraph::is_suspect_edge(ProcessIndex child) const {
  const Node& node = nodes_[child];
  if (node.parent == kNoProcess) {
    return false;
  }
  const Timestamp parent_start = nodes_[node.parent].start;
  if (parent_start != 0 && node.start != 0) {
    if (parent_start > node.start + kClockSlackNs) {
      return true;
    }
    if (parent_start < node.start) {
      return false;
    }
  }
  // Every cycle has an edge whose parent does not start before its child, or of which that is
  // unknown. Cutting exactly those edges breaks every cycle, in a way that does not depend on which
  // edge arrived last.
  return closes_cycle(child);
}

bool ProcessGraph::closes_cycle(ProcessIndex child) const {
  ProcessIndex walk = nodes_[child].parent;
  for (std::size_t steps = 0; walk != kNoProcess && steps < kAncestorsMax; ++steps) {
    if (walk == child) {
      return true;
    }
    walk = nodes_[walk].parent;
  }
  return false;
}

ProcessGraph::TextIndex ProcessGraph::intern(std::string_view text) {
  const auto known = index_->by_text.find(text);
  if (known != index_->by_text.end()) {
    return known->second;
  }
  const auto id = static_cast<TextIndex>(index_->texts.size());
  const std::string& kept = index_->texts.emplace_back(text);
  index_->by_text.emplace(std::string_view(kept), id);
  index_->text_bytes += kept.size();
  return id;
}

std::size_t ProcessGraph::memory_bytes() const {
  return nodes_.capacity() * sizeof(Node) +
         index_->by_key.bucket_count() * (sizeof(Uid) + sizeof(ProcessIndex)) +
         index_->by_pid.bucket_count() * 2 * sizeof(std::uint32_t) +
         index_->texts.size() *
             (sizeof(std::string) + sizeof(std::string_view) + sizeof(TextIndex)) +
         index_->text_bytes;
}

}  // namespace spoor
