#include "cli/event_stats.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/text.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

// Names come from input: whoever makes them up can make up many.
constexpr std::size_t kNamesMax = 20'000;
constexpr std::size_t kExampleBytesMax = 200;

constexpr std::string_view kGap = "  ";

/// Rows of cells, laid out in columns that are as wide as they need to be. The first column holds
/// counts; the last takes what is left of the width.
class TextTable {
 public:
  explicit TextTable(const TableOptions& options) : options_(options) {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  [[nodiscard]] std::string render() const {
    const std::vector<std::size_t> widths = column_widths();
    std::string text;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      std::string line = std::string(kGap) + right(rows_[row][0], widths[0]);
      for (std::size_t column = 1; column < widths.size(); ++column) {
        line.append(kGap).append(pad(shown(rows_[row][column], widths[column]), widths[column]));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text.append(styled(line, row == 0 ? Style::bold : Style::plain, options_.color));
      text.append("\n");
    }
    return text;
  }

 private:
  static constexpr std::size_t kColumnMax = 40;  // More on a wide terminal.
  static constexpr std::size_t kNarrowestLast = 10;

  static std::string right(const std::string& text, std::size_t columns) {
    return std::string(columns - std::min(columns, columns_of(text)), ' ') + text;
  }

  [[nodiscard]] std::vector<std::size_t> column_widths() const {
    const std::size_t widest = std::max(kColumnMax, options_.width / 3);
    std::vector<std::size_t> widths(rows_.front().size());
    for (const std::vector<std::string>& row : rows_) {
      for (std::size_t column = 0; column < widths.size(); ++column) {
        const std::size_t wanted = columns_of(escape_for_terminal(row[column]));
        widths[column] = std::max(widths[column], std::min(wanted, widest));
      }
    }
    std::size_t used = 0;
    for (std::size_t column = 0; column + 1 < widths.size(); ++column) {
      used += widths[column] + kGap.size();
    }
    used += kGap.size();
    widths.back() = std::max(kNarrowestLast, options_.width - std::min(options_.width, used));
    return widths;
  }

  const TableOptions& options_;
  std::vector<std::vector<std::string>> rows_;
};

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count).append(" ").append(what).append(count == 1 ? "" : "s");
}

}  // namespace

template <typename Name>
EventStats::Seen* EventStats::add(Counts<Name>& counts,
                                  const Name& name,
                                  std::string_view example) {
  auto place = counts.find(name);
  if (place == counts.end()) {
    if (counts.size() >= kNamesMax) {
      ++beyond_limit_;
      return nullptr;
    }
    place = counts.emplace(name, Seen{}).first;
  }
  if (++place->second.count > 1) {
    return nullptr;
  }
  place->second.example = replace_invalid_utf8(example.substr(0, kExampleBytesMax));
  return &place->second;
}

template <typename Name>
std::vector<std::pair<Name, EventStats::Seen>> EventStats::sorted(const Counts<Name>& counts) {
  std::vector<std::pair<Name, Seen>> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return row.second.count; });
  return rows;
}

void EventStats::count(const Event& event) {
  ++events_;
  salvaged_ += event.salvaged ? 1 : 0;
  duplicate_keys_ += event.duplicate_keys ? 1 : 0;
  time_suspect_ += event.time_suspect ? 1 : 0;
  const std::string source(to_string(event.source));
  add(kinds_,
      Kind{.source = source,
           .carriage = std::string(event.carriage),
           .vendor_type = std::string(event.vendor_type.substr(0, kExampleBytesMax)),
           .type = std::string(to_string(event.type))},
      "");
  for (const ExtraField& field : event.extra) {
    add(unmapped_,
        Key{.source = source, .name = std::string(field.name.substr(0, kExampleBytesMax))},
        field.value);
  }
}

void EventStats::count_bad(const Error& error,
                           std::string_view file,
                           const RecordPosition& position) {
  ++bad_records_;
  if (Seen* first = add(bad_, std::string(to_string(error.code)), error.message)) {
    first->file = file;
    first->line = position.line;
  }
}

std::string EventStats::render_table(const TableOptions& options) const {
  std::string text = counted(events_, "event");
  text += ", " + counted(bad_records_, "unreadable record");
  for (const auto& [count, what] :
       {std::pair(salvaged_, "salvaged"), std::pair(duplicate_keys_, "with duplicate keys"),
        std::pair(time_suspect_, "with a suspect time")}) {
    text += count == 0 ? std::string() : ", " + std::to_string(count) + " " + what;
  }
  text += "\n";
  if (!kinds_.empty()) {
    TextTable table(options);
    table.add({"COUNT", "SOURCE", "CARRIAGE", "VENDOR'S TYPE", "TYPE"});
    for (const auto& [kind, seen] : sorted(kinds_)) {
      table.add(
          {std::to_string(seen.count), kind.source, kind.carriage, kind.vendor_type, kind.type});
    }
    text += "\n" + table.render();
  }
  if (!unmapped_.empty()) {
    TextTable table(options);
    table.add({"COUNT", "SOURCE", "KEY THAT NO FIELD TAKES", "EXAMPLE"});
    for (const auto& [key, seen] : sorted(unmapped_)) {
      table.add({std::to_string(seen.count), key.source, key.name, seen.example});
    }
    text += "\n" + table.render();
  }
  if (!bad_.empty()) {
    TextTable table(options);
    table.add({"COUNT", "UNREADABLE", "FIRST", "MESSAGE"});
    for (const auto& [code, seen] : sorted(bad_)) {
      table.add({std::to_string(seen.count), code,
                 std::string(basename_of(seen.file)) + ":" + std::to_string(seen.line),
                 seen.example});
    }
    text += "\n" + table.render();
  }
  if (beyond_limit_ != 0) {
    text += "\n" + std::to_string(beyond_limit_) + " more of names beyond the first " +
            std::to_string(kNamesMax) + "\n";
  }
  return text;
}

std::string EventStats::render_json() const {
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  JsonWriter json;
  json.begin_object();
  json.number("events", number(events_));
  json.number("unreadable", number(bad_records_));
  json.number("salvaged", number(salvaged_));
  json.number("duplicate_keys", number(duplicate_keys_));
  json.number("time_suspect", number(time_suspect_));
  json.number("beyond_limit", number(beyond_limit_));
  json.begin_array("kinds");
  for (const auto& [kind, seen] : sorted(kinds_)) {
    json.begin_object();
    json.number("count", number(seen.count));
    json.text("source", kind.source);
    json.text("carriage", kind.carriage);
    json.text("vendor_type", kind.vendor_type);
    json.text("type", kind.type);
    json.end_object();
  }
  json.end_array();
  json.begin_array("unmapped");
  for (const auto& [key, seen] : sorted(unmapped_)) {
    json.begin_object();
    json.number("count", number(seen.count));
    json.text("source", key.source);
    json.any_text("key", key.name);
    json.any_text("example", seen.example);
    json.end_object();
  }
  json.end_array();
  json.begin_array("dead_letters");
  for (const auto& [code, seen] : sorted(bad_)) {
    json.begin_object();
    json.number("count", number(seen.count));
    json.text("code", code);
    json.text("message", seen.example);
    json.text("file", seen.file);
    json.number("line", number(seen.line));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.finish() + "\n";
}

}  // namespace spoor
