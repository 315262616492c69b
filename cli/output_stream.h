// Standard output for a command that writes as it reads: buffered, and at ease with a reader that
// leaves early.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace spoor {

class OutputStream {
 public:
  /// Writes to a file descriptor, which is not closed. Unbuffered, every write goes out at once:
  /// for a person at a terminal. `clock` must outlive the stream.
  OutputStream(int descriptor, bool buffered, const Clock& clock);

  /// Goes out when enough has come together or the last write is a while ago. After a failure it
  /// does nothing.
  void write(std::string_view text);
  void flush();

  /// Nobody reads any more (`| head`): further output is pointless and no failure.
  [[nodiscard]] bool reader_left() const { return reader_left_; }

  /// Why nothing can be written.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  [[nodiscard]] bool is_over() const { return reader_left_ || failure_; }

 private:
  int descriptor_;
  bool buffered_;
  const Clock& clock_;
  std::string buffer_;
  std::chrono::nanoseconds last_flush_;
  bool reader_left_ = false;
  std::optional<Error> failure_;
};

}  // namespace spoor
