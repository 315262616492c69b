#include "ingest/kafka_input.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "tests/unit/ingest/loopback.h"

namespace spoor {
namespace {

using Texts = std::vector<std::string>;

std::string numbered(int number) {
  return "{\"n\":" + std::to_string(number) + "}";
}

/// A broker of librdkafka's own, over TCP, and a producer.
class Broker {
 public:
  Broker() {
    std::array<char, 512> problem{};
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", problem.data(), problem.size());
    rd_kafka_conf_set(conf, "linger.ms", "1", problem.data(), problem.size());
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, problem.data(), problem.size());
    cluster_ = rd_kafka_handle_mock_cluster(producer_);
    rd_kafka_mock_topic_create(cluster_, "edr", kPartitions, 1);
    topic_ = rd_kafka_topic_new(producer_, "edr", nullptr);
  }

  ~Broker() {
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(producer_);
  }

  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  Broker(Broker&&) = delete;
  Broker& operator=(Broker&&) = delete;

  [[nodiscard]] std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

  void produce(int first, int count) {
    for (int i = first; i < first + count; ++i) {
      produce(numbered(i), i % kPartitions);
    }
    EXPECT_EQ(rd_kafka_flush(producer_, 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  void produce(const std::string& text, int partition) {
    std::string copy = text;
    EXPECT_EQ(rd_kafka_produce(topic_, partition, RD_KAFKA_MSG_F_COPY, copy.data(), copy.size(),
                               nullptr, 0, nullptr),
              0);
    EXPECT_EQ(rd_kafka_flush(producer_, 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  /// When it is asked for the first and the last offset of a partition, once.
  void refuse_to_say_what_it_holds() {
    constexpr std::int16_t kListOffsets = 2;
    rd_kafka_mock_push_request_errors(cluster_, kListOffsets, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  }

  static constexpr int kPartitions = 3;

 private:
  rd_kafka_t* producer_;
  rd_kafka_mock_cluster_t* cluster_;
  rd_kafka_topic_t* topic_ = nullptr;
};

/// One engine with its input.
struct Member {
  Member(const Broker& broker, MemoryState& state, std::size_t queue_bytes = std::size_t{1} << 20U)
      : queue(queue_bytes) {
    settings.brokers = {broker.address()};
    settings.topics = {"edr"};
    settings.input.name = "kafka";
    settings.options = {{"session.timeout.ms", "6000"}, {"heartbeat.interval.ms", "100"}};
    settings.input.warn = [this](std::string_view text) {
      const std::lock_guard lock(mutex);
      warnings.emplace_back(text);
    };
    engine.emplace(queue, &state);
  }

  void start(MemoryState& state) {
    Result<std::unique_ptr<KafkaInput>> made = KafkaInput::create(queue, settings, state);
    ASSERT_TRUE(made) << made.error().message;
    input = std::move(*made);
    input->start();
  }

  ~Member() { stop(); }

  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  Member(Member&&) = delete;
  Member& operator=(Member&&) = delete;

  void stop() {
    queue.close();
    input.reset();
    engine.reset();
  }

  [[nodiscard]] Texts sorted(std::size_t count) {
    Texts all = engine->wait_for(count);
    std::ranges::sort(all);
    return all;
  }

  IngestQueue queue;
  KafkaInputSettings settings;
  std::mutex mutex;
  Texts warnings;
  std::optional<PoppingEngine> engine;
  std::unique_ptr<KafkaInput> input;
};

Texts numbers(int first, int count) {
  Texts texts;
  for (int i = first; i < first + count; ++i) {
    texts.push_back(numbered(i));
  }
  std::ranges::sort(texts);
  return texts;
}

TEST(KafkaInputs, TakesEachMessageOnceAcrossRestarts) {
  Broker broker;
  MemoryState state;
  broker.produce(0, 30);
  {
    Member member(broker, state);
    member.start(state);
    EXPECT_EQ(member.sorted(30), numbers(0, 30));
    broker.produce(30, 30);
    EXPECT_EQ(member.sorted(60), numbers(0, 60));
  }
  broker.produce(60, 30);
  Member member(broker, state);
  member.start(state);
  EXPECT_EQ(member.sorted(30), numbers(60, 30));
}

TEST(KafkaInputs, TheStateHoldsAndNotTheGroup) {
  Broker broker;
  broker.produce(0, 30);
  MemoryState first;
  {
    Member member(broker, first);
    member.start(first);
    EXPECT_EQ(member.sorted(30), numbers(0, 30));
    // A state that was lost, or is older: what follows from the messages is not in it.
    member.engine->hold_commits();
    broker.produce(30, 30);
    static_cast<void>(member.sorted(60));
    member.engine->commit(false);
  }
  Member member(broker, first);
  member.start(first);
  EXPECT_EQ(member.sorted(30), numbers(30, 30));
}

TEST(KafkaInputs, WithoutAStateTheGroupsOffsetsHold) {
  Broker broker;
  broker.produce(0, 30);
  {
    MemoryState state;
    Member member(broker, state);
    member.start(state);
    EXPECT_EQ(member.sorted(30), numbers(0, 30));
  }
  broker.produce(30, 30);
  MemoryState other;
  Member member(broker, other);
  member.start(other);
  EXPECT_EQ(member.sorted(30), numbers(30, 30));
}

TEST(KafkaInputs, MessagesMayHoldSeveralRecordsOrNone) {
  Broker broker;
  MemoryState state;
  broker.produce("{\"n\":1}\n{\"n\":2}\n", 0);
  broker.produce("", 0);
  broker.produce(R"([{"n":3},{"n":4}])", 0);
  broker.produce("no json", 0);
  Member member(broker, state);
  member.start(state);
  EXPECT_EQ(member.engine->wait_for(5),
            (Texts{numbered(1), numbered(2), numbered(3), numbered(4), "no json"}));
}

TEST(KafkaInputs, AFullQueuePausesAndLosesNothing) {
  Broker broker;
  MemoryState state;
  Member member(broker, state, 2'000);
  member.engine->pause();
  member.start(state);
  constexpr int kMessages = 9'000;
  for (int first = 0; first < kMessages; first += 1'000) {
    std::string text;
    for (int i = first; i < first + 1'000; ++i) {
      text += numbered(i) + "\n";
    }
    broker.produce(text, first / 1'000 % Broker::kPartitions);
  }
  EXPECT_TRUE(PoppingEngine::wait_until([&] { return member.input->counters().stalls > 0; }));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  broker.produce(kMessages, 30);
  member.engine->go_on();
  EXPECT_EQ(member.sorted(kMessages + 30), numbers(0, kMessages + 30));
}

TEST(KafkaInputs, MessagesThatRetentionTookAreCountedAndTold) {
  Broker broker;
  MemoryState state;
  broker.produce(0, 30);
  {
    Member member(broker, state);
    member.start(state);
    EXPECT_EQ(member.sorted(30), numbers(0, 30));
  }
  // The broker keeps 5 MiB of a partition.
  const std::string large = R"({"x":")" + std::string(900'000, 'x') + "\"}";
  for (int i = 0; i < 10; ++i) {
    broker.produce(large, 0);
  }
  Member member(broker, state, std::size_t{64} << 20U);
  member.start(state);
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    const std::lock_guard lock(member.mutex);
    return std::ranges::any_of(member.warnings, [](const std::string& text) {
      return text.find("deleted by their retention") != std::string::npos;
    });
  }));
  const std::uint64_t lost = member.input->counters().messages_lost;
  EXPECT_GE(lost, 4U);
  EXPECT_LT(lost, 10U);
  EXPECT_EQ(member.engine->wait_for(10 - lost).size(), 10 - lost);
}

/// Leaves the positions behind 90 messages of a broker that is no more.
void read_another_broker(MemoryState& state) {
  Broker broker;
  broker.produce(0, 90);
  Member member(broker, state);
  member.start(state);
  EXPECT_EQ(member.sorted(90), numbers(0, 90));
}

/// Where the numbers begin anew, all that comes is taken, at once and after a restart.
TEST(KafkaInputs, ATopicThatWasMadeAnewIsReadFromItsBeginning) {
  MemoryState state;
  read_another_broker(state);
  Broker broker;
  broker.produce(100, 30);
  {
    Member member(broker, state);
    member.start(state);
    EXPECT_EQ(member.sorted(30), numbers(100, 30));
    broker.produce(130, 30);
    EXPECT_EQ(member.sorted(60), numbers(100, 60));
    EXPECT_EQ(member.input->counters().offset_resets, std::uint64_t{Broker::kPartitions});
    EXPECT_EQ(member.input->counters().messages_lost, 0U);
    const std::lock_guard lock(member.mutex);
    EXPECT_EQ(std::ranges::count_if(member.warnings,
                                    [](const std::string& text) {
                                      return text.find("ends before offset 30") !=
                                             std::string::npos;
                                    }),
              Broker::kPartitions);
  }
  broker.produce(160, 3);
  Member member(broker, state);
  member.start(state);
  EXPECT_EQ(member.sorted(3), numbers(160, 3));
  EXPECT_EQ(member.input->counters().offset_resets, 0U);
}

/// The broker does not say what it holds when it is asked first: the messages show it.
TEST(KafkaInputs, NumbersThatBeginAnewAreSeenByTheMessagesToo) {
  MemoryState state;
  read_another_broker(state);
  Broker broker;
  broker.produce(100, 30);
  broker.refuse_to_say_what_it_holds();
  Member member(broker, state);
  member.start(state);
  EXPECT_EQ(member.sorted(30), numbers(100, 30));
  EXPECT_EQ(member.input->counters().offset_resets, std::uint64_t{Broker::kPartitions});
}

TEST(KafkaInputs, FromTheEndIsSaidOnce) {
  Broker broker;
  MemoryState state;
  broker.produce(0, 30);
  {
    Member member(broker, state);
    member.settings.start = KafkaInputSettings::Start::end;
    member.start(state);
    // All partitions are its own, and where it begins is kept.
    EXPECT_TRUE(PoppingEngine::wait_until([&] {
      std::size_t rows = 0;
      state.for_each(StateWriter(StateRow::input).bytes(),
                     [&](std::string_view, std::string_view) { return ++rows != 0; });
      return rows == Broker::kPartitions;
    }));
  }
  broker.produce(30, 30);  // While it was away.
  Member member(broker, state);
  member.settings.start = KafkaInputSettings::Start::end;
  member.start(state);
  EXPECT_EQ(member.sorted(30), numbers(30, 30));
}

TEST(KafkaInputs, TwoMembersShareAndGiveOver) {
  Broker broker;
  MemoryState first_state;
  MemoryState second_state;
  Member first(broker, first_state);
  first.start(first_state);
  broker.produce(0, 30);
  EXPECT_EQ(first.sorted(30), numbers(0, 30));
  Member second(broker, second_state);
  second.start(second_state);
  int next = 30;
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    broker.produce(next, 3);
    next += 3;
    return !second.engine->records().empty();
  }));
  first.stop();
  broker.produce(next, 30);
  next += 30;
  Texts all;
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    all = second.engine->records();
    return std::ranges::count(all, numbered(next - 1)) > 0 &&
           std::ranges::count(all, numbered(next - 2)) > 0 &&
           std::ranges::count(all, numbered(next - 3)) > 0;
  }));
}

TEST(KafkaInputs, OptionsThatCannotBeAreRefused) {
  KafkaInputSettings settings;
  settings.brokers = {"127.0.0.1:1"};
  settings.topics = {"edr"};
  EXPECT_TRUE(KafkaInput::check(settings));
  settings.options = {{"nonsense", "1"}};
  EXPECT_NE(KafkaInput::check(settings).error().message.find("nonsense"), std::string::npos);
  settings.options = {{"enable.auto.commit", "true"}};
  EXPECT_NE(KafkaInput::check(settings).error().message.find("is not an option"),
            std::string::npos);
  settings.options = {};
  settings.topics = {};
  EXPECT_FALSE(KafkaInput::check(settings));
}

TEST(KafkaInputs, ABrokerThatIsNotThereIsToldOnce) {
  IngestQueue queue(1'000);
  MemoryState state;
  KafkaInputSettings settings;
  settings.brokers = {"127.0.0.1:1"};
  settings.topics = {"edr"};
  settings.input.name = "kafka";
  std::mutex mutex;
  Texts warnings;
  settings.input.warn = [&](std::string_view text) {
    const std::lock_guard lock(mutex);
    warnings.emplace_back(text);
  };
  std::unique_ptr<KafkaInput> input = std::move(*KafkaInput::create(queue, settings, state));
  input->start();
  EXPECT_TRUE(PoppingEngine::wait_until([&] {
    const std::lock_guard lock(mutex);
    return !warnings.empty();
  }));
  queue.close();
  input.reset();
  EXPECT_NE(warnings[0].find("input kafka: "), std::string::npos);
  EXPECT_LE(warnings.size(), 4U);
}

}  // namespace
}  // namespace spoor
