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

/// All that an event says, as text: two events are the same if it is.
inline std::string describe(const Event& event) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text.append(name).append("=").append(value).append("\n");
  };
  const auto mention = [&](std::string_view role, const ProcessMention& process) {
    line(role, to_string(process.key));
    line("  uid", process.vendor_uid);
    line("  pid", process.pid);
    line("  image", process.image);
    line("  command", process.command_line);
    line("  user", process.user);
    line("  start", std::to_string(process.start) + (process.start_is_exact ? " exact" : ""));
  };
  line("type", to_string(event.type));
  line("source", to_string(event.source));
  line("platform", to_string(event.platform));
  line("carriage", event.carriage);
  line("vendor type", event.vendor_type);
  line("time", std::to_string(event.time) + (event.time_suspect ? " suspect" : ""));
  line("flags", std::string(event.salvaged ? "salvaged " : "") +
                    (event.duplicate_keys ? "duplicate keys" : ""));
  line("uid", to_string(event.uid));
  line("vendor uid", event.vendor_event_uid);
  line("host", event.host);
  line("hostname", event.hostname);
  event.fields().for_each([&](FieldId id) { line(field_name(id), event.field(id)); });
  for (const ExtraField& extra : event.extra) {
    line(extra.name, extra.value);
  }
  for (const OriginalValue& original : event.originals) {
    line(field_name(original.field), original.value);
  }
  mention("actor", event.actor);
  mention("parent", event.parent);
  mention("target", event.target);
  mention("creator", event.creator);
  return text;
}

/// What a record turns into, as text, through one parser: its events, or the reason there is none.
class Describer final : public RecordSink {
 public:
  explicit Describer(const ParserOptions& options = {},
                     const Projection& projection = Projection::everything())
      : parser_(projection, options) {}

  /// `record` must be padded.
  const std::string& describe_record(std::string_view record) {
    text_.clear();
    parser_.parse(record, {}, *this);
    return text_;
  }

  void on_event(const Event& event) override { text_.append(describe(event)).append("--\n"); }

  void on_bad_record(const Error& error,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    text_.append("bad: ").append(to_string(error.code)).append("\n--\n");
  }

 private:
  RecordParser parser_;
  std::string text_;
};

/// Parses one record with every field kept.
inline Looker parse(std::string_view record, std::function<void(const Event&)> look = {}) {
  Looker looker(std::move(look));
  RecordParser parser(Projection::everything());
  const std::string text = padded(record);
  parser.parse(std::string_view(text).substr(0, record.size()), {}, looker);
  return looker;
}

}  // namespace spoor::test
