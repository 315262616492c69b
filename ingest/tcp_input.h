// Records over TCP: what shippers call "tcp", "socket", "omfwd", "network()".
//
// The framing is told by the first byte (ingest/framing.h). A stream that starts with the magic of
// gzip or zstd is decompressed. A TLS hello on a plain port closes the connection, with a warning.
//
// TCP has no acknowledgement: when a sender or this program dies, what was on its way is lost. A
// full queue loses nothing: nothing is read from the connections until there is room, and so the
// senders wait.
//
// Off loopback TLS with client certificates is asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "engine/base/result.h"
#include "ingest/counters.h"
#include "ingest/inflate.h"
#include "ingest/json_splitter.h"
#include "ingest/listener.h"
#include "ingest/runtime.h"
#include "replay/byte_source.h"

namespace spoor {

struct TcpInputSettings {
  ListenerSettings listener;
  FramingLimits framing;
  ExpansionLimit expansion{.floor_bytes = kStreamBombFloorBytes};
  /// Closes a connection over which nothing comes. 0: never; dead peers are found by keep-alive.
  /// Shippers keep idle connections and may lose what they send into one that was closed.
  std::chrono::milliseconds idle_timeout{0};
  /// The same until the first byte; syslog-ng connects before it has anything to send.
  std::chrono::milliseconds first_byte_timeout{0};
};

class TcpInput {
 public:
  /// Binds. Fails with insecure_listener, bad_usage, io, as Listener::create() does.
  [[nodiscard]] static Result<std::unique_ptr<TcpInput>> create(IngestRuntime& runtime,
                                                                TcpInputSettings settings);
  /// Like create(), but opens nothing: for checking a configuration.
  [[nodiscard]] static Result<void> check(const TcpInputSettings& settings);

  ~TcpInput();
  TcpInput(const TcpInput&) = delete;
  TcpInput& operator=(const TcpInput&) = delete;
  TcpInput(TcpInput&&) = delete;
  TcpInput& operator=(TcpInput&&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Reads the files anew, for connections from now on. On error the old ones stay.
  [[nodiscard]] Result<void> reload_tls();
  [[nodiscard]] const IngestCounters& counters() const;

 private:
  class Server;
  class Session;
  explicit TcpInput(std::shared_ptr<Server> server);
  std::shared_ptr<Server> server_;
};

}  // namespace spoor
