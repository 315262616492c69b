// Whose the ends are that name a process by its pid alone.
//
// Which process had the pid then may turn out otherwise with every start that becomes known, so it
// is worked out anew when one does: a function of the facts. Ends play no part in it, for it is
// asked who had a pid in order to know of ends.
#include "engine/process_graph/pid_ends.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/base/uid.h"
#include "engine/process_graph/process_store.h"

namespace spoor {

std::uint64_t image_mark(std::string_view image) {
  const std::string_view name = basename_of(image);
  return name.empty() ? 0 : UidBuilder().add("image").add(fold(name)).finish().low | 1U;
}

bool PidEnds::take(const PidEnd& end) {
  if (ends_.size() >= kPidEndsMax && !ends_.contains(end)) {
    ++beyond_limit_;
    return false;
  }
  if (!ends_.insert(end).second) {
    return false;
  }
  if (tracks_) {
    changed_.push_back(end);
  }
  return true;
}

PidEnds::Ends::iterator PidEnds::erase(Ends::iterator end) {
  if (tracks_) {
    changed_.push_back(*end);
  }
  return ends_.erase(end);
}

void PidEnds::drop(std::uint32_t pid, std::uint64_t from, std::uint64_t to) {
  auto one = ends_.lower_bound({.pid = pid, .time = from, .image = 0});
  while (one != ends_.end() && one->pid == pid && one->time < to) {
    one = erase(one);
  }
}

bool PidEnds::set_end(std::uint32_t node, std::uint64_t end) {
  if (end == 0) {
    return of_node_.erase(node) != 0;
  }
  const auto [known, is_new] = of_node_.try_emplace(node, end);
  return std::exchange(known->second, end) != end || is_new;
}

void PidEnds::track_changes() {
  tracks_ = true;
  changed_.assign(ends_.begin(), ends_.end());
}

void PidEnds::save(std::string_view rows, StateSink& sink) {
  for (const PidEnd& end : changed_) {
    const std::string key =
        StateWriter().raw(rows).key32(end.pid).key64(end.time).key64(end.image).bytes();
    if (ends_.contains(end)) {
      sink.put(key, {});
    } else {
      sink.erase(key);
    }
  }
  changed_.clear();
}

bool PidEnds::restore(StateReader& key) {
  const std::uint32_t pid = key.key32();
  const std::uint64_t time = key.key64();
  const std::uint64_t image = key.key64();
  if (!key.is_done() || time == 0 || time > kTimeBits) {
    return false;
  }
  ends_.insert({.pid = pid, .time = time, .image = image});
  return true;
}

std::size_t PidEnds::memory_bytes() const {
  constexpr std::size_t kTreeNode = 64;
  return ends_.size() * kTreeNode +
         of_node_.bucket_count() * (sizeof(std::pair<std::uint32_t, std::uint64_t>) + 1) +
         changed_.capacity() * sizeof(PidEnd);
}

namespace {

/// One that had the pid.
struct Holder {
  std::uint64_t start = 0;
  Uid key;
  std::uint32_t process = 0;  ///< Canonical.
  std::uint64_t image = 0;    ///< image_mark().
  std::uint64_t end = 0;

  [[nodiscard]] bool may_be(const PidEnd& told) const {
    return image == 0 || told.image == 0 || image == told.image;
  }
};

bool is_before(const Holder& a, const Holder& b) {
  return std::tie(a.start, a.key) < std::tie(b.start, b.key);
}

/// The last that had started; of those that started at once the first that it may be. Null: an end
/// of none that is known.
Holder* holder_of(std::vector<Holder>& holders, const PidEnd& told) {
  const auto later = std::ranges::upper_bound(holders, told.time, {}, &Holder::start);
  if (later == holders.begin()) {
    return nullptr;
  }
  auto first = std::ranges::lower_bound(holders, std::prev(later)->start, {}, &Holder::start);
  first = std::find_if(first, later, [&](const Holder& holder) { return holder.may_be(told); });
  return first == later ? nullptr : &*first;
}

}  // namespace

void ProcessGraph::Store::take_pid_end(const PidEnd& end, GraphChange& change) {
  touched = {};
  if (pid_ends.take(end) && work_out_ends(end.pid, change)) {
    relink_children_of(end.pid, touched, change);
  }
}

bool ProcessGraph::Store::work_out_ends(std::uint32_t pid, GraphChange& change) {
  if (pid_ends.empty()) {
    return false;
  }
  std::vector<Holder> holders;
  std::vector<std::uint32_t> others;
  for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& node) {
    const std::uint64_t started = canonical(process) == process ? start(process) : 0;
    if (started == 0) {
      others.push_back(process);
      return;
    }
    holders.push_back({.start = started,
                       .key = node.key,
                       .process = process,
                       .image = image_mark(text(process, ProcessText::image))});
  });
  std::ranges::sort(holders, is_before);
  pid_ends.for_each_of(pid, [&](const PidEnd& told) {
    Holder* const holder = holder_of(holders, told);
    if (holder != nullptr && holder->end == 0) {  // The earliest counts.
      holder->end = told.time;
    }
  });
  bool is_news = false;
  const auto set = [&](std::uint32_t process, std::uint64_t end) {
    const std::uint64_t before = pid_ends.end_of(process);
    if (pid_ends.set_end(process, end)) {
      is_news = true;
      timeline.is_valid = false;
      touched.add(start(process), before);
      touch(process);
      tell_one(process, change);
    }
  };
  for (const std::uint32_t process : others) {
    set(process, 0);
  }
  for (const Holder& holder : holders) {
    set(holder.process, holder.end);
    if (holder.end != 0) {
      queue(holder.process, to_seconds(from_node_time(holder.end)));
    }
  }
  return is_news;
}

void ProcessGraph::Store::work_out_ends_of_all(const std::vector<std::uint32_t>& pids,
                                               GraphChange& change) {
  const std::set<std::uint32_t> all =
      pid_ends.empty() ? std::set<std::uint32_t>() : std::set(pids.begin(), pids.end());
  for (const std::uint32_t pid : all) {
    work_out_ends(pid, change);
  }
}

std::uint64_t ProcessGraph::Store::told_by_pid(const ProcessMembers& group) const {
  std::uint64_t least = 0;
  for (std::size_t i = 0; !pid_ends.empty() && i < group.size(); ++i) {
    const std::uint64_t end = pid_ends.end_of(group.processes[i]);
    least = least == 0 || (end != 0 && end < least) ? end : least;
  }
  return least;
}

void ProcessGraph::Store::forget_ends(const ProcessMembers& group) {
  const std::uint64_t end = told_by_pid(group);
  for (const ProcessIndex member : group) {
    pid_ends.set_end(member, 0);
  }
  ProcessNode& first = nodes[*group.begin()];
  const std::uint64_t own_start = start(*group.begin());
  if (pid_ends.empty() || first.pid_rank == kNoRank || own_start == 0) {
    return;
  }
  const bool has_own =
      std::ranges::any_of(group, [this](ProcessIndex member) { return nodes[member].end != 0; });
  if (end != 0 && !has_own) {
    first.end = end & kTimeBits;  // Of a tombstone it shall stay known.
  }
  std::uint64_t next_start = std::numeric_limits<std::uint64_t>::max();
  for_each_with_pid(first.pid, [&](std::uint32_t other, const ProcessNode& /*node*/) {
    if (std::ranges::find(group, other) == group.end() && start(other) >= own_start) {
      next_start = std::min(next_start, start(other));
    }
  });
  pid_ends.drop(first.pid, own_start, next_start);
}

void ProcessGraph::Store::drop_ends_of_none(Timestamp before) {
  const std::uint64_t bound = to_node_time(before);
  pid_ends.drop_if([&](const PidEnd& end) {
    if (end.time >= bound) {
      return false;
    }
    bool has_holder = false;
    for_each_with_pid(end.pid, [&](std::uint32_t process, const ProcessNode& /*node*/) {
      const std::uint64_t started = start(process);
      has_holder = has_holder || (started != 0 && started <= end.time);
    });
    return !has_holder;
  });
}

}  // namespace spoor
