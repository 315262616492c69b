#include "engine/rule/diagnostic.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

constexpr std::size_t kLineShown = 160;  ///< Of a long line, what a terminal can show.

/// The part of the line around the column, and the column within it.
std::pair<std::string_view, std::size_t> excerpt(std::string_view line, std::size_t column) {
  const std::size_t at = std::min(column - 1, line.size());
  std::size_t first = at > kLineShown / 2 ? at - kLineShown / 2 : 0;
  // Between characters, not within one.
  while (first < line.size() && (static_cast<unsigned char>(line[first]) & 0xC0U) == 0x80U) {
    ++first;
  }
  return {line.substr(first, kLineShown), at - std::min(first, at)};
}

}  // namespace

/// neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last.back();
}

std::string render(const Diagnostic& diagnostic) {
  const std::string_view severity = diagnostic.severity == Severity::error ? "error" : "warning";
  const std::string check = diagnostic.check.empty() ? "" : " [" + diagnostic.check + "]";
  std::string text = fmt::format("{}:{}:{}: {}: {}{}\n", escape_for_terminal(diagnostic.file),
                                 diagnostic.position.line, diagnostic.position.column, severity,
                                 escape_for_terminal(diagnostic.message), check);
  if (!diagnostic.source_line.empty()) {
    const auto [line, column] = excerpt(diagnostic.source_line, diagnostic.position.column);
    // Escapes may lengthen what stands before the caret: measure it after escaping.
    const std::string before = escape_for_terminal(replace_invalid_utf8(line.substr(0, column)));
    const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    const auto width =
        static_cast<std::size_t>(std::count_if(before.begin(), before.end(), is_start));
    text += fmt::format("{:>5} | {}\n", diagnostic.position.line, escape_for_terminal(line));
    text += fmt::format("      | {}^\n", std::string(width, ' '));
  }
  if (!diagnostic.hint.empty()) {
    text += fmt::format("      hint: {}\n", escape_for_terminal(diagnostic.hint));
  }
  return text;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kWordMax = 64;  // Distance costs the product of the lengths.
  if (word.size() > kWordMax) {
    return {};
  }
  const std::string lower = to_lower_ascii(word);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kWordMax) {
      continue;
    }
    const std::size_t distance = edit_distance(lower, to_lower_ascii(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace spoor
