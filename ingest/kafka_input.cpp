#include "ingest/kafka_input.h"

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <librdkafka/rdkafka.h>

namespace spoor {
namespace {

constexpr std::size_t kBatchBytes = std::size_t{256} << 10U;
constexpr std::size_t kBatchRecords = 2'000;
constexpr int kPollMs = 100;
constexpr int kAskMs = 5'000;
constexpr std::size_t kErrorBytes = 512;

/// What is lost or acknowledged depends on these.
constexpr std::array<std::string_view, 8> kOurs{
    "bootstrap.servers",    "metadata.broker.list",         "group.id",
    "enable.auto.commit",   "enable.auto.offset.store",     "auto.offset.reset",
    "enable.partition.eof", "partition.assignment.strategy"};

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};

struct DestroyList {
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};

struct DestroyMessage {
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
};

struct DestroyConsumer {
  void operator()(rd_kafka_t* consumer) const { rd_kafka_destroy(consumer); }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, DestroyList>;
using Message = std::unique_ptr<rd_kafka_message_t, DestroyMessage>;

using Partition = std::pair<std::string, std::int32_t>;
using Offsets = std::map<Partition, std::int64_t>;

/// What a broker holds of a partition: its first offset, and the one that comes next.
struct Held {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

std::string text_of(const Partition& partition) {
  return partition.first + "/" + std::to_string(partition.second);
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, kErrorBytes> problem{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), problem.data(), problem.size()) !=
      RD_KAFKA_CONF_OK) {
    return fail(ErrorCode::bad_usage, problem.data());
  }
  return {};
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all.append(all.empty() ? "" : ",").append(text);
  }
  return all;
}

Result<Conf> make_conf(const KafkaInputSettings& settings) {
  if (settings.brokers.empty() || settings.topics.empty() || settings.group.empty()) {
    return fail(ErrorCode::bad_usage, "needs brokers, topics and a group");
  }
  Conf conf(rd_kafka_conf_new());
  std::vector<std::pair<std::string, std::string>> all{
      {"bootstrap.servers", joined(settings.brokers)},
      {"group.id", settings.group},
      {"client.id", "spoor"},
      // Ours are in the state; the group's follow them.
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // Where what we want is gone we read all that is left.
      {"auto.offset.reset", "earliest"},
      {"log.queue", "true"},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"isolation.level", "read_committed"},
      // A member that is gone for a restart keeps its partitions if it has a name (option
      // group.instance.id). What librdkafka holds ready beyond our queue is bounded:
      {"queued.max.messages.kbytes", "65536"}};
  for (const auto& [name, value] : settings.options) {
    if (std::ranges::find(kOurs, name) != kOurs.end()) {
      return fail(ErrorCode::bad_usage, "'" + name +
                                            "' is not an option: what is read again after a stop, "
                                            "and what is acknowledged, depends on it");
    }
    all.emplace_back(name, value);
  }
  for (const auto& [name, value] : all) {
    if (Result<void> done = set(conf.get(), name, value); !done) {
      return tl::unexpected<Error>(std::move(done.error()));
    }
  }
  return conf;
}

/// What the commits have made safe: told by their thread, which may outlive the input.
struct SafeOffsets {
  std::mutex mutex;
  Offsets offsets;

  void add(const Offsets& news) {
    const std::lock_guard lock(mutex);
    for (const auto& [partition, offset] : news) {
      offsets[partition] = offset;
    }
  }

  [[nodiscard]] Offsets take() {
    const std::lock_guard lock(mutex);
    return std::exchange(offsets, {});
  }
};

List list_of(const Offsets& offsets) {
  List list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
        ->offset = offset;
  }
  return list;
}

}  // namespace

struct KafkaInput::Impl {
  Impl(KafkaInputSettings wanted, const StateSource& its_state)
      : settings(std::move(wanted)), state(its_state) {}

  [[nodiscard]] std::string key(const std::string& topic) const {
    return StateWriter(StateRow::input)
        .raw(settings.input.name)
        .key_byte(0)
        .raw("kafka")
        .key_byte(0)
        .raw(topic)
        .key_byte(0)
        .bytes();
  }

  [[nodiscard]] std::string key(const Partition& partition) const {
    return StateWriter()
        .raw(key(partition.first))
        .key32(static_cast<std::uint32_t>(partition.second))
        .bytes();
  }

  /// What follows the last message that was taken.
  [[nodiscard]] std::optional<std::int64_t> kept_offset(const Partition& partition) const {
    const auto taken = next.find(partition);
    if (taken != next.end()) {
      return taken->second;
    }
    const std::optional<std::string> row = state.get(key(partition));
    if (!row) {
      return std::nullopt;
    }
    StateReader from(*row);
    const auto offset = static_cast<std::int64_t>(from.number());
    return from.is_done() ? std::optional(offset) : std::nullopt;
  }

  /// Nothing is known of any partition of the topic: neither here nor in the group.
  [[nodiscard]] bool is_new(const rd_kafka_topic_partition_t& one) const {
    bool is_known = false;
    state.for_each(key(one.topic), [&](std::string_view, std::string_view) {
      is_known = true;
      return false;
    });
    if (is_known) {
      return false;
    }
    const List asked = list_of({{{one.topic, one.partition}, RD_KAFKA_OFFSET_INVALID}});
    return rd_kafka_committed(consumer.get(), asked.get(), kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           asked->elems[0].offset < 0;
  }

  [[nodiscard]] std::optional<Held> held_by_broker(const Partition& partition) const {
    Held range;
    const bool is_answered = rd_kafka_query_watermark_offsets(
                                 consumer.get(), partition.first.c_str(), partition.second,
                                 &range.low, &range.high, kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
    return is_answered ? std::optional(range) : std::nullopt;
  }

  void assign(rd_kafka_topic_partition_list_t* partitions) {
    bool answers = true;  // Who does not is not waited for again: it would cost us the group.
    for (int i = 0; i < partitions->cnt; ++i) {
      rd_kafka_topic_partition_t& one = partitions->elems[i];
      const Partition partition(one.topic, one.partition);
      const std::optional<std::int64_t> offset = kept_offset(partition);
      const bool begins_at_end =
          !offset && settings.start == KafkaInputSettings::Start::end && is_new(one);
      if (!offset && !begins_at_end) {
        continue;
      }
      const std::optional<Held> range = answers ? held_by_broker(partition) : std::nullopt;
      answers = range.has_value();
      if (offset) {
        one.offset = range ? begin_of(partition, *offset, *range) : *offset;
        next[partition] = one.offset;
        if (!range) {
          assigned.insert(partition);
        }
      } else if (range) {
        one.offset = range->high;
        next[partition] = range->high;
        news[partition] = range->high;  // Kept: a restart does not pass over what comes now.
      }
    }
    give_up_on(rd_kafka_incremental_assign(consumer.get(), partitions));
    if (is_paused) {
      rd_kafka_pause_partitions(consumer.get(), partitions);
    }
  }

  void revoke(rd_kafka_topic_partition_list_t* partitions) {
    commit();
    // Whoever has the partition next reads it.
    std::erase_if(held, [&](const Message& message) {
      return message->rkt != nullptr &&
             rd_kafka_topic_partition_list_find(partitions, rd_kafka_topic_name(message->rkt),
                                                message->partition) != nullptr;
    });
    for (int i = 0; i < partitions->cnt; ++i) {
      const rd_kafka_topic_partition_t& one = partitions->elems[i];
      next.erase({one.topic, one.partition});
      assigned.erase({one.topic, one.partition});
      repeated.erase({one.topic, one.partition});
    }
    give_up_on(rd_kafka_incremental_unassign(consumer.get(), partitions));
  }

  void give_up_on(rd_kafka_error_t* error) {
    if (error != nullptr) {
      problem = rd_kafka_error_string(error);
      rd_kafka_error_destroy(error);
    }
  }

  static void rebalance(rd_kafka_t* /*consumer*/,
                        rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* partitions,
                        void* self) {
    auto& impl = *static_cast<Impl*>(self);
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      impl.assign(partitions);
    } else {
      impl.revoke(partitions);
    }
  }

  static void told_error(rd_kafka_t* /*consumer*/, int code, const char* reason, void* self) {
    static_cast<Impl*>(self)->problem =
        std::string(rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code))) + ": " + reason;
  }

  static void logged(const rd_kafka_t* consumer,
                     int level,
                     const char* /*facility*/,
                     const char* text) {
    constexpr int kWarning = 4;
    if (level <= kWarning) {
      static_cast<Impl*>(rd_kafka_opaque(consumer))->problem = text;
    }
  }

  /// What is safe, to the group.
  void commit() {
    const Offsets offsets = safe->take();
    if (!offsets.empty()) {
      const List list = list_of(offsets);
      rd_kafka_commit(consumer.get(), list.get(), 1);
    }
  }

  void pause(bool is_to_pause) {
    if (is_to_pause == is_paused) {
      return;
    }
    is_paused = is_to_pause;
    rd_kafka_topic_partition_list_t* all = nullptr;
    if (rd_kafka_assignment(consumer.get(), &all) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const List list(all);
      if (is_to_pause) {
        rd_kafka_pause_partitions(consumer.get(), list.get());
      } else {
        rd_kafka_resume_partitions(consumer.get(), list.get());
      }
    }
  }

  KafkaInputSettings settings;
  const StateSource& state;
  std::unique_ptr<rd_kafka_t, DestroyConsumer> consumer;
  std::shared_ptr<SafeOffsets> safe = std::make_shared<SafeOffsets>();
  Offsets next;                  ///< Of the partitions that are ours.
  Offsets news;                  ///< Of what is in the batch that is being filled.
  Offsets repeated;              ///< The last message that came again, of those that did.
  std::set<Partition> assigned;  ///< Of which the broker did not say what it holds.
  std::deque<Message> held;      ///< Came while the queue was full.
  std::string problem;           ///< The last one, until it is told.
  std::string told_problem;
  std::vector<std::string> notices;  ///< To be told, each of them.
  std::uint64_t lost = 0;            ///< Messages; not counted yet.
  std::uint64_t resets = 0;          ///< Not counted yet.
  bool is_paused = false;

  void take(const rd_kafka_message_t& message, IngestBatch& batch);
  [[nodiscard]] std::int64_t begin_of(const Partition& partition,
                                      std::int64_t wanted,
                                      const Held& range);
  void note_loss(const Partition& partition, std::int64_t wanted, std::int64_t low);
  void note_reset(const Partition& partition, std::int64_t wanted, std::int64_t offset);
  [[nodiscard]] bool is_repeated(const Partition& partition,
                                 std::int64_t offset,
                                 std::int64_t wanted);
  [[nodiscard]] Message poll(int timeout_ms);
  [[nodiscard]] IngestBatch next_batch();
};

void KafkaInput::Impl::note_loss(const Partition& partition,
                                 std::int64_t wanted,
                                 std::int64_t low) {
  lost += static_cast<std::uint64_t>(low - wanted);
  notices.push_back(std::to_string(low - wanted) + " messages of " + text_of(partition) +
                    " were deleted by their retention before they were read");
}

void KafkaInput::Impl::note_reset(const Partition& partition,
                                  std::int64_t wanted,
                                  std::int64_t offset) {
  ++resets;
  notices.push_back(text_of(partition) + " ends before offset " + std::to_string(wanted) +
                    ", up to which it was read: the topic or its broker was made anew, or lost "
                    "messages; it is read from offset " +
                    std::to_string(offset) + " on, some of it perhaps again");
}

/// Where to read on, of a partition that was read up to `wanted`. Offsets have holes (transactions,
/// compaction), but what lies below the first one is gone.
std::int64_t KafkaInput::Impl::begin_of(const Partition& partition,
                                        std::int64_t wanted,
                                        const Held& range) {
  if (range.low <= wanted && wanted <= range.high) {
    return wanted;
  }
  if (wanted > range.high) {
    note_reset(partition, wanted, range.low);
  } else {
    note_loss(partition, wanted, range.low);
  }
  news[partition] = range.low;  // Kept: else it would be told again after a restart.
  return range.low;
}

/// Of a message from below the position: was it taken before? Else its numbers began anew while we
/// read. In doubt it was not: what is taken twice is found to be a duplicate.
bool KafkaInput::Impl::is_repeated(const Partition& partition,
                                   std::int64_t offset,
                                   std::int64_t wanted) {
  const auto last = repeated.find(partition);
  if (last == repeated.end() || offset <= last->second) {
    const std::optional<Held> range = held_by_broker(partition);
    if (!range || range->high < wanted || offset <= range->low) {
      repeated.erase(partition);
      return false;
    }
  }
  repeated[partition] = offset;
  return true;
}

void KafkaInput::Impl::take(const rd_kafka_message_t& message, IngestBatch& batch) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    problem = rd_kafka_message_errstr(&message);
    return;
  }
  const Partition partition(rd_kafka_topic_name(message.rkt), message.partition);
  const bool is_first = assigned.erase(partition) != 0;
  if (const auto at = next.find(partition); at != next.end()) {
    const std::int64_t wanted = at->second;
    if (message.offset < wanted) {
      if (is_repeated(partition, message.offset, wanted)) {
        return;
      }
      note_reset(partition, wanted, message.offset);
    } else if (is_first && message.offset > wanted) {
      if (const std::optional<Held> range = held_by_broker(partition);
          range && range->low > wanted) {
        note_loss(partition, wanted, range->low);
      }
    }
  }
  next[partition] = message.offset + 1;
  news[partition] = message.offset + 1;
  if (message.len > 0) {
    add_message({static_cast<const char*>(message.payload), message.len}, batch);
  }
}

Message KafkaInput::Impl::poll(int timeout_ms) {
  if (held.empty()) {
    return Message(rd_kafka_consumer_poll(consumer.get(), timeout_ms));
  }
  Message first = std::move(held.front());
  held.pop_front();
  return first;
}

IngestBatch KafkaInput::Impl::next_batch() {
  IngestBatch batch;
  int timeout = kPollMs;
  while (batch.bytes.size() < kBatchBytes && batch.records.size() < kBatchRecords) {
    const Message message = poll(timeout);
    if (!message) {
      break;
    }
    timeout = 0;
    take(*message, batch);
  }
  for (const auto& [partition, offset] : news) {
    batch.marks.push_back(
        {.key = key(partition),
         .value = StateWriter().number(static_cast<std::uint64_t>(offset)).bytes()});
  }
  if (!news.empty()) {
    batch.peer = "kafka";
    batch.done = [safe = safe, offsets = std::exchange(news, {})](bool is_safe) {
      if (is_safe) {
        safe->add(offsets);
      }
    };
  }
  return batch;
}

void KafkaInput::run() {
  bool is_open = true;
  while (is_open && !stops()) {
    IngestBatch batch = impl_->next_batch();
    counts().bytes += batch.bytes.size();
    if (const std::string problem = std::exchange(impl_->problem, {});
        !problem.empty() && problem != impl_->told_problem) {
      warn("input " + settings().name + ": " + problem);
      impl_->told_problem = problem;
    }
    counts().messages_lost += std::exchange(impl_->lost, 0);
    counts().offset_resets += std::exchange(impl_->resets, 0);
    for (const std::string& notice : std::exchange(impl_->notices, {})) {
      warn("input " + settings().name + ": " + notice);
    }
    is_open = hand_over(std::move(batch), [this] {
      // Who does not ask is put out of the group.
      impl_->pause(true);
      if (Message message{rd_kafka_consumer_poll(impl_->consumer.get(), 0)}) {
        impl_->held.push_back(std::move(message));
      }
    });
    impl_->pause(false);
    impl_->commit();
  }
}

Result<void> KafkaInput::check(const KafkaInputSettings& settings) {
  const Result<Conf> conf = make_conf(settings);
  return conf ? Result<void>{} : tl::unexpected<Error>(conf.error());
}

Result<std::unique_ptr<KafkaInput>> KafkaInput::create(IngestQueue& queue,
                                                       KafkaInputSettings settings,
                                                       const StateSource& state) {
  Result<Conf> conf = make_conf(settings);
  if (!conf) {
    return tl::unexpected<Error>(std::move(conf.error()));
  }
  PulledInputSettings input = settings.input;
  auto impl = std::make_unique<Impl>(std::move(settings), state);
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_rebalance_cb(conf->get(), &Impl::rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), &Impl::told_error);
  rd_kafka_conf_set_log_cb(conf->get(), &Impl::logged);
  std::array<char, kErrorBytes> problem{};
  impl->consumer.reset(
      rd_kafka_new(RD_KAFKA_CONSUMER, conf->get(), problem.data(), problem.size()));
  if (!impl->consumer) {
    return fail(ErrorCode::bad_usage, problem.data());
  }
  static_cast<void>(conf->release());  // The consumer has it now.
  rd_kafka_set_log_queue(impl->consumer.get(), nullptr);
  rd_kafka_poll_set_consumer(impl->consumer.get());
  const List topics(
      rd_kafka_topic_partition_list_new(static_cast<int>(impl->settings.topics.size())));
  for (const std::string& topic : impl->settings.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t subscribed = rd_kafka_subscribe(impl->consumer.get(), topics.get());
  if (subscribed != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(ErrorCode::bad_usage, "cannot subscribe to " + joined(impl->settings.topics) +
                                          ": " + rd_kafka_err2str(subscribed));
  }
  return std::unique_ptr<KafkaInput>(new KafkaInput(queue, std::move(input), std::move(impl)));
}

KafkaInput::KafkaInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl)
    : PulledInput(queue, std::move(input)), impl_(std::move(impl)) {}

KafkaInput::~KafkaInput() {
  end();
  // Callbacks may run while it closes: what they use is still there.
  impl_->commit();
  rd_kafka_consumer_close(impl_->consumer.get());
  impl_->consumer.reset();
}

}  // namespace spoor
