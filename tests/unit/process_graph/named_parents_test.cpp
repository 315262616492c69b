// Parents that an event names by pid, start and image, without a uid (docs/decisions/0045).

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/process_graph/graph_algorithms.h"
#include "engine/process_graph/process_graph.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

constexpr std::int64_t kBegin = 1'000'000'000;

const Process kApp{.id = 10, .pid = 2290, .image = "/Applications/App", .start_s = kBegin};
const Process kLaunchd{.id = 11, .pid = 1, .image = "/sbin/launchd", .start_s = kBegin - 1000};
const Process kAgent{.id = 20, .pid = 3417, .image = "/tmp/Agent", .start_s = kBegin + 50};
const Process kShell{.id = 30, .pid = 3500, .image = "/bin/sh", .start_s = kBegin + 60};

class NamedParents : public testing::Test {
 public:
  /// As SentinelOne tells it on macOS: a start without a parent.
  Event start(const Process& process) {
    Event event = make.start(process, process);
    event.source = Source::sentinelone;
    event.parent.clear();
    return event;
  }

  Event act(const Process& process) {
    Event event = make.act(EventType::dns_query, process, process.start_s + 5, FieldId::query_name,
                           "a.example");
    event.source = Source::sentinelone;
    return event;
  }

  /// An event of a process that names its parent without a uid.
  Event act(const Process& process, const Process& parent) {
    Event event = act(process);
    event.parent = name_of(parent);
    return event;
  }

  ProcessMention name_of(const Process& process) {
    ProcessMention name = make.mention(process, true);
    name.key = {};
    name.vendor_uid = {};
    return name;
  }

  static ProcessIndex find(const ProcessGraph& graph, const Process& process) {
    return graph.find({.high = process.id, .low = 1});
  }

  /// Calls `look` with the graph of these events in each order.
  template <typename Look>
  static void in_any_order(const std::vector<Event>& events, Look look) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < events.size(); ++i) {
      order.push_back(i);
    }
    do {
      ProcessGraph graph;
      for (const std::size_t i : order) {
        graph.apply(events[i]);
      }
      look(graph);
    } while (std::ranges::next_permutation(order).found);
  }

  test::EventMaker make;
};

TEST_F(NamedParents, TheNamedAndTheSeenAreOneInAnyOrder) {
  const std::vector<Event> events = {start(kApp), act(kApp, kLaunchd), start(kAgent),
                                     act(kAgent, kApp), act(kShell, kApp)};
  in_any_order(events, [](const ProcessGraph& graph) {
    ASSERT_EQ(graph.process_count(), 4U);
    const ProcessIndex app = find(graph, kApp);
    ASSERT_EQ(graph.members(app).size(), 2U);
    EXPECT_EQ(graph.key(app).high, kApp.id);
    EXPECT_EQ(graph.text(app, ProcessText::vendor_uid), "{guid-10}");
    for (const ProcessIndex member : graph.members(app)) {
      EXPECT_EQ(graph.canonical(member), app);
      EXPECT_EQ(graph.vendor_uid(member).empty(), member != app);
    }
    EXPECT_EQ(graph.parent(find(graph, kAgent)), app);
    EXPECT_EQ(graph.parent(find(graph, kShell)), app);
    EXPECT_EQ(children(graph, app),
              (std::vector<ProcessIndex>{find(graph, kAgent), find(graph, kShell)}));
  });
}

TEST_F(NamedParents, WhoIsOnlyNamedIsAPlaceholder) {
  const std::vector<Event> events = {act(kAgent, kApp), act(kShell, kApp), start(kAgent)};
  in_any_order(events, [](const ProcessGraph& graph) {
    const ProcessIndex app = graph.parent(find(graph, kAgent));
    ASSERT_NE(app, kNoProcess);
    EXPECT_EQ(graph.parent(find(graph, kShell)), app);  // One for both.
    EXPECT_EQ(graph.process_count(), 3U);
    EXPECT_EQ(graph.pid(app), kApp.pid);
    EXPECT_EQ(graph.start(app), kApp.start_s * kNanosPerSecond);
    EXPECT_EQ(graph.text(app, ProcessText::image), kApp.image);
    EXPECT_EQ(graph.text(app, ProcessText::vendor_uid), "");
    EXPECT_TRUE(graph.claimed_by_child(app));
    EXPECT_FALSE(graph.start_seen(app));
    EXPECT_FALSE(graph.took_part(app));
    EXPECT_FALSE(graph.parent_mismatch(find(graph, kAgent)));
  });
}

struct JoinRow {
  const char* name = "";
  Process named;
  Source source = Source::sentinelone;
  bool is_one = false;
};

TEST_F(NamedParents, JoinBySamePidImageAndStart) {
  const auto with = [](auto change) {
    Process process = kApp;
    change(process);
    return process;
  };
  const Source agent = Source::sentinelone;
  const JoinRow rows[] = {
      {"the same", kApp, agent, true},
      {"another vendor's", kApp, Source::sysmon, true},
      {"another directory and case", with([](Process& p) { p.image = "/x/aPP"; }), agent, true},
      {"two seconds later", with([](Process& p) { p.start_s += 2; }), agent, true},
      {"two seconds earlier", with([](Process& p) { p.start_s -= 2; }), agent, true},
      {"three seconds later", with([](Process& p) { p.start_s += 3; }), agent, false},
      {"three seconds earlier", with([](Process& p) { p.start_s -= 3; }), agent, false},
      {"another image", with([](Process& p) { p.image = "/Applications/B"; }), agent, false},
      {"another pid", with([](Process& p) { p.pid = 2291; }), agent, false},
  };
  for (const JoinRow& row : rows) {
    Event seen = act(kApp);
    seen.source = row.source;
    in_any_order({seen, act(kAgent, row.named)}, [&](const ProcessGraph& graph) {
      EXPECT_EQ(graph.process_count(), row.is_one ? 2U : 3U) << row.name;
      EXPECT_EQ(graph.parent(find(graph, kAgent)) == find(graph, kApp), row.is_one) << row.name;
    });
  }
}

TEST_F(NamedParents, OfSeveralTheNearestStartIsMeant) {
  Process again = kApp;
  again.id = 12;
  again.start_s += 1;
  in_any_order({act(kApp), act(again), act(kAgent, again)}, [&](const ProcessGraph& graph) {
    EXPECT_EQ(graph.parent(find(graph, kAgent)), find(graph, again));
    EXPECT_EQ(graph.members(find(graph, kApp)).size(), 1U);
  });
  // Two that are named find one each.
  in_any_order({act(kApp), act(again), act(kAgent, again), act(kShell, kApp)},
               [&](const ProcessGraph& graph) {
                 EXPECT_EQ(graph.parent(find(graph, kAgent)), find(graph, again));
                 EXPECT_EQ(graph.parent(find(graph, kShell)), find(graph, kApp));
               });
}

TEST_F(NamedParents, AVendorsKeyStandsForTheProcess) {
  Event seen = act(kApp);
  seen.actor.key = {.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}};  // Behind any hash.
  in_any_order({seen, act(kAgent, kApp)}, [&](const ProcessGraph& graph) {
    const ProcessIndex app = graph.find(seen.actor.key);
    EXPECT_EQ(graph.key(app), seen.actor.key);
    EXPECT_EQ(graph.find(parent_key(act(kAgent, kApp))), app);
    EXPECT_EQ(graph.parent(find(graph, kAgent)), app);
  });
}

TEST_F(NamedParents, JoinThreeVendors) {
  std::vector<Event> events;
  std::uint64_t id = 40;
  for (const Source source : {Source::sysmon, Source::crowdstrike, Source::sentinelone}) {
    Process process = kApp;
    process.id = id++;
    events.push_back(act(process));
    events.back().source = source;
  }
  events.push_back(act(kAgent, kApp));
  in_any_order(events, [](const ProcessGraph& graph) {
    EXPECT_EQ(graph.process_count(), 2U);
    EXPECT_EQ(graph.members(graph.parent(find(graph, kAgent))).size(), 4U);
    EXPECT_EQ(graph.key(graph.parent(find(graph, kAgent))).high, 40U);
  });
}

TEST_F(NamedParents, WhoHasAUidIsTheParent) {
  Event known = act(kAgent);
  known.parent = make.mention(kLaunchd, true);
  Event named = start(kAgent);  // Its own start, but without a uid.
  named.parent = name_of(kApp);
  in_any_order({known, named}, [](const ProcessGraph& graph) {
    EXPECT_EQ(graph.parent(find(graph, kAgent)), find(graph, kLaunchd));
  });
}

TEST_F(NamedParents, AParentThatStartsLaterIsOutsideAncestry) {
  Process later = kApp;
  later.start_s = kAgent.start_s + 3;
  in_any_order({start(kAgent), act(kAgent, later)}, [](const ProcessGraph& graph) {
    EXPECT_EQ(graph.parent(find(graph, kAgent)), kNoProcess);
    EXPECT_NE(graph.claimed_parent(find(graph, kAgent)), kNoProcess);
    EXPECT_TRUE(graph.is_suspect_edge(find(graph, kAgent)));
  });
}

TEST_F(NamedParents, WhatNamesTooLittleNamesNobody) {
  struct Row {
    const char* name;
    void (*change)(Event& event);
  };

  const Row rows[] = {
      {"no start", [](Event& event) { event.parent.start = 0; }},
      {"a start that is derived", [](Event& event) { event.parent.start_is_exact = false; }},
      {"no pid", [](Event& event) { event.parent.pid = {}; }},
      {"no number", [](Event& event) { event.parent.pid = "x"; }},
      {"no image", [](Event& event) { event.parent.image = {}; }},
      {"a folder", [](Event& event) { event.parent.image = "/Applications/"; }},
      {"itself",
       [](Event& event) {
         event.parent.pid = event.actor.pid;
         event.parent.start = event.actor.start;
       }},
      {"perhaps itself",
       [](Event& event) {
         event.parent.pid = event.actor.pid;
         event.actor.start = 0;
       }},
      {"of nobody", [](Event& event) { event.actor.key = {}; }},
  };
  const Event whole = act(kAgent, kApp);
  EXPECT_FALSE(parent_key(whole).is_none());
  for (const Row& row : rows) {
    Event event = whole;
    row.change(event);
    EXPECT_TRUE(parent_key(event).is_none()) << row.name;
    ProcessGraph graph;
    const GraphChange change = graph.apply(event);
    EXPECT_EQ(change.parent, kNoProcess) << row.name;
    EXPECT_LE(graph.node_count(), 1U) << row.name;
  }
}

TEST_F(NamedParents, TheKeyIsOfPidMillisecondAndImage) {
  const Event event = act(kAgent, kApp);
  const Uid key = parent_key(event);
  Event same = event;
  same.host = "another key of the machine";
  same.source = Source::crowdstrike;
  same.parent.image = "/elsewhere/APP";
  same.parent.start += 999'999;
  EXPECT_EQ(parent_key(same), key);
  Event other = event;
  other.parent.start += 1'000'000;
  EXPECT_NE(parent_key(other), key);
  other = event;
  other.parent.pid = "2291";
  EXPECT_NE(parent_key(other), key);
  other = event;
  other.parent.image = "/Applications/Other";
  EXPECT_NE(parent_key(other), key);
  other.parent.key = {.high = 7, .low = 7};  // A uid needs nothing else.
  EXPECT_EQ(parent_key(other), other.parent.key);
}

TEST_F(NamedParents, AreOneWhereTwoHostKeysAreOneMachine) {
  for (const bool reversed : {false, true}) {
    ProcessGraph named;
    named.apply(act(kAgent, kApp));
    ProcessGraph seen;
    seen.apply(start(kApp));
    seen.apply(act(kShell, kApp));
    ProcessGraph& into = reversed ? seen : named;
    into.absorb(reversed ? named : seen);
    EXPECT_EQ(into.process_count(), 3U);
    EXPECT_EQ(into.node_count(), 4U);
    EXPECT_EQ(into.parent(find(into, kAgent)), find(into, kApp));
    EXPECT_EQ(into.parent(find(into, kShell)), find(into, kApp));
  }
}

TEST_F(NamedParents, TheForgottenThatIsNamedAgainCanBeForgottenAgain) {
  ProcessGraph graph;
  graph.apply(start(kApp));
  graph.apply(make.end(kApp, kBegin + 100));
  graph.apply(act(kAgent, kApp));
  graph.forget(find(graph, kApp));
  ASSERT_TRUE(graph.is_tombstone(find(graph, kApp)));
  graph.apply(act(kAgent, kApp));
  EXPECT_FALSE(graph.is_tombstone(find(graph, kApp)));
  graph.forget(find(graph, kAgent));
  const Timestamp later = (kBegin + 10'000) * kNanosPerSecond;
  EXPECT_EQ(graph.evictable(later, later), (std::vector<ProcessIndex>{find(graph, kApp)}));
}

}  // namespace
}  // namespace spoor
