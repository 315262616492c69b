#include "ingest/http_request.h"

#include <utility>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>

namespace spoor {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

// What may wait for its end: a head; a chunk's header with its extensions; trailers.
constexpr std::size_t kUnusedBytesMax = kHttpHeaderBytesMax;

constexpr std::size_t kLastChunkBytes = 5;  // "0\r\n\r\n"

constexpr unsigned kBadRequest = 400;
constexpr unsigned kTooLarge = 413;
constexpr unsigned kHeaderTooLarge = 431;
constexpr unsigned kNotImplemented = 501;

unsigned status_of(const beast::error_code& code) {
  if (code == http::error::header_limit) {
    return kHeaderTooLarge;
  }
  return code == http::error::body_limit ? kTooLarge : kBadRequest;
}

}  // namespace

/// Beast's parser, which knows the grammar; the body goes on as it comes.
class HttpRequest::Parser final : public http::basic_parser<true> {
 public:
  using Base = http::basic_parser<true>;
  using ErrorCode = beast::error_code;

  HttpHead head_of;
  std::function<bool(std::string_view)> body;
  bool is_stopped = false;
  bool is_unsupported = false;

  [[nodiscard]] unsigned status_of_failure(const ErrorCode& wrong) const {
    if (wrong == http::error::need_more && !is_header_done()) {
      return kHeaderTooLarge;
    }
    return is_unsupported ? kNotImplemented : status_of(wrong);
  }

 private:
  void on_request_impl(http::verb /*method*/,
                       beast::string_view method,
                       beast::string_view target,
                       int /*version*/,
                       ErrorCode& /*wrong*/) override {
    head_of.method.assign(method.data(), method.size());
    head_of.target.assign(target.data(), target.size());
  }

  void on_response_impl(int /*code*/,
                        beast::string_view /*reason*/,
                        int /*version*/,
                        ErrorCode& /*wrong*/) override {}

  void on_field_impl(http::field name,
                     beast::string_view name_text,
                     beast::string_view value,
                     ErrorCode& wrong) override;

  void on_header_impl(ErrorCode& wrong) override {
    head_is_over_ = true;
    if (has_length_ && has_encoding_) {
      wrong = http::error::bad_transfer_encoding;
    }
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         ErrorCode& /*wrong*/) override {}

  std::size_t on_body_impl(beast::string_view piece, ErrorCode& wrong) override {
    if (body && !body(std::string_view(piece.data(), piece.size()))) {
      is_stopped = true;
      wrong = http::error::body_limit;
    }
    return piece.size();
  }

  void on_chunk_header_impl(std::uint64_t /*size*/,
                            beast::string_view /*extensions*/,
                            ErrorCode& /*wrong*/) override {}

  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/,
                                 beast::string_view piece,
                                 ErrorCode& wrong) override {
    return on_body_impl(piece, wrong);
  }

  void on_finish_impl(ErrorCode& /*wrong*/) override {}

  bool head_is_over_ = false;
  bool has_length_ = false;
  bool has_encoding_ = false;
};

void HttpRequest::Parser::on_field_impl(http::field name,
                                        beast::string_view name_text,
                                        beast::string_view value,
                                        ErrorCode& wrong) {
  if (head_is_over_) {
    return;  // A trailer decides nothing.
  }
  const std::string text(value.data(), value.size());
  switch (name) {
    case http::field::content_length: has_length_ = true; break;
    case http::field::transfer_encoding:
      if (!beast::iequals(value, "chunked") || has_encoding_) {
        is_unsupported = true;
        wrong = http::error::bad_transfer_encoding;
      }
      has_encoding_ = true;
      break;
    case http::field::expect:
      head_of.expects_continue = beast::iequals(value, "100-continue");
      break;
    case http::field::origin: head_of.has_origin = true; break;
    case http::field::authorization: head_of.authorization = text; break;
    case http::field::content_encoding: head_of.content_encoding = text; break;
    default:
      if (beast::iequals(name_text, "X-Splunk-Request-Channel")) {
        head_of.channel = text;
      }
      break;
  }
}

HttpRequest::HttpRequest(std::uint64_t body_bytes_max) : parser_(std::make_unique<Parser>()) {
  parser_->eager(false);
  parser_->header_limit(static_cast<std::uint32_t>(kHttpHeaderBytesMax));
  parser_->body_limit(body_bytes_max);
}

HttpRequest::~HttpRequest() = default;

void HttpRequest::on_body(std::function<bool(std::string_view)> call) {
  parser_->body = std::move(call);
}

const HttpHead& HttpRequest::head() const {
  return parser_->head_of;
}

std::size_t HttpRequest::put(std::string_view bytes) {
  std::size_t used = 0;
  const bool was_head = state_ == State::head;
  while (state_ == State::head || state_ == State::body) {
    // At least the last chunk is still to come. Beast asserts that it has all of that, and a
    // program that is built with assertions would end.
    const bool is_chunked = state_ == State::body && parser_->chunked();
    if (bytes.size() - used < (is_chunked ? kLastChunkBytes : 1)) {
      break;
    }
    beast::error_code wrong;
    used +=
        parser_->put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), wrong);
    if (wrong == http::error::need_more && bytes.size() - used <= kUnusedBytesMax) {
      break;
    }
    if (wrong) {
      state_ = State::failed;
      status_ = parser_->status_of_failure(wrong);
    } else if (parser_->is_done()) {
      state_ = State::done;
    } else if (parser_->is_header_done()) {
      state_ = State::body;
    }
    if (was_head && state_ != State::head) {
      break;  // The head is to be judged before the body is taken.
    }
  }
  if (was_head && (state_ == State::body || state_ == State::done)) {
    HttpHead& head = parser_->head_of;
    head.keeps_alive = parser_->keep_alive();
    const auto length = parser_->content_length();
    head.content_length = length ? *length : 0;
  }
  return used;
}

std::string_view http_reason(unsigned status) {
  const auto reason = http::obsolete_reason(http::int_to_status(status));
  return {reason.data(), reason.size()};
}

}  // namespace spoor
