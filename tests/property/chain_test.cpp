// The chain of 3CX in six events: every order of them gives one finding, with one id and the same
// evidence, at the end of a replay and of a stream. And three vendors that watch one machine tell
// of one intrusion.

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/bundled_rules.h"
#include "engine/finding/render.h"
#include "engine/pipeline.h"
#include "engine/rule/load.h"
#include "tests/support/long_run.h"
#include "tests/support/scenario_records.h"

namespace spoor {
namespace {

using Records = std::vector<test::PaddedRecord>;

const RuleSet& rules() {
  static const LoadedRules kLoaded = load_rules(bundled_rules());
  return kLoaded.rules;
}

void take(const test::PaddedRecord& record, Pipeline& pipeline) {
  pipeline.take(test::text_of(record), {});
}

std::string content_of(Finding finding) {
  finding.revision = 1;
  finding.status = FindingStatus::final;
  finding.late = 0;  // Says how its events arrived: the one thing that an order may change.
  return render_ocsf(finding) + "\n";
}

std::string replay(const Records& records) {
  Pipeline pipeline(rules(), {});
  for (const std::string& record : records) {
    take(record, pipeline);
  }
  std::string found;
  for (const Finding& finding : pipeline.findings()) {
    found += content_of(finding);
  }
  return found;
}

/// What a stream that is asked after each record told last of each finding.
std::string stream(const Records& records) {
  Pipeline pipeline(rules(), {.lateness = Lateness{}});
  std::map<Uid, std::string> found;
  const auto tell = [&found](const std::vector<Finding>& news) {
    for (const Finding& finding : news) {
      if (finding.status == FindingStatus::retracted) {
        found.erase(finding.uid);
      } else {
        found.insert_or_assign(finding.uid, content_of(finding));
      }
    }
  };
  for (const std::string& record : records) {
    take(record, pipeline);
    tell(pipeline.updates());
  }
  tell(pipeline.last_updates());
  std::string all;
  for (const auto& [uid, content] : found) {
    all += content;
  }
  return all;
}

/// The record that has all of these in it, the first of them.
std::string record_with(const Records& records, const std::vector<std::string>& texts) {
  for (const std::string& record : records) {
    if (std::ranges::all_of(texts, [&record](const std::string& text) {
          return record.find(text) != std::string::npos;
        })) {
      return record;
    }
  }
  ADD_FAILURE() << "no record with " << texts.front();
  return {};
}

TEST(Chain, All720OrdersOfSixEventsGiveOneFinding) {
  const Records all = test::scenario_records("A.sysmon-evtxdump.ndjson.gz");
  const std::string app = R"("ProcessGuid":"8F4C1E20-0564-641B-FB01-000000002F00")";
  const Records chain = {
      record_with(all, {R"("EventID":1,)", R"("ProcessGuid":"8F4C1E20-0563-641B-F401)"}),
      record_with(all, {R"("EventID":1,)", app}),
      record_with(all, {R"("EventID":7,)", app, "ffmpeg.dll"}),
      record_with(all, {R"("EventID":22,)", app, "raw.githubusercontent.com"}),
      record_with(all, {R"("EventID":22,)", app, "msstorageboxes.com"}),
      record_with(all, {R"("EventID":1,)", R"("ProcessId":11872)"}),
  };
  const std::string want = replay(chain);
  ASSERT_EQ(std::ranges::count(want, '\n'), 1);
  EXPECT_NE(want.find(R"("severity":"Critical")"), std::string::npos);
  std::array<std::size_t, 6> order{};
  std::iota(order.begin(), order.end(), 0);
  constexpr std::size_t kStreamedOrders = 8;  // One in so many, unless SPOOR_LONG=1.
  std::size_t orders = 0;
  do {
    Records arrival;
    for (const std::size_t i : order) {
      arrival.push_back(chain[i]);
    }
    ASSERT_EQ(replay(arrival), want);
    if (orders % kStreamedOrders == 0 || test::is_long_run()) {
      ASSERT_EQ(stream(arrival), want);
    }
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(orders, 720U);
}

TEST(Chain, ThreeVendorsOfOneMachineTellOfOneIntrusion) {
  Records records;
  for (const char* name : {"A.sysmon-evtxdump.ndjson.gz", "A.crowdstrike-fdr.ndjson.gz",
                           "A.sentinelone-cf2.ndjson.gz"}) {
    const Records one = test::scenario_records(name);
    records.insert(records.end(), one.begin(), one.end());
  }
  const std::string want = replay(records);
  ASSERT_EQ(std::ranges::count(want, '\n'), 1);
  // The loader, by the word of each: of Sysmon, CrowdStrike and SentinelOne.
  for (const char* uid : {"8f4c1e20-0564-641b-fb01", "3771465740088", "8A773CEF2515DC98"}) {
    EXPECT_NE(want.find(uid), std::string::npos) << uid;
  }
  for (const char* source : {"sysmon", "crowdstrike", "sentinelone"}) {
    EXPECT_NE(want.find(source), std::string::npos) << source;
  }
  constexpr std::uint64_t kOrders = 6;
  for (std::uint64_t seed = 1; seed <= kOrders; ++seed) {
    std::mt19937_64 random(seed);
    std::shuffle(records.begin(), records.end(), random);
    ASSERT_EQ(replay(records), want) << "seed " << seed;
  }
}

TEST(Chain, WhatWasToldOfAHostUnderAnotherKeyIsSuperseded) {
  Records records = test::scenario_records("A.sysmon-evtxdump.ndjson.gz");
  const Records later = test::scenario_records("A.crowdstrike-fdr.ndjson.gz");
  Pipeline pipeline(rules(), {.lateness = Lateness{}});
  for (const std::string& record : records) {
    take(record, pipeline);
  }
  const std::vector<Finding> first = pipeline.updates();
  ASSERT_EQ(first.size(), 1U);
  for (const std::string& record : later) {
    take(record, pipeline);
  }
  const std::vector<Finding> second = pipeline.updates();
  ASSERT_EQ(second.size(), 2U);
  const bool retracted_first = second[0].status == FindingStatus::retracted;
  const Finding& gone = second[retracted_first ? 0 : 1];
  const Finding& stays = second[retracted_first ? 1 : 0];
  EXPECT_EQ(gone.uid, first[0].uid);
  EXPECT_EQ(gone.status, FindingStatus::retracted);
  EXPECT_EQ(gone.superseded_by, stays.uid);
  EXPECT_NE(stays.uid, first[0].uid);
  EXPECT_EQ(stays.revision, 1U);
}

}  // namespace
}  // namespace spoor
