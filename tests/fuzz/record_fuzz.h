// What any record must do, whoever's it is: for the fuzz targets of the envelope and the vendors.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/parsing.h"

namespace spoor::test {

/// Counts, keeps uids, and looks at every byte of what an event says: AddressSanitizer objects if
/// one is not ours.
class FuzzSink final : public RecordSink {
 public:
  void on_event(const Event& event) override {
    ++outcomes;
    text.append(describe(event)).append("--\n");
    uids.append(to_string(event.uid)).append("\n");
    if (event.host.empty() || event.uid.is_none() || event.time < 0 || event.carriage.empty()) {
      std::abort();
    }
  }

  void on_bad_record(const Error& error,
                     std::string_view /*record*/,
                     const RecordPosition& /*position*/) override {
    ++outcomes;
    text.append("bad: ").append(to_string(error.code)).append("\n");
    if (error.message.empty()) {
      std::abort();
    }
  }

  void clear() {
    outcomes = 0;
    text.clear();
    uids.clear();
  }

  std::size_t outcomes = 0;
  std::string text;
  std::string uids;
};

/// Any bytes give an event or a reason; the scanner and the DOM make the same of them; what is
/// recognised does not depend on the record before; an event's identity does not depend on what the
/// rules ask for.
inline void check_record(std::string_view record, std::optional<Source> source) {
  static const ParserOptions fast_options{.source = source, .plain_json = false};
  static const ParserOptions slow_options{.source = source, .plain_json = true};
  static RecordParser fast(Projection::everything(), fast_options);
  static RecordParser narrow({}, fast_options);
  static RecordParser slow(Projection::everything(), slow_options);
  static FuzzSink fast_sink;
  static FuzzSink other_sink;

  // Exactly as much memory as the parser may read.
  const std::string padded_record = padded(record);
  const std::string_view text = std::string_view(padded_record).substr(0, record.size());
  fast_sink.clear();
  fast.parse(text, {}, fast_sink);
  if (fast_sink.outcomes == 0) {
    std::abort();  // Neither an event nor a reason.
  }
  other_sink.clear();
  slow.parse(text, {}, other_sink);
  if (other_sink.text != fast_sink.text) {
    std::abort();  // Two readers, two truths.
  }
  other_sink.clear();
  narrow.parse(text, {}, other_sink);
  if (other_sink.uids != fast_sink.uids) {
    std::abort();  // What is asked for changed who it is.
  }
  // Each parser has seen other records before: the same answer from one that has seen this one.
  other_sink.clear();
  fast.parse(text, {}, other_sink);
  if (other_sink.text != fast_sink.text) {
    std::abort();
  }
}

}  // namespace spoor::test
