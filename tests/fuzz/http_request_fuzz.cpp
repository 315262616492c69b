// Any bytes of a connection over HTTP, in any pieces, give the same requests, one after the other,
// with the same records; nothing is beyond its limit.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/http_body.h"
#include "ingest/http_request.h"

namespace {

constexpr std::uint64_t kBodyBytesMax = 2'000;
constexpr std::uint64_t kPlainBytesMax = 20'000;
constexpr spoor::FramingLimits kLimits{.record_bytes_max = 200, .kept_bytes_max = 20};

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "broken promise: " << what << '\n';
    std::abort();
  }
}

/// What became of one request.
struct Outcome {
  unsigned status = 0;  // Of one that failed; of others what follows.
  std::string method;
  std::string target;
  std::string authorization;
  std::string channel;
  bool keeps_alive = false;
  bool has_origin = false;
  std::vector<std::string> records;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// As the input reads a connection (HttpInput::Session::go_on()).
class Connection {
 public:
  Connection() { begin(); }

  void receive(std::string_view bytes) {
    unused_.append(bytes);
    while (!is_over_ && step()) {
    }
  }

  [[nodiscard]] std::vector<Outcome> outcomes() && { return std::move(outcomes_); }

 private:
  void begin() {
    request_ = std::make_unique<spoor::HttpRequest>(kBodyBytesMax);
    body_.reset();
    body_bytes_ = 0;
    is_judged_ = false;
  }

  /// True: go on with what is there.
  bool step() {
    const std::size_t used = request_->put(unused_);
    require(used <= unused_.size(), "more bytes used than there are");
    unused_.erase(0, used);
    const spoor::HttpRequest::State state = request_->state();
    if (state == spoor::HttpRequest::State::failed) {
      is_over_ = true;
      require(request_->status() >= 400, "a failure without a status");
      // Which one is not compared: where a chunk has several mistakes the pieces decide.
      outcomes_.push_back({.status = 400});
      return false;
    }
    if (!is_judged_ && state != spoor::HttpRequest::State::head) {
      is_judged_ = true;
      begin_body();
      return !is_over_ && (state == spoor::HttpRequest::State::done ? finish() : true);
    }
    if (state == spoor::HttpRequest::State::done) {
      return finish();
    }
    return used != 0 && !unused_.empty();
  }

  void begin_body() {
    body_ = std::make_unique<spoor::HttpBody>(spoor::HttpBody::Content::records, kPlainBytesMax,
                                              kLimits);
    if (!body_->set_encoding(request_->head().content_encoding, {})) {
      is_over_ = true;
      outcomes_.push_back({.status = 415});
      return;
    }
    request_->on_body([this](std::string_view piece) {
      body_bytes_ += piece.size();
      require(body_bytes_ <= kBodyBytesMax, "a body beyond the limit");
      return body_->push(piece).has_value();
    });
  }

  bool finish() {
    const spoor::HttpHead& head = request_->head();
    require(head.content_length == 0 || head.content_length == body_bytes_,
            "a body of another length");
    Outcome outcome{.status = 0,
                    .method = head.method,
                    .target = head.target,
                    .authorization = head.authorization,
                    .channel = head.channel,
                    .keeps_alive = head.keeps_alive,
                    .has_origin = head.has_origin,
                    .records = {}};
    if (!body_->finish()) {
      outcome.status = 400;
    } else {
      for (const spoor::IngestBatch::Record& record : body_->batch().records) {
        require(
            record.length <= (record.is_bad ? kLimits.kept_bytes_max : kLimits.record_bytes_max),
            "a record beyond the limit");
        outcome.records.push_back(body_->batch().bytes.substr(record.offset, record.length));
      }
    }
    is_over_ = !head.keeps_alive;
    outcomes_.push_back(std::move(outcome));
    begin();
    return !unused_.empty();
  }

  std::string unused_;
  std::unique_ptr<spoor::HttpRequest> request_;
  std::unique_ptr<spoor::HttpBody> body_;
  std::uint64_t body_bytes_ = 0;
  bool is_judged_ = false;
  bool is_over_ = false;
  std::vector<Outcome> outcomes_;
};

std::vector<Outcome> read(std::string_view input, std::size_t piece) {
  Connection connection;
  for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) {
    connection.receive(input.substr(0, piece));
  }
  return std::move(connection).outcomes();
}

/// But that one may have seen already that the last request is none, where the other waits for its
/// end to say so.
bool agree(const std::vector<Outcome>& some, const std::vector<Outcome>& others) {
  const std::vector<Outcome>& less = some.size() < others.size() ? some : others;
  const std::vector<Outcome>& more = some.size() < others.size() ? others : some;
  const bool ends_alike =
      more.size() == less.size() || (more.size() == less.size() + 1 && more.back().status >= 400);
  return ends_alike && std::equal(less.begin(), less.end(), more.begin());
}

}  // namespace

// libFuzzer gives the name.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<Outcome> in_pieces = read(input, std::size_t{1} + data[0] % 64U);
  const std::vector<Outcome> whole = read(input, size);
  // What is longer may be refused before its end is there.
  require(input.size() > spoor::kHttpHeaderBytesMax || agree(in_pieces, whole),
          "pieces change the requests");
  return 0;
}
