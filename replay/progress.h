// How far a replay is, for the person waiting: a bar on a terminal, a line every ten seconds
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"

namespace spoor {

/// What a bar shows.
struct ProgressState {
  std::uint64_t raw_bytes = 0;    ///< Read so far, compressed where the file is.
  std::uint64_t total_bytes = 0;  ///< Of all files on disk; 0 if unknown (standard input).
  std::uint64_t events = 0;
  std::optional<std::size_t> findings;  ///< None: nothing is being looked for.
};

/// One line of a bar, at most `width` columns, without control characters:
///   " 42% [########------------]  1.2 GB  310 MB/s  161,022 ev/s  ETA 0:07  2 findings"
/// Percentage and ETA are of raw bytes. Pure.
[[nodiscard]] std::string progress_line(const ProgressState& state,
                                        std::chrono::nanoseconds elapsed,
                                        std::size_t width);

/// The line for logs: "processed=1,000 eps=… pct=42 eta=0:07 findings=2".
[[nodiscard]] std::string progress_log_line(const ProgressState& state,
                                            std::chrono::nanoseconds elapsed);

class ProgressDisplay {
 public:
  enum class Mode : std::uint8_t { off, bar, lines };

  /// Draws on `out`, which is not closed. `clock` must outlive the display.
  ProgressDisplay(const Clock& clock, std::FILE* out, Mode mode, std::size_t width);

  /// Is it time to draw again? Cheap: ask as often as you like.
  [[nodiscard]] bool due() const;
  void draw(const ProgressState& state);
  /// Takes the bar off the screen, to make room for a message.
  void clear();
  /// The last state, which stays on the screen.
  void finish(const ProgressState& state);

  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return clock_.monotonic() - start_; }

 private:
  const Clock& clock_;
  std::FILE* out_;
  Mode mode_;
  std::size_t width_;
  std::chrono::nanoseconds start_;
  std::chrono::nanoseconds last_;
  bool on_screen_ = false;
};

}  // namespace spoor
