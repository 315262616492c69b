// Findings off ZeroMQ: what `spoor bus tail` and the tests use.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.h"

namespace spoor {

struct BusMessage {
  std::string topic;
  std::string header;
  std::string payload;
};

class FindingSubscriber {
 public:
  /// Connects; the publisher may come later. `topic_prefix` "" is everything.
  [[nodiscard]] static Result<FindingSubscriber> create(const std::string& endpoint,
                                                        const std::string& topic_prefix);
  ~FindingSubscriber();
  FindingSubscriber(FindingSubscriber&&) noexcept;
  FindingSubscriber& operator=(FindingSubscriber&&) noexcept;

  /// The next message, or nothing if none came within `timeout` or a signal arrived. Messages of
  /// another shape than topic | header | payload are an error.
  [[nodiscard]] Result<std::optional<BusMessage>> receive(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit FindingSubscriber(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
