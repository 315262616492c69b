// A table for a terminal: columns as wide as they need to be, and the wide ones cut to fit.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/finding/render.h"
#include "engine/finding/terminal.h"

namespace spoor {

struct TableColumn {
  std::string header;
  /// How far it may be cut if the terminal is narrow; 0: never.
  std::size_t narrowest = 0;
  bool right = false;  ///< Numbers.
};

struct TableCell {
  std::string text;
  Style style = Style::plain;
};

class TextTable {
 public:
  explicit TextTable(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  /// One cell for each column. Text may be of any bytes and length.
  void add(std::vector<TableCell> cells);

  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// Header and rows, each with a newline. A column without a single value is left out. Lines are
  /// at most `options.width` columns, unless the columns that are never cut need more.
  [[nodiscard]] std::string render(const TableOptions& options) const;

 private:
  [[nodiscard]] std::vector<std::size_t> fit(std::size_t width) const;
  [[nodiscard]] std::string line(const std::vector<TableCell>& cells,
                                 const std::vector<std::size_t>& widths,
                                 bool color) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<TableCell>> rows_;
};

}  // namespace spoor
