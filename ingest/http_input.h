// Records over HTTP: POST /ingest, and Splunk's HTTP Event Collector.
//
// - POST /ingest: NDJSON, JSON objects (also after each other), an array
// - POST /services/collector[/event[/1.0]]: HEC events (ingest/hec.h)
// - POST /services/collector/raw[/1.0]: a record per line, or JSON
// - GET /services/collector/health[/1.0]
// - POST /services/collector/ack
//
// Bodies may be gzip, zstd or deflate, and chunked. The content type is not looked at: Fluent Bit
// sends none. A body is taken as a whole or not at all.
//
// 200 means that the effect is on disk. Where a HEC request names a channel (and acks are on), 200
// comes at once with an ackId, as Splunk's does, and the ack tells that it is on disk; without a
// channel 200 waits. When the queue is full: 503 with Retry-After, which every shipper tries again.
//
// 400 on /ingest means that nothing could be taken. A HEC body with an event that is none gets
// Splunk's 400 with the number of the first one; the others are taken, because nobody sends them
// again.
//
// Off loopback TLS is asked for, and tokens or client certificates. What a browser sends (Origin)
// is refused where there are no tokens: any web page may post to loopback.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "ingest/counters.h"
#include "ingest/http_request.h"
#include "ingest/json_splitter.h"
#include "ingest/listener.h"
#include "ingest/runtime.h"
#include "replay/byte_source.h"

namespace spoor {

struct HttpInputSettings {
  ListenerSettings listener;
  /// SHA-256 each (ingest/tokens.h). None: on loopback, or with client certificates, anyone.
  std::vector<std::string> token_hashes;
  bool has_acks = true;                              ///< HEC acknowledgements.
  std::uint64_t body_bytes_max = kHttpBodyBytesMax;  ///< As it comes over the wire.
  /// Of it, decompressed; and of the memory that its records take.
  std::uint64_t plain_bytes_max = std::uint64_t{256} << 20;
  ExpansionLimit expansion{.floor_bytes = std::uint64_t{16} << 20};
  /// Of all bodies that are not complete; beyond it: 503.
  std::uint64_t bytes_in_flight_max = std::uint64_t{512} << 20;
  FramingLimits framing;
  std::chrono::milliseconds head_timeout{10'000};         ///< From its first byte to its last.
  std::chrono::milliseconds body_timeout{120'000};        ///< The same of the body.
  std::chrono::milliseconds idle_timeout{30'000};         ///< Without any byte, in a request.
  std::chrono::milliseconds keep_alive_timeout{300'000};  ///< Between requests.
  /// In its place, until a request came that was not denied: a connection costs anyone nothing.
  std::chrono::milliseconds first_request_timeout{30'000};
};

class HttpInput {
 public:
  /// Binds. Fails with insecure_listener, bad_usage, io, as Listener::create() and
  /// TokenSet::create() do.
  [[nodiscard]] static Result<std::unique_ptr<HttpInput>> create(IngestRuntime& runtime,
                                                                 HttpInputSettings settings);
  /// Like create(), but opens nothing: for checking a configuration.
  [[nodiscard]] static Result<void> check(const HttpInputSettings& settings);

  ~HttpInput();
  HttpInput(const HttpInput&) = delete;
  HttpInput& operator=(const HttpInput&) = delete;
  HttpInput(HttpInput&&) = delete;
  HttpInput& operator=(HttpInput&&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Reads the files anew, for connections from now on. On error the old ones stay.
  [[nodiscard]] Result<void> reload_tls();
  /// Takes these in place of the ones it has, for requests from now on. Fails like create(), and
  /// then those it had stay: also if none are left and others could come then.
  [[nodiscard]] Result<void> reload_tokens(const std::vector<std::string>& hashes);
  [[nodiscard]] const IngestCounters& counters() const;

 private:
  class Server;
  class Session;
  explicit HttpInput(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace spoor
