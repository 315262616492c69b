// What TCP and HTTP inputs have in common: where they listen, for whom, under which limits.
//
// Secure by default: off loopback an input asks for TLS and for proof of who sends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "ingest/counters.h"

namespace spoor {

class Connection;
class IngestRuntime;

/// PEM files.
struct TlsFiles {
  std::string certificate;  ///< With its chain; none: no TLS.
  std::string key;
  std::string client_ca;  ///< Whom clients must have a certificate of; none: any client.
};

struct ListenerSettings {
  std::string name = "input";  ///< For messages.
  std::size_t number = 0;      ///< IngestBatch::input.
  /// "127.0.0.1:5514", "[::1]:5514", "localhost:5514"; port 0: any.
  std::string listen = "127.0.0.1:0";
  TlsFiles tls;
  std::size_t connections_max = 1024;
  std::size_t connections_per_address_max = 256;
  std::chrono::milliseconds handshake_timeout{10'000};  ///< Of TLS.
  /// Told what an operator should know, in the thread of the inputs. No event content. What happens
  /// often is told at the 1st, 2nd, 4th, 8th, … time.
  std::function<void(std::string_view)> warn;
  const Clock* clock = &system_clock();
};

/// Fails with bad_usage if `listen` is no address; with insecure_listener, naming the setting to
/// change, if it is not loopback and there is no TLS, or no proof of who sends: a client CA, or
/// whatever `has_tokens` stands for. Opens nothing.
[[nodiscard]] Result<void> check_listener(const ListenerSettings& settings,
                                          bool has_tokens,
                                          std::string_view token_setting);

/// Can its TLS files be used? Fails with bad_usage. Opens nothing else.
[[nodiscard]] Result<void> check_tls_files(const TlsFiles& files);

/// Accepts connections and hands them over after their handshake. Lives in the thread of the
/// runtime but for create(), reload_tls(), port() and the destructor.
class Listener {
 public:
  /// Binds. Fails like check_listener(); with bad_usage if a TLS file cannot be used, with bus if
  /// the address cannot be listened on.
  [[nodiscard]] static Result<std::unique_ptr<Listener>> create(
      IngestRuntime& runtime,
      ListenerSettings settings,
      std::shared_ptr<IngestCounters> counters,
      std::function<void(std::shared_ptr<Connection>)> on_connection);

  Listener() = default;
  virtual ~Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Reads the files anew, for connections from now on. On error the old ones stay.
  [[nodiscard]] virtual Result<void> reload_tls() = 0;
  virtual void close() = 0;
};

}  // namespace spoor
