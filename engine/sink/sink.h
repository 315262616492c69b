// Sinks: findings to where people work with them, by HTTP, at least once each.
//
// A sink is a consumer of the findings store: its queue is the store, its place in it a cursor that
// outlives a restart. What cannot be delivered is tried again; what the receiver refuses for good
// is kept in a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/state_io.h"
#include "engine/rule/rule.h"
#include "engine/sink/http_client.h"
#include "engine/state/finding_reader.h"

namespace spoor {

enum class SinkKind : std::uint8_t {
  webhook,  ///< The finding as OCSF, signed (Standard Webhooks 1.0).
  thehive,  ///< An alert of TheHive 5.
};

/// What proves to a receiver who we are.
struct SinkCredentials {
  std::string secret{};         ///< Of a webhook: what it is signed with; empty: not signed.
  std::string authorization{};  ///< Value of that header; or empty.
  std::string url{};            ///< Instead of SinkConfig::url, if it is not empty.
};

struct SinkConfig {
  std::string name;  ///< Letters, digits, '.', '_', '-'; its consumer is "sink.<name>".
  SinkKind kind = SinkKind::webhook;
  std::string url;  ///< Of the webhook; of TheHive, without /api.
  SinkCredentials credentials{};
  // The files that these came from, for who reads them again; or empty.
  std::string secret_file{};
  std::string authorization_file{};
  std::string url_file{};
  bool allows_plaintext = false;  ///< Of what url_file may say: http:// to another machine.
  Level min_level = Level::informational;
  bool final_only = false;  ///< Only what cannot change any more.
  std::string ca_file{};
  std::chrono::milliseconds timeout{10'000};
  std::uint32_t attempts = 12;  ///< At a finding that the receiver fails at.
  std::string dead_letters{};   ///< File for findings that it does not take; or empty.
};

/// What is to be sent of a finding. `wall`: now, for the signature.
[[nodiscard]] SinkRequest sink_request(const SinkConfig& config,
                                       const StoredFinding& finding,
                                       Timestamp wall);

/// What an answer means.
enum class Delivery : std::uint8_t {
  done,
  later,    ///< The receiver is away, asks for patience, or does not let us in: tried again for as
            ///< long as it takes.
  failed,   ///< It fails at this: tried again so many times.
  refused,  ///< This finding, for good.
};

[[nodiscard]] Delivery judge_answer(const SinkConfig& config, const SinkAnswer& answer);

/// How long to wait before the next attempt: 1 s, doubled each time to 5 min, less up to half of
/// that by chance (`random`: any number), and never less than the receiver asks for.
[[nodiscard]] std::chrono::milliseconds retry_delay(std::uint32_t attempt,
                                                    const SinkAnswer& answer,
                                                    std::uint64_t random);

struct SinkStatus {
  std::uint64_t cursor = 0;     ///< Everything up to this number is dealt with.
  std::uint64_t delivered = 0;  ///< By this engine.
  std::uint64_t retries = 0;
  std::uint64_t refused = 0;  ///< Now in the file of dead letters, if there is one.
  std::string last_error;     ///< Of the finding that it is at; empty if none.
};

/// One sink at work, in a thread of its own.
class SinkRunner {
 public:
  /// All must outlive it and be fit for its thread. `warn` is called in that thread.
  struct Environment {
    const StateSource& source;
    StateAside& aside;
    const Clock& clock;
    std::unique_ptr<HttpClient> http{};  ///< Null: by libcurl.
    std::function<void(const std::string&)> warn{};
  };

  [[nodiscard]] static Result<std::unique_ptr<SinkRunner>> start(SinkConfig config,
                                                                 Environment environment);
  /// Breaks off what it is at: it is sent again at the next start.
  ~SinkRunner();
  SinkRunner(const SinkRunner&) = delete;
  SinkRunner& operator=(const SinkRunner&) = delete;

  /// Something was committed. From any thread; does not wait.
  void committed();

  /// For all attempts from now on; one that is waiting for its time is made at once. From any
  /// thread.
  void set_credentials(SinkCredentials credentials);

  /// From any thread.
  [[nodiscard]] SinkStatus status() const;

  [[nodiscard]] const std::string& name() const;

 private:
  class Worker;
  explicit SinkRunner(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace spoor
