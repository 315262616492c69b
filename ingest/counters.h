// What an input counts. Written by the thread of the inputs, read by any.
#pragma once

#include <atomic>
#include <cstdint>

namespace spoor {

struct IngestCounters {
  std::atomic<std::uint64_t> connections = 0;          ///< Accepted, in all.
  std::atomic<std::uint64_t> connections_open = 0;     ///< Now.
  std::atomic<std::uint64_t> connections_refused = 0;  ///< Beyond a limit, or no handshake.
  std::atomic<std::uint64_t> bytes = 0;                ///< Received, as they came over the wire.
  std::atomic<std::uint64_t> records = 0;              ///< Taken by the queue.
  std::atomic<std::uint64_t> bad_records = 0;          ///< Bad stretches taken by the queue.
  std::atomic<std::uint64_t> stalls = 0;            ///< The queue was full: a sender had to wait.
  std::atomic<std::uint64_t> streams_failed = 0;    ///< TCP: bad compression, TLS on a plain port.
  std::atomic<std::uint64_t> requests = 0;          ///< HTTP: answered, in all.
  std::atomic<std::uint64_t> requests_refused = 0;  ///< HTTP: answered with 4xx or 501.
  std::atomic<std::uint64_t> requests_denied = 0;   ///< HTTP: of these, no or a bad token.
  std::atomic<std::uint64_t> messages_lost = 0;     ///< Kafka: gone before they were read.
  std::atomic<std::uint64_t> offset_resets = 0;     ///< Kafka: partitions that began anew.
};

}  // namespace spoor
