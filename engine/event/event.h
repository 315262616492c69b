// The normalised event: what every parser makes and every stage reads.
//
// A flat table of slots indexed by FieldId. All text is a view into the record's buffer or the
// parser's scratch, valid until the parser reads its next record: a stage that keeps text copies
// it. Filling and reading an Event allocates nothing once its vectors have grown.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/field.h"

namespace spoor {

/// What happened. The names are Sigma's log source categories; `other` is every event without one.
enum class EventType : std::uint8_t {
  process_creation,
  process_termination,
  process_access,
  create_remote_thread,
  process_tampering,
  image_load,
  driver_load,
  file_event,
  file_change,
  file_delete,
  file_delete_detected,
  file_block_executable,
  file_block_shredding,
  file_executable_detected,
  create_stream_hash,
  raw_access_thread,
  registry_add,
  registry_delete,
  registry_set,
  registry_rename,
  registry_event,
  network_connection,
  dns_query,
  pipe_created,
  wmi_event,
  clipboard_capture,
  sysmon_status,
  sysmon_error,
  other,
  count
};

inline constexpr std::size_t kEventTypeCount = static_cast<std::size_t>(EventType::count);

/// "image_load".
[[nodiscard]] std::string_view to_string(EventType type);

/// Whose record it was.
enum class Source : std::uint8_t { sysmon, windows, crowdstrike, sentinelone };

[[nodiscard]] std::string_view to_string(Source source);

/// The rank of a type in the canonical order (semantics: "Canonical order"): process start 0,
/// module load 1, file and registry 2, network and dns 3, other 4, process end 9.
[[nodiscard]] int canonical_rank(EventType type);

/// The place of an event in the canonical order `<c`: (event time, rank, uid). Total, and the same
/// whatever order events arrived in.
struct OrderKey {
  Timestamp time = 0;
  int rank = 0;
  Uid uid;
  friend auto operator<=>(const OrderKey&, const OrderKey&) = default;
};

/// Where a record was read.
struct RecordPosition {
  std::uint32_t input = 0;   ///< Index of the input file in the order given.
  std::uint64_t offset = 0;  ///< Bytes from the start of its (decompressed) content.
  std::uint64_t line = 0;    ///< 1-based.
};

/// A process as an event names it. `key` is the identity (host and vendor uid hashed); none when
/// the event gives only a pid, which is never an identity. Absent text is empty.
struct ProcessMention {
  Uid key;
  std::string_view vendor_uid;  ///< As the vendor writes it, canonical spelling.
  std::string_view pid;         ///< Decimal.
  std::string_view image;
  std::string_view command_line;
  std::string_view user;
  Timestamp start = 0;          ///< 0: unknown.
  bool start_is_exact = false;  ///< false: derived (Sysmon's ProcessGuid holds the second).
};

/// A field by the vendor's own name.
struct ExtraField {
  std::string_view name;
  std::string_view value;
};

struct Event {
  // Envelope.
  EventType type = EventType::other;
  Source source = Source::windows;
  Timestamp time = 0;  ///< Event time, from the payload.
  bool time_suspect =
      false;  ///< Missing, ancient or unreadable: `time` then is 0. Or of an unknown zone.
  bool salvaged = false;        ///< The record held invalid UTF-8 or a lone surrogate, now U+FFFD.
  bool duplicate_keys = false;  ///< Some key occurred twice in one object; the first counted.
  Uid uid;                      ///< Same event, same uid, whatever the carriage.
  std::string_view
      vendor_event_uid;   ///< "sysmon:pc042.acme.example:184302"; empty if the vendor gives none.
  std::string_view host;  ///< Host key: lower-case short name.
  std::string_view hostname;  ///< As the event gives it.
  RecordPosition position;
  std::string_view record;  ///< The record's bytes as read.

  // Payload. A default-constructed view (data() == nullptr) is an absent field; "" is an empty one.
  std::array<std::string_view, kFieldCount> fields{};
  std::vector<ExtraField> extra;

  // Processes. `actor` did it (in a process_creation: was created); `parent` only in a
  // process_creation; `target` is the other process of a remote thread or a handle.
  ProcessMention actor;
  ProcessMention parent;
  ProcessMention target;

  [[nodiscard]] std::string_view field(FieldId id) const {
    return fields[static_cast<std::size_t>(id)];
  }

  [[nodiscard]] bool has(FieldId id) const { return field(id).data() != nullptr; }

  void set(FieldId id, std::string_view value) {
    // An empty view must not read as absent.
    fields[static_cast<std::size_t>(id)] = value.data() == nullptr ? std::string_view("") : value;
  }

  [[nodiscard]] OrderKey order_key() const {
    return {.time = time, .rank = canonical_rank(type), .uid = uid};
  }

  /// Back to the empty event, keeping the memory of `extra`.
  void clear();
};

}  // namespace spoor
