// Records in, events out: for tests.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parsers/record_parser.h"

namespace spoor::test {

/// A record with the readable bytes behind it that the parser needs.
inline std::string padded(std::string_view record) {
  std::string text(record);
  text.append(RecordParser::kJsonPadding, '\0');
  return text;
}

/// Calls `look` for each event while its views are valid, and keeps the errors.
class Looker final : public RecordSink {
 public:
  explicit Looker(std::function<void(const Event&)> look = {}) : look_(std::move(look)) {}

  void on_event(const Event& event) override {
    ++events;
    if (look_) {
      look_(event);
    }
  }

  void on_bad_record(const Error& error,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    errors.push_back(error);
  }

  std::size_t events = 0;
  std::vector<Error> errors;

 private:
  std::function<void(const Event&)> look_;
};

/// Parses one record with every field kept.
inline Looker parse(std::string_view record, std::function<void(const Event&)> look = {}) {
  Looker looker(std::move(look));
  RecordParser parser({.extra_fields = {}, .all_extra_fields = true});
  const std::string text = padded(record);
  parser.parse(std::string_view(text).substr(0, record.size()), {}, looker);
  return looker;
}

}  // namespace spoor::test
