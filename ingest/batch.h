// Records on their way from an input to the engine, and back the word that they are safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace spoor {

/// What came in together: records in one run of bytes.
struct IngestBatch {
  /// Bytes that must be readable behind the last record: add_record() and seal() see to it.
  static constexpr std::size_t kPadding = 128;

  struct Record {
    std::size_t offset = 0;
    std::size_t length = 0;
    /// A stretch of input that is no record, and why: a dead letter.
    bool is_bad = false;
    ErrorCode code = ErrorCode::malformed_json;
  };

  /// A row of the state (engine/base/state_io.h).
  struct Mark {
    std::string key;
    std::string value;  ///< Empty: the row goes.
  };

  std::size_t input = 0;  ///< Which input of the configuration, from 0.
  std::string peer;       ///< Who sent it, for messages: "10.0.0.7:51422". No event content.
  std::string bytes;
  std::vector<Record> records;
  /// By the queue's clock: when it was first given to the queue, which may have had no room yet.
  std::chrono::nanoseconds arrived_at{0};
  Timestamp received_at = 0;  ///< The time of day then.
  /// How far its input has been read, for inputs that can go back: on disk together with the effect
  /// of the records, or not at all.
  std::vector<Mark> marks;
  /// Called once, in any thread, when its effect is on disk (true), or will never be (false: the
  /// engine stops). May be empty.
  std::function<void(bool is_safe)> done;

  void add_record(std::string_view text) {
    records.push_back({.offset = bytes.size(), .length = text.size()});
    bytes.append(text).push_back('\n');
  }

  void add_bad(ErrorCode code, std::string_view text) {
    records.push_back(
        {.offset = bytes.size(), .length = text.size(), .is_bad = true, .code = code});
    bytes.append(text).push_back('\n');
  }

  /// Bytes that it takes: of short records most are not their text.
  [[nodiscard]] std::size_t memory() const {
    return bytes.size() + records.size() * sizeof(Record);
  }

  /// When all records are in it.
  void seal() { bytes.append(kPadding, ' '); }
};

}  // namespace spoor
