// The table of findings that `spoor replay` prints.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

enum Column : std::size_t {
  time_column,
  level_column,
  host_column,
  title_column,
  process_column,
  uid_column,
  column_count
};

using Row = std::array<std::string, column_count>;
using Widths = std::array<std::size_t, column_count>;

constexpr std::string_view kGap = "  ";
constexpr std::size_t kUidDigits = 12;

// Nobody is served by a column wider than this.
constexpr Widths kWidest = {20, 13, 30, 60, 32, kUidDigits};

// Below this width the process is left out: the tree shows it, and a title and a host cut to ten
// columns would say nothing.
constexpr std::size_t kWidthForProcess = 100;

// The columns that can be cut and still be read, and how far.
constexpr auto kFlexible = std::to_array<Column>({title_column, process_column, host_column});
constexpr std::size_t kNarrowest = 12;

std::string process_cell(const Finding& finding) {
  if (!finding.anchor || *finding.anchor >= finding.processes.size()) {
    return "-";
  }
  const FindingProcess& process = finding.processes[*finding.anchor];
  std::string cell = process.image.empty() ? "(unknown)" : std::string(short_name(process.image));
  return process.pid.empty() ? cell : cell.append(" (").append(process.pid).append(")");
}

Row row_of(const Finding& finding) {
  Row row;
  row[time_column] = shown_seconds(finding.first_seen);
  row[level_column] = finding.level;
  row[host_column] = finding.hostname.empty() ? finding.host_key : finding.hostname;
  row[title_column] = title_of(finding.rule);
  row[process_column] = process_cell(finding);
  row[uid_column] = to_string(finding.uid).substr(0, kUidDigits);
  for (std::size_t i = 0; i < column_count; ++i) {
    row[i] = shown(row[i], kWidest[i]);
  }
  return row;
}

/// A column without a single value takes no room, nor the gap after it.
std::size_t total_of(const Widths& widths) {
  std::size_t total = 0;
  for (const std::size_t width : widths) {
    total += width + (total > 0 && width > 0 ? kGap.size() : 0);
  }
  return total;
}

Widths fit_widths(const std::vector<Row>& rows, std::size_t width) {
  Widths widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < column_count; ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i]));
    }
  }
  // The widest of the flexible columns gives way first, one column at a time: at most a hundred in
  // all.
  while (total_of(widths) > width) {
    const Column widest =
        *std::ranges::max_element(kFlexible, {}, [&](Column column) { return widths[column]; });
    if (widths[widest] <= kNarrowest) {
      break;
    }
    --widths[widest];
  }
  return widths;
}

Style style_of(const Row& row, std::size_t column, bool header) {
  if (header) {
    return Style::bold;
  }
  if (column == level_column) {
    return level_style(row[level_column]);
  }
  return column == uid_column ? Style::dim : Style::plain;
}

/// One line. A terminal narrower than the narrowest table gets as much of it as it has room for.
std::string line_of(const Row& row,
                    const Widths& widths,
                    const TableOptions& options,
                    bool header) {
  std::string line;
  std::size_t room = options.width;
  std::size_t owed = 0;  // Blanks before the next cell; none are left at the end of a line.
  for (std::size_t i = 0; i < column_count; ++i) {
    if (widths[i] == 0 || room <= owed) {
      continue;
    }
    room -= owed;
    const std::size_t columns = std::min(widths[i], room);
    const bool path_like = i == process_column || i == host_column;
    const std::string cell = path_like ? cut_middle(row[i], columns) : cut_end(row[i], columns);
    line.append(owed, ' ').append(styled(cell, style_of(row, i, header), options.color));
    owed = widths[i] - std::min(widths[i], columns_of(cell)) + kGap.size();
    room -= columns_of(cell);
  }
  return line.append("\n");
}

}  // namespace

std::string render_table(const std::vector<Finding>& findings, const TableOptions& options) {
  if (findings.empty()) {
    return "no findings\n";
  }
  std::vector<Row> rows = {{"TIME (UTC)", "LEVEL", "HOST", "TITLE", "PROCESS", "FINDING"}};
  for (const Finding& finding : findings) {
    rows.push_back(row_of(finding));
  }
  if (options.width < kWidthForProcess) {
    std::ranges::for_each(rows, [](Row& row) { row[process_column].clear(); });
  }
  const Widths widths = fit_widths(rows, options.width);
  std::string table;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    table.append(line_of(rows[i], widths, options, i == 0));
  }
  return table;
}

}  // namespace spoor
