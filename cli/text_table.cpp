#include "cli/text_table.h"

#include <algorithm>

namespace spoor {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kWidest = 120;  // Nobody is served by a wider cell.

}  // namespace

void TextTable::add(std::vector<TableCell> cells) {
  for (TableCell& cell : cells) {
    cell.text = shown(cell.text, kWidest);
  }
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> TextTable::fit(std::size_t width) const {
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (const std::vector<TableCell>& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], columns_of(row[i].text));
    }
  }
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] != 0) {
      widths[i] = std::max(widths[i], columns_of(columns_[i].header));
      total += widths[i] + (total == 0 ? 0 : kGap.size());
    }
  }
  // The widest that may be cut gives way first, one column at a time.
  while (total > width) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const bool can_give = columns_[i].narrowest != 0 && widths[i] > columns_[i].narrowest;
      if (can_give && (widest == widths.size() || widths[i] > widths[widest])) {
        widest = i;
      }
    }
    if (widest == widths.size()) {
      break;
    }
    --widths[widest];
    --total;
  }
  return widths;
}

std::string TextTable::line(const std::vector<TableCell>& cells,
                            const std::vector<std::size_t>& widths,
                            bool color) const {
  std::string text;
  std::size_t owed = 0;  // Blanks before the next cell; none are left at the end of a line.
  bool first = true;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) {
      continue;
    }
    owed += first ? 0 : kGap.size();
    first = false;
    const std::string cell = cut_end(cells[i].text, widths[i]);
    const std::size_t room = widths[i] - std::min(widths[i], columns_of(cell));
    if (cell.empty()) {
      owed += room;
      continue;
    }
    text.append(owed + (columns_[i].right ? room : 0), ' ');
    text += styled(cell, cells[i].style, color);
    owed = columns_[i].right ? 0 : room;
  }
  return text + "\n";
}

std::string TextTable::render(const TableOptions& options) const {
  const std::vector<std::size_t> widths = fit(options.width);
  std::vector<TableCell> header;
  header.reserve(columns_.size());
  for (const TableColumn& column : columns_) {
    header.push_back({.text = column.header, .style = Style::bold});
  }
  std::string text = line(header, widths, options.color);
  for (const std::vector<TableCell>& row : rows_) {
    text += line(row, widths, options.color);
  }
  return text;
}

}  // namespace spoor
