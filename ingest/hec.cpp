#include "ingest/hec.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "replay/bracket_scan.h"

namespace spoor {
namespace {

struct Answer {
  HecCode code;
  unsigned status;
  std::string_view text;
};

constexpr std::array kAnswers = {
    Answer{HecCode::success, 200, "Success"},
    Answer{HecCode::token_required, 401, "Token is required"},
    Answer{HecCode::invalid_authorization, 401, "Invalid authorization"},
    Answer{HecCode::invalid_token, 403, "Invalid token"},
    Answer{HecCode::no_data, 400, "No data"},
    Answer{HecCode::invalid_data_format, 400, "Invalid data format"},
    Answer{HecCode::server_busy, 503, "Server is busy"},
    Answer{HecCode::channel_missing, 400, "Data channel is missing"},
    Answer{HecCode::invalid_channel, 400, "Invalid data channel"},
    Answer{HecCode::event_required, 400, "Event field is required"},
    Answer{HecCode::event_blank, 400, "Event field cannot be blank"},
    Answer{HecCode::ack_disabled, 400, "ACK is disabled"},
    Answer{HecCode::healthy, 200, "HEC is healthy"},
    Answer{HecCode::unhealthy, 503, "HEC is unhealthy, queues are full"},
};

const Answer& answer_of(HecCode code) {
  return *std::ranges::find(kAnswers, code, &Answer::code);
}

constexpr std::string_view kBlanks = " \t\r\n";

/// Behind the string that starts at `at`.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') {
      ++at;
    }
  }
  return std::min(at + 1, text.size());
}

/// The start of the value of "event", if `text` has that key at `key`, and it is one.
std::optional<std::size_t> value_of_event(std::string_view text, std::size_t key, std::size_t end) {
  if (text.substr(key, end - key) != "\"event\"") {
    return std::nullopt;
  }
  const std::size_t colon = text.find_first_not_of(kBlanks, end);
  if (colon == std::string_view::npos || text[colon] != ':') {
    return std::nullopt;
  }
  const std::size_t value = text.find_first_not_of(kBlanks, colon + 1);
  return value == std::string_view::npos ? std::nullopt : std::optional(value);
}

bool is_blank(std::string_view text, std::size_t value) {
  const std::string_view rest = text.substr(value);
  if (rest.starts_with("null")) {
    return true;
  }
  return rest.starts_with('"') && rest.find_first_not_of(kBlanks, 1) != std::string_view::npos &&
         rest[rest.find_first_not_of(kBlanks, 1)] == '"';
}

std::string_view without_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

/// Takes blanks and `what` off `text`.
bool take(std::string_view& text, std::string_view what) {
  const std::string_view rest = without_blanks(text);
  if (!rest.starts_with(what)) {
    return false;
  }
  text = rest.substr(what.size());
  return true;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  text = without_blanks(text);
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

unsigned hec_status(HecCode code) {
  return answer_of(code).status;
}

std::string hec_body(HecCode code,
                     std::optional<std::size_t> invalid_event,
                     std::optional<std::uint64_t> ack_id) {
  std::string body = R"({"text":")";
  body += answer_of(code).text;
  body += R"(","code":)" + std::to_string(static_cast<unsigned>(code));
  if (invalid_event) {
    body += R"(,"invalid-event-number":)" + std::to_string(*invalid_event);
  }
  if (ack_id) {
    body += R"(,"ackId":)" + std::to_string(*ack_id);
  }
  body += '}';
  return body;
}

HecCode check_hec_event(std::string_view object) {
  BracketScan whole(0);
  std::size_t end = 0;
  if (!object.starts_with('{') || whole.feed(object, end) != ScanStatus::closed ||
      object.find_first_not_of(kBlanks, end) != std::string_view::npos) {
    return HecCode::invalid_data_format;
  }
  std::size_t depth = 0;
  for (std::size_t at = 0; at < end;) {
    const char byte = object[at];
    if (byte == '"') {
      const std::size_t behind = end_of_string(object, at);
      const std::optional<std::size_t> value =
          depth == 1 ? value_of_event(object, at, behind) : std::nullopt;
      if (value) {
        return is_blank(object, *value) ? HecCode::event_blank : HecCode::success;
      }
      at = behind;
      continue;
    }
    depth += byte == '{' || byte == '[' ? 1U : 0U;
    depth -= byte == '}' || byte == ']' ? 1U : 0U;
    ++at;
  }
  return HecCode::event_required;
}

void HecEvents::push(std::string_view bytes, IngestBatch& into) {
  splitter_.push(bytes, into);
  check(into);
}

void HecEvents::finish(IngestBatch& into) {
  splitter_.finish(StreamEnd::closed, into);
  check(into);
}

void HecEvents::check(IngestBatch& into) {
  for (; checked_ < into.records.size(); ++checked_) {
    IngestBatch::Record& record = into.records[checked_];
    const HecCode code =
        record.is_bad
            ? HecCode::invalid_data_format
            : check_hec_event(std::string_view(into.bytes).substr(record.offset, record.length));
    if (code == HecCode::success) {
      continue;
    }
    if (!record.is_bad) {
      record.is_bad = true;
      record.code = code == HecCode::invalid_data_format ? ErrorCode::malformed_json
                                                         : ErrorCode::unknown_source;
      record.length = std::min(record.length, kept_bytes_max_);
    }
    if (code_ == HecCode::success) {
      code_ = code;
      invalid_event_ = checked_;
    }
  }
}

bool HecAcks::make_room() {
  const auto idle = std::ranges::find_if(
      by_use_, [this](const Channel& channel) { return channels_.at(channel).waiting == 0; });
  if (idle == by_use_.end()) {
    return false;
  }
  channels_.erase(*idle);
  by_use_.erase(idle);
  return true;
}

void HecAcks::touch(Ids& ids) {
  by_use_.splice(by_use_.end(), by_use_, ids.used);
}

std::optional<std::uint64_t> HecAcks::add(const Channel& channel) {
  auto found = channels_.find(channel);
  if (found == channels_.end()) {
    if (channels_.size() >= kChannelsMax && !make_room()) {
      return std::nullopt;
    }
    found = channels_.emplace(channel, Ids{.first = first_id_}).first;
    found->second.used = by_use_.insert(by_use_.end(), channel);
  }
  Ids& ids = found->second;
  touch(ids);
  if (ids.safe.size() >= kIdsPerChannelMax) {
    if (!ids.safe.front()) {
      return std::nullopt;
    }
    ids.safe.pop_front();
    ++ids.first;
  }
  ids.safe.push_back(false);
  ++ids.waiting;
  return ids.first + ids.safe.size() - 1;
}

void HecAcks::set_safe(const Channel& channel, std::uint64_t id) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) {
    return;
  }
  Ids& ids = found->second;
  if (id >= ids.first && id - ids.first < ids.safe.size() && !ids.safe[id - ids.first]) {
    ids.safe[id - ids.first] = true;
    --ids.waiting;
  }
}

bool HecAcks::is_safe(const Channel& channel, std::uint64_t id) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) {
    return false;
  }
  Ids& ids = found->second;
  touch(ids);
  return id >= ids.first && id - ids.first < ids.safe.size() && ids.safe[id - ids.first];
}

bool is_channel(std::string_view text) {
  constexpr std::size_t kBytesMax = 64;
  return !text.empty() && text.size() <= kBytesMax && std::ranges::all_of(text, [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
  });
}

std::optional<std::vector<std::uint64_t>> hec_ack_ids(std::string_view body) {
  const bool has_start =
      take(body, "{") && take(body, "\"acks\"") && take(body, ":") && take(body, "[");
  if (!has_start) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> ids;
  bool is_over = take(body, "]");
  while (!is_over) {
    const std::optional<std::uint64_t> id = take_number(body);
    if (!id) {
      return std::nullopt;
    }
    ids.push_back(*id);
    is_over = take(body, "]");
    if (!is_over && !take(body, ",")) {
      return std::nullopt;
    }
  }
  if (!take(body, "}") || !without_blanks(body).empty()) {
    return std::nullopt;
  }
  return ids;
}

}  // namespace spoor
