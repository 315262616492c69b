#include "parsers/sysmon/sysmon.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "engine/base/text.h"
#include "parsers/convert.h"

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
  constexpr std::size_t kIds = 256;
  static constexpr std::array<const EventRow*, kIds> kById = [] {
    std::array<const EventRow*, kIds> by_id{};
    for (const EventRow& row : kEvents) {
      by_id[row.id] = &row;
    }
    return by_id;
  }();
  std::uint16_t id = 0;
  const auto [end, error] = std::from_chars(id_text.data(), id_text.data() + id_text.size(), id);
  if (error != std::errc{} || end != id_text.data() + id_text.size()) {
    return nullptr;
  }
  return id < kIds ? kById[id] : nullptr;
}

#if defined(__SSE2__)

/// The number that sixteen hex digits make, the first eight in the low half; no digit sets `bad`.
std::uint64_t sixteen_hex_digits(std::uint64_t low, std::uint64_t high, std::uint32_t& bad) {
  const __m128i text = _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  const __m128i digit = _mm_sub_epi8(text, _mm_set1_epi8('0'));
  const __m128i letter = _mm_sub_epi8(_mm_or_si128(text, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
  const __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
  bad |= static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(is_digit, is_letter))) ^ 0xFFFFU;
  const __m128i nibbles =
      _mm_or_si128(_mm_and_si128(is_digit, digit),
                   _mm_andnot_si128(is_digit, _mm_add_epi8(letter, _mm_set1_epi8(10))));
  // Of each two the first is the higher; then the eight low halves of the pairs, last first.
  const __m128i pairs = _mm_and_si128(
      _mm_or_si128(_mm_slli_epi16(nibbles, 4), _mm_srli_epi16(nibbles, 8)), _mm_set1_epi16(0xFF));
  const __m128i bytes = _mm_packus_epi16(pairs, pairs);
  return __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes)));
}

#else

std::uint64_t sixteen_hex_digits(std::uint64_t low, std::uint64_t high, std::uint32_t& bad) {
  std::array<char, 16> text{};
  std::memcpy(text.data(), &low, sizeof low);
  std::memcpy(text.data() + sizeof low, &high, sizeof high);
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number, 16);
  bad |= error != std::errc{} || end != last ? 1U : 0U;
  return number;
}

#endif

/// Characters of a text, in its order.
template <typename Word>
Word word_at(const char* text) {
  Word word = 0;
  std::memcpy(&word, text, sizeof word);
  return word;
}

/// Eight characters that stand in two parts.
std::uint64_t word_of(const char* first, const char* second) {
  std::array<char, 8> text{};
  std::memcpy(text.data(), first, 4);
  std::memcpy(text.data() + 4, second, 4);
  return std::bit_cast<std::uint64_t>(text);
}

/// "-" and "<unknown process>" are Sysmon's ways to say nothing.
std::string_view said(std::string_view value) {
  return value == "-" || value == "<unknown process>" ? "" : value;
}

/// "{8f4c1e20-…}", whatever case and braces the carriage gave it.
std::string_view canonical_guid(std::string_view guid, Scratch& scratch) {
  constexpr std::size_t kSize = 36;
  const char* const inner = guid.data() + (guid.size() == kSize ? 0 : 1);
  char* const place = scratch.take(kSize + 2);
  place[0] = '{';
  for (std::size_t i = 0; i < kSize; i += sizeof(std::uint32_t)) {
    // Digits and hyphens have that bit already.
    const std::uint32_t lower = word_at<std::uint32_t>(inner + i) | 0x20202020U;
    std::memcpy(place + 1 + i, &lower, sizeof lower);
  }
  place[1 + kSize] = '}';
  return {place, kSize + 2};
}

/// Into a mention that is empty.
void read_mention(const Event& event,
                  const MentionFields& fields,
                  Scratch& scratch,
                  ProcessMention& mention) {
  const auto text = [&event](FieldId id) {
    return id == FieldId::count ? std::string_view() : said(event.field(id));
  };
  const std::string_view guid_text = event.field(fields.guid);
  const std::optional<ProcessGuid> guid = parse_process_guid(guid_text);
  if (guid) {
    mention.key = guid->key;
    mention.start = guid->start;
    mention.vendor_uid = canonical_guid(guid_text, scratch);
  }
  mention.pid = text(fields.pid);
  mention.image = text(fields.image);
  mention.command_line = text(fields.command_line);
  mention.user = text(fields.user);
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

EventType type_of(const EventRow& row, std::string_view verb) {
  return row.type == EventType::registry_event ? registry_key_event(verb) : row.type;
}

/// Does Sysmon give events of this type an EventType?
bool has_verb(EventType type) {
  return type == EventType::registry_event || type == EventType::registry_set ||
         type == EventType::registry_rename || type == EventType::pipe_created ||
         type == EventType::wmi_event;
}

/// "2022-05-13T08:54:05.1230000Z", as Azure rewrites times, → "2022-05-13 08:54:05.123".
void restore_times(ParseContext& context) {
  constexpr std::size_t kBetween = std::string_view("2022-05-13").size();
  for (const FieldId id :
       {FieldId::utc_time, FieldId::creation_utc_time, FieldId::previous_creation_utc_time}) {
    const std::string_view written = context.event.field(id);
    const std::string_view time = written.size() > kBetween && written[kBetween] == 'T'
                                      ? convert(Convert::epoch_time, written, context.scratch)
                                      : std::string_view();
    if (time.data() != nullptr) {
      context.event.set(id, time);
      context.event.originals.push_back({.field = id, .value = written});
    }
  }
}

/// Brings back what the shipper lost or bent: Fluent Bit's names, Winlogbeat's moved fields,
/// Wazuh's backslashes, and what NXLog put keys of its own in the place of.
void restore_lost_fields(WindowsCarriage carriage,
                         const EventRow* row,
                         const WindowsRecord& record,
                         ParseContext& context) {
  const Event& event = context.event;
  if (carriage == WindowsCarriage::wazuh) {
    unescape_wazuh_fields(context);
    return;
  }
  if (carriage == WindowsCarriage::log_analytics) {
    restore_times(context);
    return;
  }
  if (carriage == WindowsCarriage::fluent_bit) {
    if (record.inserts != kNoNode) {
      read_string_inserts(context, record);
    }
    read_message(context, record);
    return;
  }
  if (carriage == WindowsCarriage::winlogbeat && !event.has(FieldId::utc_time)) {
    // The module deletes UtcTime, for it becomes @timestamp.
    read_ecs_fields(record.root, context, record);
    return;
  }
  if (row == nullptr || record.message == kNoNode) {
    return;
  }
  const bool lost_pid = (row->roles == Roles::actor || row->roles == Roles::new_process) &&
                        !event.has(FieldId::process_id);
  const bool lost_verb = has_verb(row->type) && !event.has(FieldId::event_type);
  if (lost_pid || lost_verb) {
    read_message(context, record);
  }
}

void read_mentions(Roles roles, Scratch& scratch, Event& event) {
  switch (roles) {
    case Roles::none: break;
    case Roles::actor: read_mention(event, kActor, scratch, event.actor); break;
    case Roles::new_process:
      read_mention(event, kNewProcess, scratch, event.actor);
      read_mention(event, kParent, scratch, event.parent);
      if (!event.time_suspect) {
        event.actor.start = event.time;
        event.actor.start_is_exact = true;
      }
      break;
    case Roles::source_and_target:
      read_mention(event, kSource, scratch, event.actor);
      read_mention(event, kTarget, scratch, event.target);
      break;
  }
}

}  // namespace

bool is_sysmon(const WindowsRecord& record) {
  return record.provider == "Microsoft-Windows-Sysmon" || record.provider == "Linux-Sysmon" ||
         is_sysmon_channel(record.channel);
}

bool is_sysmon_channel(std::string_view channel) {
  return channel == "Microsoft-Windows-Sysmon/Operational" || is_linux_sysmon_channel(channel);
}

bool is_linux_sysmon_channel(std::string_view channel) {
  return channel == "Linux-Sysmon/Operational";
}

EventType sysmon_event_type(std::string_view event_id, std::string_view verb) {
  const EventRow* row = find_event(event_id);
  return row == nullptr ? EventType::other : type_of(*row, verb);
}

void parse_sysmon(WindowsCarriage carriage, const WindowsRecord& record, ParseContext& context) {
  Event& event = context.event;
  event.source = Source::sysmon;
  const bool is_linux =
      record.provider == "Linux-Sysmon" || is_linux_sysmon_channel(record.channel);
  event.platform = is_linux ? Platform::linux : Platform::windows;
  const EventRow* row = find_event(record.event_id);
  restore_lost_fields(carriage, row, record, context);
  finish_windows_event(carriage, record, true, context);
  if (row == nullptr) {
    event.type = EventType::other;
    return;
  }
  event.type = type_of(*row, event.field(FieldId::event_type));
  read_mentions(row->roles, context.scratch, event);
}

std::optional<ProcessGuid> parse_process_guid(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, 36);
  }
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  const char* const digits = text.data();
  std::uint32_t bad = 0;
  const std::uint64_t high =
      sixteen_hex_digits(word_at<std::uint64_t>(digits), word_of(digits + 9, digits + 14), bad);
  const std::uint64_t low = sixteen_hex_digits(word_of(digits + 19, digits + 24),
                                               word_at<std::uint64_t>(digits + 28), bad);
  if (bad != 0) {
    return std::nullopt;
  }
  if (high == 0 && low == 0) {
    return std::nullopt;
  }
  // {machine}-{start, low 16 bits}-{start, high 16 bits}-{token}: 879 of 879 process_creation
  // events agree with UtcTime.
  const std::uint64_t low_half = (high >> 16U) & 0xFFFFU;
  const std::uint64_t high_half = high & 0xFFFFU;
  const auto seconds = static_cast<std::int64_t>((high_half << 16U) | low_half);
  constexpr std::int64_t kYear2000 = 946'684'800;
  return ProcessGuid{.key = {.high = high, .low = low},
                     .start = seconds < kYear2000 ? 0 : seconds * kNanosPerSecond};
}

}  // namespace spoor
