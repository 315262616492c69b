// Record → event. The one door to the parsers.
//
// Recognises whose record it is, unwraps what a shipper put around it and normalises it to Event.
// What was recognised is remembered, so that the next record of the same kind costs one look at its
// keys; what is recognised never depends on what came before.
// Whatever the bytes are, each record becomes an event or a dead letter with a reason; nothing
// throws and nothing is dropped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/event/event.h"

namespace spoor {

/// What to take out of records. The fields that the process graph and the event's own envelope need
/// are always taken; the rest costs time, so the engine asks only for what the loaded rules test.
struct Projection {
  FieldSet fields;                        ///< Fields of the table.
  std::vector<std::string> extra_fields;  ///< By the vendor's own name.
  bool all_extra_fields = false;          ///< Keep every one.

  /// Everything: for tools that show events, and for the evidence of a finding.
  [[nodiscard]] static Projection everything() {
    return {.fields = FieldSet::all(), .extra_fields = {}, .all_extra_fields = true};
  }
};

struct ParserOptions {
  /// Whose records these are, where the user knows better than their keys; none: recognised record
  /// by record.
  std::optional<Source> source;
  /// Read JSON through simdjson's DOM: the slow twin, for tests.
  bool plain_json = false;
};

/// Receives what a record turned out to be. Views are valid during the call.
class RecordSink {
 public:
  virtual ~RecordSink() = default;

  /// Early, and not of every event: the host key of the one that mostly comes next. For who wants
  /// to ask for memory; it says nothing else.
  virtual void expect_host(std::string_view /*host*/) {}

  virtual void on_event(const Event& event) = 0;
  /// `record` is the whole bad record.
  virtual void on_bad_record(const Error& error,
                             std::string_view record,
                             const RecordPosition& position) = 0;
};

/// One parser per thread: it reuses its buffers.
class RecordParser {
 public:
  explicit RecordParser(const Projection& projection, const ParserOptions& options = {});
  ~RecordParser();
  RecordParser(RecordParser&&) noexcept;
  RecordParser& operator=(RecordParser&&) noexcept;

  /// Hands the record's event to `sink`, or the reason there is none. A JSON array, and a shipper's
  /// wrapper around one, hands over each element; a vendor's detection that tells of several events
  /// hands over each of them. `record` must be followed by kJsonPadding readable bytes. O(length);
  /// no allocation per event once warm (XML apart).
  void parse(std::string_view record, const RecordPosition& position, RecordSink& sink);

  /// Bytes that must be readable after a record.
  static constexpr std::size_t kJsonPadding = 64;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
