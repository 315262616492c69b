#include "engine/bus/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "engine/bus/allow_list.h"
#include "engine/bus/bus_sockets.h"
#include "engine/bus/curve_keys.h"
#include "engine/bus/endpoint.h"
#include "engine/bus/replay_service.h"
#include "engine/bus/zap.h"
#include "engine/state/finding_reader.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr nanoseconds kHeartbeat = seconds(1);
/// A subscriber whose queue is full may hold up the others so long, once in so long.
constexpr nanoseconds kStallMax = seconds(1);
constexpr nanoseconds kImpatience = seconds(30);
constexpr milliseconds kRetry{2};
/// Of each before the other is looked at again.
constexpr std::size_t kPublishedAtOnce = 256;
constexpr std::size_t kRequestsAtOnce = 64;
/// Answers for which there is no room yet.
constexpr std::size_t kWaitingAnswersMax = 64;

/// Which file it was: who replaces it makes another. The time is that of a new mode, too.
struct FileStamp {
  timespec changed{};
  ino_t inode = 0;
  off_t size = -1;

  static FileStamp of(const std::string& path) {
    struct stat status {};

    return stat(path.c_str(), &status) == 0 ? FileStamp{.changed = status.st_ctim,
                                                        .inode = status.st_ino,
                                                        .size = status.st_size}
                                            : FileStamp{};
  }

  friend bool operator==(const FileStamp& a, const FileStamp& b) {
    return a.changed.tv_sec == b.changed.tv_sec && a.changed.tv_nsec == b.changed.tv_nsec &&
           a.inode == b.inode && a.size == b.size;
  }
};

struct WaitingAnswer {
  std::string peer;
  std::vector<std::string> frames;
};

/// Wakes a poll from another thread.
class Wakeup {
 public:
  Wakeup() : descriptor_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  ~Wakeup() {
    if (descriptor_ >= 0) {
      close(descriptor_);
    }
  }

  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  [[nodiscard]] int descriptor() const { return descriptor_; }

  void wake() const {
    const std::uint64_t one = 1;
    // Full means that a waking is under way.
    [[maybe_unused]] const ssize_t written = write(descriptor_, &one, sizeof one);
  }

  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(descriptor_, &count, sizeof count);
  }

 private:
  int descriptor_;
};

std::uint64_t read_published(const StateSource& source) {
  const std::optional<std::string> row = source.get(StateWriter(StateRow::published).bytes());
  return row ? StateReader(*row).number() : 0;
}

/// Of the totals of gaps: up to which each was told. Beside the row of the last finding.
StateWriter gap_row() {
  return std::move(StateWriter(StateRow::published).key_byte('g'));
}

std::map<std::string, std::uint64_t> read_gaps_told(const StateSource& source) {
  std::map<std::string, std::uint64_t> told;
  const std::string prefix = gap_row().bytes();
  source.for_each(prefix, [&](std::string_view key, std::string_view value) {
    told.emplace(key.substr(prefix.size()), StateReader(value).number());
    return true;
  });
  return told;
}

struct Security {
  std::optional<CurveKeys> keys;
  std::optional<AllowList> clients;
};

/// Looks at the addresses, and reads keys and list.
Result<Security> read_security(const BusOptions& options) {
  for (const std::string* endpoint : {&options.publish, &options.replay}) {
    const Result<void> allowed = endpoint->empty()
                                     ? Result<void>{}
                                     : check_bind_endpoint(*endpoint, !options.key_file.empty());
    if (!allowed) {
      return tl::unexpected<Error>(allowed.error());
    }
  }
  if (options.key_file.empty()) {
    return options.clients_file.empty()
               ? Result<Security>{}
               : fail(ErrorCode::bad_usage,
                      "a list of clients (--bus-clients) needs the bus's own key (--bus-key)");
  }
  if (options.clients_file.empty()) {
    return fail(ErrorCode::bad_usage,
                "a bus with a key (--bus-key) needs the list of who may come (--bus-clients): "
                "'spoor bus allow' makes it");
  }
  Result<CurveKeys> keys = read_secret_key(options.key_file);
  if (!keys) {
    return tl::unexpected<Error>(std::move(keys.error()));
  }
  Result<AllowList> clients = AllowList::read(options.clients_file);
  if (!clients) {
    return tl::unexpected<Error>(std::move(clients.error()));
  }
  return Security{.keys = std::move(*keys), .clients = std::move(*clients)};
}

}  // namespace

/// The thread, and what it works on. Members without a note are the thread's alone.
class BusServer::Worker {
 public:
  Worker(BusOptions options, BusStore store, const Clock& clock)
      : options_(std::move(options)),
        store_(std::move(store)),
        clock_(clock),
        reader_(store_.source),
        service_(store_.identity, store_.source, store_.aside, clock) {}

  ~Worker() {
    stops_ = true;
    wakeup_.wake();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] Result<void> open();

  void run() {
    thread_ = std::thread([this] { loop(); });
  }

  void committed() {
    ++commits_;
    wakeup_.wake();
  }

  void tell_gaps(std::vector<std::pair<std::string, std::uint64_t>> totals) {
    const std::lock_guard lock(mutex_);
    gap_totals_ = std::move(totals);
  }

  [[nodiscard]] BusStatus status() const {
    const std::lock_guard lock(mutex_);
    BusStatus status = status_;
    status.is_current = commits_seen_ == commits_;
    return status;
  }

  [[nodiscard]] const std::string& publish_endpoint() const { return publish_endpoint_; }

  [[nodiscard]] const std::string& replay_endpoint() const { return replay_endpoint_; }

 private:
  [[nodiscard]] std::string judge(std::string_view domain, std::string_view key) const;
  [[nodiscard]] BusClient client_of(const zmq::message_t& frame) const;
  void loop();
  void turn();
  [[nodiscard]] milliseconds patience() const;
  void wait_for_something();
  void take_subscriptions();
  void take_requests();
  void take_request(std::vector<zmq::message_t>& frames);
  /// False: there is no room for it yet.
  [[nodiscard]] bool send_answer(const std::vector<std::string>& frames);
  void send_waiting_answers();
  void read_heads();
  void publish_some();
  /// False: not yet, a subscriber's queue is full.
  [[nodiscard]] bool send(const BusSockets::Message& message);
  void send_at_once(const BusSockets::Message& message);
  void pass_over(const BusSockets::Message& message);
  [[nodiscard]] bool holds();
  void tick();
  void send_heartbeat();
  void send_gaps();
  void send_gap(const std::string& kind, std::uint64_t total, std::uint64_t& told);
  void look_at_list();
  void tell_status();
  void warn_once(const std::string& what);
  [[nodiscard]] ReplayService::Counters counters() const;

  BusOptions options_;
  BusStore store_;
  const Clock& clock_;
  FindingReader reader_;
  ReplayService service_;
  Wakeup wakeup_;
  zmq::context_t context_{1};
  std::optional<ZapHandler> zap_;
  std::optional<BusSockets> sockets_;
  std::optional<AllowList> allowed_;
  Timestamp allowed_at_ = 0;  ///< When it was last looked at who may come.
  FileStamp list_stamp_;
  std::string publish_endpoint_;  ///< Fixed before the thread starts.
  std::string replay_endpoint_;

  BusHeads heads_;               ///< As they are told: published, and what is stored.
  std::uint64_t committed_ = 0;  ///< The last number that is there.
  bool had_subscriber_ = false;
  std::uint64_t requests_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t unexpected_ = 0;  ///< Messages to the bus socket that are no subscriptions.
  std::uint64_t unanswered_ = 0;
  std::deque<WaitingAnswer> waiting_answers_;
  std::optional<nanoseconds> held_since_;
  std::optional<nanoseconds> stalled_since_;
  nanoseconds lossy_until_{0};
  nanoseconds next_tick_{0};
  bool is_failing_ = false;
  std::string last_warning_;
  std::map<std::string, std::uint64_t> gaps_told_;  ///< Kind → total, over restarts.

  std::atomic<bool> stops_{false};
  std::atomic<std::uint64_t> commits_{0};
  std::uint64_t commits_read_ = 0;
  mutable std::mutex mutex_;  ///< Of the three below.
  std::uint64_t commits_seen_ = 0;
  BusStatus status_;
  std::vector<std::pair<std::string, std::uint64_t>> gap_totals_;
  std::thread thread_;
};

Result<void> BusServer::Worker::open() {
  for (const std::string* endpoint : {&options_.publish, &options_.replay}) {
    if (Result<void> free = check_ipc_is_free(*endpoint); !free) {
      return free;
    }
  }
  list_stamp_ = FileStamp::of(options_.clients_file);
  Result<Security> security = read_security(options_);
  if (!security) {
    return tl::unexpected<Error>(std::move(security.error()));
  }
  std::optional<CurveKeys> keys = std::move(security->keys);
  allowed_ = std::move(security->clients);
  allowed_at_ = clock_.wall();
  if (!wakeup_.is_open()) {
    return fail(ErrorCode::bus, "cannot make an eventfd");
  }
  try {
    if (keys) {
      zap_.emplace(context_, [this](std::string_view domain, std::string_view key) {
        return judge(domain, key);
      });
    }
    sockets_.emplace(context_, std::move(keys));
    sockets_->open(options_.publish, options_.replay);
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::bus, "cannot listen on " + options_.publish +
                                    (options_.replay.empty() ? "" : " and " + options_.replay) +
                                    ": " + error.what());
  }
  publish_endpoint_ = sockets_->publish_endpoint();
  replay_endpoint_ = sockets_->replay_endpoint();
  heads_.sequence = read_published(store_.source);
  gaps_told_ = read_gaps_told(store_.source);
  heads_.gap_totals.insert(gaps_told_.begin(), gaps_told_.end());
  read_heads();
  tell_status();
  return is_failing_ ? fail(ErrorCode::bad_state, last_warning_) : Result<void>{};
}

std::string BusServer::Worker::judge(std::string_view domain, std::string_view key) const {
  const AllowedClient* client = allowed_ ? allowed_->find(key, clock_.wall()) : nullptr;
  if (client == nullptr) {
    return {};
  }
  const bool may = domain == "publish"
                       ? client->roles.has(BusRole::subscribe)
                       : client->roles.has(BusRole::replay) || client->roles.has(BusRole::admin);
  return may ? client->name : std::string();
}

BusClient BusServer::Worker::client_of(const zmq::message_t& frame) const {
  if (!allowed_) {
    return {};
  }
  // libzmq keeps with each message what the ZAP handler said of its connection.
  const char* name =
      zmq_msg_gets(const_cast<zmq::message_t&>(frame).handle(),
                   "User-Id");  // NOLINT(cppcoreguidelines-pro-type-const-cast): it only reads.
  const AllowedClient* client =
      name == nullptr ? nullptr : allowed_->find_name(name, clock_.wall());
  if (client == nullptr) {
    return {.name = "", .may_replay = false, .is_admin = false};
  }
  return {.name = client->name,
          .may_replay = client->roles.has(BusRole::replay),
          .is_admin = client->roles.has(BusRole::admin)};
}

void BusServer::Worker::loop() {
  while (!stops_) {
    try {
      turn();
    } catch (const zmq::error_t& error) {
      if (error.num() == ETERM) {
        return;
      }
      if (error.num() != EINTR) {
        warn_once(std::string("the bus: ") + error.what());
      }
    }
  }
  try {
    read_heads();
    publish_some();
    send_heartbeat();
  } catch (const zmq::error_t&) {
    // Who was not told fetches it next time.
  }
}

void BusServer::Worker::turn() {
  if (!sockets_->is_open() && !sockets_->reopen()) {
    std::this_thread::sleep_for(milliseconds(20));
    return;
  }
  wait_for_something();
  if (zap_) {
    zap_->answer();
  }
  sockets_->count_connections();
  take_subscriptions();
  send_waiting_answers();
  take_requests();
  if (const std::uint64_t commits = commits_; commits != commits_read_) {
    wakeup_.clear();
    commits_read_ = commits;
    read_heads();
  }
  publish_some();
  if (clock_.monotonic() >= next_tick_) {
    tick();
  }
  tell_status();
}

milliseconds BusServer::Worker::patience() const {
  if (heads_.sequence < committed_ && !held_since_) {
    return stalled_since_ ? kRetry : milliseconds(0);
  }
  if (!waiting_answers_.empty()) {
    return kRetry;
  }
  const auto left =
      std::chrono::duration_cast<milliseconds>(next_tick_ - clock_.monotonic()) + milliseconds(1);
  return std::clamp(left, milliseconds(0), milliseconds(1000));
}

void BusServer::Worker::wait_for_something() {
  std::vector<zmq::pollitem_t> items;
  const auto add = [&items](void* socket, int descriptor) {
    items.push_back({socket, descriptor, ZMQ_POLLIN, 0});
  };
  add(nullptr, wakeup_.descriptor());
  add(sockets_->publish().handle(), 0);
  if (sockets_->has_replay()) {
    add(sockets_->replay().handle(), 0);
  }
  if (zap_) {
    add(zap_->handle(), 0);
  }
  for (void* monitor : sockets_->monitors()) {
    if (monitor != nullptr) {
      add(monitor, 0);
    }
  }
  zmq::poll(items, patience());
}

void BusServer::Worker::take_subscriptions() {
  // A subscription arrives as a message: 1 and the topic's prefix; 0 takes one back.
  constexpr char kSubscribe = 1;
  zmq::message_t message;
  for (std::size_t i = 0; i < kRequestsAtOnce; ++i) {
    if (!sockets_->publish().recv(message, zmq::recv_flags::dontwait)) {
      return;
    }
    const bool is_subscription = !message.empty() && *message.data<char>() <= kSubscribe;
    had_subscriber_ = had_subscriber_ || (is_subscription && *message.data<char>() == kSubscribe);
    unexpected_ += is_subscription ? 0 : 1;
  }
}

void BusServer::Worker::take_requests() {
  if (!sockets_->has_replay()) {
    return;
  }
  std::vector<zmq::message_t> frames;
  for (std::size_t i = 0; i < kRequestsAtOnce; ++i) {
    frames.clear();
    if (!zmq::recv_multipart(sockets_->replay(), std::back_inserter(frames),
                             zmq::recv_flags::dontwait)) {
      return;
    }
    take_request(frames);
  }
}

void BusServer::Worker::take_request(std::vector<zmq::message_t>& frames) {
  constexpr std::size_t kFramesMax = 8;
  ++requests_;
  const bool has_delimiter = frames.size() > 1 && frames[1].empty();
  const std::size_t first = has_delimiter ? 2 : 1;
  std::vector<std::string_view> request;
  for (std::size_t i = first; i < std::min(frames.size(), kFramesMax); ++i) {
    request.push_back(frames[i].to_string_view());
  }
  const std::string peer = frames[0].to_string();
  if (std::ranges::find(waiting_answers_, peer, &WaitingAnswer::peer) != waiting_answers_.end()) {
    ++unanswered_;  // It does not take what it asked for before.
    return;
  }
  service_.set_heads(heads_);
  const BusClient client = client_of(frames.back());
  std::vector<std::string> answer = service_.answer(request, client, counters());
  std::vector<std::string> reply{peer};
  if (has_delimiter) {
    reply.emplace_back();
  }
  std::ranges::move(answer, std::back_inserter(reply));
  if (!send_answer(reply)) {
    waiting_answers_.push_back({.peer = peer, .frames = std::move(reply)});
    if (waiting_answers_.size() > kWaitingAnswersMax) {
      waiting_answers_.pop_front();
      ++unanswered_;
    }
  }
}

bool BusServer::Worker::send_answer(const std::vector<std::string>& frames) {
  std::vector<zmq::const_buffer> parts;
  parts.reserve(frames.size());
  for (const std::string& frame : frames) {
    parts.emplace_back(frame.data(), frame.size());
  }
  try {
    return zmq::send_multipart(sockets_->replay(), parts, zmq::send_flags::dontwait).has_value();
  } catch (const zmq::error_t& error) {
    if (error.num() != EHOSTUNREACH) {
      throw;
    }
    return true;  // Who asked is gone.
  }
}

void BusServer::Worker::send_waiting_answers() {
  std::erase_if(waiting_answers_,
                [this](const WaitingAnswer& answer) { return send_answer(answer.frames); });
}

void BusServer::Worker::read_heads() {
  Result<FindingHeads> now = reader_.heads();
  is_failing_ = !now.has_value();
  if (!now) {
    warn_once("findings cannot be read: " + now.error().message);
    return;
  }
  committed_ = now->head;
  // The state was put back from a copy: those numbers are given again.
  heads_.sequence = std::min(heads_.sequence, committed_);
  heads_.stored = std::move(*now);
}

bool BusServer::Worker::holds() {
  if (had_subscriber_ || requests_ > 0 || options_.hold.count() == 0) {
    held_since_.reset();
    return false;
  }
  const nanoseconds now = clock_.monotonic();
  if (!held_since_) {
    held_since_ = now;
  }
  if (now - *held_since_ < options_.hold) {
    return true;
  }
  options_.hold = milliseconds(0);
  held_since_.reset();
  return false;
}

void BusServer::Worker::publish_some() {
  if (heads_.sequence >= committed_ || holds()) {
    return;
  }
  std::size_t count = 0;
  const Result<void> read =
      reader_.for_each(heads_.sequence + 1, [&](const StoredFinding& finding) {
        const std::string topic = topic_of(finding);
        const std::string header = finding_header(store_.identity, finding);
        if (!send({topic, header, finding.payload})) {
          return false;
        }
        heads_.sequence = finding.sequence;
        return ++count < kPublishedAtOnce;
      });
  is_failing_ = !read.has_value();
  if (!read) {
    warn_once("findings cannot be published: " + read.error().message);
    committed_ = heads_.sequence;  // Tried again when something is committed.
  }
  if (count == 0) {
    return;
  }
  const Result<void> kept = store_.aside.put_aside(StateWriter(StateRow::published).bytes(),
                                                   StateWriter().number(heads_.sequence).bytes());
  if (!kept) {
    warn_once("it cannot be kept what was published: " + kept.error().message);
  }
  if (heads_.sequence == committed_ && lossy_until_ > clock_.monotonic()) {
    send_heartbeat();  // Who was passed over sees it at once.
  }
}

bool BusServer::Worker::send(const BusSockets::Message& message) {
  if (sockets_->send(message, false) == BusSockets::Sent::yes) {
    stalled_since_.reset();
    return true;
  }
  const nanoseconds now = clock_.monotonic();
  if (now >= lossy_until_) {
    if (!stalled_since_) {
      stalled_since_ = now;
    }
    if (now - *stalled_since_ < kStallMax) {
      return false;
    }
  }
  pass_over(message);
  return true;
}

void BusServer::Worker::pass_over(const BusSockets::Message& message) {
  const nanoseconds now = clock_.monotonic();
  if (now >= lossy_until_) {
    warn_once(
        "a subscriber is too slow for the bus: it is passed over, and must fetch what it "
        "missed from the replay socket");
  }
  lossy_until_ = now + kImpatience;
  stalled_since_.reset();
  ++dropped_;
  static_cast<void>(sockets_->send(message, true));
}

void BusServer::Worker::send_at_once(const BusSockets::Message& message) {
  if (sockets_->is_open() && sockets_->send(message, false) == BusSockets::Sent::no) {
    pass_over(message);
  }
}

void BusServer::Worker::tick() {
  next_tick_ = clock_.monotonic() + kHeartbeat;
  read_heads();
  look_at_list();
  send_gaps();
  send_heartbeat();
}

void BusServer::Worker::send_heartbeat() {
  const std::string header = heartbeat_header(store_.identity, heads_);
  send_at_once({"heartbeat", header, ""});
}

void BusServer::Worker::send_gaps() {
  std::vector<std::pair<std::string, std::uint64_t>> totals;
  {
    const std::lock_guard lock(mutex_);
    totals = gap_totals_;
  }
  for (const auto& [kind, total] : totals) {
    if (total == 0) {
      continue;
    }
    heads_.gap_totals[kind] = total;
    send_gap(kind, total, gaps_told_[kind]);
  }
}

void BusServer::Worker::send_gap(const std::string& kind,
                                 std::uint64_t total,
                                 std::uint64_t& told) {
  // A killed engine may have told what it had not committed: that is counted, and told, again.
  told = std::min(told, total);
  if (total == told) {
    return;
  }
  const std::string payload = gap_payload({.kind = kind, .count = total - told, .total = total});
  const std::string header = gap_header(store_.identity, ++heads_.gaps);
  const std::string topic = "gap." + kind;
  send_at_once({topic, header, payload});
  told = total;
  // Kept when it was told: rather twice than never.
  const Result<void> kept =
      store_.aside.put_aside(gap_row().raw(kind).bytes(), StateWriter().number(total).bytes());
  if (!kept) {
    warn_once("it cannot be kept what was told of gaps: " + kept.error().message);
  }
}

void BusServer::Worker::look_at_list() {
  if (!allowed_) {
    return;
  }
  const Timestamp now = clock_.wall();
  const FileStamp stamp = FileStamp::of(options_.clients_file);
  AllowList list = *allowed_;
  if (!(stamp == list_stamp_)) {
    list_stamp_ = stamp;
    if (const std::optional<Error> problem = list.update(options_.clients_file)) {
      warn_once("nobody new is let in until the list of clients is mended: " + problem->message);
    }
  }
  const bool cuts_somebody = !list.covers(*allowed_, allowed_at_, now);
  allowed_ = std::move(list);
  allowed_at_ = now;
  if (cuts_somebody) {
    waiting_answers_.clear();
    // libzmq asks who somebody is when he comes, and never again.
    sockets_->close();
    static_cast<void>(sockets_->reopen());
  }
}

void BusServer::Worker::tell_status() {
  const std::lock_guard lock(mutex_);
  commits_seen_ = commits_read_;
  status_ = {.published = heads_.sequence,
             .committed = committed_,
             .dropped = dropped_,
             .requests = requests_,
             .had_subscriber = had_subscriber_,
             .is_holding = held_since_.has_value(),
             .least_cursor = service_.least_cursor().value_or(heads_.sequence),
             .is_failing = is_failing_};
}

void BusServer::Worker::warn_once(const std::string& what) {
  if (options_.warn && what != last_warning_) {
    options_.warn(what);
  }
  last_warning_ = what;
}

ReplayService::Counters BusServer::Worker::counters() const {
  const ConnectionCounters& connections = sockets_->connections();
  return {{"published", heads_.sequence},
          {"passed_over", dropped_},
          {"unanswered", unanswered_},
          {"no_subscriptions", unexpected_},
          {"connections", connections.accepted},
          {"connections_closed", connections.closed},
          {"failed_handshakes", connections.failed_handshakes},
          {"refused_keys", zap_ ? zap_->refused() : 0}};
}

BusServer::BusServer(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}

BusServer::~BusServer() = default;

Result<void> BusServer::check(const BusOptions& options) {
  const Result<Security> security = read_security(options);
  return security ? Result<void>() : tl::unexpected<Error>(security.error());
}

Result<std::unique_ptr<BusServer>> BusServer::start(BusOptions options,
                                                    BusStore store,
                                                    const Clock& clock) {
  auto worker = std::make_unique<Worker>(std::move(options), std::move(store), clock);
  Result<void> opened = worker->open();
  if (!opened) {
    return tl::unexpected<Error>(opened.error());
  }
  worker->run();
  return std::unique_ptr<BusServer>(new BusServer(std::move(worker)));
}

void BusServer::committed() {
  worker_->committed();
}

void BusServer::tell_gaps(std::vector<std::pair<std::string, std::uint64_t>> totals) {
  worker_->tell_gaps(std::move(totals));
}

BusStatus BusServer::status() const {
  return worker_->status();
}

const std::string& BusServer::publish_endpoint() const {
  return worker_->publish_endpoint();
}

const std::string& BusServer::replay_endpoint() const {
  return worker_->replay_endpoint();
}

}  // namespace spoor
