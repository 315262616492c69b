#include "engine/rule/document.h"

#include <algorithm>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

constexpr std::size_t kSourceLineMax =
    4'096;  // A longer line is no help, and each problem keeps a copy.

}  // namespace

std::string_view without_byte_order_mark(std::string_view content) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return content.starts_with(kMark) ? content.substr(kMark.size()) : content;
}

DiagnosticDesk::DiagnosticDesk(std::string file,
                               std::string_view content,
                               std::vector<Diagnostic>& into)
    : file_(std::move(file)), into_(into) {
  content = without_byte_order_mark(content);
  while (!content.empty()) {
    const std::size_t newline = content.find('\n');
    std::string_view line = content.substr(0, newline);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines_.push_back(line);
    content = newline == std::string_view::npos ? "" : content.substr(newline + 1);
  }
}

void DiagnosticDesk::error(SourcePosition position, std::string message, std::string hint) {
  ++errors_;
  add(Severity::error, position, std::move(message), std::move(hint));
}

void DiagnosticDesk::warning(SourcePosition position, std::string message, std::string hint) {
  add(Severity::warning, position, std::move(message), std::move(hint));
}

void DiagnosticDesk::lint(std::string_view check,
                          SourcePosition position,
                          std::string message,
                          std::string hint) {
  add(Severity::warning, position, std::move(message), std::move(hint), check);
}

void DiagnosticDesk::add(Severity severity,
                         SourcePosition position,
                         std::string message,
                         std::string hint,
                         std::string_view check) {
  // A parser may stop behind the last line, or behind the end of one: point at the end.
  if (!lines_.empty() && position.line > lines_.size()) {
    position.line = static_cast<std::uint32_t>(lines_.size());
    position.column = static_cast<std::uint32_t>(lines_.back().size()) + 1;
  }
  std::string_view line =
      position.line <= lines_.size() ? lines_[position.line - 1] : std::string_view();
  position.column = std::min(position.column, static_cast<std::uint32_t>(line.size()) + 1);
  // Counted apart: warnings of lint must not crowd out the reason why a rule does not load.
  std::size_t& problems = check.empty() ? problems_ : lints_;
  if (++problems > kProblemsShownMax) {
    if (problems == kProblemsShownMax + 1) {
      into_.push_back({.severity = severity,
                       .file = file_,
                       .position = position,
                       .message = "too many problems; the others are not shown",
                       .hint = "",
                       .source_line = ""});
    }
    return;
  }
  line = line.size() > kSourceLineMax ? std::string_view() : line;
  into_.push_back({.severity = severity,
                   .file = file_,
                   .position = position,
                   .message = std::move(message),
                   .hint = std::move(hint),
                   .source_line = std::string(line),
                   .check = std::string(check)});
}

std::optional<SourcePosition> DiagnosticDesk::find_from(SourcePosition start,
                                                        std::string_view text,
                                                        std::size_t lines) const {
  const std::size_t end = std::min<std::size_t>(lines_.size(), start.line - 1 + lines);
  std::size_t column = start.column - 1;
  for (std::size_t line = start.line - 1; line < end; ++line, column = 0) {
    const std::size_t found = lines_[line].find(text, column);
    if (found != std::string_view::npos) {
      return SourcePosition{.line = static_cast<std::uint32_t>(line) + 1,
                            .column = static_cast<std::uint32_t>(found) + 1};
    }
  }
  return std::nullopt;
}

bool is_rule_text(std::string_view content, DiagnosticDesk& desk) {
  if (content.size() > kRuleBytesMax) {
    desk.error({}, "a rule file of more than " + std::to_string(kRuleBytesMax) + " bytes");
    return false;
  }
  if (is_valid_utf8(content) && content.find('\0') == std::string_view::npos) {
    return true;
  }
  const std::string mended = replace_invalid_utf8(content);
  const auto first_mended = std::ranges::mismatch(content, mended).in1 - content.begin();
  const std::size_t bad = std::min(content.find('\0'), static_cast<std::size_t>(first_mended));
  const std::string_view before = content.substr(0, bad);
  const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n')) + 1;
  const std::size_t last_newline = before.rfind('\n');
  const std::size_t column =
      last_newline == std::string_view::npos ? before.size() + 1 : before.size() - last_newline;
  desk.error({.line = line, .column = static_cast<std::uint32_t>(column)}, "not UTF-8 text",
             "save the file as UTF-8");
  return false;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? "" : "did you mean '" + std::string(near) + "'?";
}

}  // namespace spoor
