#include "ingest/http_input.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "ingest/connection.h"
#include "ingest/hec.h"
#include "ingest/http_body.h"
#include "ingest/tokens.h"

namespace spoor {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::uint64_t kAckBodyBytesMax = std::uint64_t{1} << 20;
constexpr std::size_t kErrorsMax = 10;
constexpr std::size_t kNoToken = static_cast<std::size_t>(-1);

constexpr unsigned kOk = 200;
constexpr unsigned kBadRequest = 400;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kForbidden = 403;
constexpr unsigned kNotFound = 404;
constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kTooLarge = 413;
constexpr unsigned kUnsupportedMedia = 415;
constexpr unsigned kBusy = 503;
constexpr std::chrono::nanoseconds kDenialsToldEvery = std::chrono::minutes(1);

enum class Route : std::uint8_t { none, ingest, hec_event, hec_raw, hec_health, hec_ack };

struct RouteRow {
  std::string_view path;
  Route route;
};

constexpr std::array kRoutes = {
    RouteRow{"/ingest", Route::ingest},
    RouteRow{"/services/collector", Route::hec_event},
    RouteRow{"/services/collector/event", Route::hec_event},
    RouteRow{"/services/collector/event/1.0", Route::hec_event},
    RouteRow{"/services/collector/raw", Route::hec_raw},
    RouteRow{"/services/collector/raw/1.0", Route::hec_raw},
    RouteRow{"/services/collector/health", Route::hec_health},
    RouteRow{"/services/collector/health/1.0", Route::hec_health},
    RouteRow{"/services/collector/ack", Route::hec_ack},
};

struct Target {
  Route route = Route::none;
  std::string_view query;
};

Target target_of(std::string_view text) {
  const std::size_t question = text.find('?');
  Target target;
  if (question != std::string_view::npos) {
    target.query = text.substr(question + 1);
    text = text.substr(0, question);
  }
  if (text.size() > 1 && text.ends_with('/')) {
    text.remove_suffix(1);
  }
  const auto* const row = std::ranges::find(kRoutes, text, &RouteRow::path);
  target.route = row == kRoutes.end() ? Route::none : row->route;
  return target;
}

/// Percent-encoding taken off (RFC 3986 §2.1); what is none stays as it stands.
std::string percent_decoded(std::string_view text) {
  constexpr int kHex = 16;
  constexpr std::size_t kEscapeBytes = 3;
  std::string out;
  while (!text.empty()) {
    unsigned char byte = 0;
    const char* const digits = text.data() + 1;
    if (text.front() == '%' && text.size() >= kEscapeBytes &&
        std::from_chars(digits, digits + 2, byte, kHex).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      text.remove_prefix(kEscapeBytes);
    } else {
      out.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  return out;
}

/// The value of `key` in "a=1&b=2"; empty if there is none.
std::string query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return percent_decoded(pair.substr(key.size() + 1));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

bool is_hec(Route route) {
  return route != Route::none && route != Route::ingest;
}

HttpBody::Content content_of(Route route) {
  switch (route) {
    case Route::hec_event: return HttpBody::Content::hec_events;
    case Route::hec_ack: return HttpBody::Content::text;
    default: return HttpBody::Content::records;
  }
}

struct Answer {
  unsigned status = kOk;
  std::string body;
  std::string_view allow{};  ///< Of a 405.
};

Answer hec_answer(HecCode code) {
  return {hec_status(code), hec_body(code)};
}

/// `text` needs no escape in JSON: it is ours.
Answer error_answer(unsigned status, std::string_view text) {
  return {status, R"({"error":")" + std::string(text) + "\"}"};
}

/// What a body's error is called over HTTP.
Answer body_error_answer(const Error& error, bool is_hec_route) {
  const bool is_large =
      error.code == ErrorCode::oversize || error.code == ErrorCode::decompression_bomb;
  if (is_hec_route && !is_large) {
    return hec_answer(HecCode::invalid_data_format);
  }
  const unsigned status = is_large                               ? kTooLarge
                          : error.code == ErrorCode::unsupported ? kUnsupportedMedia
                                                                 : kBadRequest;
  return error_answer(status, to_string(error.code));
}

Answer busy_answer(bool is_hec_route) {
  return is_hec_route ? hec_answer(HecCode::server_busy)
                      : error_answer(kBusy, "busy, try again later");
}

struct Taken {
  std::size_t accepted = 0;
  std::size_t rejected = 0;
  std::string errors;  // JSON, of the first few.
};

Taken count(const IngestBatch& batch) {
  Taken taken;
  for (std::size_t number = 0; number < batch.records.size(); ++number) {
    const IngestBatch::Record& record = batch.records[number];
    if (!record.is_bad) {
      ++taken.accepted;
      continue;
    }
    if (taken.rejected < kErrorsMax) {
      taken.errors += taken.errors.empty() ? "" : ",";
      taken.errors += R"({"record":)" + std::to_string(number) + R"(,"code":")" +
                      std::string(to_string(record.code)) + "\"}";
    }
    ++taken.rejected;
  }
  return taken;
}

Answer ingest_answer(const Taken& taken) {
  return {taken.accepted == 0 && taken.rejected != 0 ? kBadRequest : kOk,
          R"({"accepted":)" + std::to_string(taken.accepted) + R"(,"rejected":)" +
              std::to_string(taken.rejected) + R"(,"errors":[)" + taken.errors + "]}"};
}

std::string render(const Answer& answer, bool closes) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  text += http_reason(answer.status);
  text += "\r\nServer: spoor\r\nContent-Type: application/json\r\nContent-Length: ";
  text += std::to_string(answer.body.size());
  if (answer.status == kBusy) {
    text += "\r\nRetry-After: 1";
  } else if (answer.status == kUnauthorized) {
    text += "\r\nWWW-Authenticate: Bearer";
  } else if (answer.status == kMethodNotAllowed) {
    text += "\r\nAllow: ";
    text += answer.allow;
  }
  text += closes ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n";
  text += answer.body;
  return text;
}

}  // namespace

/// What the sessions of one input share. Lives in the runtime's thread.
class HttpInput::Server : public std::enable_shared_from_this<HttpInput::Server> {
 public:
  Server(IngestRuntime& runtime, HttpInputSettings with, TokenSet with_tokens)
      : settings(std::move(with)),
        tokens(std::move(with_tokens)),
        queue(runtime.queue()),
        post(runtime.poster()),
        // Microseconds: no run gives out a million ids in a second.
        acks(static_cast<std::uint64_t>(settings.listener.clock->wall() / 1000)) {}

  void serve(std::shared_ptr<Connection> connection);
  void drain();

  /// Somebody may not send: an operator would know who, but not each time.
  void deny(const std::string& peer);

  [[nodiscard]] bool has_room(std::size_t bytes) const {
    return queue.has_room(settings.listener.number, bytes);
  }

  HttpInputSettings settings;
  TokenSet tokens;
  IngestQueue& queue;
  std::function<void(std::function<void()>)> post;
  std::shared_ptr<IngestCounters> counters = std::make_shared<IngestCounters>();
  HecAcks acks;
  std::uint64_t bytes_in_flight = 0;
  bool is_draining = false;
  std::optional<std::chrono::nanoseconds> denial_told_at;
  std::set<std::shared_ptr<Session>> sessions;
  std::unique_ptr<Listener> listener;
};

/// One connection: one request after the other, each read when the one before is answered.
class HttpInput::Session : public std::enable_shared_from_this<HttpInput::Session> {
 public:
  Session(std::shared_ptr<Server> server, std::shared_ptr<Connection> connection)
      : server_(std::move(server)), connection_(std::move(connection)), received_(kReadBytes) {}

  ~Session() { release(); }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&&) = delete;
  Session& operator=(Session&&) = delete;

  void begin();
  /// The runtime takes nothing more.
  void drain();

 private:
  void go_on();
  void read_more();
  void say_continue();
  [[nodiscard]] milliseconds read_timeout() const;

  /// Of the head: nothing if the body is wanted.
  [[nodiscard]] std::optional<Answer> judge();
  [[nodiscard]] std::optional<Answer> check_token(const Target& target);
  [[nodiscard]] std::optional<Answer> check_channel(const Target& target);
  [[nodiscard]] std::optional<Answer> begin_body();
  [[nodiscard]] bool take_body(std::string_view piece);
  void finish_body();
  void hand_over();
  [[nodiscard]] Answer acks_answer();
  /// The batch is on disk, or will never be.
  void committed(bool is_safe);

  void answer(const Answer& answer);
  void answered();
  void end();
  /// Gives back the bytes that the body holds.
  void release();

  std::shared_ptr<Server> server_;
  std::shared_ptr<Connection> connection_;
  std::vector<char> received_;
  std::string unused_;  // Received, of this request or the next.
  std::unique_ptr<HttpRequest> request_;
  std::unique_ptr<HttpBody> body_;
  std::optional<Answer> failure_;  // Of the body.
  std::optional<Answer> later_;    // When the batch is on disk.
  Route route_ = Route::none;
  std::size_t token_ = kNoToken;
  std::string channel_;  // Empty: no ack is wanted.
  bool is_judged_ = false;
  bool is_idle_ = false;   // Between requests.
  bool is_known_ = false;  // It asked before, and might.
  bool closes_ = false;
  std::chrono::nanoseconds deadline_{0};
  std::uint64_t held_ = 0;  // Of bytes_in_flight.
};

void HttpInput::Server::serve(std::shared_ptr<Connection> connection) {
  auto session = std::make_shared<Session>(shared_from_this(), std::move(connection));
  sessions.insert(session);
  session->begin();
}

void HttpInput::Server::deny(const std::string& peer) {
  const std::uint64_t count = ++counters->requests_denied;
  const std::chrono::nanoseconds now = settings.listener.clock->monotonic();
  if (settings.listener.warn && (!denial_told_at || now - *denial_told_at >= kDenialsToldEvery)) {
    denial_told_at = now;
    settings.listener.warn("input '" + settings.listener.name + "': " + peer +
                           " sends without a token that is known (requests denied so far: " +
                           std::to_string(count) + ")");
  }
}

void HttpInput::Server::drain() {
  is_draining = true;
  listener->close();
  const std::set<std::shared_ptr<Session>> all = sessions;
  for (const std::shared_ptr<Session>& session : all) {
    session->drain();
  }
}

void HttpInput::Session::begin() {
  request_ = std::make_unique<HttpRequest>(server_->settings.body_bytes_max);
  body_.reset();
  failure_.reset();
  later_.reset();
  channel_.clear();
  token_ = kNoToken;
  is_judged_ = false;
  is_idle_ = unused_.empty();
  deadline_ = server_->settings.listener.clock->monotonic() + server_->settings.head_timeout;
  if (is_idle_) {
    read_more();
  } else {
    go_on();
  }
}

void HttpInput::Session::drain() {
  if (is_idle_) {
    connection_->close();
  }
}

milliseconds HttpInput::Session::read_timeout() const {
  const HttpInputSettings& settings = server_->settings;
  if (is_idle_) {
    return is_known_ ? settings.keep_alive_timeout
                     : std::min(settings.first_request_timeout, settings.keep_alive_timeout);
  }
  const auto left =
      std::chrono::duration_cast<milliseconds>(deadline_ - settings.listener.clock->monotonic());
  return std::clamp(left, milliseconds{1}, settings.idle_timeout);
}

void HttpInput::Session::read_more() {
  connection_->read_some(received_, read_timeout(),
                         [self = shared_from_this()](ReadEnd end, std::size_t size) {
                           if (end != ReadEnd::none) {
                             self->end();
                             return;
                           }
                           if (std::exchange(self->is_idle_, false)) {
                             self->deadline_ = self->server_->settings.listener.clock->monotonic() +
                                               self->server_->settings.head_timeout;
                           }
                           self->server_->counters->bytes += size;
                           self->unused_.append(self->received_.data(), size);
                           self->go_on();
                         });
}

void HttpInput::Session::go_on() {
  for (;;) {
    const std::size_t used = request_->put(unused_);
    unused_.erase(0, used);
    if (request_->state() == HttpRequest::State::failed) {
      const unsigned status = request_->status();
      answer(failure_ ? *failure_ : error_answer(status, http_reason(status)));
      return;
    }
    if (!is_judged_ && request_->state() != HttpRequest::State::head) {
      is_judged_ = true;
      if (const std::optional<Answer> refused = judge()) {
        answer(*refused);
        return;
      }
      if (request_->state() == HttpRequest::State::body && request_->head().expects_continue &&
          unused_.empty()) {
        say_continue();
        return;
      }
    } else if (used == 0 || unused_.empty()) {
      break;
    }
    if (request_->state() == HttpRequest::State::done) {
      break;
    }
  }
  if (request_->state() == HttpRequest::State::done) {
    finish_body();
  } else {
    read_more();
  }
}

void HttpInput::Session::say_continue() {
  connection_->write("HTTP/1.1 100 Continue\r\n\r\n", server_->settings.idle_timeout,
                     [self = shared_from_this()](bool is_written) {
                       if (is_written) {
                         self->read_more();
                       } else {
                         self->end();
                       }
                     });
}

std::optional<Answer> HttpInput::Session::judge() {
  const HttpHead& head = request_->head();
  const Target target = target_of(head.target);
  route_ = target.route;
  if (route_ == Route::none) {
    return error_answer(kNotFound, "not found");
  }
  const bool is_get = head.method == "GET";
  if (route_ == Route::hec_health ? !is_get : head.method != "POST") {
    Answer refused = error_answer(kMethodNotAllowed, "method not allowed");
    refused.allow = route_ == Route::hec_health ? "GET" : "POST";
    return refused;
  }
  if (route_ == Route::hec_health) {
    return hec_answer(server_->has_room(1) ? HecCode::healthy : HecCode::unhealthy);
  }
  if (std::optional<Answer> denied = check_token(target)) {
    server_->deny(connection_->peer());
    return denied;
  }
  is_known_ = true;
  if (is_hec(route_)) {
    if (std::optional<Answer> wrong = check_channel(target)) {
      return wrong;
    }
  }
  return begin_body();
}

std::optional<Answer> HttpInput::Session::check_token(const Target& target) {
  const HttpHead& head = request_->head();
  if (server_->tokens.empty()) {
    if (head.has_origin) {
      return error_answer(kForbidden, "from a browser, and there are no tokens");
    }
    return std::nullopt;
  }
  std::optional<std::string> token;
  if (!head.authorization.empty()) {
    token = token_of(head.authorization);
    if (!token) {
      return is_hec(route_) ? hec_answer(HecCode::invalid_authorization)
                            : error_answer(kUnauthorized, "invalid authorization");
    }
  } else if (is_hec(route_)) {
    token = query_value(target.query, "token");
  }
  if (!token || token->empty()) {
    return is_hec(route_) ? hec_answer(HecCode::token_required)
                          : error_answer(kUnauthorized, "token is required");
  }
  const std::optional<std::size_t> found = server_->tokens.find(*token);
  if (!found) {
    return is_hec(route_) ? hec_answer(HecCode::invalid_token)
                          : error_answer(kForbidden, "invalid token");
  }
  token_ = *found;
  return std::nullopt;
}

std::optional<Answer> HttpInput::Session::check_channel(const Target& target) {
  channel_ = request_->head().channel;
  if (channel_.empty()) {
    channel_ = query_value(target.query, "channel");
  }
  if (!channel_.empty() && !is_channel(channel_)) {
    return hec_answer(HecCode::invalid_channel);
  }
  if (route_ == Route::hec_ack) {
    if (!server_->settings.has_acks) {
      return hec_answer(HecCode::ack_disabled);
    }
    if (channel_.empty()) {
      return hec_answer(HecCode::channel_missing);
    }
  }
  if (!server_->settings.has_acks) {
    channel_.clear();
  }
  return std::nullopt;
}

std::optional<Answer> HttpInput::Session::begin_body() {
  const HttpInputSettings& settings = server_->settings;
  const HttpHead& head = request_->head();
  const bool is_ack = route_ == Route::hec_ack;
  if (!is_ack && (server_->is_draining ||
                  !server_->has_room(std::max<std::uint64_t>(head.content_length, 1)))) {
    ++server_->counters->stalls;
    return busy_answer(is_hec(route_));
  }
  body_ = std::make_unique<HttpBody>(
      content_of(route_), is_ack ? kAckBodyBytesMax : settings.plain_bytes_max, settings.framing);
  if (Result<void> encoded = body_->set_encoding(head.content_encoding, settings.expansion);
      !encoded) {
    return body_error_answer(encoded.error(), false);
  }
  deadline_ = settings.listener.clock->monotonic() + settings.body_timeout;
  request_->on_body([this](std::string_view piece) { return take_body(piece); });
  return std::nullopt;
}

bool HttpInput::Session::take_body(std::string_view piece) {
  if (Result<void> pushed = body_->push(piece); !pushed) {
    failure_ = body_error_answer(pushed.error(), is_hec(route_));
    return false;
  }
  const std::uint64_t more = body_->memory() - held_;
  held_ += more;
  server_->bytes_in_flight += more;
  if (server_->bytes_in_flight > server_->settings.bytes_in_flight_max) {
    ++server_->counters->stalls;
    failure_ = busy_answer(is_hec(route_));
    return false;
  }
  return true;
}

void HttpInput::Session::finish_body() {
  if (Result<void> finished = body_->finish(); !finished) {
    answer(body_error_answer(finished.error(), is_hec(route_)));
    return;
  }
  if (route_ == Route::hec_ack) {
    answer(acks_answer());
    return;
  }
  IngestBatch& batch = body_->batch();
  const Taken taken = count(batch);
  if (batch.records.empty()) {
    answer(is_hec(route_) ? hec_answer(HecCode::no_data) : ingest_answer(taken));
    return;
  }
  later_ = is_hec(route_) ? hec_answer(HecCode::success) : ingest_answer(taken);
  const HecEvents& events = body_->hec();
  if (events.code() != HecCode::success) {
    later_ = Answer{hec_status(events.code()), hec_body(events.code(), events.invalid_event())};
    channel_.clear();
  }
  hand_over();
}

void HttpInput::Session::hand_over() {
  IngestBatch batch = std::move(body_->batch());
  const Taken taken = count(batch);
  batch.input = server_->settings.listener.number;
  batch.peer = connection_->peer();
  batch.seal();
  std::optional<std::uint64_t> id;
  const HecAcks::Channel channel{token_, channel_};
  if (!channel_.empty() && server_->has_room(batch.memory())) {
    id = server_->acks.add(channel);
  }
  if (id) {
    batch.done = [post = server_->post, server = std::weak_ptr<Server>(server_), channel,
                  id](bool is_safe) {
      if (is_safe) {
        post([server, channel, id] {
          if (const std::shared_ptr<Server> here = server.lock()) {
            here->acks.set_safe(channel, *id);
          }
        });
      }
    };
  } else {
    batch.done = [post = server_->post, session = weak_from_this()](bool is_safe) {
      post([session, is_safe] {
        if (const std::shared_ptr<Session> here = session.lock()) {
          here->committed(is_safe);
        }
      });
    };
  }
  const bool has_no_id = !channel_.empty() && !id;
  if (has_no_id || server_->is_draining || !server_->queue.try_push(std::move(batch))) {
    if (id) {
      server_->acks.set_safe(channel, *id);  // Never told to anyone.
    }
    ++server_->counters->stalls;
    answer(busy_answer(is_hec(route_)));
    return;
  }
  server_->counters->records += taken.accepted;
  server_->counters->bad_records += taken.rejected;
  release();
  if (id) {
    answer({kOk, hec_body(HecCode::success, {}, id)});
  }
}

Answer HttpInput::Session::acks_answer() {
  const std::optional<std::vector<std::uint64_t>> ids = hec_ack_ids(body_->text());
  if (!ids) {
    return hec_answer(HecCode::invalid_data_format);
  }
  std::string body = R"({"acks":{)";
  for (const std::uint64_t id : *ids) {
    body += body.ends_with('{') ? "\"" : ",\"";
    body += std::to_string(id);
    body += server_->acks.is_safe({token_, channel_}, id) ? "\":true" : "\":false";
  }
  return {kOk, body + "}}"};
}

void HttpInput::Session::committed(bool is_safe) {
  if (later_) {
    answer(is_safe ? *later_ : busy_answer(is_hec(route_)));
  }
}

void HttpInput::Session::answer(const Answer& answer) {
  release();
  later_.reset();
  closes_ = request_->state() != HttpRequest::State::done || !request_->head().keeps_alive ||
            server_->is_draining;
  ++server_->counters->requests;
  if (answer.status >= kBadRequest && answer.status != kBusy) {
    ++server_->counters->requests_refused;
  }
  connection_->write(render(answer, closes_), server_->settings.idle_timeout,
                     [self = shared_from_this()](bool is_written) {
                       if (is_written) {
                         self->answered();
                       } else {
                         self->end();
                       }
                     });
}

void HttpInput::Session::answered() {
  if (!closes_) {
    begin();
    return;
  }
  connection_->finish([self = shared_from_this()] { self->end(); });
}

void HttpInput::Session::end() {
  connection_->close();
  release();
  body_.reset();
  server_->sessions.erase(shared_from_this());
}

void HttpInput::Session::release() {
  server_->bytes_in_flight -= std::exchange(held_, 0);
}

Result<void> HttpInput::check(const HttpInputSettings& settings) {
  const Result<TokenSet> tokens = TokenSet::create(settings.token_hashes);
  if (!tokens) {
    return tl::unexpected<Error>(tokens.error());
  }
  return check_listener(settings.listener, !tokens->empty(), "tokens_file");
}

Result<std::unique_ptr<HttpInput>> HttpInput::create(IngestRuntime& runtime,
                                                     HttpInputSettings settings) {
  if (Result<void> checked = check(settings); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  const ListenerSettings listener = settings.listener;
  TokenSet tokens = *TokenSet::create(settings.token_hashes);
  auto server = std::make_shared<Server>(runtime, std::move(settings), std::move(tokens));
  Result<std::unique_ptr<Listener>> opened = Listener::create(
      runtime, listener, server->counters,
      [weak = std::weak_ptr<Server>(server)](std::shared_ptr<Connection> connection) {
        if (const std::shared_ptr<Server> here = weak.lock()) {
          here->serve(std::move(connection));
        }
      });
  if (!opened) {
    return tl::unexpected<Error>(std::move(opened.error()));
  }
  server->listener = std::move(*opened);
  runtime.on_stop_accepting([weak = std::weak_ptr<Server>(server)] {
    if (const std::shared_ptr<Server> here = weak.lock()) {
      here->drain();
    }
  });
  return std::unique_ptr<HttpInput>(new HttpInput(std::move(server)));
}

HttpInput::HttpInput(std::shared_ptr<Server> server) : server_(std::move(server)) {}

HttpInput::~HttpInput() {
  // Sessions and server hold each other; the runtime has stopped.
  const std::set<std::shared_ptr<Session>> sessions = std::exchange(server_->sessions, {});
}

std::uint16_t HttpInput::port() const {
  return server_->listener->port();
}

Result<void> HttpInput::reload_tls() {
  return server_->listener->reload_tls();
}

Result<void> HttpInput::reload_tokens(const std::vector<std::string>& hashes) {
  Result<TokenSet> tokens = TokenSet::create(hashes);
  if (!tokens) {
    return tl::unexpected<Error>(std::move(tokens.error()));
  }
  // What else is in the settings never changes, so it may be read here.
  Result<void> checked =
      check_listener(server_->settings.listener, !tokens->empty(), "tokens_file");
  if (checked) {
    server_->post([weak = std::weak_ptr<Server>(server_), tokens = std::move(*tokens)] {
      if (const std::shared_ptr<Server> here = weak.lock()) {
        here->tokens.replace_by(tokens);
      }
    });
  }
  return checked;
}

const IngestCounters& HttpInput::counters() const {
  return *server_->counters;
}

}  // namespace spoor
