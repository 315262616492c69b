// Which nodes of several vendors are one process (docs/decisions/0042), and which of them a parent
// is that is only named (0045).
#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/text.h"
#include "engine/process_graph/process_store.h"

namespace spoor {
namespace {

/// A node that may be one of a group.
struct Instance {
  std::uint64_t start = 0;
  Uid key;
  std::uint32_t process = 0;
  unsigned vendor = 0;
  std::string image;  ///< Basename, folded.
};

struct Group {
  std::uint64_t start = 0;  ///< Of its first.
  unsigned vendors = 0;     ///< A bit each.
  std::string_view image;
  std::vector<std::uint32_t> processes;
  std::vector<std::uint64_t> starts;  ///< Of these.
};

constexpr std::uint64_t kSlack = kClockSlackNs / 1000;

Group new_group(const Instance& first) {
  return {.start = first.start, .image = first.image, .processes = {}, .starts = {}};
}

/// In (start, key) order each instance joins the earliest group that will have it: a function of
/// the set of instances.
std::vector<Group> make_groups(const std::vector<Instance>& instances) {
  std::vector<Group> groups;
  std::size_t open = 0;  // Those before it are too early for all that follow.
  for (const Instance& instance : instances) {
    while (open < groups.size() && groups[open].start + kSlack < instance.start) {
      ++open;
    }
    const unsigned bit = 1U << instance.vendor;
    const auto place = std::find_if(
        groups.begin() + static_cast<std::ptrdiff_t>(open), groups.end(), [&](const Group& group) {
          return (group.vendors & bit) == 0 && group.image == instance.image;
        });
    Group& group = place == groups.end() ? groups.emplace_back(new_group(instance)) : *place;
    group.vendors |= bit;
    group.processes.push_back(instance.process);
    group.starts.push_back(instance.start);
  }
  return groups;
}

/// Of a start to the nearest of the group's.
std::uint64_t distance(const Group& group, std::uint64_t start) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t other : group.starts) {
    least = std::min(least, start < other ? other - start : start - other);
  }
  return least;
}

/// The vendors' groups stand as if nobody were only named. Of each image the nearest pairs are made
/// first; a group takes one, and those that find none are groups of their own.
void add_named_only(const std::vector<Instance>& named, std::vector<Group>& groups) {
  std::vector<std::tuple<std::uint64_t, std::size_t, std::size_t>> pairs;
  for (std::size_t i = 0; i < named.size(); ++i) {
    for (std::size_t group = 0; group < groups.size(); ++group) {
      const std::uint64_t apart = distance(groups[group], named[i].start);
      if (groups[group].image == named[i].image && apart <= kSlack) {
        pairs.emplace_back(apart, i, group);
      }
    }
  }
  std::ranges::sort(pairs);
  constexpr unsigned kBit = 1U << static_cast<unsigned>(Vendor::named_only);
  std::vector<bool> is_placed(named.size(), false);
  for (const auto& [apart, i, place] : pairs) {
    Group& group = groups[place];
    if (!is_placed[i] && (group.vendors & kBit) == 0) {
      is_placed[i] = true;
      group.vendors |= kBit;
      group.processes.push_back(named[i].process);
    }
  }
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!is_placed[i]) {
      groups.push_back(new_group(named[i]));
      groups.back().processes.push_back(named[i].process);
    }
  }
}

bool is_same(const ProcessMembers& members, const std::vector<std::uint32_t>& processes) {
  return members.size() == processes.size() &&
         std::ranges::all_of(processes, [&](std::uint32_t process) {
           return std::ranges::find(members, process) != members.end();
         });
}

}  // namespace

void ProcessGraph::Store::regroup(std::uint32_t pid, GraphChange& change) {
  std::vector<Instance> instances;
  std::vector<Instance> named;
  std::vector<Group> alone;
  for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& node) {
    const std::string_view image = basename_of(own_text(process, ProcessText::image));
    if (node.start != 0 && !image.empty()) {
      (is_named_only(node) ? named : instances)
          .push_back({.start = node.start,
                      .key = node.key,
                      .process = process,
                      .vendor = static_cast<unsigned>(node.vendor),
                      .image = fold(image)});
    } else {
      alone.push_back({.image = {}, .processes = {process}, .starts = {}});
    }
  });
  const auto is_before = [](const Instance& a, const Instance& b) {
    return std::pair(a.start, a.key) < std::pair(b.start, b.key);
  };
  std::ranges::sort(instances, is_before);
  std::ranges::sort(named, is_before);
  std::vector<Group> groups = make_groups(instances);
  add_named_only(named, groups);
  std::ranges::move(alone, std::back_inserter(groups));
  std::erase_if(groups, [this](const Group& group) {
    return is_same(members(group.processes.front()), group.processes);
  });
  std::vector<std::uint32_t> changed;
  for (const Group& group : groups) {
    for (const std::uint32_t process : group.processes) {
      for (const ProcessIndex before : members(process)) {
        changed.push_back(before);
      }
    }
  }
  std::ranges::sort(changed);
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  tell_regrouped(changed, change);
  for (const std::uint32_t process : changed) {
    touch(process);
    part(process);
  }
  for (const Group& group : groups) {
    join(group.processes);
  }
}

void ProcessGraph::Store::part(std::uint32_t process) {
  if (nodes[process].is_grouped == 0) {
    return;
  }
  timeline.is_valid = false;
  const ProcessMembers group = members(process);
  for (const ProcessIndex member : group) {
    twins.erase(member);
    nodes[member].is_grouped = 0;
  }
  grouped_away -= group.size() - 1;
}

void ProcessGraph::Store::join(const std::vector<std::uint32_t>& group) {
  if (group.size() < 2) {
    return;
  }
  timeline.is_valid = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    twins[group[i]] = group[(i + 1) % group.size()];
    nodes[group[i]].is_grouped = 1;
  }
  grouped_away += group.size() - 1;
}

void ProcessGraph::Store::tell_regrouped(const std::vector<std::uint32_t>& changed,
                                         GraphChange& change) const {
  for (const std::uint32_t process : changed) {
    tell_one(process, change);
    tell_children(process, change);
  }
}

void ProcessGraph::Store::tell_one(std::uint32_t process, GraphChange& change) const {
  change.regrouped.push_back(process);
  const std::uint32_t parent = claimed_parent(process);
  if (parent != kNilNode) {
    change.left_parents.push_back(parent);
  }
}

void ProcessGraph::Store::tell_created(GraphChange& change) const {
  if (creators.empty()) {
    return;
  }
  const auto tell = [&](std::uint32_t process) {
    if (process != kNoProcess && nodes.is_used(process)) {
      creators.for_each_of(nodes[process].key, [&](std::uint32_t child) {
        change.created_by_changed.push_back(child);
      });
    }
  };
  std::ranges::for_each(change.changed, tell);
  std::ranges::for_each(change.regrouped, tell);
}

void ProcessGraph::Store::tell_children(std::uint32_t process, GraphChange& change) const {
  if (twins.empty()) {
    return;
  }
  for (std::uint32_t child = nodes[process].first_child; child != kNilNode;
       child = nodes[child].next_sibling) {
    if (nodes[child].is_used != 0 && nodes[child].is_grouped != 0) {
      tell_one(child, change);
    }
  }
}

}  // namespace spoor
