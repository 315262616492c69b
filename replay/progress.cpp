#include "replay/progress.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace spoor {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{10};
constexpr std::size_t kBarCells = 20;

double seconds_of(std::chrono::nanoseconds elapsed) {
  return std::chrono::duration<double>(elapsed).count();
}

double per_second(std::uint64_t count, std::chrono::nanoseconds elapsed) {
  const double seconds = seconds_of(elapsed);
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string bytes_text(double bytes) {
  constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(kUnits)) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

double fraction_of(const ProgressState& state) {
  if (state.total_bytes == 0) {
    return 0;
  }
  return std::min(1.0,
                  static_cast<double>(state.raw_bytes) / static_cast<double>(state.total_bytes));
}

/// "0:07", "1:02:03", or "-" while nobody can know.
std::string eta_text(const ProgressState& state, std::chrono::nanoseconds elapsed) {
  const double fraction = fraction_of(state);
  if (fraction <= 0) {
    return "-";
  }
  const double left = seconds_of(elapsed) * (1 - fraction) / fraction;
  const auto seconds = static_cast<std::uint64_t>(std::llround(left));
  if (seconds >= 3600) {
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string findings_text(std::size_t findings) {
  return fmt::format("{} finding{}", findings, findings == 1 ? "" : "s");
}

}  // namespace

std::string progress_line(const ProgressState& state,
                          std::chrono::nanoseconds elapsed,
                          std::size_t width) {
  const double fraction = fraction_of(state);
  std::string line;
  if (state.total_bytes != 0) {
    const auto filled = static_cast<std::size_t>(fraction * kBarCells);
    line = fmt::format("{:3.0f}% [{}{}]  ", fraction * 100, std::string(filled, '#'),
                       std::string(kBarCells - filled, '-'));
  }
  line += fmt::format("{}  {}/s  {} ev/s", bytes_text(static_cast<double>(state.raw_bytes)),
                      bytes_text(per_second(state.raw_bytes, elapsed)),
                      grouped(static_cast<std::uint64_t>(per_second(state.events, elapsed))));
  if (state.total_bytes != 0) {
    line += "  ETA " + eta_text(state, elapsed);
  }
  if (state.findings) {
    line += "  " + findings_text(*state.findings);
  }
  return line.substr(0, width);
}

std::string progress_log_line(const ProgressState& state, std::chrono::nanoseconds elapsed) {
  std::string line =
      fmt::format("processed={} eps={} pct={:.0f} eta={}", grouped(state.events),
                  grouped(static_cast<std::uint64_t>(per_second(state.events, elapsed))),
                  fraction_of(state) * 100, eta_text(state, elapsed));
  if (state.findings) {
    line += fmt::format(" findings={}", *state.findings);
  }
  return line;
}

ProgressDisplay::ProgressDisplay(const Clock& clock, std::FILE* out, Mode mode, std::size_t width)
    : clock_(clock),
      out_(out),
      mode_(mode),
      width_(width),
      start_(clock.monotonic()),
      last_(start_) {}

bool ProgressDisplay::due() const {
  switch (mode_) {
    case Mode::off: return false;
    case Mode::bar: return !on_screen_ || clock_.monotonic() - last_ >= kBarInterval;
    case Mode::lines: return clock_.monotonic() - last_ >= kLineInterval;
  }
  return false;
}

void ProgressDisplay::draw(const ProgressState& state) {
  last_ = clock_.monotonic();
  if (mode_ == Mode::bar) {
    // Carriage return, erase the line, no newline: the bar stays on its line.
    fmt::print(out_, "\r\x1b[2K{}", progress_line(state, elapsed(), width_ - 1));
    on_screen_ = true;
  } else if (mode_ == Mode::lines) {
    fmt::print(out_, "{}\n", progress_log_line(state, elapsed()));
  }
  std::fflush(out_);
}

void ProgressDisplay::finish(const ProgressState& state) {
  if (mode_ == Mode::bar) {
    draw(state);
    fmt::print(out_, "\n");
    std::fflush(out_);
    on_screen_ = false;
  }
}

void ProgressDisplay::clear() {
  if (on_screen_) {
    fmt::print(out_, "\r\x1b[2K");
    std::fflush(out_);
    on_screen_ = false;
  }
}

}  // namespace spoor
