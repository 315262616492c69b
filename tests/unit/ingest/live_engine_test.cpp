#include "ingest/live_engine.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/rule/load.h"

namespace spoor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRule = R"(
title: Look-up
id: 10000000-0000-4000-8000-000000000002
name: lookup
level: high
logsource: {product: windows, category: dns_query}
detection: {selection: {QueryName|endswith: evil.test}, condition: selection}
)";

constexpr const char* kOften = R"(
---
title: Often
id: 10000000-0000-4000-8000-000000000003
level: high
correlation: {type: event_count, rules: [lookup], group-by: [process], timespan: 10m, condition: {gte: 2}}
)";

std::string lookup(int number, const std::string& name) {
  return R"({"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon"}},)"
         R"("EventID":22,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC1",)"
         R"("EventRecordID":)" +
         std::to_string(number) +
         R"(},"EventData":{"UtcTime":"2023-03-14 09:13:42.214","ProcessGuid":)"
         R"("{0E8F4EE1-0000-0000-0000-000000000001}","ProcessId":7,"QueryName":")" +
         name + R"(","Image":"C:\\a.exe"}}})";
}

class LiveEngines : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (fs::temp_directory_path() /
               ("spoor_live_" + std::to_string(getpid()) + "_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()))
                  .string();
    fs::remove_all(folder_);
    start();
  }

  void TearDown() override {
    stop();
    fs::remove_all(folder_);
  }

  void start() {
    store_ = std::move(*StateStore::open(folder_, StateStore::Access::write));
    pipeline_ = std::make_unique<Pipeline>(rules_.rules, PipelineOptions{.lateness = Lateness{}});
    ASSERT_TRUE(pipeline_->open_state(*store_, *store_));
    engine_ = std::make_unique<LiveEngine>(
        *pipeline_, *store_, *FindingStore::open(*store_, *store_), queue_, system_clock(), 2);
  }

  void stop() {
    engine_.reset();
    pipeline_.reset();
    store_.reset();
  }

  /// A batch whose answer is counted.
  IngestBatch batch(const std::vector<std::string>& records, std::size_t input = 0) {
    IngestBatch made;
    made.input = input;
    made.peer = "127.0.0.1:1";
    for (const std::string& record : records) {
      made.add_record(record);
    }
    made.seal();
    made.done = [this](bool is_safe) { ++(is_safe ? safe_ : lost_); };
    return made;
  }

  [[nodiscard]] std::uint64_t stored() const { return FindingReader(*store_).heads()->head; }

  std::string folder_;
  LoadedRules rules_ = load_rules({{.path = "r.yml", .content = kRule}});
  IngestQueue queue_{1U << 20U, 2};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<LiveEngine> engine_;
  std::atomic<int> safe_{0};
  std::atomic<int> lost_{0};
};

TEST_F(LiveEngines, AnswerWhenTheFindingIsStored) {
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "a.evil.test"), lookup(2, "good.test")})));
  EXPECT_EQ(safe_, 0);
  for (int i = 0; i < 100 && safe_ == 0; ++i) {
    ASSERT_TRUE(engine_->turn());
  }
  EXPECT_EQ(safe_, 1);
  EXPECT_EQ(stored(), 1U);
  EXPECT_EQ(engine_->counters().findings, 1U);
  EXPECT_EQ(engine_->counters().inputs[0].records, 2U);
  EXPECT_EQ(engine_->counters().inputs[0].bytes,
            lookup(1, "a.evil.test").size() + lookup(2, "good.test").size());
  EXPECT_EQ(engine_->counters().inputs[1].records, 0U);
}

TEST_F(LiveEngines, DrainWhatIsInTheQueue) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(queue_.try_push(batch({lookup(i, "a.evil.test")}, 1)));
  }
  queue_.close();
  ASSERT_TRUE(engine_->drain());
  EXPECT_EQ(safe_, 50);
  EXPECT_EQ(stored(), 50U);
  EXPECT_EQ(pipeline_->accounting().total().received, 50U);
}

TEST_F(LiveEngines, CommitWithinALargeBatchAndAnswerAtItsEnd) {
  engine_ =
      std::make_unique<LiveEngine>(*pipeline_, *store_, *FindingStore::open(*store_, *store_),
                                   queue_, system_clock(), 2, LiveOptions{.committed_every = 10});
  std::vector<std::string> records(40);
  for (int i = 0; std::string & record : records) {
    record = lookup(i++, "a.evil.test");
  }
  IngestBatch made = batch(records);
  const std::string key = StateWriter(StateRow::input).raw("test").bytes();
  made.marks.push_back({.key = key, .value = "1"});
  int pauses = 0;
  engine_->on_pause([&] {
    ++pauses;
    ASSERT_TRUE(store_->wait());
    EXPECT_EQ(stored(), 10U * static_cast<unsigned>(pauses));
    EXPECT_EQ(safe_, 0);
    EXPECT_FALSE(store_->get(key)) << "not before its end";
  });
  ASSERT_TRUE(queue_.try_push(std::move(made)));
  ASSERT_TRUE(engine_->turn());
  EXPECT_EQ(pauses, 3);
  ASSERT_TRUE(store_->wait());
  EXPECT_EQ(safe_, 1);
  EXPECT_EQ(stored(), 40U);
  EXPECT_TRUE(store_->get(key));
}

TEST_F(LiveEngines, GoOnAfterARestartWithoutTellingTwice) {
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "a.evil.test")})));
  ASSERT_TRUE(engine_->drain());
  stop();
  start();
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "a.evil.test"), lookup(2, "b.evil.test")})));
  ASSERT_TRUE(engine_->drain());
  EXPECT_EQ(stored(), 2U) << "the first came again";
}

TEST_F(LiveEngines, CountWhatIsNoRecord) {
  IngestBatch made = batch({"{", lookup(1, "a.evil.test")});
  IngestBatch bad;
  bad.add_bad(ErrorCode::oversize, "{\"a\":");
  bad.seal();
  ASSERT_TRUE(queue_.try_push(std::move(made)));
  ASSERT_TRUE(queue_.try_push(std::move(bad)));
  ASSERT_TRUE(engine_->drain());
  EXPECT_EQ(pipeline_->accounting().total().dead_lettered, 2U);
  EXPECT_EQ(pipeline_->accounting().total().residual(), 0);
  EXPECT_EQ(pipeline_->accounting().dead_letters().at("oversize"), 1U);
  const std::vector<InputAccounting>& inputs = pipeline_->accounting().by_input();
  ASSERT_EQ(inputs.size(), 1U) << "the second had nothing";
  EXPECT_EQ(inputs[0].dead_letters.at("oversize"), 1U);
  EXPECT_EQ(inputs[0].events[static_cast<std::size_t>(Source::sysmon)], 1U);
  EXPECT_EQ(stored(), 1U);
}

TEST_F(LiveEngines, MeasureHowLongItTookFromArrivalOn) {
  ManualClock clock;
  clock.advance(std::chrono::seconds(1));
  IngestQueue queue(1U << 20U, 1, clock);
  engine_ = std::make_unique<LiveEngine>(*pipeline_, *store_, *FindingStore::open(*store_, *store_),
                                         queue, clock, 2);
  ASSERT_TRUE(queue.try_push(batch({lookup(1, "a.evil.test"), lookup(2, "b.evil.test")})));
  clock.advance(std::chrono::milliseconds(50));
  ASSERT_TRUE(queue.try_push(batch({lookup(3, "good.test")})));
  clock.advance(std::chrono::milliseconds(450));
  ASSERT_TRUE(engine_->drain());
  // Bounds are 0.25 and 1 s.
  constexpr std::size_t kUnderASecond = 5;
  EXPECT_EQ(engine_->counters().applied.counts()[kUnderASecond], 3U);
  EXPECT_DOUBLE_EQ(engine_->counters().applied.sum(), 2 * 0.5 + 0.45);
  EXPECT_EQ(engine_->told_latency().counts()[kUnderASecond], 2U);
  EXPECT_DOUBLE_EQ(engine_->told_latency().sum(), 2 * 0.5);
}

TEST_F(LiveEngines, AnEventFromAfterItsBatchIsTimeSuspect) {
  std::string later = lookup(2, "b.evil.test");
  later.replace(later.find("2023-"), 4, "2199");
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "a.evil.test"), later})));
  ASSERT_TRUE(engine_->drain());
  EXPECT_EQ(pipeline_->accounting().time_suspect(), 1U);
  EXPECT_EQ(stored(), 2U) << "both are matched";
  const std::optional<WatermarkRange> watermarks = pipeline_->correlator().watermarks();
  ASSERT_TRUE(watermarks);
  EXPECT_EQ(format_timestamp(watermarks->newest).substr(0, 4), "2023");
}

TEST_F(LiveEngines, CountFindingsOfEachRule) {
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "a.evil.test"), lookup(2, "b.evil.test")})));
  ASSERT_TRUE(engine_->drain());
  const auto& counts = engine_->counters().findings_of_rules;
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts.at({"10000000-0000-4000-8000-000000000002", "high"}), 2U);
  EXPECT_EQ(engine_->finding_sequence(), 2U);
}

// The revisions of a finding go on when the findings told so far are kept no more.
TEST_F(LiveEngines, TellNoRevisionTwiceWhenFindingsAreForgotten) {
  ManualClock clock;
  rules_ = load_rules({{.path = "r.yml", .content = std::string(kRule) + kOften}});
  ASSERT_EQ(rules_.rejected, 0U);
  std::vector<std::uint32_t> revisions;
  const auto run = [&](const std::vector<std::string>& records) {
    stop();
    start();
    IngestQueue queue(1U << 20U, 1, clock);
    engine_ =
        std::make_unique<LiveEngine>(*pipeline_, *store_, *FindingStore::open(*store_, *store_),
                                     queue, clock, 1, LiveOptions{.told_every = 1});
    const std::uint64_t before = stored();
    ASSERT_TRUE(queue.try_push(batch(records)));
    ASSERT_TRUE(engine_->drain());
    ASSERT_TRUE(FindingReader(*store_).for_each(before + 1, [&](const StoredFinding& finding) {
      if (finding.title == "Often") {
        revisions.push_back(finding.revision);
      }
      return true;
    }));
    clock.advance(std::chrono::hours(31 * 24));
  };
  run({lookup(1, "a.evil.test"), lookup(2, "b.evil.test")});
  run({lookup(3, "c.evil.test")});  // Told in the commit that forgets the one before.
  run({lookup(4, "good.test")});    // And that one is forgotten too.
  run({lookup(5, "d.evil.test")});
  EXPECT_EQ(revisions, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST_F(LiveEngines, WhatIsNotCommittedIsNotAnswered) {
  ASSERT_TRUE(queue_.try_push(batch({lookup(1, "good.test")})));
  stop();
  EXPECT_EQ(safe_, 0);
}

TEST(IngestQueues, RefuseWhatDoesNotFitAndTellWhenThereIsRoom) {
  IngestQueue queue(100);
  int told = 0;
  queue.on_room([&told] { ++told; });
  const auto batch = [](std::size_t size) {
    IngestBatch made;
    made.bytes.assign(size, ' ');
    return made;
  };
  EXPECT_TRUE(queue.try_push(batch(1'000))) << "an empty queue takes anything";
  EXPECT_FALSE(queue.try_push(batch(1)));
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0)));
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(queue.try_push(batch(60)));
  EXPECT_TRUE(queue.try_push(batch(40)));
  EXPECT_FALSE(queue.has_room(0, 1));
  queue.close();
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0)));
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0)));
  EXPECT_FALSE(queue.pop(std::chrono::hours(1))) << "closed: it does not wait";
  EXPECT_FALSE(queue.try_push(batch(1)));
}

TEST(IngestQueues, CountTheRecordsAndNotTheirTextAlone) {
  IngestQueue queue(10'000);
  const auto batch = [](int records) {
    IngestBatch made;
    for (int i = 0; i < records; ++i) {
      made.add_record("7");
    }
    return made;
  };
  EXPECT_TRUE(queue.try_push(batch(200)));
  EXPECT_EQ(queue.bytes(), 200 * (2 + sizeof(IngestBatch::Record)));
  EXPECT_FALSE(queue.try_push(batch(200)));
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0)));
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(IngestQueues, TakeNothingWhileTheyAreHeld) {
  IngestQueue queue(100);
  int told = 0;
  queue.on_room([&told] { ++told; });
  const auto make = [] {
    IngestBatch made;
    made.bytes.assign(10, ' ');
    return made;
  };
  IngestBatch waiting = make();
  ASSERT_TRUE(queue.try_push(make()));
  queue.hold(true);
  EXPECT_FALSE(queue.has_room(0, 1));
  EXPECT_FALSE(queue.try_push(make()));
  EXPECT_EQ(queue.push(waiting, std::chrono::milliseconds(0)), IngestQueue::Pushed::full);
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0))) << "what is in it can be taken";
  EXPECT_EQ(told, 0) << "that made no room";
  queue.hold(false);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(queue.try_push(make()));
}

TEST(IngestQueues, KeepAPartForEachInput) {
  constexpr std::size_t kPart = 25;  // Of a half.
  IngestQueue queue(4 * kPart, 2);
  const auto push = [&](std::size_t input, std::size_t size) {
    IngestBatch made;
    made.input = input;
    made.bytes.assign(size, ' ');
    return queue.try_push(std::move(made));
  };
  EXPECT_TRUE(push(0, 2 * kPart));
  EXPECT_TRUE(push(0, kPart));
  EXPECT_FALSE(push(0, 1)) << "what is left is the other's";
  EXPECT_FALSE(queue.has_room(0, 1));
  EXPECT_TRUE(queue.has_room(1, kPart));
  EXPECT_FALSE(queue.has_room(1, kPart + 1));
  EXPECT_TRUE(push(1, kPart));
  EXPECT_FALSE(push(1, 1));
  EXPECT_TRUE(queue.pop(std::chrono::milliseconds(0)));
  // What came free is anyone's: the other has its part.
  EXPECT_TRUE(push(1, kPart));
  EXPECT_TRUE(push(0, kPart));
  EXPECT_FALSE(push(0, 1));
  EXPECT_EQ(queue.bytes(), 4 * kPart);
}

}  // namespace
}  // namespace spoor
