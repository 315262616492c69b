#include "parsers/sysmon/sysmon.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/text.h"

namespace spoor {
namespace {

/// Which processes an event id names.
enum class Roles : std::uint8_t { none, actor, new_process, source_and_target };

struct EventRow {
  std::uint16_t id;
  EventType type;
  Roles roles;
};

// Sysmon's manifest, schema 4.90. 12 is split by its verb below.
constexpr EventRow kEvents[] = {
    {1, EventType::process_creation, Roles::new_process},
    {2, EventType::file_change, Roles::actor},
    {3, EventType::network_connection, Roles::actor},
    {4, EventType::sysmon_status, Roles::none},
    {5, EventType::process_termination, Roles::actor},
    {6, EventType::driver_load, Roles::none},
    {7, EventType::image_load, Roles::actor},
    {8, EventType::create_remote_thread, Roles::source_and_target},
    {9, EventType::raw_access_thread, Roles::actor},
    {10, EventType::process_access, Roles::source_and_target},
    {11, EventType::file_event, Roles::actor},
    {12, EventType::registry_event, Roles::actor},
    {13, EventType::registry_set, Roles::actor},
    {14, EventType::registry_rename, Roles::actor},
    {15, EventType::create_stream_hash, Roles::actor},
    {16, EventType::sysmon_status, Roles::none},
    {17, EventType::pipe_created, Roles::actor},
    {18, EventType::pipe_created, Roles::actor},
    {19, EventType::wmi_event, Roles::none},
    {20, EventType::wmi_event, Roles::none},
    {21, EventType::wmi_event, Roles::none},
    {22, EventType::dns_query, Roles::actor},
    {23, EventType::file_delete, Roles::actor},
    {24, EventType::clipboard_capture, Roles::actor},
    {25, EventType::process_tampering, Roles::actor},
    {26, EventType::file_delete_detected, Roles::actor},
    {27, EventType::file_block_executable, Roles::actor},
    {28, EventType::file_block_shredding, Roles::actor},
    {29, EventType::file_executable_detected, Roles::actor},
    {255, EventType::sysmon_error, Roles::none},
};

/// Where a process stands in an event.
struct MentionFields {
  FieldId guid;
  FieldId pid;
  FieldId image;
  FieldId command_line;
  FieldId user;
};

constexpr MentionFields kActor = {FieldId::process_guid, FieldId::process_id, FieldId::image,
                                  FieldId::count, FieldId::user};
constexpr MentionFields kNewProcess = {FieldId::process_guid, FieldId::process_id, FieldId::image,
                                       FieldId::command_line, FieldId::user};
constexpr MentionFields kParent = {FieldId::parent_process_guid, FieldId::parent_process_id,
                                   FieldId::parent_image, FieldId::parent_command_line,
                                   FieldId::parent_user};
constexpr MentionFields kSource = {FieldId::source_process_guid, FieldId::source_process_id,
                                   FieldId::source_image, FieldId::count, FieldId::source_user};
constexpr MentionFields kTarget = {FieldId::target_process_guid, FieldId::target_process_id,
                                   FieldId::target_image, FieldId::count, FieldId::target_user};

const EventRow* find_event(std::string_view id_text) {
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
  if (error != std::errc{} || end != id_text.data() + id_text.size()) {
    return nullptr;
  }
  const auto* row = std::ranges::find(kEvents, id, &EventRow::id);
  return row == std::ranges::end(kEvents) ? nullptr : row;
}

/// "-" and "<unknown process>" are Sysmon's ways to say nothing.
std::string_view said(std::string_view value) {
  return value == "-" || value == "<unknown process>" ? "" : value;
}

ProcessMention read_mention(const Event& event, const MentionFields& fields, Scratch& scratch) {
  const auto text = [&event](FieldId id) {
    return id == FieldId::count ? std::string_view() : said(event.field(id));
  };
  ProcessMention mention;
  const std::string_view guid_text = text(fields.guid);
  const std::optional<ProcessGuid> guid = parse_process_guid(guid_text);
  if (guid) {
    mention.key = guid->key;
    mention.start = guid->start;
    std::string canonical = to_lower_ascii(guid_text);
    mention.vendor_uid =
        scratch.copy(canonical.starts_with('{') ? canonical : "{" + canonical + "}");
  }
  mention.pid = text(fields.pid);
  mention.image = text(fields.image);
  mention.command_line = text(fields.command_line);
  mention.user = text(fields.user);
  return mention;
}

EventType registry_key_event(std::string_view verb) {
  if (verb == "CreateKey") {
    return EventType::registry_add;
  }
  if (verb == "DeleteKey" || verb == "DeleteValue") {
    return EventType::registry_delete;
  }
  // NXLog's core EventType can overwrite the verb: then it is not known which of the two it was.
  return EventType::registry_event;
}

void read_mentions(Roles roles, Scratch& scratch, Event& event) {
  switch (roles) {
    case Roles::none: break;
    case Roles::actor: event.actor = read_mention(event, kActor, scratch); break;
    case Roles::new_process:
      event.actor = read_mention(event, kNewProcess, scratch);
      event.parent = read_mention(event, kParent, scratch);
      if (!event.time_suspect) {
        event.actor.start = event.time;
        event.actor.start_is_exact = true;
      }
      break;
    case Roles::source_and_target:
      event.actor = read_mention(event, kSource, scratch);
      event.target = read_mention(event, kTarget, scratch);
      break;
  }
}

}  // namespace

bool is_sysmon(const WindowsRecord& record) {
  return record.provider == "Microsoft-Windows-Sysmon" || record.provider == "Linux-Sysmon" ||
         record.channel == "Microsoft-Windows-Sysmon/Operational" ||
         record.channel == "Linux-Sysmon/Operational";
}

void parse_sysmon(const WindowsRecord& record,
                  const ExtraFilter& extra,
                  Scratch& scratch,
                  Event& event) {
  event.source = Source::sysmon;
  fill_windows_event(record, extra, true, scratch, event);
  const EventRow* row = find_event(record.event_id);
  if (row == nullptr) {
    event.type = EventType::other;
    return;
  }
  event.type = row->id == 12 ? registry_key_event(event.field(FieldId::event_type)) : row->type;
  read_mentions(row->roles, scratch, event);
}

std::optional<ProcessGuid> parse_process_guid(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, 36);
  }
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  std::array<char, 32> digits{};
  std::size_t count = 0;
  for (const char c : text) {
    if (c != '-' && count < digits.size()) {
      digits[count++] = c;
    }
  }
  const auto read = [&digits](std::size_t first,
                              std::size_t length) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    const char* end_wanted = digits.data() + first + length;
    const auto [end, error] = std::from_chars(digits.data() + first, end_wanted, value, 16);
    return error == std::errc{} && end == end_wanted ? std::optional(value) : std::nullopt;
  };
  const auto high = read(0, 16);
  const auto low = read(16, 16);
  if (count != digits.size() || !high || !low || (*high == 0 && *low == 0)) {
    return std::nullopt;
  }
  // {machine}-{start, low 16 bits}-{start, high 16 bits}-{token}: 879 of 879 process_creation
  // events agree with UtcTime.
  const std::uint64_t low_half = (*high >> 16U) & 0xFFFFU;
  const std::uint64_t high_half = *high & 0xFFFFU;
  const auto seconds = static_cast<std::int64_t>((high_half << 16U) | low_half);
  constexpr std::int64_t kYear2000 = 946'684'800;
  return ProcessGuid{.key = {.high = *high, .low = *low},
                     .start = seconds < kYear2000 ? 0 : seconds * kNanosPerSecond};
}

}  // namespace spoor
