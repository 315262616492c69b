// What of a graph survives a restart: the facts of each node, as rows. Lists, indices and groups
// are worked out from them again.
#include <algorithm>

#include "engine/base/state_walk.h"
#include "engine/process_graph/process_store.h"
#include "engine/process_graph/text_edit.h"

namespace spoor {
namespace {

StateWriter row_key(StateRow row, std::uint32_t host) {
  StateWriter key(row);
  key.key32(host);
  return key;
}

// Ranks and marks of a node in one number: the order of these bits is the format.
constexpr unsigned kRankWidth = 2;
constexpr unsigned kFirstMark = 14;
constexpr unsigned kFirstVendor = 18;

std::uint32_t bits_of(const ProcessNode& node) {
  std::uint64_t bits = 0;
  unsigned shift = 0;
  const auto add = [&](std::uint64_t value, unsigned width) {
    bits |= value << shift;
    shift += width;
  };
  add(node.start_rank, kRankWidth);
  add(node.pid_rank, kRankWidth);
  add(node.parent_rank, kRankWidth);
  add(node.uid_rank, kRankWidth);
  add(node.image_rank, kRankWidth);
  add(node.command_line_rank, kRankWidth);
  add(node.user_rank, kRankWidth);
  add(node.is_tombstone, 1);
  add(node.start_seen, 1);
  add(node.claimed_by_child, 1);
  add(node.took_part, 1);
  add(node.vendor, 3);
  return static_cast<std::uint32_t>(bits);
}

void take_bits(std::uint32_t bits, ProcessNode& node) {
  node.start_rank = bits & kRankBits;
  node.pid_rank = (bits >> kRankWidth) & kRankBits;
  node.parent_rank = (bits >> (2 * kRankWidth)) & kRankBits;
  node.uid_rank = (bits >> (3 * kRankWidth)) & kRankBits;
  node.image_rank = (bits >> (4 * kRankWidth)) & kRankBits;
  node.command_line_rank = (bits >> (5 * kRankWidth)) & kRankBits;
  node.user_rank = (bits >> (6 * kRankWidth)) & kRankBits;
  node.is_tombstone = (bits >> kFirstMark) & 1U;
  node.start_seen = (bits >> (kFirstMark + 1)) & 1U;
  node.claimed_by_child = (bits >> (kFirstMark + 2)) & 1U;
  node.took_part = (bits >> (kFirstMark + 3)) & 1U;
  node.vendor = (bits >> kFirstVendor) & kVendorBits;
}

constexpr std::uint64_t kNodeTimeMax = kTimeBits;

/// Nodes whose last_seen share a row: most events change nothing else, of few processes at a time.
constexpr std::uint32_t kBlockNodes = 64;

}  // namespace

void ProcessGraph::Store::track_changes() {
  changes = std::make_unique<NodeChanges>();
  pid_ends.track_changes();
  nodes.for_each([this](std::uint32_t process, const ProcessNode& /*node*/) {
    note(process, NodeChanges::What::all);
  });
}

void ProcessGraph::Store::save(StateSink& sink, std::uint32_t host) {
  if (changes == nullptr) {
    return;
  }
  StateWriter value;
  std::vector<std::uint32_t> blocks;
  changes->take([&](std::uint32_t process, NodeChanges::What what) {
    blocks.push_back(process / kBlockNodes);
    if (what != NodeChanges::What::seen) {
      save_node(process, what, host, sink);
    }
  });
  pid_ends.save(row_key(StateRow::pid_end, host).bytes(), sink);
  std::ranges::sort(blocks);
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  for (const std::uint32_t block : blocks) {
    value.clear();
    bool is_needed = false;
    for (std::uint32_t i = 0; i < kBlockNodes; ++i) {
      const std::uint32_t process = block * kBlockNodes + i;
      is_needed = is_needed || nodes.is_used(process);
      value.key32(nodes.is_used(process) ? nodes[process].last_seen : 0);
    }
    const std::string key = row_key(StateRow::last_seen, host).key32(block).bytes();
    if (is_needed) {
      sink.put(key, value.bytes());
    } else {
      sink.erase(key);
    }
  }
  value.clear();
  value.time(idle_hour).number(refused).number(evicted).number(self_parents);
  if (value.bytes() != changes->counters) {
    changes->counters = value.bytes();
    sink.put(row_key(StateRow::graph, host).bytes(), value.bytes());
  }
}

void ProcessGraph::Store::save_node(std::uint32_t process,
                                    NodeChanges::What what,
                                    std::uint32_t host,
                                    StateSink& sink) const {
  const std::string key = row_key(StateRow::process, host).key32(process).bytes();
  const std::string texts_key = row_key(StateRow::process_texts, host).key32(process).bytes();
  if (!nodes.is_used(process)) {
    sink.erase(key);
    sink.erase(texts_key);
    return;
  }
  const ProcessNode& node = nodes[process];
  StateWriter value;
  value.uid(node.key).key32(bits_of(node)).number(node.start).number(node.end);
  value.number(node.parent == kNilNode ? 0 : node.parent + 1).number(node.pid);
  const Uid creator = creators.find(process);
  value.flag(!creator.is_none());
  if (!creator.is_none()) {
    value.uid(creator);
  }
  const PidParent* claim = pid_parents.find(process);
  value.flag(claim != nullptr);
  if (claim != nullptr) {
    value.number(claim->pid).number(claim->time);
  }
  sink.put(key, value.bytes());
  if (what != NodeChanges::What::all) {
    return;
  }
  value.clear();
  for (std::size_t i = 0; i < kProcessTextCount; ++i) {
    value.text(own_text(process, static_cast<ProcessText>(i)));
  }
  sink.put(texts_key, value.bytes());
}

bool ProcessGraph::Store::restore_last_seen(std::uint32_t block, StateReader& value) {
  for (std::uint32_t i = 0; i < kBlockNodes; ++i) {
    const std::uint32_t seen = value.key32();
    const std::uint64_t process = std::uint64_t{block} * kBlockNodes + i;
    if (process < kNilNode && nodes.is_used(static_cast<std::uint32_t>(process))) {
      nodes[static_cast<std::uint32_t>(process)].last_seen = seen;
    }
  }
  return value.is_done();
}

bool ProcessGraph::Store::restore_node(std::uint32_t process, StateReader& value) {
  if (process >= kNilNode) {
    return false;
  }
  const Uid key = value.uid();
  const std::uint32_t bits = value.key32();
  const std::uint64_t start = value.number_to(kNodeTimeMax);
  const std::uint64_t end = value.number_to(kNodeTimeMax);
  const std::uint64_t parent = value.number_to(kNilNode);
  const std::uint64_t pid = value.number_to(0xFFFFFFFFU);
  const Uid creator = value.flag() ? value.uid() : Uid{};
  std::optional<PidParent> claim;
  if (value.flag()) {
    claim.emplace();
    claim->pid = static_cast<std::uint32_t>(value.number_to(0xFFFFFFFFU));
    claim->time = value.number_to(kNodeTimeMax);
  }
  if (!value.is_done() || key.is_none() || (bits >> kFirstVendor) > 4) {
    return false;
  }
  ProcessNode& node = nodes.put(process);
  ++node_count;
  node.key = key;
  take_bits(bits, node);
  node.start = start & kTimeBits;
  node.end = end & kTimeBits;
  node.parent = (parent == 0 ? kNilNode : static_cast<std::uint32_t>(parent - 1)) & kNodeBits;
  node.pid = static_cast<std::uint32_t>(pid);
  vendors |= 1U << static_cast<unsigned>(node.vendor);
  if (!creator.is_none()) {
    creators.take(process, creator);
  }
  if (claim) {
    pid_parents.take(process, *claim);
  }
  return true;
}

bool ProcessGraph::Store::restore_texts(std::uint32_t process, StateReader& value) {
  if (!nodes.is_used(process)) {
    return false;
  }
  ProcessNode& node = nodes[process];
  Profiles::Row profile{};
  Claims::Row claim{};
  for (std::size_t i = 0; i < kProcessTextCount; ++i) {
    const auto which = static_cast<ProcessText>(i);
    const std::string_view text = value.text();
    if (which == ProcessText::vendor_uid) {
      node.vendor_uid = texts.keep(text);
    } else if (which == ProcessText::command_line) {
      node.command_line = texts.intern(text);
    } else if (is_claim_text(which)) {
      claim[row_place(which)] = texts.intern(text);
    } else {
      profile[row_place(which)] = texts.intern(text);
    }
  }
  node.profile = profiles.intern(profile) & kNodeBits;
  node.claims = claims.intern(claim) & kNodeBits;
  return value.is_done();
}

bool ProcessGraph::Store::restore_counters(StateReader& value) {
  idle_hour = value.time();
  refused = value.number();
  evicted = value.number();
  self_parents = value.number();
  return value.is_done();
}

void ProcessGraph::Store::restore_indices() {
  timeline.is_valid = false;
  std::vector<std::uint32_t> pids;
  nodes.for_each([&](std::uint32_t process, ProcessNode& node) {
    if (node.parent != kNilNode && (node.parent == process || !nodes.is_used(node.parent))) {
      node.parent = kNilNode;
    }
    if (node.pid_rank != kNoRank) {
      pids.push_back(node.pid);
    }
  });
  rebuild_children();
  rebuild_pid_lists(std::max<std::size_t>(4, node_count));
  nodes.rebuild_free();
  by_key.clear();
  nodes.for_each([this](std::uint32_t process, const ProcessNode& node) {
    by_key.insert(UidHash{}(node.key), process,
                  [this](std::uint32_t number) { return UidHash{}(nodes[number].key); });
  });
  swept_rows = profiles.size() + claims.size();
  GraphChange change;
  regroup_all(pids, change);
  work_out_ends_of_all(pids, change);
  nodes.for_each([this](std::uint32_t process, const ProcessNode& node) {
    if (node.end != 0 && node.is_tombstone == 0) {
      queue(process, to_seconds(from_node_time(node.end)));
    }
    queue_ended_by_reuse(process);
  });
}

Result<void> ProcessGraph::Store::restore(const StateSource& source, std::uint32_t host) {
  std::string_view damaged;
  const auto take_rows = [&](StateRow row, std::string_view what, const auto& take_row) {
    const bool is_sound = each_row(source, row_key(row, host).bytes(),
                                   [&](std::string_view /*key*/, StateReader& place,
                                       StateReader& value) { return take_row(place, value); });
    damaged = is_sound ? std::string_view() : what;
  };
  const auto node_at = [](StateReader& place) {
    const std::uint32_t process = place.key32();
    return place.is_done() ? process : kNilNode;
  };
  take_rows(StateRow::process, "process", [&](StateReader& place, StateReader& value) {
    return restore_node(node_at(place), value);
  });
  if (damaged.empty()) {
    take_rows(StateRow::process_texts, "texts of a process",
              [&](StateReader& place, StateReader& value) {
                return restore_texts(node_at(place), value);
              });
  }
  if (damaged.empty()) {
    take_rows(StateRow::last_seen, "times of processes",
              [&](StateReader& place, StateReader& value) {
                return restore_last_seen(node_at(place), value);
              });
  }
  if (damaged.empty()) {
    take_rows(StateRow::graph, "counters", [&](StateReader& place, StateReader& value) {
      return place.is_done() && restore_counters(value);
    });
  }
  if (damaged.empty()) {
    take_rows(StateRow::pid_end, "ends by pid", [&](StateReader& place, StateReader& value) {
      return value.is_done() && pid_ends.restore(place);
    });
  }
  if (!damaged.empty()) {
    return fail(ErrorCode::bad_state,
                "a row of the process graph is damaged: " + std::string(damaged));
  }
  restore_indices();
  return {};
}

}  // namespace spoor
