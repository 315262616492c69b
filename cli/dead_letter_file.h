// The file that --dead-letters names.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// How much of such a file belongs to what was committed.
struct DeadLettersWritten {
  std::string path;         ///< Absolute.
  std::uint64_t bytes = 0;  ///< From its beginning.
};

/// Takes lines, and writes them out some at a time. Not thread-safe.
class DeadLetterFile {
 public:
  /// A new file, in place of what was there. A device or a pipe is written as it is.
  [[nodiscard]] static Result<std::unique_ptr<DeadLetterFile>> create(const std::string& path);

  /// Goes on behind what is there. If it is the file of `committed`, what lies behind that is cut
  /// off: those letters come again.
  [[nodiscard]] static Result<std::unique_ptr<DeadLetterFile>> go_on(
      const std::string& path, const std::optional<DeadLettersWritten>& committed);

  ~DeadLetterFile();
  DeadLetterFile(const DeadLetterFile&) = delete;
  DeadLetterFile& operator=(const DeadLetterFile&) = delete;
  DeadLetterFile(DeadLetterFile&&) = delete;
  DeadLetterFile& operator=(DeadLetterFile&&) = delete;

  /// `letter`: without a newline. After a failure nothing is taken any more.
  void add(std::string_view letter);

  /// Writes out all that was added.
  [[nodiscard]] Result<void> write_out();

  /// Writes out all that was added, and waits until it is on disk; does nothing if nothing was
  /// added since.
  [[nodiscard]] Result<void> sync();

  /// Why something that was added could not be written.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  /// After sync(). None of a device or a pipe.
  [[nodiscard]] const std::optional<DeadLettersWritten>& written() const { return written_; }

 private:
  DeadLetterFile(int descriptor, std::string path);

  [[nodiscard]] static Result<std::unique_ptr<DeadLetterFile>> open(const std::string& path,
                                                                    int flags);
  void write_buffer();
  void note_failure();
  void note_size();

  int descriptor_;
  std::string path_;
  std::string buffer_;
  bool is_synced_ = true;
  std::optional<Error> failure_;
  std::optional<DeadLettersWritten> written_;
};

}  // namespace spoor
