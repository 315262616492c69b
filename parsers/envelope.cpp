#include "parsers/envelope.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string>

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/base/limits.h"
#include "engine/base/uid.h"

namespace spoor {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

/// What a key of a carriage holds.
enum class Part : std::uint8_t {
  channel,
  provider,
  event_id,
  computer,
  record_id,
  utc_time,        ///< Creation time, in UTC.
  local_time,      ///< Creation time in some zone, whatever it says.
  data,            ///< An object with the event's fields.
  shipper,         ///< The shipper's own; not part of the event.
  shipper_number,  ///< The shipper's if it is a number; the event's if it is text (NXLog's
                   ///< ProcessID, Version).
  shipper_word,    ///< NXLog's severity word under EventType ("INFO"); the event's verb (CreateKey)
                   ///< under the same name.
};

struct PartRow {
  std::string_view key;
  Part part;
};

/// A table of rows by their key, for the event path.
template <typename Row>
class RowIndex {
 public:
  explicit RowIndex(std::span<const Row> rows) {
    for (const Row& row : rows) {
      by_key_.emplace(row.key, &row);
    }
  }

  [[nodiscard]] const Row* find(std::string_view key) const {
    const auto row = by_key_.find(key);
    return row == by_key_.end() ? nullptr : row->second;
  }

 private:
  boost::unordered_flat_map<std::string_view, const Row*, SeededTextHash, std::equal_to<>> by_key_;
};

/// A carriage: what its keys hold.
struct Carriage {
  RowIndex<PartRow> rows;
  bool flat;  ///< Keys that no row names are fields of the event.
};

// evtx_dump and chainsaw: {"Event":{"System":{…},"EventData":{…}}}. Rows of System; Event's own are
// read by name.
constexpr PartRow kSystemRows[] = {
    {"Provider", Part::provider},    {"Provider_attributes", Part::provider},
    {"EventID", Part::event_id},     {"Computer", Part::computer},
    {"Channel", Part::channel},      {"EventRecordID", Part::record_id},
    {"TimeCreated", Part::utc_time}, {"TimeCreated_attributes", Part::utc_time},
};

// NXLog im_msvistalog + to_json(): flat. "host" is the collector, ProcessID is the Sysmon service.
constexpr PartRow kNxlogRows[] = {
    {"Channel", Part::channel},
    {"SourceName", Part::provider},
    {"EventID", Part::event_id},
    {"Hostname", Part::computer},
    {"RecordNumber", Part::record_id},
    {"EventTime", Part::local_time},
    {"EventReceivedTime", Part::shipper},
    {"@timestamp", Part::shipper},
    {"@version", Part::shipper},
    {"host", Part::shipper},
    {"port", Part::shipper},
    {"tags", Part::shipper},
    {"type", Part::shipper},
    {"Message", Part::shipper},
    {"message", Part::shipper},
    {"SourceModuleName", Part::shipper},
    {"SourceModuleType", Part::shipper},
    {"Severity", Part::shipper},
    {"SeverityValue", Part::shipper},
    {"Task", Part::shipper},
    {"Opcode", Part::shipper},
    {"OpcodeValue", Part::shipper},
    {"Keywords", Part::shipper},
    {"Level", Part::shipper},
    {"ProviderGuid", Part::shipper},
    {"UserID", Part::shipper},
    {"AccountName", Part::shipper},
    {"AccountType", Part::shipper},
    {"Domain", Part::shipper},
    {"Category", Part::shipper},
    {"EventTypeOrignal", Part::shipper},
    {"ERROR_EVT_UNRESOLVED", Part::shipper},
    {"ActivityID", Part::shipper},
    {"RelatedActivityID", Part::shipper},
    {"ThreadID", Part::shipper_number},
    {"ProcessID", Part::shipper_number},
    {"ExecutionProcessID", Part::shipper_number},
    {"Version", Part::shipper_number},
    {"EventType", Part::shipper_word},
};

// The flat export of OTRF's PowerShell. Its TimeCreated is local time that says Z.
constexpr PartRow kFlatExportRows[] = {
    {"Channel", Part::channel},
    {"SourceName", Part::provider},
    {"EventID", Part::event_id},
    {"Hostname", Part::computer},
    {"TimeCreated", Part::local_time},
    {"RecordNumber", Part::record_id},
    {"EventRecordID", Part::record_id},
    {"@timestamp", Part::shipper},
    {"@version", Part::shipper},
    {"host", Part::shipper},
    {"port", Part::shipper},
    {"tags", Part::shipper},
    {"Message", Part::shipper},
    {"message", Part::shipper},
    {"Task", Part::shipper},
    {"Opcode", Part::shipper},
    {"Level", Part::shipper},
    {"Keywords", Part::shipper},
    {"ProviderGuid", Part::shipper},
};

// Winlogbeat up to 6. beat.* and host.* are the collector.
constexpr PartRow kWinlogbeat6Rows[] = {
    {"log_name", Part::channel},        {"source_name", Part::provider},
    {"event_id", Part::event_id},       {"computer_name", Part::computer},
    {"record_number", Part::record_id}, {"@timestamp", Part::utc_time},
    {"event_data", Part::data},         {"user_data", Part::data},
};

// Winlogbeat from 7 and Elastic Agent: rows of "winlog".
constexpr PartRow kWinlogRootRows[] = {{"@timestamp", Part::utc_time}};
constexpr PartRow kWinlogRows[] = {
    {"channel", Part::channel},     {"provider_name", Part::provider},
    {"event_id", Part::event_id},   {"computer_name", Part::computer},
    {"record_id", Part::record_id}, {"event_data", Part::data},
    {"user_data", Part::data},
};

/// The keys of the root that tell a carriage.
struct Marks {
  bool event = false, winlog = false, log_name = false, winlogbeat_event_id = false;
  bool channel = false, source_name = false, event_id = false, hostname = false;
  bool source_module = false, received_time = false;
  bool sysmon_module =
      false;  ///< process.entity_id: Winlogbeat's Sysmon module moved the fields to ECS names.
};

struct MarkRow {
  std::string_view key;
  bool Marks::*mark;
};

constexpr MarkRow kMarkRows[] = {
    {"Event", &Marks::event},
    {"winlog", &Marks::winlog},
    {"log_name", &Marks::log_name},
    {"event_id", &Marks::winlogbeat_event_id},
    {"Channel", &Marks::channel},
    {"SourceName", &Marks::source_name},
    {"EventID", &Marks::event_id},
    {"Hostname", &Marks::hostname},
    {"SourceModuleType", &Marks::source_module},
    {"EventReceivedTime", &Marks::received_time},
};

struct Carriages {
  Carriage evtx_dump_system{.rows = RowIndex<PartRow>(kSystemRows), .flat = false};
  Carriage nxlog{.rows = RowIndex<PartRow>(kNxlogRows), .flat = true};
  Carriage flat_export{.rows = RowIndex<PartRow>(kFlatExportRows), .flat = true};
  Carriage winlogbeat6{.rows = RowIndex<PartRow>(kWinlogbeat6Rows), .flat = false};
  Carriage winlog{.rows = RowIndex<PartRow>(kWinlogRows), .flat = false};
  Carriage winlog_root{.rows = RowIndex<PartRow>(kWinlogRootRows), .flat = false};
  RowIndex<MarkRow> marks{kMarkRows};
};

const Carriages& carriages() {
  static const Carriages kCarriages;
  return kCarriages;
}

/// Any scalar as text: numbers in their shortest decimal form, booleans as true/false.
std::string_view scalar_text(element value, Scratch& scratch) {
  constexpr std::size_t kNumberBytes = 32;
  const auto number_text = [&scratch](auto number) {
    char* place = scratch.take(kNumberBytes);
    const auto [end, error] = std::to_chars(place, place + kNumberBytes, number);
    return std::string_view(place,
                            error == std::errc{} ? static_cast<std::size_t>(end - place) : 0);
  };
  switch (value.type()) {
    case element_type::STRING: return value.get_string().value_unsafe();
    case element_type::INT64: return number_text(value.get_int64().value_unsafe());
    case element_type::UINT64: return number_text(value.get_uint64().value_unsafe());
    case element_type::DOUBLE: return number_text(value.get_double().value_unsafe());
    case element_type::BOOL: return value.get_bool().value_unsafe() ? "true" : "false";
    default: return {};
  }
}

/// The first of `keys` that an object has, as an element; or false.
bool child(object parent, std::string_view key, element& found) {
  for (const auto field : parent) {
    if (field.key == key) {
      found = field.value;
      return true;
    }
  }
  return false;
}

/// "Sysmon", {"#text":1,"#attributes":{…}}, {"#attributes":{"Name":"Sysmon"}} or {"Name":"Sysmon"}:
/// evtx_dump writes XML attributes in all these ways.
std::string_view xml_text(element value, std::string_view attribute, Scratch& scratch) {
  if (!value.is_object()) {
    return scalar_text(value, scratch);
  }
  const object node = value.get_object().value_unsafe();
  element inner;
  if (child(node, "#text", inner) || child(node, attribute, inner)) {
    return inner.is_object() ? std::string_view() : scalar_text(inner, scratch);
  }
  if (child(node, "#attributes", inner) && inner.is_object() &&
      child(inner.get_object().value_unsafe(), attribute, inner)) {
    return scalar_text(inner, scratch);
  }
  return {};
}

class Reader {
 public:
  Reader(Scratch& scratch, WindowsRecord& record) : scratch_(scratch), record_(record) {}

  /// One pass over an object whose keys `carriage` explains.
  void read(object source, const Carriage& carriage) {
    for (const auto field : source) {
      const PartRow* row = carriage.rows.find(field.key);
      if (row != nullptr) {
        take(row->part, field.key, field.value);
      } else if (carriage.flat) {
        add_data(field.key, field.value, 0);
      }
    }
  }

  /// Every leaf below an EventData or UserData object, by its own name.
  void add_data(std::string_view name, element value, std::size_t depth) {
    if (depth > kJsonDepthMax) {
      return;
    }
    if (value.is_object()) {
      const object inner = value.get_object().value_unsafe();
      for (const auto field : inner) {
        if (field.key != "#attributes") {
          add_data(field.key == "#text" ? name : field.key, field.value, depth + 1);
        }
      }
      return;
    }
    if (value.is_array()) {
      // Sigma: an empty array is what null is, an absent field.
      const bool is_empty = value.get_array().value_unsafe().size() == 0;
      add(name, is_empty ? "" : scratch_.copy(simdjson::minify(value)), is_empty);
      return;
    }
    add(name, scalar_text(value, scratch_), value.is_null());
  }

 private:
  void add(std::string_view name, std::string_view value, bool is_null) {
    record_.data.push_back({.name = name, .value = value, .is_null = is_null});
  }

  void take(Part part, std::string_view key, element value) {
    switch (part) {
      case Part::channel: keep(record_.channel, scalar_text(value, scratch_)); break;
      case Part::provider: keep(record_.provider, xml_text(value, "Name", scratch_)); break;
      case Part::event_id: keep(record_.event_id, xml_text(value, "EventID", scratch_)); break;
      case Part::computer: keep(record_.computer, scalar_text(value, scratch_)); break;
      case Part::record_id: keep(record_.record_id, scalar_text(value, scratch_)); break;
      case Part::utc_time:
        keep(record_.system_time, xml_text(value, "SystemTime", scratch_));
        break;
      case Part::local_time:
        keep(record_.system_time, scalar_text(value, scratch_));
        record_.time_may_be_local = true;
        break;
      case Part::data: add_data(key, value, 0); break;
      case Part::shipper: break;
      case Part::shipper_number:
        if (value.is_string()) {
          add_data(key, value, 0);
        }
        break;
      case Part::shipper_word: take_event_type(key, value); break;
    }
  }

  /// NXLog's own EventType is a severity in capitals ("INFO", "AUDIT_SUCCESS"); Sysmon's is a verb
  /// ("CreateKey").
  void take_event_type(std::string_view key, element value) {
    const std::string_view word = scalar_text(value, scratch_);
    const bool is_verb = std::ranges::any_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (is_verb) {
      add_data(key, value, 0);
    }
  }

  /// First wins: the same answer whatever is looked up first.
  void keep(std::string_view& slot, std::string_view value) {
    if (slot.data() == nullptr) {
      slot = value;
    } else if (slot != value) {
      record_.duplicate_keys = true;
    }
  }

  Scratch& scratch_;
  WindowsRecord& record_;
};

Marks find_marks(object root) {
  Marks marks;
  for (const auto field : root) {
    const MarkRow* row = carriages().marks.find(field.key);
    if (row != nullptr) {
      marks.*(row->mark) = true;
    }
    element entity;
    if (field.key == "process" && field.value.is_object() &&
        child(field.value.get_object().value_unsafe(), "entity_id", entity)) {
      marks.sysmon_module = true;
    }
  }
  return marks;
}

tl::unexpected<Error> unknown(object root) {
  constexpr std::size_t kKeysShown = 12;
  std::string keys;
  std::size_t count = 0;
  for (const auto field : root) {
    if (count++ < kKeysShown) {
      keys.append(keys.empty() ? "" : ", ").append(field.key.substr(0, 64));
    }
  }
  if (count > kKeysShown) {
    keys.append(", … (").append(std::to_string(count)).append(" keys)");
  }
  return fail(ErrorCode::unknown_source,
              "not an event of a known source; its keys: " + (count == 0 ? "none" : keys));
}

/// {"Event":{"System":…,"EventData":…}}
bool read_evtx_dump(object root, Reader& reader) {
  element event;
  element system;
  if (!child(root, "Event", event) || !event.is_object() ||
      !child(event.get_object().value_unsafe(), "System", system) || !system.is_object()) {
    return false;
  }
  reader.read(system.get_object().value_unsafe(), carriages().evtx_dump_system);
  const object parts = event.get_object().value_unsafe();
  for (const auto field : parts) {
    if (field.key == "EventData" || field.key == "UserData") {
      reader.add_data(field.key, field.value, 0);
    }
  }
  return true;
}

/// {"winlog":{"channel":…,"event_data":{…}},"@timestamp":…}
bool read_winlogbeat7(object root, Reader& reader) {
  element winlog;
  if (!child(root, "winlog", winlog) || !winlog.is_object()) {
    return false;
  }
  reader.read(winlog.get_object().value_unsafe(), carriages().winlog);
  reader.read(root, carriages().winlog_root);
  return true;
}

}  // namespace

Result<void> read_windows_record(object root, Scratch& scratch, WindowsRecord& record) {
  const Marks marks = find_marks(root);
  Reader reader(scratch, record);
  bool read = false;
  if (marks.event) {
    read = read_evtx_dump(root, reader);
  } else if (marks.winlog && marks.sysmon_module) {
    return fail(ErrorCode::unknown_source,
                "Winlogbeat's Sysmon module renamed the fields (ECS); this form is not read yet: "
                "send winlog.event_data");
  } else if (marks.winlog) {
    read = read_winlogbeat7(root, reader);
  } else if (marks.log_name && marks.winlogbeat_event_id) {
    reader.read(root, carriages().winlogbeat6);
    read = true;
  } else if (marks.event_id && marks.hostname && (marks.channel || marks.source_name)) {
    const bool nxlog = marks.source_module || marks.received_time;
    reader.read(root, nxlog ? carriages().nxlog : carriages().flat_export);
    read = true;
  }
  if (!read || record.event_id.empty()) {
    return unknown(root);
  }
  return {};
}

}  // namespace spoor
