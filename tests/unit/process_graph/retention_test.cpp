#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/process_graph/graph_algorithms.h"
#include "engine/process_graph/process_graph.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

constexpr std::int64_t kBegin = 1'000'000'000;

Timestamp at(std::int64_t seconds) {
  return (kBegin + seconds) * kNanosPerSecond;
}

Process process(std::uint64_t id, std::int64_t start_s) {
  return {.id = id,
          .pid = static_cast<std::uint32_t>(100 + id),
          .image = "C:\\p" + std::to_string(id) + ".exe",
          .start_s = kBegin + start_s};
}

ProcessIndex find(const ProcessGraph& graph, std::uint64_t id) {
  return graph.find({.high = id, .low = 1});
}

std::vector<std::uint64_t> ids(const ProcessGraph& graph, const std::vector<ProcessIndex>& list) {
  std::vector<std::uint64_t> found;
  found.reserve(list.size());
  for (const ProcessIndex one : list) {
    found.push_back(graph.key(one).high);
  }
  return found;
}

/// 1 → 2 → 3, and 1 → 4.
class Retention : public testing::Test {
 public:
  Retention() {
    graph.apply(make.start(process(1, 0), process(9, -100)));
    graph.apply(make.start(process(2, 10), process(1, 0)));
    graph.apply(make.start(process(3, 20), process(2, 10)));
    graph.apply(make.start(process(4, 30), process(1, 0)));
  }

  void end(std::uint64_t id, std::int64_t time_s) {
    graph.apply(make.end(process(id, static_cast<std::int64_t>(id - 1) * 10), kBegin + time_s));
  }

  void forget_all(const std::vector<ProcessIndex>& going) {
    for (const ProcessIndex one : going) {
      graph.forget(one);
    }
  }

  test::EventMaker make;
  ProcessGraph graph;
};

TEST_F(Retention, TheLivingStay) {
  EXPECT_TRUE(graph.evictable(at(1'000'000), 0).empty());
}

TEST_F(Retention, TheEndedStayWhileADescendantLives) {
  end(1, 40);
  end(2, 41);
  EXPECT_TRUE(graph.evictable(at(3600), 0).empty());
  end(3, 50);
  EXPECT_TRUE(graph.evictable(at(50), 0).empty());  // Ended before, not at.
  EXPECT_EQ(ids(graph, graph.evictable(at(51), 0)), (std::vector<std::uint64_t>{3, 2}));
}

TEST_F(Retention, TheLastChildTakesItsParentsAlong) {
  end(1, 40);
  end(2, 41);
  end(3, 42);
  forget_all(graph.evictable(at(100), 0));
  EXPECT_EQ(find(graph, 3), kNoProcess);
  EXPECT_NE(find(graph, 1), kNoProcess);
  end(4, 200);
  EXPECT_EQ(ids(graph, graph.evictable(at(300), 0)), (std::vector<std::uint64_t>{4, 1}));
}

TEST_F(Retention, AHeldProcessHoldsWhatIsAboveIt) {
  end(2, 41);
  end(3, 42);
  const auto held = [this](ProcessIndex one) { return one == find(graph, 3) ? at(500) : 0; };
  EXPECT_TRUE(graph.evictable(at(100), 0, held).empty());
  EXPECT_TRUE(graph.evictable(at(500), 0, held).empty());
  EXPECT_EQ(ids(graph, graph.evictable(at(501), 0, held)), (std::vector<std::uint64_t>{3, 2}));
}

TEST_F(Retention, APidGivenAgainEndsToo) {
  Process again = process(5, 60);
  again.pid = process(4, 0).pid;
  graph.apply(make.start(again, process(1, 0)));
  EXPECT_TRUE(graph.evictable(at(60), 0).empty());
  EXPECT_EQ(ids(graph, graph.evictable(at(61), 0)), (std::vector<std::uint64_t>{4}));
}

TEST_F(Retention, TheIdleGoWithAllBelowThem) {
  constexpr std::int64_t kHour = 3600;
  graph.apply(make.act(EventType::dns_query, process(3, 20), kBegin + 10 * kHour,
                       FieldId::query_name, "q"));
  EXPECT_EQ(ids(graph, graph.evictable(0, at(5 * kHour))), (std::vector<std::uint64_t>{4}));
  // Once for each hour: what the caller did not forget is not told again before.
  EXPECT_TRUE(graph.evictable(0, at(5 * kHour + 1)).empty());
  forget_all(graph.evictable(0, at(12 * kHour)));
  EXPECT_EQ(graph.node_count(), 0U);
}

TEST_F(Retention, ATombstoneKeepsWhatAFindingNeeds) {
  Event start = make.start(process(2, 10), process(1, 0));
  start.actor.command_line = "p2 --secret";
  start.set(FieldId::hashes, "MD5=22");
  graph.apply(start);
  std::vector<ProcessIndex> told;
  graph.on_forget([&told](ProcessIndex node, bool forced) {
    told.push_back(node);
    EXPECT_FALSE(forced);
  });
  const ProcessIndex middle = find(graph, 2);
  graph.forget(middle);
  EXPECT_EQ(told, std::vector<ProcessIndex>{middle});
  EXPECT_TRUE(graph.is_tombstone(middle));
  EXPECT_EQ(find(graph, 2), middle);
  EXPECT_EQ(graph.text(middle, ProcessText::image), "C:\\p2.exe");
  EXPECT_EQ(graph.text(middle, ProcessText::hashes), "MD5=22");
  EXPECT_EQ(graph.text(middle, ProcessText::command_line), "");
  EXPECT_EQ(ids(graph, ancestors(graph, find(graph, 3))), (std::vector<std::uint64_t>{2, 1, 9}));
  // An event that names it brings it back.
  graph.apply(start);
  EXPECT_FALSE(graph.is_tombstone(middle));
  EXPECT_EQ(graph.text(middle, ProcessText::command_line), "p2 --secret");
}

TEST_F(Retention, ForgottenIndicesAreGivenAgain) {
  const std::size_t before = graph.size();
  for (std::uint64_t id = 100; id < 10'000; ++id) {
    graph.apply(make.start(process(id, 50), process(1, 0)));
    ASSERT_TRUE(graph.is_known(find(graph, id)));
    graph.forget(find(graph, id));
    ASSERT_EQ(find(graph, id), kNoProcess);
  }
  EXPECT_LT(graph.size(), before + 50);
  EXPECT_EQ(graph.node_count(), before);
  EXPECT_EQ(ids(graph, ancestors(graph, find(graph, 3))), (std::vector<std::uint64_t>{2, 1, 9}));
  EXPECT_EQ(ids(graph, children(graph, find(graph, 1))), (std::vector<std::uint64_t>{2, 4}));
}

TEST_F(Retention, TombstonesGoWithTheLastBelowThem) {
  graph.forget(find(graph, 9));
  graph.forget(find(graph, 1));
  graph.forget(find(graph, 2));
  EXPECT_EQ(graph.node_count(), 5U);
  graph.forget(find(graph, 3));
  graph.forget(find(graph, 4));
  // Memory is given back in strokes: forget some others.
  for (std::uint64_t id = 100; id < 120; ++id) {
    graph.apply(make.act(EventType::dns_query, process(id, 0), kBegin, FieldId::query_name, "q"));
    graph.forget(find(graph, id));
  }
  EXPECT_EQ(find(graph, 9), kNoProcess);
  EXPECT_LT(graph.node_count(), 5U);
}

TEST(RetentionAtTheLimit, TheEndedGoFirstThenTheLongestUnseen) {
  test::EventMaker make;
  ProcessGraph graph(64);
  std::set<std::uint64_t> gone;
  graph.on_forget([&](ProcessIndex node, bool forced) {
    EXPECT_TRUE(forced);
    gone.insert(graph.node_key(node).high);
  });
  for (std::uint64_t id = 1; id <= 64; ++id) {
    graph.apply(make.act(EventType::dns_query, process(id, 0),
                         kBegin + 100 - static_cast<std::int64_t>(id), FieldId::query_name, "q"));
  }
  graph.apply(make.end(process(10, 0), kBegin + 500));
  graph.apply(make.end(process(20, 0), kBegin + 400));
  EXPECT_TRUE(gone.empty());
  // Two go at a time, for 64 / 64 + 1 are asked for.
  graph.apply(make.act(EventType::dns_query, process(65, 0), kBegin, FieldId::query_name, "q"));
  EXPECT_EQ(gone, (std::set<std::uint64_t>{10, 20}));
  graph.apply(make.act(EventType::dns_query, process(66, 0), kBegin, FieldId::query_name, "q"));
  graph.apply(
      make.act(EventType::dns_query, process(67, 0), kBegin + 90, FieldId::query_name, "q"));
  EXPECT_EQ(gone, (std::set<std::uint64_t>{10, 20, 65, 66}));
  EXPECT_EQ(graph.evicted_by_limit(), 4U);
  EXPECT_EQ(graph.refused(), 0U);
  EXPECT_LE(graph.node_count(), 64U);
}

TEST(RetentionAtTheLimit, LinesAreShortenedFromBelowAndWhatTheEventNamesStays) {
  test::EventMaker make;
  ProcessGraph graph(32);
  for (std::uint64_t id = 1; id < 500; ++id) {
    const GraphChange change =
        graph.apply(make.start(process(id + 1, static_cast<std::int64_t>(id) + 1),
                               process(id, static_cast<std::int64_t>(id))));
    ASSERT_LE(graph.node_count(), 32U);
    if (change.actor != kNoProcess && change.parent != kNoProcess) {
      ASSERT_EQ(graph.parent(change.actor), change.parent);
    }
  }
  // A line has one leaf, and the event names it: what cannot go is refused, and counted.
  EXPECT_GT(graph.refused() + graph.evicted_by_limit(), 400U);
}

TEST(RetentionAtTheLimit, AbsorbingBeyondItForgetsTheLeastNeeded) {
  test::EventMaker make;
  ProcessGraph a(40);
  ProcessGraph b(40);
  for (std::uint64_t id = 1; id <= 80; ++id) {
    (id <= 40 ? a : b)
        .apply(make.act(EventType::dns_query, process(id, 0),
                        kBegin + static_cast<std::int64_t>(id), FieldId::query_name, "q"));
  }
  const std::vector<ProcessIndex> places = a.absorb(b);
  EXPECT_LE(a.node_count(), 40U);
  EXPECT_EQ(places.size(), 40U);
  EXPECT_EQ(find(a, 1), kNoProcess);
  ASSERT_NE(find(a, 80), kNoProcess);
  EXPECT_EQ(places[find(b, 80)], find(a, 80));
}

}  // namespace
}  // namespace spoor
