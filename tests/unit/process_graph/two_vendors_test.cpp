// Two vendors who see one process; and processes known by pid alone.

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/process_graph/graph_algorithms.h"
#include "engine/process_graph/process_graph.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;

constexpr std::int64_t kBegin = 1'000'000'000;

Event from(Source source, Event event) {
  event.source = source;
  return event;
}

Uid key_of(const Process& process) {
  return {.high = process.id, .low = 1};
}

const Process kSysmonApp{.id = 20, .pid = 200, .image = "C:\\app\\App.exe", .start_s = kBegin + 10};
const Process kFalconApp{
    .id = 10, .pid = 200, .image = R"(\Device\Volume2\app\app.EXE)", .start_s = kBegin + 11};
const Process kSysmonParent{.id = 21, .pid = 100, .image = "C:\\explorer.exe", .start_s = kBegin};
const Process kFalconParent{.id = 11, .pid = 0, .image = "", .start_s = 0};
const Process kSysmonChild{.id = 22, .pid = 300, .image = "C:\\cmd.exe", .start_s = kBegin + 20};
const Process kFalconChild{.id = 12, .pid = 301, .image = "C:\\ps.exe", .start_s = kBegin + 21};

class TwoVendors : public testing::Test {
 public:
  void apply_both() {
    graph.apply(
        make.start(kSysmonParent, {.id = 99, .pid = 1, .image = "x", .start_s = kBegin - 5}));
    graph.apply(make.start(kSysmonApp, kSysmonParent));
    graph.apply(from(Source::crowdstrike, make.start(kFalconApp, kFalconParent)));
    graph.apply(make.start(kSysmonChild, kSysmonApp));
    graph.apply(from(Source::crowdstrike, make.start(kFalconChild, kFalconApp)));
  }

  test::EventMaker make;
  ProcessGraph graph;
};

TEST_F(TwoVendors, AreOneProcessWithTwoUids) {
  apply_both();
  const ProcessIndex app = graph.find(key_of(kSysmonApp));
  EXPECT_EQ(app, graph.find(key_of(kFalconApp)));
  EXPECT_EQ(graph.key(app), key_of(kFalconApp));  // The lesser.
  std::vector<std::string_view> uids;
  for (const ProcessIndex member : graph.members(app)) {
    uids.push_back(graph.vendor_uid(member));
    EXPECT_EQ(graph.canonical(member), app);
    EXPECT_EQ(graph.text(member, ProcessText::image), graph.text(app, ProcessText::image));
  }
  EXPECT_EQ(uids, (std::vector<std::string_view>{"{guid-10}", "{guid-20}"}));
  EXPECT_EQ(graph.process_count(), graph.node_count() - 1);
}

TEST_F(TwoVendors, ShareAncestryAndChildren) {
  apply_both();
  const ProcessIndex app = graph.find(key_of(kSysmonApp));
  // Falcon's parent is but an id; Sysmon's is known.
  EXPECT_EQ(graph.parent(app), graph.find(key_of(kSysmonParent)));
  EXPECT_EQ(children(graph, app), (std::vector<ProcessIndex>{graph.find(key_of(kSysmonChild)),
                                                             graph.find(key_of(kFalconChild))}));
  EXPECT_EQ(graph.parent(graph.find(key_of(kFalconChild))), app);
  // Falcon's parent has no child that counts, and the root sees each process once.
  EXPECT_TRUE(children(graph, graph.find(key_of(kFalconParent))).empty());
  EXPECT_EQ(subtree(graph, graph.find(key_of(kSysmonParent))).size(), 4U);
}

TEST_F(TwoVendors, ALateFactPartsThem) {
  apply_both();
  // The start that Sysmon's own event gives is another: it was a later process of that pid.
  Process later = kSysmonApp;
  later.start_s = kBegin + 14;
  Event start = make.start(later, kSysmonParent);
  start.actor.start_is_exact = true;
  ProcessGraph other;
  other.apply(make.act(EventType::dns_query, kSysmonApp, kBegin + 30, FieldId::query_name, "q"));
  other.apply(from(Source::crowdstrike, make.start(kFalconApp, kFalconParent)));
  ASSERT_EQ(other.process_count(), 2U);
  const ProcessIndex falcon = other.find(key_of(kFalconApp));
  ASSERT_EQ(other.members(falcon).size(), 2U);
  const GraphChange change = other.apply(start);
  EXPECT_EQ(change.regrouped.size(), 2U);
  EXPECT_EQ(other.members(falcon).size(), 1U);
  EXPECT_EQ(other.process_count(), other.node_count());
  EXPECT_EQ(other.end(falcon), later.start_s * kNanosPerSecond);  // Its pid was given again.
}

TEST_F(TwoVendors, AreOneWhenAnotherGraphKnowsWhatWasMissing) {
  Process without_image = kSysmonApp;
  without_image.image = "";
  Process without_pid = kSysmonApp;
  without_pid.pid = 0;
  const auto act = [this](const Process& process) {
    return make.act(EventType::dns_query, process, kBegin + 30, FieldId::query_name, "q");
  };
  graph.apply(act(without_image));
  graph.apply(from(Source::crowdstrike, act(kFalconApp)));
  ASSERT_EQ(graph.process_count(), 2U);
  ProcessGraph other;
  other.apply(act(without_pid));
  graph.absorb(other);
  EXPECT_EQ(graph.process_count(), 1U);
}

struct PairRow {
  const char* name = "";
  Process sysmon;
  Process other;
  Source source = Source::sysmon;
  bool is_one = false;
};

TEST_F(TwoVendors, JoinBySamePidImageAndStart) {
  const Process base = kSysmonApp;
  const auto with = [](auto change) {
    Process process = kSysmonApp;
    process.id = 10;
    change(process);
    return process;
  };
  const PairRow rows[] = {
      {"two seconds apart", base, with([](Process& p) { p.start_s += 2; }), Source::sentinelone,
       true},
      {"three seconds apart", base, with([](Process& p) { p.start_s += 3; }), Source::sentinelone,
       false},
      {"another directory", base, with([](Process& p) { p.image = "/x/app.exe"; }),
       Source::crowdstrike, true},
      {"another image", base, with([](Process& p) { p.image = "C:\\app\\B.exe"; }),
       Source::crowdstrike, false},
      {"no image", base, with([](Process& p) { p.image = ""; }), Source::crowdstrike, false},
      {"another pid", base, with([](Process& p) { p.pid = 201; }), Source::crowdstrike, false},
      {"no start", base, with([](Process& p) { p.start_s = 0; }), Source::crowdstrike, false},
      {"one vendor", base, with([](Process&) {}), Source::sysmon, false},
      {"the Windows log names Sysmon's ids", base, with([](Process&) {}), Source::windows, false},
  };
  for (const PairRow& row : rows) {
    for (const bool reversed : {false, true}) {
      ProcessGraph pair;
      Event first =
          make.act(EventType::file_event, row.sysmon, kBegin + 30, FieldId::query_name, "");
      Event second = from(row.source, make.act(EventType::file_event, row.other, kBegin + 30,
                                               FieldId::query_name, ""));
      pair.apply(reversed ? second : first);
      pair.apply(reversed ? first : second);
      EXPECT_EQ(pair.process_count(), row.is_one ? 1U : 2U) << row.name;
    }
  }
}

TEST_F(TwoVendors, ThreeAreOne) {
  std::vector<Event> events;
  std::uint64_t id = 30;
  for (const Source source : {Source::sysmon, Source::crowdstrike, Source::sentinelone}) {
    Process process = kSysmonApp;
    process.id = id--;
    events.push_back(from(source, make.start(process, kSysmonParent)));
  }
  std::vector<std::size_t> order = {0, 1, 2};
  do {
    ProcessGraph three;
    for (const std::size_t i : order) {
      three.apply(events[i]);
    }
    EXPECT_EQ(three.process_count(), 2U);
    const ProcessIndex app = three.find({.high = 28, .low = 1});
    EXPECT_EQ(three.members(app).size(), 3U);
    EXPECT_EQ(three.key(app).high, 28U);
  } while (std::ranges::next_permutation(order).found);
}

// --- By pid alone

TEST(ResolvePid, TheInstanceThatLivedThen) {
  test::EventMaker make;
  ProcessGraph graph;
  const Process first{.id = 1, .pid = 7, .image = "a", .start_s = kBegin};
  const Process second{.id = 2, .pid = 7, .image = "b", .start_s = kBegin + 100};
  graph.apply(make.start(second, {.id = 9, .pid = 1, .image = "p", .start_s = kBegin - 9}));
  graph.apply(make.start(first, {.id = 9, .pid = 1, .image = "p", .start_s = kBegin - 9}));
  graph.apply(make.end(first, kBegin + 50));

  struct Row {
    std::int64_t after_s;
    std::uint64_t id;  ///< 0: none.
    bool ambiguous;
  };

  const Row rows[] = {{-3, 0, false}, {-2, 1, false}, {0, 1, false},  {52, 1, false},
                      {53, 0, false}, {97, 0, false}, {98, 2, false}, {100'000, 2, false}};
  for (const Row& row : rows) {
    const ResolvedPid found = graph.resolve_pid(7, (kBegin + row.after_s) * kNanosPerSecond);
    const ProcessIndex want = row.id == 0 ? kNoProcess : graph.find({.high = row.id, .low = 1});
    EXPECT_EQ(found.process, want) << row.after_s;
    EXPECT_EQ(found.ambiguous, row.ambiguous) << row.after_s;
  }
  EXPECT_EQ(graph.resolve_pid(8, kBegin * kNanosPerSecond).process, kNoProcess);
}

TEST(ResolvePid, SaysWhenAnotherMayBeMeant) {
  test::EventMaker make;
  ProcessGraph graph;
  const Process first{.id = 1, .pid = 7, .image = "a", .start_s = kBegin};
  const Process second{.id = 2, .pid = 7, .image = "b", .start_s = kBegin + 10};
  graph.apply(make.start(first, {.id = 9, .pid = 1, .image = "p", .start_s = kBegin - 9}));
  graph.apply(make.start(second, {.id = 9, .pid = 1, .image = "p", .start_s = kBegin - 9}));
  // The second start ends the first: around it both are within the slack.
  for (const auto& [after_s, ambiguous] :
       {std::pair(7, false), {8, true}, {12, true}, {13, false}}) {
    const ResolvedPid found = graph.resolve_pid(7, (kBegin + after_s) * kNanosPerSecond);
    EXPECT_EQ(found.ambiguous, ambiguous) << after_s;
    EXPECT_EQ(found.process, graph.find({.high = after_s < 8 ? 1U : 2U, .low = 1})) << after_s;
  }
  // One of whose life nothing is known may always be meant, but never wins.
  graph.apply(make.act(EventType::dns_query, {.id = 3, .pid = 7, .image = "c", .start_s = 0},
                       kBegin + 20, FieldId::query_name, "q"));
  const ResolvedPid found = graph.resolve_pid(7, (kBegin + 20) * kNanosPerSecond);
  EXPECT_TRUE(found.ambiguous);
  EXPECT_EQ(found.process, graph.find({.high = 2, .low = 1}));
}

TEST(ResolvePid, TwoVendorsWordOfOneIsNotAmbiguous) {
  test::EventMaker make;
  ProcessGraph graph;
  graph.apply(make.start(kSysmonApp, kSysmonParent));
  graph.apply(from(Source::crowdstrike, make.start(kFalconApp, kFalconParent)));
  const ResolvedPid found = graph.resolve_pid(200, (kBegin + 15) * kNanosPerSecond);
  EXPECT_FALSE(found.ambiguous);
  EXPECT_EQ(found.process, graph.find(key_of(kFalconApp)));
  EXPECT_NE(unknown_process_key("pc042", 7), unknown_process_key("pc042", 8));
  EXPECT_NE(unknown_process_key("pc042", 7), unknown_process_key("pc043", 7));
}

}  // namespace
}  // namespace spoor
