#include "engine/process_graph/process_graph.h"

#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/prefetch.h"
#include "engine/base/text.h"
#include "engine/process_graph/process_store.h"
#include "engine/process_graph/text_edit.h"

namespace spoor {
namespace {

ProcessIndex to_index(std::uint32_t node) {
  return node == kNilNode ? kNoProcess : node;
}

constexpr unsigned kOwnStart = static_cast<unsigned>(ClaimRank::own_start);
constexpr unsigned kOwnEvent = static_cast<unsigned>(ClaimRank::own_event);
constexpr unsigned kChildClaim = static_cast<unsigned>(ClaimRank::child_claim);

/// What of a node's facts differs; where it stands in lists is no fact.
NodeChanges::What changes_between(const ProcessNode& before, const ProcessNode& after) {
  if (before.vendor_uid != after.vendor_uid || before.command_line != after.command_line ||
      before.profile != after.profile || before.claims != after.claims) {
    return NodeChanges::What::all;
  }
  constexpr std::size_t kWords = 4;  // Key, start and end with the bits beside them.
  using Words = std::array<std::uint64_t, sizeof(ProcessNode) / sizeof(std::uint64_t)>;
  const auto a = std::bit_cast<Words>(before);
  const auto b = std::bit_cast<Words>(after);
  const bool is_same = std::equal(a.begin(), a.begin() + kWords, b.begin()) &&
                       before.parent == after.parent && before.pid == after.pid;
  if (!is_same) {
    return NodeChanges::What::numbers;
  }
  return before.last_seen == after.last_seen ? NodeChanges::What::none : NodeChanges::What::seen;
}

/// One event on its way into the graph.
class Application {
 public:
  Application(ProcessGraph::Store& store, const Event& event) : store_(store), event_(event) {}

  GraphChange run() {
    const Vendor vendor = vendor_of(event_.source);
    const std::uint32_t actor = name(0, event_.actor.key, vendor_of_actor());
    const std::uint32_t parent =
        name(1, parent_key(event_), is_parent_named_only() ? Vendor::named_only : vendor);
    const std::uint32_t target = name(2, event_.target.key, vendor);
    const std::uint32_t creator = is_start() ? name(3, event_.creator.key, vendor) : kNilNode;
    if (parent != kNilNode) {
      const bool is_news = store_.nodes[parent].claimed_by_child == 0;
      store_.nodes[parent].claimed_by_child = 1;
      take_mention(1, parent, event_.parent, kChildClaim, is_news);
    }
    if (target != kNilNode) {
      const bool is_news = store_.nodes[target].took_part == 0;
      store_.nodes[target].took_part = 1;
      take_mention(2, target, event_.target, kOwnEvent, is_news);
    }
    if (creator != kNilNode) {
      take_mention(3, creator, event_.creator, kChildClaim, false);
    }
    if (actor != kNilNode) {
      take_actor(actor, parent);
      if (creator != kNilNode && store_.creators.take(actor, event_.creator.key)) {
        change_.changed[0] = actor;
        store_.note(actor, NodeChanges::What::numbers);
      }
    }
    if (const std::optional<PidEnd> end = pid_end()) {
      store_.take_pid_end(*end, change_);
    }
    store_.tell_created(change_);
    change_.actor = to_index(actor);
    change_.parent = to_index(parent);
    change_.target = to_index(target);
    for (std::size_t role = 0; store_.changes != nullptr && role < before_.size(); ++role) {
      note_changes(role);
    }
    store_.pinned.fill(kNilNode);
    return std::move(change_);
  }

 private:
  [[nodiscard]] bool is_start() const { return event_.type == EventType::process_creation; }

  [[nodiscard]] bool is_parent_named_only() const { return event_.parent.key.is_none(); }

  /// Whose identity the actor's key is.
  [[nodiscard]] Vendor vendor_of_actor() const {
    return event_.actor.vendor_uid.empty() ? Vendor::named_only : vendor_of(event_.source);
  }

  /// What a start says of the parent if that is no more than a pid.
  [[nodiscard]] std::optional<PidParent> pid_parent() const {
    if (!is_start() || !is_parent_named_only() || !has_sure_time()) {
      return std::nullopt;
    }
    const std::optional<std::uint32_t> pid = read_pid(event_.parent.pid);
    // 0 is the idle process, or that nothing is known.
    return pid.value_or(0) == 0
               ? std::nullopt
               : std::optional(PidParent{.pid = *pid, .time = to_node_time(event_.time)});
  }

  /// What an end says that names its process by no more than a pid.
  [[nodiscard]] std::optional<PidEnd> pid_end() const {
    if (event_.type != EventType::process_termination) {
      return std::nullopt;
    }
    const std::optional<std::uint32_t> pid = bare_pid(event_);
    return pid ? std::optional(PidEnd{.pid = *pid,
                                      .time = to_node_time(event_.time),
                                      .image = image_mark(event_.actor.image)})
               : std::nullopt;
  }

  [[nodiscard]] bool has_sure_time() const { return event_.time != 0 && !event_.time_suspect; }

  /// The node of a mention, kept from being forgotten for the others of this event.
  std::uint32_t name(std::size_t role, const Uid& key, Vendor vendor) {
    const std::uint32_t process = store_.materialise(key, vendor, change_);
    store_.pinned[role] = process;
    if (process == kNilNode) {
      return process;
    }
    ProcessNode& node = store_.nodes[process];
    if (store_.changes != nullptr) {
      before_[role] = node;
    }
    if (has_sure_time()) {
      node.last_seen = std::max(node.last_seen, to_seconds(event_.time));
    } else if (event_.is_from_future()) {
      // It was there when that was received, whatever the event claims: else it would be forgotten
      // at once.
      node.last_seen = std::max(node.last_seen, to_seconds(event_.position.received));
    }
    return process;
  }

  void note_changes(std::size_t role) {
    if (store_.pinned[role] != kNilNode) {
      store_.note(store_.pinned[role],
                  changes_between(before_[role], store_.nodes[store_.pinned[role]]));
    }
  }

  void take_mention(std::size_t role,
                    std::uint32_t process,
                    const ProcessMention& mention,
                    unsigned rank,
                    bool is_news) {
    store_.begin_facts(process);
    TextEdit edit(store_, process);
    const Filled filled = store_.fill(process, mention, rank, edit);
    edit.commit();
    store_.follow_up(process, filled, change_);
    if (filled.start) {
      change_.relinked[role] = process;
    }
    change_.left_pids[role] = filled.old_pid.value_or(0);
    if (is_news || filled.start || filled.pid || edit.has_changed()) {
      change_.changed[role] = process;
    }
  }

  void take_actor(std::uint32_t actor, std::uint32_t parent) {
    const unsigned rank = is_start() ? kOwnStart : kOwnEvent;
    store_.begin_facts(actor);
    TextEdit edit(store_, actor);
    Filled filled = store_.fill(actor, event_.actor, rank, edit);
    if (is_start()) {
      take_start_texts(edit);
      if (store_.nodes[actor].start_seen == 0) {
        for (const ProcessIndex member : store_.members(actor)) {
          store_.tell_children(member, change_);
        }
        store_.nodes[actor].start_seen = 1;
        store_.timeline.is_valid = false;
        filled.start_seen = true;
      }
    }
    edit.commit();
    change_.left_pids[0] = filled.old_pid.value_or(0);
    bool is_news = store_.nodes[actor].took_part == 0;
    store_.nodes[actor].took_part = 1;
    if (event_.type == EventType::process_termination && has_sure_time()) {
      filled.end = store_.fill_end(actor, to_node_time(event_.time));
    }
    // Who is named by a uid is the parent, whatever other events say without one.
    const bool is_linked =
        parent != kNilNode && link(actor, parent, is_parent_named_only() ? kChildClaim : rank);
    if (is_linked || filled.start) {
      change_.relinked[0] = actor;
    }
    is_news = is_news || is_linked || filled.start || filled.pid || filled.start_seen ||
              edit.has_changed() || filled.end;
    if (is_news) {
      change_.changed[0] = actor;
    }
    store_.follow_up(actor, filled, change_);
    if (parent == kNilNode) {
      if (const std::optional<PidParent> claim = pid_parent()) {
        store_.take_pid_parent(actor, *claim, change_);
      }
    }
  }

  void take_start_texts(TextEdit& edit) {
    edit.offer(ProcessText::integrity_level, event_.field(FieldId::integrity_level), kOwnStart);
    edit.offer(ProcessText::hashes, event_.field(FieldId::hashes), kOwnStart);
    edit.offer(ProcessText::current_directory, event_.field(FieldId::current_directory), kOwnStart);
    edit.offer(ProcessText::claimed_parent_image, event_.parent.image, kOwnStart);
    edit.offer(ProcessText::claimed_parent_command_line, event_.parent.command_line, kOwnStart);
  }

  bool link(std::uint32_t actor, std::uint32_t parent, unsigned rank) {
    const std::uint32_t before = store_.claimed_parent(actor);
    const bool is_linked = store_.link(actor, parent, rank);
    // A better claim of the same parent can make this member's claim count in its group.
    const bool is_moved = before != store_.claimed_parent(actor);
    if (is_moved) {
      change_.left_parent = to_index(before);
    }
    return is_linked || is_moved;
  }

  ProcessGraph::Store& store_;
  const Event& event_;
  GraphChange change_;
  std::array<ProcessNode, 4> before_;  ///< If changes are noted.
};

}  // namespace

ProcessGraph::ProcessGraph(std::size_t processes_max)
    : store_(std::make_unique<Store>(
          std::clamp<std::size_t>(processes_max, 1, kProcessesPerHostMax))) {}

ProcessGraph::~ProcessGraph() = default;
ProcessGraph::ProcessGraph(ProcessGraph&&) noexcept = default;
ProcessGraph& ProcessGraph::operator=(ProcessGraph&&) noexcept = default;

GraphChange ProcessGraph::apply(const Event& event) {
  GraphChange change = Application(*store_, event).run();
  store_->sweep_if_due();
  return change;
}

void ProcessGraph::Expectation::fetch_tables() const {
  if (store_ != nullptr) {
    constexpr std::size_t kLine = 64;
    const char* const first = reinterpret_cast<const char*>(store_);
    for (std::size_t at = 0; at < Store::kFirst; at += kLine) {
      prefetch_line(first + at);
    }
  }
}

void ProcessGraph::Expectation::fetch_place(const Uid& key) const {
  if (store_ != nullptr) {
    store_->by_key.prefetch(UidHash{}(key));
  }
}

void ProcessGraph::Expectation::fetch_node(const Uid& key) const {
  if (store_ == nullptr) {
    return;
  }
  // The first number of that hash is mostly the one: it is not worth a wait to see whether it is.
  const std::uint32_t likely =
      store_->by_key.find(UidHash{}(key), [](std::uint32_t /*number*/) { return true; });
  if (likely != SlotTable::kNone && likely < store_->nodes.places()) {
    store_->nodes.prefetch(likely);
  }
}

std::vector<ProcessIndex> ProcessGraph::absorb(const ProcessGraph& other) {
  return store_->absorb(*other.store_);
}

GraphChange ProcessGraph::forget(ProcessIndex process) {
  GraphChange change;
  store_->forget(process, change);
  store_->sweep_if_due();
  return change;
}

GraphChange ProcessGraph::shed(std::size_t wanted, bool give_back) {
  GraphChange change;
  store_->shed(wanted, change);
  if (give_back) {
    store_->sweep();
  } else {
    store_->may_be_due = true;
    store_->sweep_if_due();
  }
  return change;
}

void ProcessGraph::track_changes() {
  store_->track_changes();
}

void ProcessGraph::save(StateSink& sink, std::uint32_t host) {
  store_->save(sink, host);
}

Result<void> ProcessGraph::restore(const StateSource& source, std::uint32_t host) {
  return store_->restore(source, host);
}

void ProcessGraph::on_forget(OnForget callback) {
  store_->on_forget = std::move(callback);
}

std::vector<ProcessIndex> ProcessGraph::evictable(Timestamp ended_before,
                                                  Timestamp idle_before,
                                                  const HeldUntil& held_until) {
  return store_->evictable(ended_before, idle_before, held_until);
}

std::size_t ProcessGraph::size() const {
  return store_->nodes.places();
}

std::size_t ProcessGraph::node_count() const {
  return store_->node_count;
}

std::size_t ProcessGraph::process_count() const {
  return store_->node_count - store_->grouped_away;
}

bool ProcessGraph::is_known(ProcessIndex process) const {
  return store_->nodes.is_used(process);
}

ProcessIndex ProcessGraph::find(const Uid& key) const {
  const std::uint32_t node = store_->find_node(key);
  return node == kNilNode ? kNoProcess : store_->canonical(node);
}

std::vector<ProcessIndex> ProcessGraph::with_pid(std::uint32_t pid) const {
  std::vector<ProcessIndex> found;
  store_->for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& /*node*/) {
    if (store_->canonical(process) == process) {
      found.push_back(process);
    }
  });
  std::ranges::sort(found, [this](ProcessIndex a, ProcessIndex b) {
    return std::pair(start(a), node_key(a)) < std::pair(start(b), node_key(b));
  });
  return found;
}

ResolvedPid ProcessGraph::resolve_pid(std::uint32_t pid, Timestamp time) const {
  return store_->resolve_pid(pid, to_node_time(time), kNilNode);
}

PidWork ProcessGraph::pid_work() const {
  return store_->pid_work;
}

ProcessIndex ProcessGraph::canonical(ProcessIndex process) const {
  return store_->canonical(process);
}

ProcessMembers ProcessGraph::members(ProcessIndex process) const {
  return store_->members(process);
}

std::string_view ProcessGraph::vendor_uid(ProcessIndex node) const {
  return store_->own_text(node, ProcessText::vendor_uid);
}

const Uid& ProcessGraph::key(ProcessIndex process) const {
  return store_->nodes[store_->canonical(process)].key;
}

const Uid& ProcessGraph::node_key(ProcessIndex node) const {
  return store_->nodes[node].key;
}

std::string_view ProcessGraph::text(ProcessIndex process, ProcessText which) const {
  return store_->text(process, which);
}

std::optional<std::uint32_t> ProcessGraph::pid(ProcessIndex process) const {
  const ProcessNode& node = store_->nodes[process];  // All members have the same.
  return node.pid_rank == kNoRank ? std::nullopt : std::optional(node.pid);
}

Timestamp ProcessGraph::start(ProcessIndex process) const {
  return from_node_time(store_->start(process));
}

Timestamp ProcessGraph::end(ProcessIndex process, bool* inferred) const {
  bool is_inferred = false;
  const std::uint64_t end = store_->end(process, &is_inferred);
  if (inferred != nullptr) {
    *inferred = is_inferred;
  }
  return from_node_time(end);
}

bool ProcessGraph::start_seen(ProcessIndex process) const {
  return store_->start_seen(process);
}

bool ProcessGraph::claimed_by_child(ProcessIndex process) const {
  return std::ranges::any_of(store_->members(process), [this](ProcessIndex member) {
    return store_->nodes[member].claimed_by_child != 0;
  });
}

bool ProcessGraph::took_part(ProcessIndex process) const {
  return std::ranges::any_of(store_->members(process), [this](ProcessIndex member) {
    return store_->nodes[member].took_part != 0;
  });
}

Timestamp ProcessGraph::last_seen(ProcessIndex process) const {
  return Timestamp{store_->last_seen(process)} * kNanosPerSecond;
}

bool ProcessGraph::parent_mismatch(ProcessIndex process) const {
  return std::ranges::any_of(store_->members(process), [this](ProcessIndex member) {
    return store_->parent_mismatch(member);
  });
}

ProcessIndex ProcessGraph::parent(ProcessIndex process) const {
  return is_suspect_edge(process) ? kNoProcess : claimed_parent(process);
}

ProcessIndex ProcessGraph::claimed_parent(ProcessIndex process) const {
  return to_index(store_->claimed_parent(process));
}

bool ProcessGraph::is_suspect_edge(ProcessIndex child) const {
  return store_->is_suspect_edge(child);
}

ProcessIndex ProcessGraph::creator(ProcessIndex process) const {
  return to_index(store_->creator(process));
}

bool ProcessGraph::is_ambiguous_parent(ProcessIndex child) const {
  return store_->is_ambiguous_parent(child);
}

ProcessIndex ProcessGraph::first_child(ProcessIndex process) const {
  return to_index(store_->first_child(process));
}

ProcessIndex ProcessGraph::next_sibling(ProcessIndex process) const {
  return to_index(store_->next_sibling(process));
}

bool ProcessGraph::is_tombstone(ProcessIndex process) const {
  return store_->is_tombstone(process);
}

bool ProcessGraph::is_tombstone_node(ProcessIndex node) const {
  return store_->nodes[node].is_tombstone != 0;
}

std::size_t ProcessGraph::refused() const {
  return store_->refused;
}

std::size_t ProcessGraph::evicted_by_limit() const {
  return store_->evicted;
}

std::size_t ProcessGraph::refused_texts() const {
  return store_->texts.refused() + store_->profiles.refused() + store_->claims.refused();
}

std::size_t ProcessGraph::pid_ends_beyond_limit() const {
  return store_->pid_ends.beyond_limit();
}

std::size_t ProcessGraph::self_parents() const {
  return store_->self_parents;
}

std::size_t ProcessGraph::memory_bytes() const {
  return store_->memory_bytes();
}

std::size_t ProcessGraph::text_bytes() const {
  return store_->texts.text_bytes();
}

Uid unknown_process_key(std::string_view host, std::uint32_t pid) {
  return UidBuilder().add("process known by pid").add(host).add(std::uint64_t{pid}).finish();
}

std::optional<std::uint32_t> bare_pid(const Event& event) {
  if (!event.actor.key.is_none() || event.actor.pid.empty() || event.time == 0 ||
      event.time_suspect || event.type == EventType::process_creation) {
    return std::nullopt;
  }
  const std::optional<std::uint32_t> pid = read_pid(event.actor.pid);
  return pid == 0U ? std::nullopt : pid;  // 0 is the idle process, or that nothing is known.
}

Uid parent_key(const Event& event) {
  const ProcessMention& actor = event.actor;
  const ProcessMention& parent = event.parent;
  const std::string_view image = basename_of(parent.image);
  if (!parent.key.is_none() || actor.key.is_none() || parent.start <= 0 || !parent.start_is_exact ||
      image.empty()) {
    return parent.key;
  }
  const std::optional<std::uint32_t> pid = read_pid(parent.pid);
  constexpr Timestamp kMillisecond = 1'000'000;
  // Of its own pid at an unknown time the actor cannot be told from its parent.
  const bool is_own_start =
      actor.start == 0 || actor.start / kMillisecond == parent.start / kMillisecond;
  if (!pid || (is_own_start && read_pid(actor.pid) == pid)) {
    return {};
  }
  return named_process_key(*pid, parent.start, parent.image);
}

}  // namespace spoor
