// The file that `dead_letters` of `spoor run` names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace spoor {

/// Appends lines to a file. What cannot be written waits in memory, up to a bound, and is written
/// when it can be. Not thread-safe.
class LiveDeadLetters {
 public:
  static constexpr std::size_t kWaitingBytesMax = std::size_t{16} << 20U;

  /// What is there stays; a new file is readable by its owner alone. Fails with bad_usage.
  [[nodiscard]] static Result<std::unique_ptr<LiveDeadLetters>> open(
      std::string path, std::size_t waiting_bytes_max = kWaitingBytesMax);

  ~LiveDeadLetters();
  LiveDeadLetters(const LiveDeadLetters&) = delete;
  LiveDeadLetters& operator=(const LiveDeadLetters&) = delete;
  LiveDeadLetters(LiveDeadLetters&&) = delete;
  LiveDeadLetters& operator=(LiveDeadLetters&&) = delete;

  /// `letter`: without a newline. Written at once, unless others wait: then it waits behind them.
  void add(std::string_view letter);

  /// Tries to write what waits.
  void try_again();

  /// Goes on with whatever now lies at the path. Fails as open() does: then the old file stays.
  [[nodiscard]] Result<void> reopen();

  /// Why the last attempt failed; none while everything is written.
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }

  [[nodiscard]] std::uint64_t waiting() const { return waiting_; }

  /// For which there was no room any more.
  [[nodiscard]] std::uint64_t lost() const { return lost_; }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LiveDeadLetters(int descriptor, std::string path, std::size_t waiting_bytes_max);

  int descriptor_;
  std::string path_;
  std::size_t waiting_bytes_max_;
  std::string pending_;      ///< Lines, whole.
  std::size_t written_ = 0;  ///< Of the first of them: its beginning is in the file already.
  std::uint64_t waiting_ = 0;
  std::uint64_t lost_ = 0;
  std::optional<std::string> problem_;
};

/// What open() would refuse, as far as that shows without making anything. `folder_to_be`: will be
/// there by then.
[[nodiscard]] Result<void> check_dead_letters(const std::string& path,
                                              const std::string& folder_to_be);

}  // namespace spoor
