// Record → event. The one door to the parsers.
//
// Recognises whose record it is, unwraps what a shipper put around it and normalises it to Event.
// Whatever the bytes are, each record becomes an event or a dead letter with a reason; nothing
// throws and nothing is dropped.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/event/event.h"

namespace spoor {

/// What the loaded rules need beyond the field table: fields by the vendor's own name.
struct Projection {
  std::vector<std::string> extra_fields;
  bool all_extra_fields = false;  ///< Keep every one (for tools that show events).
};

/// Receives what a record turned out to be. Views are valid during the call.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void on_event(const Event& event) = 0;
  /// `record` is the whole bad record.
  virtual void on_bad_record(const Error& error,
                             std::string_view record,
                             const RecordPosition& position) = 0;
};

/// One parser per thread: it reuses its buffers.
class RecordParser {
 public:
  explicit RecordParser(const Projection& projection);
  ~RecordParser();
  RecordParser(RecordParser&&) noexcept;
  RecordParser& operator=(RecordParser&&) noexcept;

  /// Hands the record's event to `sink`, or the reason there is none; a record that is a JSON array
  /// hands over each element. `record` must be followed by kJsonPadding readable bytes. O(length);
  /// no allocation per event once warm.
  void parse(std::string_view record, const RecordPosition& position, RecordSink& sink);

  /// Bytes that must be readable after a record.
  static constexpr std::size_t kJsonPadding = 64;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace spoor
