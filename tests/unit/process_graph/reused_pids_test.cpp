// Pids that are given again and again: whom they mean, and that it costs little to know.

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "engine/process_graph/process_graph.h"
#include "tests/support/events.h"

namespace spoor {
namespace {

constexpr std::int64_t kBegin = 1'000'000'000;

class ReusedPids : public testing::Test {
 public:
  /// As the Security log tells it (4688).
  Event start(std::uint32_t pid, std::int64_t at_s, std::uint32_t parent_pid) {
    const test::EventMaker::Process process{
        .id = 1, .pid = pid, .image = "C:\\a.exe", .start_s = at_s};
    Event event = make.start(process, {.id = 0, .pid = parent_pid, .image = "", .start_s = 0});
    event.source = Source::windows;
    event.actor.key = named_process_key(pid, event.actor.start, process.image);
    event.actor.vendor_uid = {};
    event.parent.key = {};
    event.parent.vendor_uid = {};
    return event;
  }

  /// As the Security log does (4689).
  Event end(std::uint32_t pid, std::int64_t at_s) {
    Event event = make.end({.id = 1, .pid = pid, .image = "C:\\a.exe", .start_s = 0}, at_s);
    event.source = Source::windows;
    event.actor.key = {};
    event.actor.vendor_uid = {};
    return event;
  }

  test::EventMaker make;
};

/// The definition, word by word.
ResolvedPid by_definition(const ProcessGraph& graph,
                          std::uint32_t pid,
                          Timestamp time,
                          ProcessIndex except = kNoProcess) {
  ResolvedPid resolved;
  for (const ProcessIndex process : graph.with_pid(pid)) {
    const Timestamp end = graph.end(process);
    if (process == except || graph.start(process) > time + kClockSlackNs ||
        (end != 0 && end + kClockSlackNs < time)) {
      continue;
    }
    resolved.ambiguous = resolved.process != kNoProcess;
    if (resolved.process == kNoProcess || graph.start(process) != graph.start(resolved.process)) {
      resolved.process = process;  // By start; of equal ones the lesser key comes first.
    }
  }
  return resolved;
}

TEST_F(ReusedPids, AFactLooksAtTheChildrenItCanConcernOnly) {
  for (const bool is_reversed : {false, true}) {
    constexpr std::uint64_t kStarts = 1200;
    constexpr std::uint32_t kPids = 4;
    std::vector<Event> events;
    for (std::uint32_t i = 0; i < kStarts; ++i) {
      events.push_back(start(4 + i % kPids, kBegin + std::int64_t{10} * i, 4 + (i + 1) % kPids));
    }
    if (is_reversed) {
      std::ranges::reverse(events);
    }
    ProcessGraph graph;
    for (const Event& event : events) {
      graph.apply(event);
    }
    // Looking at all children for each start asks 200,000 times.
    EXPECT_LT(graph.pid_work().resolutions, 12 * kStarts);
    EXPECT_LT(graph.pid_work().holders, 3 * graph.pid_work().resolutions);
  }
}

TEST_F(ReusedPids, OfOnePidThatAllHaveAFactAsksAFewTimes) {
  constexpr std::uint64_t kStarts = 600;
  ProcessGraph graph;
  for (std::uint32_t i = 0; i < kStarts; ++i) {
    graph.apply(start(4444, kBegin + i, 4444));
  }
  EXPECT_LT(graph.pid_work().resolutions, 12 * kStarts);
  EXPECT_LT(graph.pid_work().holders, 8 * graph.pid_work().resolutions);
}

TEST_F(ReusedPids, MeanWhomTheDefinitionSays) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const auto pick = [&](std::uint64_t below) { return random() % below; };
    ProcessGraph graph;
    std::map<Uid, std::pair<std::uint32_t, Timestamp>> claims;  ///< By node.
    const auto check = [&](std::uint32_t pid, Timestamp time) {
      const ResolvedPid want = by_definition(graph, pid, time);
      const ResolvedPid got = graph.resolve_pid(pid, time);
      ASSERT_EQ(got.process, want.process) << "seed " << seed << " pid " << pid;
      ASSERT_EQ(got.ambiguous, want.ambiguous) << "seed " << seed << " pid " << pid;
    };
    for (int i = 0; i < 60; ++i) {
      const auto pid = static_cast<std::uint32_t>(4 + pick(3));
      const auto at_s = static_cast<std::int64_t>(kBegin + pick(120));
      const std::uint64_t kind = pick(6);
      if (kind == 0) {
        graph.apply(end(pid, at_s));
      } else if (kind == 1) {  // Another vendor's word, without or with a start of the same image.
        const test::EventMaker::Process process{.id = 1000 + pick(40),
                                                .pid = pid,
                                                .image = pick(2) == 0 ? "" : "C:\\a.exe",
                                                .start_s = pick(3) == 0 ? 0 : at_s};
        graph.apply(make.act(EventType::dns_query, process, at_s, FieldId::query_name, "q"));
        if (pick(2) == 0) {
          graph.apply(make.end(process, at_s + static_cast<std::int64_t>(pick(60))));
        }
      } else {
        const Event event = start(pid, at_s, static_cast<std::uint32_t>(4 + pick(3)));
        graph.apply(event);
        const auto parent_pid =
            static_cast<std::uint32_t>(std::stoul(std::string(event.parent.pid)));
        const std::pair claim(parent_pid, event.time);
        const auto [known, is_new] = claims.try_emplace(event.actor.key, claim);
        known->second = std::min(known->second, claim);
      }
      ASSERT_NO_FATAL_FAILURE(
          check(pid, (kBegin + static_cast<std::int64_t>(pick(130))) * kNanosPerSecond));
    }
    for (const auto& [key, claim] : claims) {
      const ProcessIndex child = graph.find(key);
      if (graph.members(child).size() == 1) {
        EXPECT_EQ(graph.claimed_parent(child),
                  by_definition(graph, claim.first, claim.second, child).process)
            << "seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace spoor
