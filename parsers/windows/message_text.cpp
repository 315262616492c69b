// The rendered text of an event, and Fluent Bit's positional values: what is left where a shipper
// lost the fields.

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "parsers/windows/text_lines.h"
#include "parsers/windows/windows_record.h"

namespace spoor {
namespace {

struct InsertsRow {
  std::uint16_t event_id;
  std::string_view names;  ///< In Sysmon's order, separated by blanks.
};

// The order of the fields in Sysmon's manifest, schema 4.90. Older schemas lack fields at the end.
constexpr InsertsRow kInserts[] = {
    {1,
     "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company "
     "OriginalFileName CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId "
     "IntegrityLevel Hashes ParentProcessGuid ParentProcessId ParentImage ParentCommandLine "
     "ParentUser"},
    {2,
     "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime "
     "PreviousCreationUtcTime User"},
    {3,
     "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp "
     "SourceHostname SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname "
     "DestinationPort DestinationPortName"},
    {4, "UtcTime State Version SchemaVersion"},
    {5, "RuleName UtcTime ProcessGuid ProcessId Image User"},
    {6, "RuleName UtcTime ImageLoaded Hashes Signed Signature SignatureStatus"},
    {7,
     "RuleName UtcTime ProcessGuid ProcessId Image ImageLoaded FileVersion Description Product "
     "Company OriginalFileName Hashes Signed Signature SignatureStatus User"},
    {8,
     "RuleName UtcTime SourceProcessGuid SourceProcessId SourceImage TargetProcessGuid "
     "TargetProcessId TargetImage NewThreadId StartAddress StartModule StartFunction SourceUser "
     "TargetUser"},
    {9, "RuleName UtcTime ProcessGuid ProcessId Image Device User"},
    {10,
     "RuleName UtcTime SourceProcessGUID SourceProcessId SourceThreadId SourceImage "
     "TargetProcessGUID TargetProcessId TargetImage GrantedAccess CallTrace SourceUser TargetUser"},
    {11, "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User"},
    {12, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject User"},
    {13, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject Details User"},
    {14, "RuleName EventType UtcTime ProcessGuid ProcessId Image TargetObject NewName User"},
    {15,
     "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime Hash Contents "
     "User"},
    {16, "UtcTime Configuration ConfigurationFileHash"},
    {17, "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User"},
    {18, "RuleName EventType UtcTime ProcessGuid ProcessId PipeName Image User"},
    {19, "RuleName EventType UtcTime Operation User EventNamespace Name Query"},
    {20, "RuleName EventType UtcTime Operation User Name Type Destination"},
    {21, "RuleName EventType UtcTime Operation User Consumer Filter"},
    {22, "RuleName UtcTime ProcessGuid ProcessId QueryName QueryStatus QueryResults Image User"},
    {23,
     "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable "
     "Archived"},
    {24, "RuleName UtcTime ProcessGuid ProcessId Image Session ClientInfo Hashes Archived User"},
    {25, "RuleName UtcTime ProcessGuid ProcessId Image Type User"},
    {26, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable"},
    {27, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes"},
    {28, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes IsExecutable"},
    {29, "RuleName UtcTime ProcessGuid ProcessId User Image TargetFilename Hashes"},
    {255, "UtcTime ID Description"},
};

const InsertsRow* find_inserts(std::string_view id_text) {
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
  if (error != std::errc{} || end != id_text.data() + id_text.size()) {
    return nullptr;
  }
  const auto* row = std::ranges::find(kInserts, id, &InsertsRow::event_id);
  return row == std::ranges::end(kInserts) ? nullptr : row;
}

/// Names that older schemas do not have, in the middle of the others.
constexpr std::string_view kNewerNames[] = {"RuleName", "OriginalFileName"};

/// Takes the part up to a separator off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return part;
}

/// Fields whose value an attacker may write over several lines.
constexpr std::string_view kManyLines[] = {
    "CommandLine", "ParentCommandLine", "Details",    "Contents",
    "Query",       "Destination",       "Description"};

/// The first and the last bytes of a name, up to eight of each: all of it up to sixteen.
struct NameEnds {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::size_t size = 0;

  friend bool operator==(const NameEnds&, const NameEnds&) = default;

  /// Eight bytes behind the name can be read.
  static NameEnds of(std::string_view name) {
    NameEnds ends{.size = name.size()};
    const std::size_t read = std::min<std::size_t>(name.size(), 8);
    std::memcpy(&ends.head, name.data(), sizeof ends.head);
    std::memcpy(&ends.tail, name.data() + (name.size() - read), sizeof ends.tail);
    ends.head &= kMasks[read];
    ends.tail &= kMasks[read];
    return ends;
  }

 private:
  /// Which of eight bytes belong to a name of that size, in memory order.
  static constexpr std::array<std::uint64_t, 9> kMasks = [] {
    std::array<std::uint64_t, 9> masks{};
    for (std::size_t count = 0; count < masks.size(); ++count) {
      std::array<unsigned char, 8> bytes{};
      std::fill_n(bytes.begin(), count, 0xFF);
      masks[count] = std::bit_cast<std::uint64_t>(bytes);
    }
    return masks;
  }();
};

/// A field that an event's text may hold.
struct TextField {
  std::string_view name;
  NameEnds ends;
  FieldId id = FieldId::count;  ///< Its slot; count: it has none.
  bool has_many_lines = false;
};

/// Those of an event, in the order of the text.
using TextFields = std::vector<TextField>;

TextFields make_text_fields(std::string_view names) {
  TextFields fields;
  while (!names.empty()) {
    const std::string_view name = take_until(names, ' ');
    const std::string padded = std::string(name).append(sizeof(std::uint64_t), ' ');
    fields.push_back(
        {.name = name,
         .ends = NameEnds::of(std::string_view(padded).substr(0, name.size())),
         .id = windows_field(name),
         .has_many_lines = std::ranges::find(kManyLines, name) != std::ranges::end(kManyLines)});
  }
  return fields;
}

const TextFields& text_fields_of(const InsertsRow& row) {
  static const std::vector<TextFields> kAll = [] {
    std::vector<TextFields> all;
    for (const InsertsRow& each : kInserts) {
      all.push_back(make_text_fields(each.names));
    }
    return all;
  }();
  return kAll[static_cast<std::size_t>(&row - std::begin(kInserts))];
}

/// A line that looks like a field's.
struct FieldLine {
  std::size_t place = 0;   ///< Of the field among the event's.
  std::string_view value;  ///< On the line itself.
  std::size_t begin = 0;   ///< Of the line in the text.
  std::size_t chain = 1;   ///< Fields in the longest chain from here on.
  std::size_t next = 0;    ///< The next of that chain; its own index if there is none.
};

/// The place of a name among the event's fields; their number for others. `likely` is looked at
/// first. Behind the name kTextPadding bytes can be read.
std::size_t place_of(const TextFields& fields, std::string_view name, std::size_t likely) {
  const NameEnds ends = NameEnds::of(name);
  const auto is_it = [&](const TextField& field) {
    return field.ends == ends && (name.size() <= 2 * sizeof ends.head || field.name == name);
  };
  if (likely < fields.size() && is_it(fields[likely])) {
    return likely;
  }
  return static_cast<std::size_t>(std::ranges::find_if(fields, is_it) - fields.begin());
}

/// Into `lines`, whose memory is kept. kTextPadding bytes behind the text can be read.
void find_field_lines(std::string_view text,
                      const TextFields& fields,
                      std::vector<FieldLine>& lines) {
  lines.clear();
  std::size_t likely = 0;
  for_each_line(text, [&](const TextLine& line) {
    const auto [begin, colon, end] = line;
    const std::size_t place =
        colon == end ? fields.size() : place_of(fields, text.substr(begin, colon - begin), likely);
    if (place == fields.size()) {
      return;
    }
    std::string_view value = text.substr(colon + 1, end - colon - 1);
    value.remove_suffix(value.ends_with('\r') ? 1 : 0);
    value.remove_prefix(value.starts_with(' ') ? 1 : 0);
    lines.push_back({.place = place, .value = value, .begin = begin});
    likely = place + 1;
  });
}

/// Which of the lines are fields: a command may hold lines that look like some. The fields stand in
/// a known order, so it is the longest chain of lines in that order; of two equally long ones the
/// later, since what a command holds comes before the fields behind it. Links the chain and returns
/// its first line. O(lines), or O(lines * names) if they are not all in order.
std::size_t link_chain(std::vector<FieldLine>& lines) {
  const auto not_before = [](const FieldLine& one, const FieldLine& other) {
    return one.place >= other.place;
  };
  if (std::ranges::adjacent_find(lines, not_before) == lines.end()) {
    for (std::size_t index = 0; index < lines.size(); ++index) {
      lines[index].next = std::min(index + 1, lines.size() - 1);
    }
    return 0;
  }
  constexpr std::size_t kNamesMax = 32;
  constexpr std::size_t kNone = std::string_view::npos;
  std::array<std::size_t, kNamesMax> best{};  // The line of each name whose chain is longest.
  best.fill(kNone);
  std::size_t first = kNone;
  for (std::size_t index = lines.size(); index-- > 0;) {
    FieldLine& line = lines[index];
    line.next = index;
    for (std::size_t place = line.place + 1; place < kNamesMax; ++place) {
      const std::size_t follower = best.at(place);
      if (follower != kNone && lines[follower].chain >= line.chain) {
        line.chain = lines[follower].chain + 1;
        line.next = follower;
      }
    }
    std::size_t& mine = best.at(line.place);
    if (mine == kNone || lines[mine].chain < line.chain) {
      mine = index;
    }
    if (first == kNone || lines[first].chain <= line.chain) {
      first = index;
    }
  }
  return first;
}

bool is_left_out(std::string_view name, unsigned left_out) {
  for (std::size_t i = 0; i < std::size(kNewerNames); ++i) {
    if ((left_out & (1U << i)) != 0 && name == kNewerNames[i]) {
      return true;
    }
  }
  return false;
}

/// Can a value be of that field? Told of those fields whose values have a form.
bool may_be(std::string_view name, std::string_view value) {
  if (name == "UtcTime") {
    return parse_timestamp(value).has_value();
  }
  if (name.ends_with("Guid") || name.ends_with("GUID")) {
    return value.size() == 38 && value.front() == '{';
  }
  if (name == "Signed" || name == "Initiated" || name == "SourceIsIpv6") {
    return value == "true" || value == "false";
  }
  if (name.ends_with("ProcessId")) {
    return !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
  }
  return true;
}

/// Do the values fit the names, without the names in `left_out` (a bit for each of kNewerNames)?
bool fits(std::string_view names, unsigned left_out, const std::vector<std::string_view>& values) {
  for (const std::string_view value : values) {
    std::string_view name;
    do {
      name = take_until(names, ' ');
    } while (is_left_out(name, left_out));
    if (name.empty() || !may_be(name, value)) {
      return false;
    }
  }
  return true;
}

}  // namespace

void read_string_inserts(ParseContext& context, const WindowsRecord& record) {
  const InsertsRow* row = find_inserts(record.event_id);
  if (row == nullptr || record.inserts == kNoNode ||
      context.document.node(record.inserts).kind != NodeKind::array) {
    return;
  }
  std::vector<std::string_view> values;
  context.document.for_each_child(record.inserts, [&](const Node& node, NodeIndex) {
    values.push_back(text_of(node, context.scratch));
  });
  // Values in the wrong fields would be worse than none: the message may still have them.
  constexpr unsigned kSchemas = 1U << std::size(kNewerNames);
  unsigned left_out = 0;
  while (left_out < kSchemas && !fits(row->names, left_out, values)) {
    ++left_out;
  }
  if (left_out == kSchemas) {
    return;
  }
  std::string_view names = row->names;
  for (const std::string_view value : values) {
    std::string_view name;
    do {
      name = take_until(names, ' ');
    } while (is_left_out(name, left_out));
    set_windows_field(name, value, context);
  }
}

void read_message(ParseContext& context, const WindowsRecord& record) {
  const InsertsRow* row = find_inserts(record.event_id);
  if (row == nullptr || record.message == kNoNode ||
      context.document.node(record.message).kind != NodeKind::string) {
    return;
  }
  std::string_view text = text_of(context.document.node(record.message), context.scratch);
  take_until(text, '\n');  // "Process Create:"
  static thread_local std::vector<FieldLine> lines;
  const TextFields& fields = text_fields_of(*row);
  find_field_lines(text, fields, lines);
  if (lines.empty()) {
    return;
  }
  // A field already known keeps its value: set_field would call the second one a duplicate key.
  const bool duplicates_before = context.event.duplicate_keys;
  for (std::size_t at = link_chain(lines);; at = lines[at].next) {
    const FieldLine& line = lines[at];
    const TextField& field = fields[line.place];
    const bool is_last = line.next == at;
    const bool is_needed = field.id == FieldId::count
                               ? context.filter.wants_any_extra()
                               : context.filter.wants(field.id) && !context.event.has(field.id);
    if (is_needed) {
      std::string_view value = line.value;
      if (field.has_many_lines) {
        const std::size_t end = is_last ? text.size() : lines[line.next].begin;
        const auto begin = static_cast<std::size_t>(value.data() - text.data());
        value = text.substr(begin, end - begin);
        value = value.substr(0, value.find_last_not_of("\r\n") + 1);
      }
      set_windows_field(field.name, value, context);
    }
    if (is_last) {
      break;
    }
  }
  context.event.duplicate_keys = duplicates_before;
}

}  // namespace spoor
