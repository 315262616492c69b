// The tables of the carriages, and the one walk that reads them.

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "parsers/key_plan.h"
#include "parsers/key_table.h"
#include "parsers/windows/windows_record.h"

namespace spoor {
namespace {

/// What a key of a carriage holds.
enum class Part : std::uint8_t {
  nothing,  ///< Only its mark counts; where the carriage is flat, a field of the event.
  channel,
  provider,
  event_id,
  computer,
  record_id,
  utc_time,          ///< Creation time, in UTC.
  local_time,        ///< Creation time in some zone, whatever it says.
  data,              ///< An object with the event's fields, or a string that holds one.
  message,           ///< The rendered text.
  execution,         ///< Which process wrote the event.
  inserts,           ///< Positional values.
  shipper,           ///< The shipper's own; not part of the event.
  shipper_number,    ///< The shipper's if it is a number; the event's if it is text (NXLog's
                     ///< ThreadID, Version).
  execution_number,  ///< The same of the process that wrote the event (NXLog's ProcessID).
  shipper_word,  ///< NXLog's severity word under EventType ("INFO"); the event's verb (CreateKey)
                 ///< under the same name.
  below,         ///< An object with a table of its own.
  field,         ///< A field of the event, by its slot.
};

struct PartRow {
  std::string_view key;
  Part part = Part::nothing;
};

constexpr PartRow kSystemRows[] = {
    {"Provider", Part::provider},
    {"Provider_attributes", Part::provider},
    {"EventID", Part::event_id},
    {"EventID_attributes", Part::shipper},
    {"Computer", Part::computer},
    {"Channel", Part::channel},
    {"EventRecordID", Part::record_id},
    {"TimeCreated", Part::utc_time},
    {"TimeCreated_attributes", Part::utc_time},
    {"Execution", Part::execution},
    {"Execution_attributes", Part::execution},
};

// evtx_dump and chainsaw: {"Event":{"System":{…},"EventData":{…}}}.
constexpr PartRow kEvtxEventRows[] = {
    {"EventData", Part::data},
    {"UserData", Part::data},
};

// NXLog im_msvistalog + to_json(): flat. "host" is the collector, ProcessID is the Sysmon service.
constexpr PartRow kNxlogRows[] = {
    {"Channel", Part::channel},
    {"SourceName", Part::provider},
    {"EventID", Part::event_id},
    {"Hostname", Part::computer},
    {"RecordNumber", Part::record_id},
    {"EventTime", Part::local_time},
    {"Message", Part::message},
    {"EventReceivedTime", Part::shipper},
    {"@timestamp", Part::shipper},
    {"@version", Part::shipper},
    {"host", Part::shipper},
    {"port", Part::shipper},
    {"tags", Part::shipper},
    {"type", Part::shipper},
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
    {"ProcessID", Part::execution_number},
    {"ExecutionProcessID", Part::execution_number},
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
    {"Message", Part::message},
    {"@timestamp", Part::shipper},
    {"@version", Part::shipper},
    {"host", Part::shipper},
    {"port", Part::shipper},
    {"tags", Part::shipper},
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

// Winlogbeat from 7 and Elastic Agent.
constexpr PartRow kWinlogbeatRows[] = {{"@timestamp", Part::utc_time}, {"winlog", Part::below}};
constexpr PartRow kWinlogRows[] = {
    {"channel", Part::channel},     {"provider_name", Part::provider},
    {"event_id", Part::event_id},   {"computer_name", Part::computer},
    {"record_id", Part::record_id}, {"event_data", Part::data},
    {"user_data", Part::data},      {"process", Part::execution},
};

// Fluent Bit's winevtlog (plugins/in_winevtlog/pack.c). ProcessID is the Sysmon service.
constexpr PartRow kFluentBitRows[] = {
    {"Channel", Part::channel},         {"ProviderName", Part::provider},
    {"EventID", Part::event_id},        {"Computer", Part::computer},
    {"EventRecordID", Part::record_id}, {"TimeCreated", Part::utc_time},
    {"StringInserts", Part::inserts},   {"EventData", Part::data},
    {"Message", Part::message},         {"ProcessID", Part::execution},
};

// Vector's windows_event_log (src/sources/windows_event_log/parser.rs).
constexpr PartRow kVectorRows[] = {
    {"channel", Part::channel},      {"provider_name", Part::provider},
    {"event_id", Part::event_id},    {"computer", Part::computer},
    {"record_id", Part::record_id},  {"timestamp", Part::utc_time},
    {"event_data", Part::data},      {"user_data", Part::data},
    {"process_id", Part::execution},
};

// Azure Log Analytics, table WindowsEvent: EventData is a string of JSON. Task is wrong there.
constexpr PartRow kLogAnalyticsRows[] = {
    {"Channel", Part::channel},         {"Provider", Part::provider},
    {"EventID", Part::event_id},        {"Computer", Part::computer},
    {"EventRecordId", Part::record_id}, {"TimeCreated", Part::utc_time},
    {"TimeGenerated", Part::utc_time},  {"EventData", Part::data},
};

// Azure Log Analytics, table Event: EventData is a string of XML.
constexpr PartRow kEventTableRows[] = {
    {"EventLog", Part::channel},  {"Source", Part::provider},        {"EventID", Part::event_id},
    {"Computer", Part::computer}, {"TimeGenerated", Part::utc_time}, {"EventData", Part::data},
};

// Wazuh: {"data":{"win":{"system":{…},"eventdata":{…}}}}, in lowerCamelCase.
constexpr PartRow kWazuhRows[] = {{"system", Part::below}, {"eventdata", Part::data}};
constexpr PartRow kWazuhSystemRows[] = {
    {"channel", Part::channel},         {"providerName", Part::provider},
    {"eventID", Part::event_id},        {"computer", Part::computer},
    {"eventRecordID", Part::record_id}, {"systemTime", Part::utc_time},
    {"processID", Part::execution},
};

// One of the above, flattened on the way (GELF, NXLog, Splunk). The event's own fields are told by
// their prefix.
constexpr PartRow kFlattenedRows[] = {
    {"winlog_channel", Part::channel},
    {"winlog.channel", Part::channel},
    {"Channel", Part::channel},
    {"channel", Part::channel},
    {"log_name", Part::channel},
    {"Event.System.Channel", Part::channel},
    {"winlog_provider_name", Part::provider},
    {"winlog.provider_name", Part::provider},
    {"SourceName", Part::provider},
    {"ProviderName", Part::provider},
    {"provider_name", Part::provider},
    {"source_name", Part::provider},
    {"Event.System.Provider.#attributes.Name", Part::provider},
    {"winlog_event_id", Part::event_id},
    {"winlog.event_id", Part::event_id},
    {"EventID", Part::event_id},
    {"event_id", Part::event_id},
    {"Event.System.EventID", Part::event_id},
    {"winlog_computer_name", Part::computer},
    {"winlog.computer_name", Part::computer},
    {"Computer", Part::computer},
    {"Hostname", Part::computer},
    {"computer_name", Part::computer},
    {"Event.System.Computer", Part::computer},
    {"winlog_record_id", Part::record_id},
    {"winlog.record_id", Part::record_id},
    {"EventRecordID", Part::record_id},
    {"RecordNumber", Part::record_id},
    {"record_number", Part::record_id},
    {"Event.System.EventRecordID", Part::record_id},
    {"@timestamp", Part::utc_time},
    {"TimeCreated", Part::utc_time},
    {"Event.System.TimeCreated.#attributes.SystemTime", Part::utc_time},
};

constexpr std::string_view kFieldPrefixes[] = {"winlog_event_data_", "winlog.event_data.",
                                               "event_data.",        "EventData.",
                                               "EventData_",         "Event.EventData."};

/// A row made ready: with the slot of a field and the mark of a key of the root.
struct KeyRow {
  std::string_view key;
  Marks marks = 0;
  Part part = Part::nothing;
  FieldId field = FieldId::count;
  /// Nothing to do unless `field` is wanted: most keys of most records, told in one branch.
  bool skippable = false;
};

/// How a carriage treats keys that no row names.
enum class Unnamed : std::uint8_t { ignore, fields, prefixed_fields };

struct CarriageTable {
  KeyTable<KeyRow> rows;
  KeyTable<KeyRow> below;
  Unnamed unnamed = Unnamed::ignore;
  bool lower_camel = false;
};

/// Vendor key → slot: Sigma's names are Windows' own, but for two spellings of event 10.
std::vector<KeyRow> field_rows() {
  std::vector<KeyRow> rows;
  rows.reserve(kFieldCount + 2);
  for (const FieldRow& row : field_table()) {
    rows.push_back({.key = row.name, .part = Part::field, .field = row.id, .skippable = true});
  }
  rows.push_back({.key = "SourceProcessGUID",
                  .part = Part::field,
                  .field = FieldId::source_process_guid,
                  .skippable = true});
  rows.push_back({.key = "TargetProcessGUID",
                  .part = Part::field,
                  .field = FieldId::target_process_guid,
                  .skippable = true});
  return rows;
}

KeyTable<KeyRow> make_table(std::span<const PartRow> parts, bool with_fields) {
  std::vector<KeyRow> rows;
  rows.reserve(parts.size() + kFieldCount + 2);
  for (const PartRow& part : parts) {
    rows.push_back({.key = part.key,
                    .marks = marks_of(part.key),
                    .part = part.part,
                    .skippable = part.part == Part::shipper});
  }
  if (with_fields) {
    for (KeyRow row : field_rows()) {
      row.marks = marks_of(row.key);
      rows.push_back(row);
    }
  }
  return KeyTable<KeyRow>(std::span<const KeyRow>(rows));
}

CarriageTable carriage(std::span<const PartRow> rows,
                       Unnamed unnamed = Unnamed::ignore,
                       std::span<const PartRow> below = {}) {
  CarriageTable table;
  table.rows = make_table(rows, unnamed == Unnamed::fields);
  table.below = make_table(below, false);
  table.unnamed = unnamed;
  return table;
}

struct Tables {
  std::array<CarriageTable, static_cast<std::size_t>(WindowsCarriage::count)> carriages;
  KeyTable<KeyRow> fields;
  KeyTable<KeyRow> evtx_event;

  Tables() : fields(std::span<const KeyRow>(field_rows())) {
    evtx_event = make_table(kEvtxEventRows, false);
    at(WindowsCarriage::evtx) = carriage({}, Unnamed::ignore, kSystemRows);
    at(WindowsCarriage::nxlog) = carriage(kNxlogRows, Unnamed::fields);
    at(WindowsCarriage::flat_export) = carriage(kFlatExportRows, Unnamed::fields);
    at(WindowsCarriage::winlogbeat6) = carriage(kWinlogbeat6Rows);
    at(WindowsCarriage::winlogbeat) = carriage(kWinlogbeatRows, Unnamed::ignore, kWinlogRows);
    at(WindowsCarriage::fluent_bit) = carriage(kFluentBitRows);
    at(WindowsCarriage::vector) = carriage(kVectorRows);
    at(WindowsCarriage::log_analytics) = carriage(kLogAnalyticsRows);
    at(WindowsCarriage::event_table) = carriage(kEventTableRows);
    at(WindowsCarriage::wazuh) = carriage(kWazuhRows, Unnamed::ignore, kWazuhSystemRows);
    at(WindowsCarriage::wazuh).lower_camel = true;
    at(WindowsCarriage::flattened) = carriage(kFlattenedRows, Unnamed::prefixed_fields);
  }

  CarriageTable& at(WindowsCarriage carriage) {
    return carriages[static_cast<std::size_t>(carriage)];
  }
};

const Tables& tables() {
  static const Tables kTables;
  return kTables;
}

class Reader {
 public:
  Reader(const CarriageTable& table, ParseContext& context, WindowsRecord& record)
      : table_(table), context_(context), record_(record) {}

  /// One pass over the root.
  Marks read_root(NodeIndex root) {
    return read(
        root, table_.rows, &table_.rows,
        [this](const KeyRow* row, const Node& node, NodeIndex index) {
          if (row == nullptr) {
            return table_.unnamed == Unnamed::prefixed_fields ||
                   (table_.unnamed == Unnamed::fields && matters_as_data(node, index));
          }
          return !row->skippable || context_.filter.wants(row->field);
        },
        [this](const KeyRow* row, std::string_view key, const Node& node, NodeIndex index) {
          if (row == nullptr) {
            unnamed(key, node, index);
          } else if (row->part == Part::field) {
            add_field(row->field, node, index, key);
          } else {
            take(*row, key, node, index);
          }
        });
  }

  /// An object whose keys a table of its own explains.
  void read_below(NodeIndex object, const KeyTable<KeyRow>& rows) {
    if (context_.document.node(object).kind != NodeKind::object) {
      return;
    }
    read(
        object, rows, &rows,
        [](const KeyRow* row, const Node& /*node*/, NodeIndex /*index*/) { return row != nullptr; },
        [this](const KeyRow* row, std::string_view key, const Node& node, NodeIndex index) {
          take(*row, key, node, index);
        });
  }

  /// Every leaf below an EventData or UserData object, by its own name.
  void read_data(NodeIndex object) {
    read(
        object, tables().fields, &table_,
        [this](const KeyRow* /*row*/, const Node& node, NodeIndex index) {
          return matters_as_data(node, index);
        },
        [this](const KeyRow* row, std::string_view key, const Node& node, NodeIndex index) {
          if (key == "#attributes") {
            return;
          }
          if (row == nullptr || node.kind == NodeKind::object) {
            add_data(key, node, index, 0);
          } else {
            add_field(row->field, node, index, key);
          }
        });
  }

 private:
  /// The values of an object with the rows of their keys: by the plan, or key by key if it does not
  /// fit. `matters(row, node, index)`: may the value be needed? It may depend on the key and on how
  /// many values are below it, on nothing else. `act` reads those that may.
  template <typename Matters, typename Act>
  Marks read(NodeIndex object,
             const KeyTable<KeyRow>& rows,
             const void* owner,
             const Matters& matters,
             const Act& act) {
    const Document& document = context_.document;
    KeyPlan& plan = context_.plans.plan_of(document, object, owner, &context_.filter);
    if (plan.fits(document, object)) {
      const Node* nodes = &document.node(object);
      plan.for_each_place([&](const KeyPlan::Place& place) {
        const Node& node = nodes[place.child];
        if ((place.action & kIsPart) != 0) {
          keep_part(place.action, node, object + place.child);
          return;
        }
        if (place.action != kUndecided) {
          set_scalar(place.action, node);
          return;
        }
        act(static_cast<const KeyRow*>(place.row), node.raw_key(), node, object + place.child);
      });
      return plan.marks();
    }
    Marks marks = 0;
    // Not while it is read: what is below may be planned in the same place.
    document.for_each_child(object, [&](const Node& node, NodeIndex index) {
      const std::string_view key = key_of(node, context_.scratch);
      const KeyRow* row = rows.find_padded(key);
      marks |= row != nullptr ? row->marks : marks_of(key);
      if (matters(row, node, index)) {
        act(row, key, node, index);
      }
    });
    plan_keys(object, rows, matters, marks, plan);
    return marks;
  }

  template <typename Matters>
  void plan_keys(NodeIndex object,
                 const KeyTable<KeyRow>& rows,
                 const Matters& matters,
                 Marks marks,
                 KeyPlan& plan) {
    plan.begin();
    bool parts_are_decided = true;
    context_.document.for_each_child(object, [&](const Node& node, NodeIndex index) {
      const KeyRow* row = rows.find_padded(node.raw_key());
      const std::uint32_t action = action_for(row, node);
      const bool acts = matters(row, node, index) && !is_idle(row, node);
      parts_are_decided =
          parts_are_decided && (!acts || (action & kIsPart) != 0 || sets_fields_only(row));
      plan.add(node, object, {.child = index, .row = row, .action = action}, acts);
    });
    plan.finish(context_.document, object, marks);
    if (parts_are_decided) {
      // Neither depends on the other, and a loop that does first one thing, then the other, is
      // faster than one that does both by turns.
      plan.put_first([](const KeyPlan::Place& place) { return (place.action & kIsPart) != 0; });
    }
  }

  /// Where take() is not told by an action: does it leave the record's parts alone?
  static bool sets_fields_only(const KeyRow* row) {
    if (row == nullptr) {
      return true;
    }
    switch (row->part) {
      case Part::nothing:
      case Part::shipper:
      case Part::shipper_number:
      case Part::execution_number:
      case Part::shipper_word:
      case Part::field: return true;
      default: return false;
    }
  }

  static constexpr std::uint32_t kUndecided = 0;
  static constexpr std::uint32_t kKindShift = 8;

  static constexpr std::uint32_t kIsPart = 1U << 16U;
  static constexpr std::uint32_t kIsText = 1U << 17U;       ///< The part is a text, else a place.
  static constexpr std::uint32_t kMayBeLocal = 1U << 18U;   ///< It is a time in some zone.
  static constexpr std::uint32_t kNumber = (1U << 8U) - 1;  ///< Of kTexts or kPlaces.

  static constexpr std::array kTexts = {&WindowsRecord::channel,   &WindowsRecord::provider,
                                        &WindowsRecord::event_id,  &WindowsRecord::computer,
                                        &WindowsRecord::record_id, &WindowsRecord::system_time};
  static constexpr std::array kPlaces = {&WindowsRecord::message, &WindowsRecord::execution};

  /// What take() does with a part whose value is a scalar and no null, for keep_part(); or
  /// kUndecided.
  [[nodiscard]] static std::uint32_t part_action(Part part, const Node& node) {
    constexpr std::uint32_t kTextPart = kIsPart | kIsText;
    switch (part) {
      case Part::channel: return kTextPart;
      case Part::provider: return kTextPart | 1U;
      case Part::event_id: return kTextPart | 2U;
      case Part::computer: return kTextPart | 3U;
      case Part::record_id: return kTextPart | 4U;
      case Part::utc_time: return kTextPart | 5U;
      case Part::local_time: return kTextPart | kMayBeLocal | 5U;
      case Part::message: return kIsPart;
      case Part::execution: return kIsPart | 1U;
      case Part::execution_number: return node.kind == NodeKind::string ? kUndecided : kIsPart | 1U;
      default: return kUndecided;
    }
  }

  void keep_part(std::uint32_t action, const Node& node, NodeIndex index) {
    const std::uint32_t number = action & kNumber;
    if ((action & kIsText) == 0) {
      record_.*kPlaces[number] = index;
      return;
    }
    keep(record_.*kTexts[number], scalar(node));
    record_.time_may_be_local = record_.time_may_be_local || (action & kMayBeLocal) != 0;
  }

  /// Where a document's shape is known, so are the kinds of its values, and what is to be done with
  /// most: a number for keep_part(), a field's id and kind as one for set_scalar(), or kUndecided.
  [[nodiscard]] std::uint32_t action_for(const KeyRow* row, const Node& node) const {
    const bool is_known = context_.document.shape() != 0 && row != nullptr && node.is_scalar() &&
                          node.kind != NodeKind::null;
    if (!is_known) {
      return kUndecided;
    }
    if (row->part != Part::field) {
      return part_action(row->part, node);
    }
    return (static_cast<std::uint32_t>(field_kind(row->field)) << kKindShift) |
           (static_cast<std::uint32_t>(row->field) + 1);
  }

  /// Is it known that nothing is to be done?
  [[nodiscard]] bool is_idle(const KeyRow* row, const Node& node) const {
    if (context_.document.shape() == 0 || row == nullptr) {
      return false;
    }
    return (row->part == Part::field && node.kind == NodeKind::null) ||
           (row->part == Part::shipper_number && node.kind != NodeKind::string);
  }

  /// A scalar that is no null, into a field that is wanted.
  void set_scalar(std::uint32_t action, const Node& node) {
    const auto id = static_cast<FieldId>((action & ((1U << kKindShift) - 1)) - 1);
    const std::string_view text = resolve(node.raw_text(), node.text_escaped, context_.scratch);
    Event& event = context_.event;
    if (event.has(id)) {
      event.duplicate_keys = true;
    } else if (may_need_representation(static_cast<FieldKind>(action >> kKindShift), text)) {
      set_represented(id, text, context_.scratch, event);
    } else {
      event.set(id, text);
    }
  }

  /// Can add_data() find something in it? Objects hold fields of their own.
  [[nodiscard]] bool matters_as_data(const Node& node, NodeIndex index) const {
    if (node.end > index + 1) {
      return true;
    }
    const KeyRow* row = tables().fields.find_padded(node.raw_key());
    if (row != nullptr) {
      return context_.filter.wants(row->field);
    }
    // Those have other names under which they are looked up.
    const bool has_alias = table_.lower_camel || has_backslash(node.raw_key()) ||
                           node.raw_key().find(' ') != std::string_view::npos;
    return has_alias || context_.filter.wants_extra(node.raw_key());
  }

  void unnamed(std::string_view key, const Node& node, NodeIndex index) {
    switch (table_.unnamed) {
      case Unnamed::ignore: break;
      case Unnamed::fields: add_data(key, node, index, 0); break;
      case Unnamed::prefixed_fields:
        for (const std::string_view prefix : kFieldPrefixes) {
          if (key.starts_with(prefix)) {
            add_data(key.substr(prefix.size()), node, index, 0);
            break;
          }
        }
        break;
    }
  }

  void take(const KeyRow& row, std::string_view key, const Node& node, NodeIndex index) {
    switch (row.part) {
      case Part::nothing: unnamed(key, node, index); break;
      case Part::channel: keep(record_.channel, scalar(node)); break;
      case Part::provider: keep(record_.provider, xml_text(node, index, "Name")); break;
      case Part::event_id: keep(record_.event_id, xml_text(node, index, "EventID")); break;
      case Part::computer: keep(record_.computer, scalar(node)); break;
      case Part::record_id: keep(record_.record_id, scalar(node)); break;
      case Part::utc_time: keep(record_.system_time, xml_text(node, index, "SystemTime")); break;
      case Part::local_time:
        keep(record_.system_time, scalar(node));
        record_.time_may_be_local = true;
        break;
      case Part::data: take_data(key, node, index); break;
      case Part::message: record_.message = index; break;
      case Part::inserts: record_.inserts = index; break;
      case Part::shipper: break;
      case Part::execution: record_.execution = index; break;
      case Part::execution_number:
        if (node.kind != NodeKind::string) {
          record_.execution = index;
        }
        [[fallthrough]];
      case Part::shipper_number:
        if (node.kind == NodeKind::string) {
          add_data(key, node, index, 0);
        }
        break;
      case Part::shipper_word: take_event_type(key, node, index); break;
      case Part::below: read_below(index, table_.below); break;
      case Part::field: add_field(row.field, node, index, key); break;
    }
  }

  void take_data(std::string_view key, const Node& node, NodeIndex index) {
    if (node.kind == NodeKind::object) {
      read_data(index);
    } else if (node.kind == NodeKind::string) {
      record_.nested = index;
    } else if (node.kind != NodeKind::null) {
      add_data(key, node, index, 0);
    }
  }

  void add_object(std::string_view name, NodeIndex index, std::size_t depth) {
    context_.document.for_each_child(index, [&](const Node& child, NodeIndex child_index) {
      const std::string_view key = key_of(child, context_.scratch);
      if (key != "#attributes") {
        add_data(key == "#text" ? name : key, child, child_index, depth + 1);
      }
    });
  }

  void add_data(std::string_view name, const Node& node, NodeIndex index, std::size_t depth) {
    if (node.kind == NodeKind::object) {
      if (depth < kJsonDepthMax) {
        add_object(name, index, depth);
      }
      return;
    }
    const KeyRow* row = tables().fields.find_padded(name);
    if (row != nullptr && !context_.filter.wants(row->field)) {
      return;
    }
    if (row == nullptr && table_.lower_camel && !name.empty()) {
      name = upper_first(name);
      row = tables().fields.find_padded(name);
    }
    if (row == nullptr && name.find(' ') != std::string_view::npos) {
      name = without_blanks(name);
      row = tables().fields.find_padded(name);
    }
    add_field(row == nullptr ? FieldId::count : row->field, node, index, name);
  }

  std::string_view upper_first(std::string_view name) {
    char* place = context_.scratch.take(name.size());
    std::ranges::copy(name, place);
    place[0] =
        place[0] >= 'a' && place[0] <= 'z' ? static_cast<char>(place[0] - 'a' + 'A') : place[0];
    return {place, name.size()};
  }

  /// "Threat Name", as Defender has it, is ThreatName in Sigma.
  std::string_view without_blanks(std::string_view name) {
    char* place = context_.scratch.take(name.size());
    char* end = std::ranges::remove_copy(name, place, ' ').out;
    return {place, static_cast<std::size_t>(end - place)};
  }

  void add_field(FieldId id, const Node& node, NodeIndex index, std::string_view name) {
    // Sigma: an empty array is what null is, an absent field.
    const bool is_empty_array = node.kind == NodeKind::array && node.end == index + 1;
    if (node.kind == NodeKind::null || is_empty_array) {
      return;
    }
    if (id != FieldId::count) {
      if (context_.filter.wants(id)) {
        set_field(id, value(node, index), context_.scratch, context_.event);
      }
    } else if (context_.filter.wants_extra(name)) {
      set_extra(name, value(node, index), context_.event);
    }
  }

  std::string_view value(const Node& node, NodeIndex index) {
    return node.is_scalar() ? text_of(node, context_.scratch)
                            : compact_json(context_.document, index, context_.scratch);
  }

  std::string_view scalar(const Node& node) { return text_of(node, context_.scratch); }

  /// "Sysmon", {"#text":1,"#attributes":{…}}, {"#attributes":{"Name":"Sysmon"}} or
  /// {"Name":"Sysmon"}: evtx_dump writes XML attributes in all these ways.
  std::string_view xml_text(const Node& node, NodeIndex index, std::string_view attribute) {
    if (node.kind != NodeKind::object) {
      return scalar(node);
    }
    const Document& document = context_.document;
    for (const std::string_view key : {std::string_view("#text"), attribute}) {
      const NodeIndex inner = document.find(index, key);
      if (inner != kNoNode) {
        return scalar(document.node(inner));
      }
    }
    const NodeIndex attributes = document.find(index, "#attributes");
    if (attributes == kNoNode || document.node(attributes).kind != NodeKind::object) {
      return {};
    }
    const NodeIndex inner = document.find(attributes, attribute);
    return inner == kNoNode ? std::string_view() : scalar(document.node(inner));
  }

  /// NXLog's own EventType is a severity in capitals ("INFO", "AUDIT_SUCCESS"); Sysmon's is a verb
  /// ("CreateKey").
  void take_event_type(std::string_view key, const Node& node, NodeIndex index) {
    const bool is_verb =
        std::ranges::any_of(node.raw_text(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (is_verb) {
      add_data(key, node, index, 0);
    }
  }

  /// First wins: the same answer whatever is looked up first.
  void keep(std::string_view& slot, std::string_view text) {
    if (slot.data() == nullptr) {
      slot = text;
    } else if (slot != text) {
      context_.event.duplicate_keys = true;
    }
  }

  const CarriageTable& table_;
  ParseContext& context_;
  WindowsRecord& record_;
};

/// {"Event":{"System":{…},"EventData":{…}}}
void read_evtx(NodeIndex root, ParseContext& context, Reader& reader) {
  const Document& document = context.document;
  const NodeIndex event = document.find(root, "Event");
  if (event == kNoNode || document.node(event).kind != NodeKind::object) {
    return;
  }
  const NodeIndex system = document.find(event, "System");
  if (system == kNoNode) {
    return;
  }
  reader.read_below(system,
                    tables().carriages[static_cast<std::size_t>(WindowsCarriage::evtx)].below);
  reader.read_below(event, tables().evtx_event);
}

}  // namespace

std::string_view to_string(WindowsCarriage carriage) {
  switch (carriage) {
    case WindowsCarriage::evtx: return "evtx";
    case WindowsCarriage::nxlog: return "nxlog";
    case WindowsCarriage::flat_export: return "flat_export";
    case WindowsCarriage::winlogbeat6: return "winlogbeat6";
    case WindowsCarriage::winlogbeat: return "winlogbeat";
    case WindowsCarriage::fluent_bit: return "fluent_bit";
    case WindowsCarriage::vector: return "vector";
    case WindowsCarriage::log_analytics: return "log_analytics";
    case WindowsCarriage::event_table: return "event_table";
    case WindowsCarriage::wazuh: return "wazuh";
    case WindowsCarriage::flattened: return "flattened";
    case WindowsCarriage::count: break;
  }
  return "";
}

Marks read_windows_record(WindowsCarriage carriage,
                          NodeIndex root,
                          ParseContext& context,
                          WindowsRecord& record) {
  record.root = root;
  Reader reader(tables().carriages[static_cast<std::size_t>(carriage)], context, record);
  const Marks marks = reader.read_root(root);
  if (carriage == WindowsCarriage::evtx) {
    read_evtx(root, context, reader);
  }
  return marks;
}

void read_event_data(NodeIndex object, ParseContext& context, WindowsRecord& record) {
  const CarriageTable& table =
      tables().carriages[static_cast<std::size_t>(WindowsCarriage::log_analytics)];
  Reader(table, context, record).read_data(object);
  record.data_document = &context.document;
  record.data = object;
}

FieldId windows_field(std::string_view name) {
  const KeyRow* row = tables().fields.find(name);
  return row == nullptr ? FieldId::count : row->field;
}

void set_windows_field(std::string_view name, std::string_view value, ParseContext& context) {
  const KeyRow* row = tables().fields.find(name);
  if (row != nullptr) {
    if (context.filter.wants(row->field)) {
      set_field(row->field, value, context.scratch, context.event);
    }
  } else if (context.filter.wants_extra(name)) {
    set_extra(name, value, context.event);
  }
}

}  // namespace spoor
