// Which nodes of several vendors are one process (docs/decisions/0042).
#include <algorithm>
#include <string>

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
};

/// In (start, key) order each instance joins the earliest group that will have it: a function of
/// the set of instances.
std::vector<Group> make_groups(std::vector<Instance>& instances) {
  std::ranges::sort(instances, [](const Instance& a, const Instance& b) {
    return std::pair(a.start, a.key) < std::pair(b.start, b.key);
  });
  constexpr std::uint64_t kSlack = kClockSlackNs / 1000;
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
    Group& group = place == groups.end()
                       ? groups.emplace_back(Group{
                             .start = instance.start, .image = instance.image, .processes = {}})
                       : *place;
    group.vendors |= bit;
    group.processes.push_back(instance.process);
  }
  return groups;
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
  std::vector<Group> groups;
  for_each_with_pid(pid, [&](std::uint32_t process, const ProcessNode& node) {
    const std::string_view image = basename_of(own_text(process, ProcessText::image));
    if (node.start != 0 && !image.empty()) {
      instances.push_back({.start = node.start,
                           .key = node.key,
                           .process = process,
                           .vendor = static_cast<unsigned>(node.vendor),
                           .image = fold(image)});
    } else {
      groups.push_back({.start = 0, .image = {}, .processes = {process}});
    }
  });
  for (Group& group : make_groups(instances)) {
    groups.push_back(std::move(group));
  }
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
