// Findings onto ZeroMQ.
//
// XPUB, three frames a message: topic | header | payload. topic "finding.<level>.<rule id>"
// (subscribers match by prefix); header a JSON object {"v":1,"seq":n,"uid":"…","rev":n}, to which
// instance, epoch and per-level sequences will be added; payload the OCSF JSON. XPUB rather than
// PUB, so that we see subscribers come: PUB drops what is published before the first has connected.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/finding/finding.h"

namespace spoor {

/// "finding.critical.5b0e…".
[[nodiscard]] std::string topic_of(const Finding& finding);

class FindingPublisher {
 public:
  /// Binds `endpoint` (see endpoint.h for what is allowed).
  [[nodiscard]] static Result<FindingPublisher> create(const std::string& endpoint);
  ~FindingPublisher();
  FindingPublisher(FindingPublisher&&) noexcept;
  FindingPublisher& operator=(FindingPublisher&&) noexcept;

  /// Waits until somebody subscribes, at most `timeout`. False if nobody did.
  [[nodiscard]] bool wait_for_subscriber(std::chrono::milliseconds timeout);

  /// Publishes one finding. Blocks only while every subscriber's queue is full, at most a second;
  /// then fails.
  [[nodiscard]] Result<void> publish(const Finding& finding, std::string_view payload);

  /// Where it listens: the endpoint with the port that "tcp://127.0.0.1:*" was given.
  [[nodiscard]] const std::string& endpoint() const;

 private:
  struct Impl;
  explicit FindingPublisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
