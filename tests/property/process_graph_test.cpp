// The process graph against its plain twin: histories of three vendors who watch one host, with
// pids given again, parents named without a uid, contradictions and cycles, in any order, in parts,
// with forgetting in between. SPOOR_LONG=1 runs more.

#include "engine/process_graph/process_graph.h"

#include <cstdlib>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "engine/process_graph/graph_algorithms.h"
#include "tests/support/events.h"
#include "tests/support/long_run.h"
#include "tests/support/plain_graph.h"

namespace spoor {
namespace {

constexpr Source kSources[] = {Source::sysmon, Source::crowdstrike, Source::sentinelone};

std::uint64_t seeds() {
  return test::rounds(150, 20'000);
}

/// Few processes and few values, so that everything collides.
class History {
 public:
  /// `bare_parents`: of some starts the parent is known by its pid alone. Whom that meant depends
  /// on all that had the pid, forgotten or not.
  /// `bare_ends`: so of some ends.
  explicit History(std::uint64_t seed, bool bare_parents = true, bool bare_ends = false)
      : random_(seed),
        creators_(~seed),
        ends_(seed ^ 0x5555U),
        vendors_(1 + pick(3)),
        bare_parents_(bare_parents),
        bare_ends_(bare_ends) {}

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  Event event() {
    const std::size_t vendor = pick(vendors_);
    Event event = start_or_other(vendor);
    event.source = kSources[vendor];
    event.time_suspect = pick(12) == 0;
    return event;
  }

  std::vector<Event> events(std::size_t count) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < count; ++i) {
      events.push_back(event());
    }
    return events;
  }

  std::mt19937_64& random() { return random_; }

 private:
  /// One of few true processes, as a vendor sees it: in its own spelling, about the same time.
  ProcessMention mention(std::size_t vendor, bool exact) {
    const std::uint64_t truth = pick(6);
    test::EventMaker::Process process;
    process.id = 10 * truth + vendor + 1 + (pick(10) == 0 ? 7 : 0);
    process.pid = pick(5) == 0 ? 0 : static_cast<std::uint32_t>(1 + truth / 2);
    process.image =
        pick(4) == 0
            ? ""
            : (vendor == 0 ? "C:\\Windows\\" : "c:\\windows\\") +
                  std::string(1, static_cast<char>((pick(8) == 0 ? 'A' : 'a') + truth % 2)) +
                  ".exe";
    process.start_s =
        pick(4) == 0 ? 0 : static_cast<std::int64_t>(1'000'000'000 + truth * 3 + pick(4));
    ProcessMention mention = make_.mention(process, exact);
    mention.key.high *= 0x9E3779B97F4A7C15ULL;  // Before and behind keys that are hashes.
    mention.command_line = pick(2) == 0 ? "" : make_.keep(std::string(1 + pick(3), 'x'));
    mention.user = pick(2) == 0 ? "" : make_.keep(std::string(1 + pick(2), 'u'));
    return mention;
  }

  void name_without_uid(ProcessMention& parent) {
    parent.key = {};
    parent.vendor_uid = {};
    parent.start_is_exact = pick(8) != 0;
    if (parent.start != 0 && pick(3) == 0) {
      parent.start += static_cast<Timestamp>(pick(3)) * kNanosPerMilli;
    }
  }

  Event start_or_other(std::size_t vendor) {
    const std::uint64_t kind = pick(8);
    Event event =
        make_.act(kind < 4    ? EventType::process_creation
                  : kind == 4 ? EventType::process_termination
                  : kind == 5 ? EventType::process_access
                              : EventType::dns_query,
                  {.id = 1, .pid = 0, .image = "", .start_s = 0},
                  static_cast<std::int64_t>(1'000'000'000 + pick(60)), FieldId::query_name, "q");
    event.actor = mention(vendor, event.type == EventType::process_creation && pick(3) != 0);
    if (event.type == EventType::process_creation || pick(4) == 0) {
      event.parent = mention(vendor, false);
      if (pick(3) == 0) {
        name_without_uid(event.parent);
      }
      if (pick(2) == 0) {
        event.set(FieldId::hashes, make_.keep("MD5=" + std::to_string(pick(3))));
        event.set(FieldId::integrity_level, pick(2) == 0 ? "High" : "Low");
      }
    }
    if (event.type == EventType::process_access) {
      event.target = mention(vendor, false);
    }
    if (event.type == EventType::process_creation) {
      name_creator(event, vendor);
    }
    if (bare_parents_ && event.type == EventType::process_creation) {
      name_by_pid(event);
    }
    if (bare_ends_ && event.type == EventType::process_termination) {
      name_end_by_pid(event);
    }
    if (!bare_parents_ && parent_key(event).is_none()) {
      event.parent.pid = {};
    }
    return event;
  }

  /// By dice of its own, so that seeds stay what they were.
  void name_creator(Event& event, std::size_t vendor) {
    std::swap(random_, creators_);
    if (pick(5) == 0) {
      event.creator = mention(vendor, false);
    }
    std::swap(random_, creators_);
  }

  /// A start as the Security log has it, or one that lost the parent's uid.
  void name_by_pid(Event& event) {
    if (pick(3) == 0 && event.actor.start_is_exact && event.actor.start != 0 &&
        !event.actor.pid.empty() && !event.actor.image.empty()) {
      event.actor.key =
          named_process_key(static_cast<std::uint32_t>(std::stoul(std::string(event.actor.pid))),
                            event.actor.start, event.actor.image);
      event.actor.vendor_uid = {};
      event.parent.key = {};
    }
    if (pick(6) == 0) {
      event.parent.key = {};
    }
    if (event.parent.key.is_none() && pick(4) != 0) {
      event.parent.vendor_uid = {};
      event.parent.start = 0;
    }
  }

  /// As the Security log does; by dice of its own, too.
  void name_end_by_pid(Event& event) {
    std::swap(random_, ends_);
    if (pick(3) != 0) {
      event.actor.key = {};
      event.actor.vendor_uid = {};
      event.actor.start = 0;
      event.parent = {};
    }
    std::swap(random_, ends_);
  }

  std::mt19937_64 random_;
  std::mt19937_64 creators_;
  std::mt19937_64 ends_;
  std::size_t vendors_;
  bool bare_parents_;
  bool bare_ends_;
  test::EventMaker make_;
};

std::string answers(const ProcessGraph& graph) {
  return test::snapshot(graph, processes(graph));
}

/// Parents named without a uid that are one with a vendor's node.
std::size_t joined_names(const ProcessGraph& graph) {
  std::size_t count = 0;
  for (const ProcessIndex process : processes(graph)) {
    const ProcessMembers members = graph.members(process);
    count += members.size() > 1 && graph.vendor_uid(members.processes[members.size() - 1]).empty();
  }
  return count;
}

struct Tally {
  std::size_t grouped = 0;
  std::size_t named = 0;
  std::size_t created = 0;
  std::size_t ended_by_pid = 0;
};

void expect_plain_twin(std::uint64_t seed, Tally& tally, bool bare_ends) {
  History history(seed, true, bare_ends);
  std::vector<Event> events = history.events(4 + history.pick(30));
  test::PlainGraph plain;
  for (const Event& event : events) {
    plain.apply(event);
  }
  const std::string want = plain.snapshot();
  tally.ended_by_pid += plain.ended_by_pid();
  for (int round = 0; round < 3; ++round) {
    ProcessGraph graph;
    for (const Event& event : events) {
      graph.apply(event);
    }
    ASSERT_EQ(answers(graph), want) << "seed " << seed << " round " << round;
    ASSERT_EQ(graph.process_count(), processes(graph).size()) << "seed " << seed;
    tally.grouped += graph.node_count() - graph.process_count();
    tally.named += joined_names(graph);
    tally.created += want.find(" creator ") != std::string::npos ? 1U : 0U;
    events.insert(events.end(), events.begin(), events.begin() + 2);  // Some come twice.
    std::ranges::shuffle(events, history.random());
  }
}

TEST(ProcessGraphProperty, IsItsPlainTwinInAnyOrder) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    ASSERT_NO_FATAL_FAILURE(expect_plain_twin(seed, tally, seed % 2 == 0));
  }
  EXPECT_GT(tally.grouped, seeds());  // Else the histories say nothing of groups.
  EXPECT_GT(tally.named, seeds() / 2);
  EXPECT_GT(tally.created, seeds() / 2);
  EXPECT_GT(tally.ended_by_pid, seeds() / 4);
}

TEST(ProcessGraphProperty, SeedsThatOnceFailed) {
  // 3133: a start told again, the same but better, is another start of the group.
  Tally tally;
  expect_plain_twin(3133, tally, false);
}

TEST(ProcessGraphProperty, WhoAbsorbsWhomDoesNotShow) {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    History history(seed, true, seed % 2 == 0);
    const std::vector<Event> events = history.events(4 + history.pick(30));
    ProcessGraph a;
    ProcessGraph b;
    test::PlainGraph plain;
    for (const Event& event : events) {
      plain.apply(event);
      const std::uint64_t where = history.pick(3);
      if (where != 1) {
        a.apply(event);
      }
      if (where != 0) {
        b.apply(event);
      }
    }
    ProcessGraph into_a;
    into_a.absorb(a);
    const std::vector<ProcessIndex> places = into_a.absorb(b);
    ASSERT_EQ(answers(into_a), plain.snapshot()) << "seed " << seed;
    for (ProcessIndex theirs = 0; theirs < b.size(); ++theirs) {
      ASSERT_EQ(into_a.node_key(places[theirs]), b.node_key(theirs));
    }
    b.absorb(a);
    ASSERT_EQ(answers(b), plain.snapshot()) << "seed " << seed;
  }
}

TEST(ProcessGraphProperty, TheForgottenLeaveTheOthersAsTheyAre) {
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    History history(seed, false);
    ProcessGraph graph;
    test::PlainGraph plain;
    std::set<ProcessIndex> told;
    graph.on_forget([&told](ProcessIndex node, bool forced) {
      EXPECT_FALSE(forced);
      EXPECT_TRUE(told.insert(node).second);
    });
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 4; ++i) {
        const Event event = history.event();
        graph.apply(event);
        plain.apply(event);
      }
      std::vector<ProcessIndex> leaves;
      for (const ProcessIndex process : processes(graph)) {
        std::set<Uid> keys;
        for (const ProcessIndex member : graph.members(process)) {
          keys.insert(graph.node_key(member));
        }
        if (!plain.is_above_any(keys)) {
          leaves.push_back(process);
        }
      }
      if (leaves.empty()) {
        continue;
      }
      const ProcessIndex gone = leaves[history.pick(leaves.size())];
      told.clear();
      const ProcessMembers members = graph.members(gone);
      for (const ProcessIndex member : members) {
        plain.erase(graph.node_key(member));
      }
      graph.forget(gone);
      ASSERT_EQ(told.size(), members.size());
      ASSERT_EQ(answers(graph), plain.snapshot()) << "seed " << seed << " round " << round;
    }
  }
}

/// What a node is to ancestry.
struct Standing {
  Uid canonical;
  Uid claimed_parent;
  bool suspect = false;
  Timestamp end = 0;  ///< 0 if it is inferred.
};

/// As findings show it.
Timestamp shown_end(const ProcessGraph& graph, ProcessIndex node) {
  bool inferred = false;
  const Timestamp end = graph.end(node, &inferred);
  return inferred ? 0 : end;
}

Standing standing_of(const ProcessGraph& graph, ProcessIndex node) {
  const ProcessIndex parent = graph.claimed_parent(node);
  return {.canonical = graph.key(node),
          .claimed_parent = parent == kNoProcess ? Uid{} : graph.key(parent),
          .suspect = graph.is_suspect_edge(node),
          .end = shown_end(graph, node)};
}

/// What a change names, and what is of one group with it.
std::set<Uid> told_of(const ProcessGraph& graph, const GraphChange& change) {
  std::vector<ProcessIndex> nodes = change.regrouped;
  nodes.insert(nodes.end(), change.relinked.begin(), change.relinked.end());
  std::erase(nodes, kNoProcess);
  std::set<Uid> told;
  for (const ProcessIndex node : nodes) {
    told.insert(graph.node_key(node));
    told.insert(graph.key(node));
  }
  return told;
}

std::set<Uid> left_by(const ProcessGraph& graph, const GraphChange& change) {
  std::set<Uid> left;
  for (const ProcessIndex node : change.left_parents) {
    left.insert(graph.node_key(node));
  }
  if (change.left_parent != kNoProcess) {
    left.insert(graph.node_key(change.left_parent));
  }
  return left;
}

bool is_changed(const ProcessGraph& graph, const GraphChange& change, ProcessIndex node) {
  return std::ranges::any_of(change.changed, [&](ProcessIndex told) {
    return told != kNoProcess && graph.canonical(told) == graph.canonical(node);
  });
}

TEST(ProcessGraphProperty, ChangesAreTold) {
  std::size_t regrouped = 0;
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    History history(seed, true, seed % 2 == 0);
    ProcessGraph graph;
    for (int i = 0; i < 30; ++i) {
      std::vector<Standing> before;
      for (ProcessIndex node = 0; node < graph.size(); ++node) {
        before.push_back(standing_of(graph, node));
      }
      const std::string was = answers(graph);
      const GraphChange change = graph.apply(history.event());
      const std::set<Uid> told = told_of(graph, change);
      regrouped += change.regrouped.size();
      const std::set<Uid> left = left_by(graph, change);
      for (ProcessIndex node = 0; node < before.size(); ++node) {
        const Standing now = standing_of(graph, node);
        const bool is_told = told.contains(graph.node_key(node)) || told.contains(graph.key(node));
        if (now.end != before[node].end) {
          ASSERT_TRUE(is_told || is_changed(graph, change, node)) << "seed " << seed;
        }
        if (now.canonical != before[node].canonical) {
          ASSERT_TRUE(is_told) << "seed " << seed;
        }
        if (now.claimed_parent != before[node].claimed_parent) {
          // Or the parent is the same, under another canonical key.
          ASSERT_TRUE(is_told || told.contains(now.claimed_parent))
              << "seed " << seed << " event " << i << " node " << to_string(graph.node_key(node))
              << " was below " << to_string(before[node].claimed_parent) << "\n"
              << was << "\n"
              << answers(graph);
          ASSERT_TRUE(before[node].claimed_parent.is_none() ||
                      left.contains(before[node].claimed_parent) ||
                      told.contains(before[node].claimed_parent))
              << "seed " << seed;
        }
      }
    }
  }
  EXPECT_GT(regrouped, seeds());
}

/// Who may go, by the rule alone.
std::set<Uid> due_by_rule(const ProcessGraph& graph,
                          Timestamp ended_before,
                          Timestamp idle_before) {
  std::set<ProcessIndex> staying;
  const std::vector<ProcessIndex> all = processes(graph);
  for (const ProcessIndex process : all) {
    const Timestamp end = graph.end(process);
    const bool due = (end != 0 && end < ended_before) || graph.last_seen(process) < idle_before;
    if (!due || graph.is_tombstone(process)) {
      staying.insert(process);
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const ProcessIndex process : all) {
      const ProcessIndex parent = graph.parent(process);
      if (parent != kNoProcess && staying.contains(process)) {
        changed = staying.insert(parent).second || changed;
      }
    }
  }
  std::set<Uid> going;
  for (const ProcessIndex process : all) {
    if (!staying.contains(process)) {
      going.insert(graph.key(process));
    }
  }
  return going;
}

TEST(ProcessGraphProperty, WhoMayGoIsARule) {
  std::size_t gone = 0;
  for (std::uint64_t seed = 0; seed < seeds(); ++seed) {
    History history(seed, false);
    ProcessGraph graph;
    Timestamp now = 1'000'000'000 * kNanosPerSecond;
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 5; ++i) {
        graph.apply(history.event());
      }
      now += static_cast<Timestamp>(history.pick(20)) * kNanosPerSecond;
      // In the last rounds what is idle goes too.
      const Timestamp idle_before =
          round < 10 ? 0 : now + std::int64_t{round - 9} * 3600 * kNanosPerSecond;
      const std::set<Uid> want = due_by_rule(graph, now, idle_before);
      std::set<Uid> got;
      for (const ProcessIndex process : graph.evictable(now, idle_before)) {
        ASSERT_TRUE(graph.is_canonical(process));
        // Children first: nothing that counts is below it any more.
        for (const ProcessIndex child : children(graph, process)) {
          ASSERT_TRUE(got.contains(graph.key(child))) << "seed " << seed;
        }
        got.insert(graph.key(process));
      }
      // Those whose last child left them otherwise than by going are found with the idle ones.
      ASSERT_TRUE(std::ranges::includes(want, got)) << "seed " << seed << " round " << round;
      if (round >= 10) {
        ASSERT_EQ(got, want) << "seed " << seed << " round " << round;
      }
      for (const Uid& key : got) {
        graph.forget(graph.find(key));
      }
      gone += got.size();
    }
  }
  EXPECT_GT(gone, seeds());
}

}  // namespace
}  // namespace spoor
