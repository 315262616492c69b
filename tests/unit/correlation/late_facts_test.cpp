// Facts that come late and part or join what was told already: vendors' nodes of one process, host
// keys of one machine, lesser matches.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/limits.h"
#include "engine/correlation/correlator.h"
#include "engine/correlation/host_state.h"
#include "engine/finding/render.h"
#include "tests/support/correlation_engine.h"
#include "tests/support/events.h"
#include "tests/support/rules.h"

namespace spoor {
namespace {

using Engine = test::CorrelationEngine;
using Process = test::EventMaker::Process;

const std::string kChain = std::string(test::kAppActs) + test::kLooksUp + R"(title: Chain
id: 20000000-0000-4000-8000-000000000001
level: high
correlation:
  type: temporal
  rules: [app, lookup]
  timespan: 1h
  group-by: [process_tree]
  anchor: app
  condition: lookup
)";

const std::string kLookup = test::kLooksUp;

constexpr const char* kOften = R"(title: Often
id: 20000000-0000-4000-8000-000000000002
level: high
correlation:
  type: event_count
  rules: [lookup]
  timespan: 1h
  group-by: [QueryName]
  condition: {gte: 1}
  generate: true
)";

constexpr std::int64_t kT = 1'000'000'000;
const Process kExplorer{.id = 1, .pid = 100, .image = "C:\\explorer.exe", .start_s = kT};
const Process kFalconApp{.id = 10, .pid = 200, .image = "/x/app.exe", .start_s = kT + 11};
const Process kSysmonApp{.id = 20, .pid = 200, .image = "C:\\x\\app.exe", .start_s = kT + 10};

Event of_falcon(Event event) {
  event.source = Source::crowdstrike;
  return event;
}

TEST(LateFacts, EventsOfOneUidOfTwoProcessesAreInOneOrder) {
  const RuleSet rules = test::rules_of(kChain);
  test::EventMaker make;
  std::vector<Event> events{make.start(kSysmonApp, kExplorer)};
  Uid uid;
  for (std::uint64_t i = 0; i < 8; ++i) {
    const Process child{.id = 30 + i,
                        .pid = static_cast<std::uint32_t>(300 + i),
                        .image = "C:\\x\\tool.exe",
                        .start_s = kT + 12};
    events.push_back(make.start(child, kSysmonApp));
    events.push_back(
        make.act(EventType::dns_query, child, kT + 20, FieldId::query_name, "drop.example"));
    uid = i == 0 ? events.back().uid : uid;
    events.back().uid = uid;
  }
  Engine in_order(rules);
  in_order.take(events);
  std::ranges::reverse(events);
  Engine reversed(rules);
  reversed.take(events);
  ASSERT_EQ(in_order.findings().size(), 1U);
  EXPECT_EQ(in_order.findings()[0].evidence_total, 9U);
  EXPECT_EQ(in_order.text(), reversed.text());
}

TEST(LateFacts, PartedProcessesKeepWhatIsTheirs) {
  const RuleSet rules = test::rules_of(kChain);
  test::EventMaker make;
  Engine engine(rules);
  engine.take(of_falcon(make.end(kFalconApp, kT + 3600)));
  engine.take(
      make.act(EventType::dns_query, kSysmonApp, kT + 20, FieldId::query_name, "drop.example"));
  ASSERT_EQ(engine.findings().size(), 1U);
  ASSERT_EQ(engine.findings()[0].processes.size(), 1U);
  // Sysmon's own start event says that it was a later process of that pid.
  Process later = kSysmonApp;
  later.start_s = kT + 14;
  engine.take(make.start(later, kExplorer));
  const ProcessGraph& graph = *engine.correlator().graph("pc042");
  ASSERT_EQ(graph.members(graph.find({.high = 10, .low = 1})).size(), 1U);
  engine.correlator().settle();
  EXPECT_EQ(engine.correlator().match_count(), 1U);  // Not also where it was before.
}

TEST(LateFacts, ARetractedHitIsTakenFromItsOwnNodeOnly) {
  const RuleSet rules = test::rules_of(kChain);
  test::EventMaker make;
  Engine engine(rules);
  const Event sysmon =
      make.act(EventType::dns_query, kSysmonApp, kT + 20, FieldId::query_name, "drop.example");
  engine.take(sysmon);
  engine.take(of_falcon(
      make.act(EventType::dns_query, kFalconApp, kT + 21, FieldId::query_name, "drop.example")));
  engine.retract(sysmon, "lookup");
  const std::vector<Finding> findings = engine.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].evidence_total, findings[0].evidence.size());
}

TEST(LateFacts, WhatLosesAHitBelowIsLookedAtAgain) {
  test::EventMaker make;
  HostState host;
  const Process child{.id = 2, .pid = 300, .image = "C:\\cmd.exe", .start_s = kT + 30};
  const Process sibling{.id = 3, .pid = 301, .image = "C:\\cmd.exe", .start_s = kT + 31};
  for (const Process& process : {child, sibling}) {
    host.graph.apply(make.start(process, kExplorer));
  }
  const ProcessIndex anchor = host.graph.find({.high = kExplorer.id, .low = 1});
  const ProcessIndex leaf = host.graph.find({.high = child.id, .low = 1});
  const ProcessIndex beside = host.graph.find({.high = sibling.id, .low = 1});
  host.add_anchor(0, anchor, false);
  host.add_anchor(0, beside, false);
  const Event event = make.act(EventType::dns_query, child, kT + 40, FieldId::query_name, "q");
  host.facts[leaf].hits_of(0).add({.event = keep_event(event), .matched = {}});
  host.forget_node(leaf, true);
  host.mark_children();
  EXPECT_TRUE(host.marked.contains({.number = 0, .at = anchor}));
  EXPECT_TRUE(host.marked.contains({.number = 0, .at = beside}));
}

/// What was told last of each finding that still holds.
class Told {
 public:
  void hear(const std::vector<Finding>& news) {
    for (const Finding& finding : news) {
      if (finding.status == FindingStatus::retracted) {
        told_.erase(finding.uid);
      } else {
        told_.insert_or_assign(finding.uid, content(finding));
      }
    }
  }

  static std::map<Uid, std::string> of(const std::vector<Finding>& findings) {
    std::map<Uid, std::string> all;
    for (const Finding& finding : findings) {
      all.emplace(finding.uid, content(finding));
    }
    return all;
  }

  [[nodiscard]] const std::map<Uid, std::string>& all() const { return told_; }

 private:
  static std::string content(Finding finding) {
    finding.revision = 1;
    finding.status = FindingStatus::final;
    return render_ocsf(finding);
  }

  std::map<Uid, std::string> told_;
};

/// Its process is not known.
Event lookup_by_nobody(test::EventMaker& make, std::int64_t time_s) {
  Event event =
      make.act(EventType::dns_query, kExplorer, time_s, FieldId::query_name, "drop.example");
  event.actor = {};
  return event;
}

TEST(LateFacts, AJoinedHostRenamesWhatNoProcessDid) {
  for (const std::string& yaml : {kLookup, kLookup + kOften}) {
    const RuleSet rules = test::rules_of(yaml);
    test::EventMaker make;
    Engine engine(rules, {.lateness = Lateness{}});
    Told told;
    engine.take(lookup_by_nobody(make, kT));
    engine.take(
        make.start({.id = 3, .pid = 300, .image = "C:\\a.exe", .start_s = kT + 4000}, kExplorer));
    told.hear(engine.correlator().updates());
    ASSERT_FALSE(told.all().empty());
    engine.correlator().alias_host("pc042", "aaa");
    told.hear(engine.correlator().updates());
    EXPECT_EQ(told.all(), Told::of(engine.findings()));
  }
}

TEST(LateFacts, AJoinedHostKeepsItsSystem) {
  const RuleSet rules = test::rules_of(kLookup);
  test::EventMaker make;
  Engine engine(rules);
  engine.take(make.act(EventType::dns_query, kExplorer, kT, FieldId::query_name, "drop.example"));
  engine.correlator().alias_host("pc042", "aaa");
  const std::vector<Finding> findings = engine.findings();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].host_key, "aaa");
  EXPECT_EQ(findings[0].os_type, "Windows");
}

TEST(LateFacts, AMatchThatALesserOnePushesOutIsRetracted) {
  const RuleSet rules = test::rules_of(kLookup);
  test::EventMaker make;
  Engine engine(rules, {.lateness = Lateness{}});
  for (std::size_t i = 1; i <= kMatchesPerRuleMax; ++i) {
    engine.take(make.act(EventType::dns_query, kExplorer, kT + static_cast<std::int64_t>(i),
                         FieldId::query_name, "drop.example"));
  }
  ASSERT_EQ(engine.correlator().updates().size(), kMatchesPerRuleMax);
  engine.take(make.act(EventType::dns_query, kExplorer, kT, FieldId::query_name, "drop.example"));
  std::size_t retracted = 0;
  for (const Finding& finding : engine.correlator().updates()) {
    retracted += finding.status == FindingStatus::retracted ? 1U : 0U;
  }
  EXPECT_EQ(retracted, 1U);
}

}  // namespace
}  // namespace spoor
