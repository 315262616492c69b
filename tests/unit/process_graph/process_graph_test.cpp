#include "engine/process_graph/process_graph.h"

#include <algorithm>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/process_graph/graph_algorithms.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

const Process kExplorer{
    .id = 1, .pid = 100, .image = "C:\\Windows\\explorer.exe", .start_s = 1'000'000'000};
const Process kApp{
    .id = 2, .pid = 200, .image = "C:\\app\\3CXDesktopApp.exe", .start_s = 1'000'000'100};
const Process kShell{
    .id = 3, .pid = 300, .image = "C:\\Windows\\cmd.exe", .start_s = 1'000'000'200};

ProcessIndex index_of(const ProcessGraph& graph, const Process& process) {
  return graph.find({.high = process.id, .low = 1});
}

std::vector<std::string> image_line(const ProcessGraph& graph, const Process& process) {
  std::vector<std::string> images;
  for (const ProcessIndex ancestor : ancestors(graph, index_of(graph, process))) {
    images.emplace_back(basename_of(graph.text(ancestor, ProcessText::image)));
  }
  return images;
}

/// All that can be asked of a graph, as text in an order of its own.
std::string snapshot(const ProcessGraph& graph) {
  std::vector<ProcessIndex> all;
  for (ProcessIndex process = 0; process < graph.size(); ++process) {
    all.push_back(process);
  }
  sort_for_display(graph, all);
  std::ostringstream text;
  for (const ProcessIndex process : all) {
    bool inferred = false;
    const Timestamp end = graph.end(process, &inferred);
    const ProcessIndex parent = graph.parent(process);
    text << to_string(graph.key(process)) << " pid " << graph.pid(process).value_or(0) << " start "
         << graph.start(process) << " end " << end << (inferred ? "?" : "") << " parent "
         << (parent == kNoProcess ? "-" : to_string(graph.key(parent)))
         << (graph.is_suspect_edge(process) ? " suspect" : "")
         << (graph.parent_mismatch(process) ? " mismatch" : "")
         << (graph.start_seen(process) ? " seen" : "");
    for (std::size_t i = 0; i < kProcessTextCount; ++i) {
      text << " [" << graph.text(process, static_cast<ProcessText>(i)) << "]";
    }
    text << "\n";
  }
  return text.str();
}

TEST(ProcessGraph, AnyEventMakesAPlaceholder) {
  test::EventMaker make;
  ProcessGraph graph;
  graph.apply(make.act(EventType::dns_query, kApp, 1'000'000'150, FieldId::query_name, "x"));
  ASSERT_EQ(graph.size(), 1U);
  EXPECT_EQ(graph.text(0, ProcessText::image), kApp.image);
  EXPECT_FALSE(graph.start_seen(0));
  EXPECT_EQ(graph.start(0), kApp.start_s * kNanosPerSecond);
}

TEST(ProcessGraph, ALaterStartFillsTheSameNode) {
  test::EventMaker make;
  ProcessGraph graph;
  graph.apply(make.start(kShell, kApp));
  graph.apply(make.start(kApp, kExplorer));
  EXPECT_EQ(graph.size(), 3U);
  EXPECT_EQ(image_line(graph, kShell),
            (std::vector<std::string>{"3CXDesktopApp.exe", "explorer.exe"}));
  EXPECT_TRUE(graph.start_seen(index_of(graph, kApp)));
  EXPECT_TRUE(graph.claimed_by_child(index_of(graph, kExplorer)));
}

TEST(ProcessGraph, AncestorsAreTheSameWhicheverEventComesFirst) {
  test::EventMaker make;
  std::vector<Event> events = {
      make.start(kExplorer, {.id = 9, .pid = 90, .image = "userinit.exe", .start_s = 999'999'999}),
      make.start(kApp, kExplorer), make.start(kShell, kApp)};
  std::vector<std::size_t> order = {0, 1, 2};
  do {
    ProcessGraph graph;
    for (const std::size_t i : order) {
      graph.apply(events[i]);
    }
    EXPECT_EQ(image_line(graph, kShell),
              (std::vector<std::string>{"3CXDesktopApp.exe", "explorer.exe", "userinit.exe"}));
  } while (std::ranges::next_permutation(order).found);
}

TEST(ProcessGraph, AbsentValuesNeverOverwriteKnownOnes) {
  test::EventMaker make;
  ProcessGraph graph;
  graph.apply(make.start(kApp, kExplorer));
  Process nameless = kApp;
  nameless.image.clear();
  nameless.pid = 0;
  graph.apply(make.act(EventType::dns_query, nameless, 1'000'000'150, FieldId::query_name, "x"));
  EXPECT_EQ(graph.text(index_of(graph, kApp), ProcessText::image), kApp.image);
  EXPECT_EQ(graph.pid(index_of(graph, kApp)), kApp.pid);
}

TEST(ProcessGraph, TheProcessItselfKnowsBetterThanItsChild) {
  test::EventMaker make;
  Process spoofed = kApp;
  spoofed.image =
      "C:\\AAA\\innocent.exe";  // Less than the true one: rank must decide, not order of text.
  std::vector<Event> events = {make.start(kApp, kExplorer), make.start(kShell, spoofed)};
  for (const bool reversed : {false, true}) {
    ProcessGraph graph;
    if (reversed) {
      std::ranges::reverse(events);
    }
    for (const Event& event : events) {
      graph.apply(event);
    }
    EXPECT_EQ(graph.text(index_of(graph, kApp), ProcessText::image), kApp.image);
    EXPECT_TRUE(graph.parent_mismatch(index_of(graph, kShell)));
    EXPECT_FALSE(graph.parent_mismatch(index_of(graph, kApp)));
  }
}

TEST(ProcessGraph, APidGivenAgainEndsTheOldInstance) {
  test::EventMaker make;
  Process again = kShell;
  again.id = 7;
  again.start_s = kShell.start_s + 50;
  ProcessGraph graph;
  graph.apply(make.start(again, kExplorer));
  graph.apply(make.start(kShell, kApp));
  bool inferred = false;
  EXPECT_EQ(graph.end(index_of(graph, kShell), &inferred), again.start_s * kNanosPerSecond);
  EXPECT_TRUE(inferred);
  EXPECT_EQ(graph.end(index_of(graph, again)), 0);
  EXPECT_EQ(graph.with_pid(kShell.pid).size(), 2U);
  // Its own end event is better than the inference.
  graph.apply(make.end(kShell, kShell.start_s + 10));
  EXPECT_EQ(graph.end(index_of(graph, kShell), &inferred), (kShell.start_s + 10) * kNanosPerSecond);
  EXPECT_FALSE(inferred);
}

TEST(ProcessGraph, AParentThatStartsLaterIsOutsideAncestry) {
  test::EventMaker make;
  Process late_parent = kApp;
  late_parent.start_s = kShell.start_s + 3;
  ProcessGraph graph;
  graph.apply(make.start(kShell, late_parent));
  EXPECT_TRUE(graph.is_suspect_edge(index_of(graph, kShell)));
  EXPECT_TRUE(image_line(graph, kShell).empty());
  EXPECT_EQ(subtree(graph, index_of(graph, kApp)).size(), 1U);

  // Within the slack of two seconds the edge is good: clocks of kernel and sensor differ.
  Process just_later = kApp;
  just_later.start_s = kShell.start_s + 2;
  ProcessGraph good;
  good.apply(make.start(kShell, just_later));
  EXPECT_FALSE(good.is_suspect_edge(index_of(good, kShell)));
}

TEST(ProcessGraph, CyclesAreCutWhateverTheOrder) {
  test::EventMaker make;
  Process a{.id = 1, .pid = 1, .image = "a", .start_s = 1'000'000'000};
  Process b{.id = 2, .pid = 2, .image = "b", .start_s = 1'000'000'001};
  Process c{.id = 3, .pid = 3, .image = "c", .start_s = 1'000'000'001};
  std::vector<Event> events = {make.start(a, c), make.start(b, a), make.start(c, b)};
  std::vector<std::size_t> order = {0, 1, 2};
  std::string first;
  do {
    ProcessGraph graph;
    for (const std::size_t i : order) {
      graph.apply(events[i]);
    }
    for (const Process& process : {a, b, c}) {
      EXPECT_LT(ancestors(graph, index_of(graph, process)).size(), 3U);
      EXPECT_LE(subtree(graph, index_of(graph, process)).size(), 3U);
    }
    first = first.empty() ? snapshot(graph) : first;
    EXPECT_EQ(snapshot(graph), first);
  } while (std::ranges::next_permutation(order).found);
}

TEST(ProcessGraph, NobodyIsItsOwnParent) {
  test::EventMaker make;
  ProcessGraph graph;
  graph.apply(make.start(kApp, kApp));
  EXPECT_EQ(graph.self_parents(), 1U);
  EXPECT_TRUE(ancestors(graph, 0).empty());
}

TEST(ProcessGraph, WalksAreBounded) {
  test::EventMaker make;
  ProcessGraph graph;
  for (std::uint64_t i = 1; i <= 2 * kAncestorsMax; ++i) {
    graph.apply(make.start({.id = i + 1,
                            .pid = 0,
                            .image = "x",
                            .start_s = static_cast<std::int64_t>(1'000'000'000 + i)},
                           {.id = i,
                            .pid = 0,
                            .image = "x",
                            .start_s = static_cast<std::int64_t>(1'000'000'000 + i - 1)}));
  }
  const ProcessIndex deepest = graph.find({.high = 2 * kAncestorsMax + 1, .low = 1});
  EXPECT_EQ(ancestors(graph, deepest).size(), kAncestorsMax);
  EXPECT_EQ(ancestors_by_bgl(graph, deepest).size(), kAncestorsMax);
  // Down as far as up: who is below whom must not depend on where one starts to ask.
  bool cut = false;
  const std::vector<ProcessIndex> below = subtree(graph, graph.find({.high = 1, .low = 1}), &cut);
  EXPECT_TRUE(cut);
  ASSERT_EQ(below.size(), kAncestorsMax + 1);
  EXPECT_EQ(ancestors(graph, below.back()).size(), kAncestorsMax);
}

TEST(ProcessGraph, LeavingAListLeavesTheOthersInIt) {
  test::EventMaker make;
  ProcessGraph graph;
  const Process greater{.id = 90, .pid = 9, .image = "p", .start_s = 1'000'000'000};
  const Process lesser{.id = 80, .pid = 8, .image = "p", .start_s = 1'000'000'000};
  for (std::uint64_t id = 1; id <= 5; ++id) {
    graph.apply(
        make.start({.id = id, .pid = 500, .image = "x", .start_s = 1'000'000'010}, greater));
  }
  // From the middle, the front and the back of both lists.
  std::size_t left = 5;
  for (const std::uint64_t id : {3U, 5U, 1U, 2U, 4U}) {
    graph.apply(make.start({.id = id, .pid = 400, .image = "x", .start_s = 1'000'000'010}, lesser));
    --left;
    EXPECT_EQ(graph.with_pid(500).size(), left);
    EXPECT_EQ(graph.with_pid(400).size(), 5 - left);
    EXPECT_EQ(children(graph, index_of(graph, greater)).size(), left);
    EXPECT_EQ(children(graph, index_of(graph, lesser)).size(), 5 - left);
  }
}

/// A host full of trouble: few ids, so that parents change, pids come again, starts contradict,
/// cycles close.
std::vector<Event> random_history(std::mt19937_64& random, test::EventMaker& make) {
  const auto pick = [&random](std::uint64_t below) { return random() % below; };
  const auto process = [&] {
    const std::uint64_t id = 1 + pick(8);
    return Process{.id = id,
                   .pid = static_cast<std::uint32_t>(1 + pick(4)),
                   .image = std::string(1, static_cast<char>('a' + pick(3))),
                   .start_s = static_cast<std::int64_t>(1'000'000'000 + id + pick(3))};
  };
  std::vector<Event> events;
  for (int i = 0; i < 12; ++i) {
    switch (pick(4)) {
      case 0:
      case 1: events.push_back(make.start(process(), process())); break;
      case 2:
        events.push_back(
            make.act(EventType::dns_query, process(), 1'000'000'100, FieldId::query_name, "q"));
        break;
      default:
        events.push_back(make.end(process(), static_cast<std::int64_t>(1'000'000'050 + pick(50))));
        break;
    }
  }
  return events;
}

TEST(ProcessGraph, IsAFunctionOfTheSetOfEvents) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    test::EventMaker make;
    std::vector<Event> events = random_history(random, make);
    ProcessGraph in_order;
    for (const Event& event : events) {
      in_order.apply(event);
    }
    for (int round = 0; round < 5; ++round) {
      std::vector<Event> arrival = events;
      arrival.insert(arrival.end(), events.begin(), events.begin() + 4);  // Some come twice.
      std::ranges::shuffle(arrival, random);
      ProcessGraph shuffled;
      for (const Event& event : arrival) {
        shuffled.apply(event);
      }
      ASSERT_EQ(snapshot(shuffled), snapshot(in_order)) << "seed " << seed;
    }
  }
}

TEST(ProcessGraph, ThePlainWalkUpIsBoostGraphsWalkUp) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    test::EventMaker make;
    ProcessGraph graph;
    for (const Event& event : random_history(random, make)) {
      graph.apply(event);
    }
    for (ProcessIndex process = 0; process < graph.size(); ++process) {
      const std::vector<ProcessIndex> line = ancestors(graph, process);
      ASSERT_EQ(line, ancestors_by_bgl(graph, process)) << "seed " << seed;
      // Up and down agree.
      for (const ProcessIndex ancestor : line) {
        const std::vector<ProcessIndex> below = subtree(graph, ancestor);
        ASSERT_NE(std::ranges::find(below, process), below.end()) << "seed " << seed;
      }
    }
  }
}

TEST(ProcessGraph, DotIsTheSameWhateverTheOrder) {
  test::EventMaker make;
  std::vector<Event> events = {make.start(kApp, kExplorer), make.start(kShell, kApp)};
  std::vector<std::string> dots;
  for (int i = 0; i < 2; ++i) {
    ProcessGraph graph;
    for (const Event& event : events) {
      graph.apply(event);
    }
    dots.push_back(to_dot(
        graph, [](ProcessIndex) { return true; },
        [&graph](ProcessIndex process) {
          return std::string(graph.text(process, ProcessText::image)) + " \"quoted\"";
        }));
    std::ranges::reverse(events);
  }
  EXPECT_EQ(dots[0], dots[1]);
  EXPECT_NE(dots[0].find("0->1"), std::string::npos) << dots[0];
  EXPECT_NE(dots[0].find("\\\"quoted\\\""), std::string::npos) << dots[0];
}

}  // namespace
}  // namespace spoor
