#include "engine/sink/sink.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "engine/base/uid.h"
#include "engine/sink/dead_letters.h"
#include "engine/sink/thehive.h"
#include "engine/sink/webhook_signature.h"
#include "engine/state/consumer_store.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDelayMin{1'000};
constexpr milliseconds kDelayMax{300'000};
constexpr milliseconds kIdle{1'000};
constexpr std::uint64_t kSkippedBeforeSaved = 1'000;

constexpr long kBadRequest = 400;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
constexpr long kMethodNotAllowed = 405;
constexpr long kProxyAuthentication = 407;
constexpr long kRequestTimeout = 408;
constexpr long kGone = 410;
constexpr long kTooManyRequests = 429;
constexpr long kBadGateway = 502;
constexpr long kUnavailable = 503;
constexpr long kGatewayTimeout = 504;

/// The answer is to who we are and where we went, whatever finding we bring.
bool is_about_set_up(long status) {
  constexpr std::array kOfSetUp{kUnauthorized,     kForbidden,           kNotFound,
                                kMethodNotAllowed, kProxyAuthentication, kGone};
  constexpr long kRedirections = 3;
  constexpr long kHundred = 100;
  return status / kHundred == kRedirections ||
         std::ranges::find(kOfSetUp, status) != kOfSetUp.end();
}

std::string key_of(const StoredFinding& finding) {
  return to_string(finding.uid) + ":" + std::to_string(finding.revision);
}

bool is_wanted(const SinkConfig& config, const StoredFinding& finding) {
  const std::optional<Level> level = parse_level(finding.level);
  if (!level || *level < config.min_level) {
    return false;
  }
  if (config.kind == SinkKind::thehive && finding.status == FindingStatus::retracted) {
    return false;  // An alert cannot be taken back that way.
  }
  return !config.final_only || finding.status != FindingStatus::provisional;
}

/// A line of the file of dead letters.
std::string dead_letter(const SinkConfig& config,
                        const StoredFinding& finding,
                        const std::string& reason) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto text = [&writer](const char* key, const std::string& value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  text("sink", config.name);
  text("key", key_of(finding));
  writer.Key("sequence");
  writer.Uint64(finding.sequence);
  text("reason", reason);
  text("payload", finding.payload);
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace

SinkRequest sink_request(const SinkConfig& config, const StoredFinding& finding, Timestamp wall) {
  SinkRequest request;
  request.headers.emplace_back("Content-Type", "application/json");
  if (!config.credentials.authorization.empty()) {
    request.headers.emplace_back("Authorization", config.credentials.authorization);
  }
  if (config.kind == SinkKind::thehive) {
    request.url = config.url + "/api/v1/alert";
    request.body = thehive_alert(finding);
    return request;
  }
  request.url = config.url;
  request.body = finding.payload;
  const std::string id = key_of(finding);
  const std::int64_t seconds = wall / kNanosPerSecond;
  request.headers.emplace_back("webhook-id", id);
  request.headers.emplace_back("webhook-timestamp", std::to_string(seconds));
  request.headers.emplace_back("Idempotency-Key", id);
  if (!config.credentials.secret.empty()) {
    request.headers.emplace_back("webhook-signature", webhook_signature(config.credentials.secret,
                                                                        id, seconds, request.body));
  }
  return request;
}

Delivery judge_answer(const SinkConfig& config, const SinkAnswer& answer) {
  if (is_about_set_up(answer.status)) {
    return Delivery::later;
  }
  switch (answer.status) {
    case 0:
    case kTooManyRequests:
    case kBadGateway:
    case kUnavailable:
    case kGatewayTimeout: return Delivery::later;
    case kRequestTimeout: return Delivery::failed;
    case kBadRequest:
      // TheHive takes an alert of one sourceRef once.
      return config.kind == SinkKind::thehive &&
                     answer.body.find("already exist") != std::string::npos
                 ? Delivery::done
                 : Delivery::refused;
    default: break;
  }
  constexpr long kHundred = 100;
  switch (answer.status / kHundred) {
    case 2: return Delivery::done;
    case 5: return Delivery::failed;
    default: return Delivery::refused;
  }
}

milliseconds retry_delay(std::uint32_t attempt, const SinkAnswer& answer, std::uint64_t random) {
  constexpr std::uint32_t kDoublingsMax = 16;
  const milliseconds full =
      std::min(kDelayMin * (std::int64_t{1} << std::min(attempt, kDoublingsMax)), kDelayMax);
  const auto half = static_cast<std::uint64_t>(full.count() / 2);
  const milliseconds delay =
      full - milliseconds(static_cast<std::int64_t>(half == 0 ? 0 : random % half));
  return answer.retry_after ? std::max<milliseconds>(delay, *answer.retry_after) : delay;
}

class SinkRunner::Worker {
 public:
  Worker(SinkConfig config, Environment environment)
      : config_(std::move(config)),
        consumer_(std::string(kEngineConsumers) + config_.name),
        environment_(std::move(environment)),
        reader_(environment_.source),
        consumers_(environment_.source, environment_.aside) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stops_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] Result<void> open() {
    if (!config_.dead_letters.empty()) {
      const Result<void> made = make_dead_letters(config_.dead_letters);
      if (!made) {
        return fail(made.error().code, "sink " + config_.name + ": " + made.error().message);
      }
    }
    if (environment_.http == nullptr) {
      Result<std::unique_ptr<HttpClient>> client = make_curl_client(
          {.timeout = config_.timeout, .ca_file = config_.ca_file, .stops = [this] {
             return stops();
           }});
      if (!client) {
        return tl::unexpected<Error>(client.error());
      }
      environment_.http = std::move(*client);
    }
    const Result<Consumer> known = consumers_.greet(consumer_, "", environment_.clock.wall());
    if (!known) {
      return tl::unexpected<Error>(known.error());
    }
    status_.cursor = known->cursor;
    return {};
  }

  void run() {
    thread_ = std::thread([this] { loop(); });
  }

  void committed() {
    {
      const std::lock_guard lock(mutex_);
      has_news_ = true;
    }
    changed_.notify_all();
  }

  void set_credentials(SinkCredentials credentials) {
    {
      const std::lock_guard lock(mutex_);
      renewed_ = std::move(credentials);
    }
    changed_.notify_all();
  }

  [[nodiscard]] SinkStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  [[nodiscard]] const std::string& name() const { return config_.name; }

 private:
  [[nodiscard]] bool stops() const {
    const std::lock_guard lock(mutex_);
    return stops_;
  }

  void loop() {
    while (!stops()) {
      pass_what_is_gone();
      const Result<void> read = reader_.for_each(
          cursor() + 1, [this](const StoredFinding& finding) { return take(finding) && !stops(); });
      if (!read) {
        warn("findings cannot be read: " + read.error().message);
      }
      save(cursor());
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kIdle, [this] { return stops_ || has_news_; });
      has_news_ = false;
    }
    save(cursor());
  }

  void pass_what_is_gone() {
    const Result<FindingHeads> heads = reader_.heads();
    if (!heads || heads->tail <= cursor() + 1) {
      return;
    }
    warn(std::to_string(heads->tail - 1 - cursor()) +
         " findings were too old to be kept for it: they were never delivered");
    const std::lock_guard lock(mutex_);
    status_.cursor = heads->tail - 1;
  }

  /// False: it is not dealt with, for we are to stop.
  bool take(const StoredFinding& finding) {
    if (!is_wanted(config_, finding)) {
      passed(finding.sequence, false);
      return true;
    }
    std::uint32_t failures = 0;
    for (std::uint32_t attempt = 0; !stops(); ++attempt) {
      take_renewed();
      const SinkAnswer answer =
          environment_.http->post(sink_request(config_, finding, environment_.clock.wall()));
      Delivery delivery = judge_answer(config_, answer);
      if (stops() && delivery == Delivery::later) {
        return false;
      }
      const std::string why = reason_of(answer);
      if (delivery == Delivery::failed && ++failures >= config_.attempts) {
        delivery = Delivery::refused;
      }
      if (delivery == Delivery::done || delivery == Delivery::refused) {
        if (delivery == Delivery::refused && !keep_dead_letter(finding, why)) {
          pause(kDelayMax);  // It must not get lost: asked again until there is room for it.
          continue;
        }
        passed(finding.sequence, delivery == Delivery::done);
        return true;
      }
      note_retry(why, is_about_set_up(answer.status));
      pause(retry_delay(attempt, answer, random(finding, attempt)));
    }
    return false;
  }

  static std::string reason_of(const SinkAnswer& answer) {
    constexpr std::size_t kShown = 200;
    return answer.status == 0
               ? answer.error
               : "HTTP " + std::to_string(answer.status) + (answer.body.empty() ? "" : ": ") +
                     answer.body.substr(0, kShown);
  }

  /// Spread over receivers and attempts; the same in each run, which does no harm.
  std::uint64_t random(const StoredFinding& finding, std::uint32_t attempt) const {
    return UidBuilder()
        .add(config_.name)
        .add(finding.sequence)
        .add(std::uint64_t{attempt})
        .finish()
        .low;
  }

  void note_retry(const std::string& why, bool is_set_up) {
    bool is_new = false;
    {
      const std::lock_guard lock(mutex_);
      ++status_.retries;
      is_new = status_.last_error != why;
      status_.last_error = why;
    }
    if (is_new) {
      warn(address() + " does not take findings (" + why + "); they wait" +
           (is_set_up ? ": is the address right, and what proves who we are?" : ""));
    }
  }

  /// For people.
  [[nodiscard]] std::string address() const {
    return config_.url_file.empty() ? shown_url(config_.url) : shown_secret_url(config_.url);
  }

  bool keep_dead_letter(const StoredFinding& finding, const std::string& why) {
    warn(address() + " refuses finding " + to_string(finding.uid) + ": " + why +
         (config_.dead_letters.empty() ? "; it is passed over, dead_letters would have kept it"
                                       : ""));
    if (!config_.dead_letters.empty()) {
      const Result<void> kept =
          append_dead_letter(config_.dead_letters, dead_letter(config_, finding, why));
      if (!kept) {
        warn(kept.error().message);
        return false;
      }
    }
    const std::lock_guard lock(mutex_);
    ++status_.refused;
    return true;
  }

  void passed(std::uint64_t sequence, bool is_delivered) {
    {
      const std::lock_guard lock(mutex_);
      status_.cursor = sequence;
      status_.last_error.clear();
      status_.delivered += is_delivered ? 1U : 0U;
    }
    if (is_delivered || ++skipped_ >= kSkippedBeforeSaved) {
      save(sequence);
    }
  }

  void save(std::uint64_t sequence) {
    skipped_ = 0;
    const Consumer* known = consumers_.find(consumer_);
    if (known == nullptr || known->cursor == sequence) {
      return;
    }
    const Result<std::uint64_t> saved =
        consumers_.acknowledge(consumer_, sequence, environment_.clock.wall());
    if (!saved && !cannot_save_) {
      warn("what was delivered cannot be kept: " + saved.error().message);
    }
    cannot_save_ = !saved;
  }

  [[nodiscard]] std::uint64_t cursor() const {
    const std::lock_guard lock(mutex_);
    return status_.cursor;
  }

  void pause(milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return stops_ || renewed_; });
  }

  void take_renewed() {
    const std::lock_guard lock(mutex_);
    if (renewed_) {
      config_.credentials = std::move(*renewed_);
      renewed_.reset();
      if (!config_.credentials.url.empty()) {
        config_.url = config_.credentials.url;
      }
    }
  }

  void warn(const std::string& what) const {
    if (environment_.warn) {
      environment_.warn("sink " + config_.name + ": " + what);
    }
  }

  SinkConfig config_;
  std::string consumer_;
  Environment environment_;
  FindingReader reader_;
  ConsumerStore consumers_;
  std::uint64_t skipped_ = 0;
  bool cannot_save_ = false;  ///< Told once.
  mutable std::mutex mutex_;  ///< Of the four below.
  SinkStatus status_;
  std::optional<SinkCredentials> renewed_;
  bool has_news_ = false;
  bool stops_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

SinkRunner::SinkRunner(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}

SinkRunner::~SinkRunner() = default;

Result<std::unique_ptr<SinkRunner>> SinkRunner::start(SinkConfig config, Environment environment) {
  auto worker = std::make_unique<Worker>(std::move(config), std::move(environment));
  const Result<void> opened = worker->open();
  if (!opened) {
    return tl::unexpected<Error>(opened.error());
  }
  worker->run();
  return std::unique_ptr<SinkRunner>(new SinkRunner(std::move(worker)));
}

void SinkRunner::committed() {
  worker_->committed();
}

void SinkRunner::set_credentials(SinkCredentials credentials) {
  worker_->set_credentials(std::move(credentials));
}

SinkStatus SinkRunner::status() const {
  return worker_->status();
}

const std::string& SinkRunner::name() const {
  return worker_->name();
}

}  // namespace spoor
