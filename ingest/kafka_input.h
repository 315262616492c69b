// Records from Kafka, as a member of a consumer group.
//
// Where each partition is read from stands in the state, committed with the effect of the records,
// so nothing is lost and nothing read twice, whatever dies. The group's own offsets are set too,
// behind that, for others to see the lag; they hold where the state knows nothing of a partition,
// and where the group has none either it is read from its beginning (or end: `start`).
//
// A message is one JSON text, or several (NDJSON); keys and headers are not looked at. Messages
// that are gone before they were read (retention) are counted and told. A partition that ends
// before the position it was read up to (its topic was made anew) is read from its beginning, which
// is counted and told as well. When the queue is full the partitions are paused.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "ingest/pulled_input.h"

namespace spoor {

struct KafkaInputSettings {
  PulledInputSettings input;
  std::vector<std::string> brokers;  ///< host:port
  std::vector<std::string> topics;   ///< A name, or "^…" as a regular expression.
  std::string group = "spoor";
  enum class Start : std::uint8_t { beginning, end } start = Start::beginning;
  /// Properties of librdkafka, as its CONFIGURATION.md names them. Those that decide what is
  /// acknowledged are refused.
  std::map<std::string, std::string> options{};
};

class KafkaInput final : public PulledInput {
 public:
  /// Subscribes; whether there are brokers shows later, and is told by warnings. Fails with
  /// bad_usage for options that librdkafka does not know. `state` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<KafkaInput>> create(IngestQueue& queue,
                                                                  KafkaInputSettings settings,
                                                                  const StateSource& state);
  /// Like create(), but subscribes to nothing.
  [[nodiscard]] static Result<void> check(const KafkaInputSettings& settings);
  ~KafkaInput() override;
  KafkaInput(const KafkaInput&) = delete;
  KafkaInput& operator=(const KafkaInput&) = delete;
  KafkaInput(KafkaInput&&) = delete;
  KafkaInput& operator=(KafkaInput&&) = delete;

 private:
  struct Impl;
  KafkaInput(IngestQueue& queue, PulledInputSettings input, std::unique_ptr<Impl> impl);
  void run() override;

  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
