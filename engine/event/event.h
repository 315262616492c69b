// The normalised event: what every parser makes and every stage reads.
//
// A flat table of slots indexed by FieldId. All text is a view into the record's buffer or the
// parser's scratch, valid until the parser reads its next record: a stage that keeps text copies
// it. Filling and reading an Event allocates nothing once its vectors have grown.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/uid.h"
#include "engine/event/field.h"

namespace spoor {

/// What happened. The names are Sigma's log source categories where there is one, OCSF's words
/// where not (after clipboard_capture); `other` is every event that no table names.
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
  file_access,
  file_rename,
  ps_script,
  ps_module,
  ps_classic_start,
  ps_classic_provider_start,
  ps_classic_script,
  antivirus,  ///< What the vendor's own engine found.
  // From here on Sigma has no category.
  file_modify,
  network_listen,
  network_close,
  http_request,
  script,
  service,
  scheduled_task,
  logon,
  logoff,
  sensor,  ///< The sensor about itself and its host.
  other,
  count
};

inline constexpr std::size_t kEventTypeCount = static_cast<std::size_t>(EventType::count);

/// "image_load".
[[nodiscard]] std::string_view to_string(EventType type);

/// Whose record it was.
enum class Source : std::uint8_t { sysmon, windows, crowdstrike, sentinelone };

inline constexpr std::size_t kSourceCount = static_cast<std::size_t>(Source::sentinelone) + 1;

[[nodiscard]] std::string_view to_string(Source source);

/// The operating system of the host, for Sigma's `product`.
enum class Platform : std::uint8_t { unknown, windows, linux, macos, other };

/// "windows", "linux", "macos", "" for the others.
[[nodiscard]] std::string_view to_string(Platform platform);

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

/// Where a record was read, and when it was received.
struct RecordPosition {
  std::uint32_t input = 0;   ///< Index of the input file in the order given.
  std::uint64_t offset = 0;  ///< Bytes from the start of its (decompressed) content.
  std::uint64_t line = 0;    ///< 1-based.
  Timestamp received = 0;    ///< By the clock of who received it; 0: not known.
};

/// An event may be so much later than the record of it was received: its clock and ours differ.
inline constexpr Duration kFutureSlack = 300 * kNanosPerSecond;

/// Had that time not come yet when the record was received (0: not known)?
[[nodiscard]] constexpr bool is_from_future(Timestamp time, Timestamp received) {
  return received > 0 && time > received && time - received > kFutureSlack;
}

/// A process as an event names it. `key` is the identity (host and vendor uid hashed); none when
/// the event gives no uid: a pid is never an identity. Of a start it may be named_process_key(),
/// without a vendor_uid. Absent text is empty.
struct ProcessMention {
  Uid key;
  std::string_view vendor_uid;  ///< As the vendor writes it, canonical spelling.
  std::string_view pid;         ///< Decimal.
  std::string_view image;
  std::string_view command_line;
  std::string_view user;
  Timestamp start = 0;          ///< 0: unknown.
  bool start_is_exact = false;  ///< false: derived (Sysmon's ProcessGuid holds the second).

  /// Back to a mention of nothing. One by one: for the whole, g++ makes a loop that costs more than
  /// reading a field.
  void clear() {
    key = {};
    vendor_uid = {};
    pid = {};
    image = {};
    command_line = {};
    user = {};
    start = 0;
    start_is_exact = false;
  }
};

/// What a value is beside its text.
enum class ValueKind : std::uint8_t {
  text,    ///< Text, a number or a boolean: what it says is its text.
  null,    ///< JSON's null or an empty array: the field is there, and has no value.
  object,  ///< The field is there; no text equals it.
};

/// The identity of a process that no vendor's uid names, but its pid, an exact start and its image:
/// the start counts to the millisecond, the image by its basename, folded. No host is in it, so it
/// is the same under every key of a machine.
[[nodiscard]] Uid named_process_key(std::uint32_t pid, Timestamp start, std::string_view image);

/// A field by the vendor's own name: for Windows the name of the event data, for the others the key
/// of the record, dotted where it is nested. Of an array each element is one, under the same name.
struct ExtraField {
  std::string_view name;
  std::string_view value;  ///< Empty unless the kind is text.
  ValueKind kind = ValueKind::text;
};

/// What the vendor wrote where the event holds its canonical representation ("\\Device\\…").
struct OriginalValue {
  FieldId field = FieldId::count;
  std::string_view value;
};

/// Some of the fields, as a set.
class FieldSet {
 public:
  constexpr FieldSet() = default;

  constexpr void insert(FieldId id) { words_[index(id) / 64] |= bit(id); }

  constexpr void erase(FieldId id) { words_[index(id) / 64] &= ~bit(id); }

  [[nodiscard]] constexpr bool contains(FieldId id) const {
    return (words_[index(id) / 64] & bit(id)) != 0;
  }

  constexpr void clear() { words_ = {}; }

  /// Calls `look(FieldId)` for each, in the table's order.
  template <typename Look>
  constexpr void for_each(Look look) const {
    for (std::size_t word = 0; word < words_.size(); ++word) {
      for (std::uint64_t rest = words_[word]; rest != 0; rest &= rest - 1) {
        look(static_cast<FieldId>(word * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
      }
    }
  }

  /// Every field.
  [[nodiscard]] static constexpr FieldSet all() {
    FieldSet set;
    for (std::size_t i = 0; i < kFieldCount; ++i) {
      set.insert(static_cast<FieldId>(i));
    }
    return set;
  }

 private:
  static constexpr std::size_t index(FieldId id) { return static_cast<std::size_t>(id); }

  static constexpr std::uint64_t bit(FieldId id) { return std::uint64_t{1} << (index(id) % 64); }

  std::array<std::uint64_t, kFieldCount / 64 + 1> words_{};
};

struct Event {
  // Envelope.
  EventType type = EventType::other;
  Source source = Source::windows;
  Platform platform = Platform::unknown;
  /// The form in which the record came: "nxlog", "fdr". Static text.
  std::string_view carriage;
  /// The vendor's name of what happened: "7", "ProcessRollup2", "Module Load".
  std::string_view vendor_type;
  Timestamp time = 0;  ///< Event time, from the payload.
  /// Missing, ancient or unreadable: `time` then is 0. Or of an unknown zone, or is_from_future().
  bool time_suspect = false;
  bool salvaged = false;        ///< The record held invalid UTF-8 or a lone surrogate, now U+FFFD.
  bool duplicate_keys = false;  ///< Some key occurred twice in one object; the first counted.
  Uid uid;                      ///< Same event, same uid, whatever the carriage.
  std::string_view
      vendor_event_uid;   ///< "sysmon:pc042.acme.example:184302"; empty if the vendor gives none.
  std::string_view host;  ///< Host key: lower-case short name.
  std::string_view hostname;  ///< As the event gives it.
  RecordPosition position;
  std::string_view record;  ///< The record's bytes as read.

  std::vector<ExtraField> extra;
  std::vector<OriginalValue> originals;

  // Processes. `actor` did it (in a process_creation: was created); `parent` is the actor's, where
  // the event tells it; `target` is the other process of a remote thread or a handle. `creator`
  // asked for a new process, where that is another than its parent (CrowdStrike's SourceProcessId,
  // SentinelOne's storyline).
  ProcessMention actor;
  ProcessMention parent;
  ProcessMention target;
  ProcessMention creator;

  /// The value of a field. A default-constructed view (data() == nullptr) is an absent field; "" is
  /// an empty one.
  [[nodiscard]] std::string_view field(FieldId id) const {
    return fields_[static_cast<std::size_t>(id)];
  }

  [[nodiscard]] bool has(FieldId id) const { return field(id).data() != nullptr; }

  /// The fields that are there.
  [[nodiscard]] const FieldSet& fields() const { return present_; }

  void set(FieldId id, std::string_view value) {
    // An empty view must not read as absent.
    fields_[static_cast<std::size_t>(id)] = value.data() == nullptr ? std::string_view("") : value;
    present_.insert(id);
  }

  /// Makes a field absent again.
  void unset(FieldId id) {
    fields_[static_cast<std::size_t>(id)] = {};
    present_.erase(id);
  }

  /// What the vendor wrote, where field() is its canonical representation; else an absent view.
  [[nodiscard]] std::string_view original(FieldId id) const;

  [[nodiscard]] OrderKey order_key() const {
    return {.time = time, .rank = canonical_rank(type), .uid = uid};
  }

  /// It claims a time that had not come yet when its record was received.
  [[nodiscard]] bool is_from_future() const {
    return spoor::is_from_future(time, position.received);
  }

  /// Back to the empty event, keeping its memory. O(fields that are there).
  void clear();

 private:
  std::array<std::string_view, kFieldCount> fields_{};
  FieldSet present_;
};

}  // namespace spoor
