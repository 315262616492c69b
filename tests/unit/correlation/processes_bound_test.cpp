// One bound on the processes of all hosts: who holds most gives up the least needed.

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "engine/correlation/correlator.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Process = test::EventMaker::Process;
using Engine = test::CorrelationEngine;

constexpr std::int64_t kT = 1'000'000'000;
const Process kApp{.id = 1, .pid = 4, .image = "C:\\x\\app.exe", .start_s = kT};

const std::string kRules =
    std::string(test::kAppActs) + test::kLooksUp + test::app_looks_up_within("35d");

class Fleet {
 public:
  explicit Fleet(std::size_t processes_max, std::uint64_t process_bytes_max = kProcessBytesMax)
      : rules_(test::rules_of(kRules)),
        engine_(rules_, {.processes_max = processes_max, .process_bytes_max = process_bytes_max}) {}

  /// A process without a known parent starts.
  void start(const std::string& host, std::uint64_t number, std::size_t command_line = 0) {
    const std::uint64_t id = 1'000 + number;
    Event event = make_.start({.id = id,
                               .pid = static_cast<std::uint32_t>(4 * id),
                               .image = "C:\\tool.exe",
                               .start_s = kT + static_cast<std::int64_t>(number)},
                              {});
    if (command_line != 0) {
      event.actor.command_line = make_.keep(std::to_string(id) + std::string(command_line, 'x'));
    }
    take(host, event);
  }

  void take(const std::string& host, Event event) {
    event.host = make_.keep(host);
    event.hostname = event.host;
    // Each host's processes are its own.
    event.actor.key.low = event.parent.key.low = std::hash<std::string>{}(host) | 1U;
    event.parent.key.high = 0;
    event.parent.key.low = 0;
    engine_.take(event);
  }

  [[nodiscard]] std::size_t nodes(const std::string& host) const {
    return engine_.correlator().graph(host)->node_count();
  }

  Engine& engine() { return engine_; }

  [[nodiscard]] const Correlator& correlator() const { return engine_.correlator(); }

  test::EventMaker& make() { return make_; }

 private:
  RuleSet rules_;
  test::EventMaker make_;
  Engine engine_;
};

TEST(ProcessesBound, AHostThatFloodsForgetsItsOwn) {
  constexpr std::size_t kMax = 400;
  Fleet fleet(kMax);
  fleet.take("quiet", fleet.make().start(kApp, {}));
  for (std::uint64_t number = 0; number < 20; ++number) {
    fleet.start("quiet", number);
  }
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    fleet.start("flood", number);
    ASSERT_LE(fleet.correlator().process_count(), kMax);
  }
  EXPECT_EQ(fleet.nodes("quiet"), 21U);
  EXPECT_GT(fleet.nodes("flood"), kMax - 21 - 64);
  EXPECT_EQ(fleet.correlator().evicted_processes(),
            5'000 + 21 - fleet.correlator().process_count());
  // What was half open on the quiet host is as it was.
  fleet.take("quiet", fleet.make().act(EventType::dns_query, kApp, kT + 9'000, FieldId::query_name,
                                       "drop.example"));
  EXPECT_EQ(fleet.engine().findings().size(), 1U);
  EXPECT_EQ(fleet.correlator().stats().forgotten_hits, 0U);
}

TEST(ProcessesBound, TextsCountToo) {
  constexpr std::uint64_t kMax = 1U << 20U;
  Fleet fleet(1'000'000, kMax);
  fleet.take("quiet", fleet.make().start(kApp, {}));
  for (std::uint64_t number = 0; number < 20; ++number) {
    fleet.start("quiet", number);
  }
  std::uint64_t most = 0;
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    fleet.start("flood", number, 4'000);
    const ProcessGraph& graph = *fleet.correlator().graph("flood");
    most = std::max(most, graph.text_bytes() + graph.node_count() * kProcessBytes);
  }
  constexpr std::uint64_t kOfAnEvent = 32U << 10U;
  EXPECT_LE(most, kMax + kOfAnEvent);
  EXPECT_GT(most, kMax / 2);
  EXPECT_GT(fleet.nodes("flood"), kMax / 4'000 / 2) << "no more goes than has to";
  EXPECT_EQ(fleet.nodes("quiet"), 21U);
  EXPECT_EQ(fleet.correlator().evicted_processes(),
            5'000 + 21 - fleet.correlator().process_count());
}

TEST(ProcessesBound, EqualHostsForgetAlike) {
  constexpr std::size_t kHosts = 8;
  constexpr std::size_t kMax = 200 * kHosts;
  Fleet fleet(kMax);
  const auto name = [](std::size_t host) { return "host" + std::to_string(host); };
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    for (std::size_t host = 0; host < kHosts; ++host) {
      fleet.start(name(host), number);
    }
  }
  for (std::size_t host = 0; host < kHosts; ++host) {
    // The steps in which hosts are compared apart.
    EXPECT_GE(fleet.nodes(name(host)), 200U - 64) << host;
    EXPECT_LE(fleet.nodes(name(host)), 200U + 64) << host;
  }
  EXPECT_LE(fleet.correlator().process_count(), kMax);
}

TEST(ProcessesBound, PartsOfMatchesThatAreLostAreCounted) {
  Fleet fleet(200);
  fleet.take("pc", fleet.make().start(kApp, {}));
  for (std::uint64_t number = 1; number < 500; ++number) {
    fleet.start("pc", number);
  }
  EXPECT_EQ(fleet.correlator().stats().forgotten_hits, 1U);
  EXPECT_LE(fleet.correlator().process_count(), 200U);
}

TEST(ProcessesBound, AFindingTellsThatHitsOfItsTimeWereLost) {
  const auto finding_after = [](std::size_t processes_max, std::int64_t later) {
    Fleet fleet(processes_max);
    fleet.take("pc", fleet.make().start(kApp, {}));
    for (std::uint64_t number = 1; number < 500; ++number) {
      fleet.start("pc", number);
    }
    const Process again{.id = 2, .pid = 8, .image = kApp.image, .start_s = kT + later};
    fleet.take("pc", fleet.make().start(again, {}));
    fleet.take("pc", fleet.make().act(EventType::dns_query, again, kT + later + 1,
                                      FieldId::query_name, "drop.example"));
    return fleet.engine().text();
  };
  EXPECT_NE(finding_after(200, 1'000).find(R"("evicted":1)"), std::string::npos);
  const std::string complete = finding_after(1'000, 1'000);
  EXPECT_NE(complete.find(R"("evidence_total":2)"), std::string::npos);
  EXPECT_EQ(complete.find("evicted"), std::string::npos);
  // What was lost is older than anything that could join.
  EXPECT_EQ(finding_after(200, std::int64_t{36} * 86'400).find("evicted"), std::string::npos);
}

TEST(ProcessesBound, NothingIsForgottenBelowIt) {
  Fleet fleet(1'100);
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    fleet.start("pc" + std::to_string(number % 3), number);
  }
  EXPECT_EQ(fleet.correlator().process_count(), 1'000U);
  EXPECT_EQ(fleet.correlator().evicted_processes(), 0U);
}

TEST(ProcessesBound, HostsThatBecomeOneAreCountedOnce) {
  Fleet fleet(1'100);
  for (std::uint64_t number = 0; number < 1'000; ++number) {
    fleet.start(number % 2 == 0 ? "a" : "b", number);
  }
  fleet.engine().correlator().alias_host("a", "b");
  EXPECT_EQ(fleet.correlator().host_count(), 1U);
  for (std::uint64_t number = 1'000; number < 1'090; ++number) {
    fleet.start("a", number);
  }
  EXPECT_EQ(fleet.correlator().evicted_processes(), 0U);
  for (std::uint64_t number = 1'090; number < 2'000; ++number) {
    fleet.start("b", number);
  }
  EXPECT_GT(fleet.correlator().evicted_processes(), 0U);
  EXPECT_LE(fleet.correlator().process_count(), 1'100U);
}

}  // namespace
}  // namespace spoor
