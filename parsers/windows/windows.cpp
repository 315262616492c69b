#include "parsers/windows/windows.h"

#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/limits.h"
#include "engine/base/text.h"
#include "engine/base/time.h"
#include "engine/base/uid.h"

namespace spoor {
namespace {

/// Before this, a time is a mistake: Sysmon is of 2014, and a machine that lost its clock starts in
/// 1970 or 1980.
constexpr Timestamp kAncient = 946'684'800LL * kNanosPerSecond;  // 2000-01-01

using FieldNames =
    boost::unordered_flat_map<std::string_view, FieldId, SeededTextHash, std::equal_to<>>;

/// Vendor key → slot: Sigma's names are Windows' own, but for two spellings of event 10.
const FieldNames& field_names() {
  static const FieldNames kNames = [] {
    FieldNames names;
    for (const FieldRow& row : field_table()) {
      names.emplace(row.name, row.id);
    }
    names.emplace("SourceProcessGUID", FieldId::source_process_guid);
    names.emplace("TargetProcessGUID", FieldId::target_process_guid);
    return names;
  }();
  return kNames;
}

/// "PC042.acme.example" → "pc042": the same machine logs under both names.
std::string_view host_key(std::string_view computer, Scratch& scratch) {
  const std::size_t dot = computer.find('.');
  const bool is_address =
      std::ranges::all_of(computer, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  const std::string_view name = is_address ? computer : computer.substr(0, dot);
  return name.empty() ? std::string_view("-") : scratch.copy(to_lower_ascii(name));
}

void set_time(const WindowsRecord& record, Event& event) {
  std::optional<Timestamp> time = parse_timestamp(event.field(FieldId::utc_time));
  if (!time) {
    time = parse_timestamp(record.system_time);
    event.time_suspect = !time || record.time_may_be_local;
  }
  event.time = time.value_or(0);
  if (event.time < kAncient) {
    // Zero, so that differences of event times never overflow; the record keeps what was written.
    event.time = 0;
    event.time_suspect = true;
  }
}

void add_extra(const DataField& field, Event& event) {
  const bool known = std::ranges::any_of(
      event.extra, [&](const ExtraField& kept) { return kept.name == field.name; });
  if (known) {
    event.duplicate_keys = true;
    return;
  }
  event.extra.push_back(
      {.name = field.name, .value = field.value.data() == nullptr ? "" : field.value});
}

void set_fields(const WindowsRecord& record, const ExtraFilter& extra, Event& event) {
  const FieldNames& names = field_names();
  for (const DataField& field : record.data) {
    if (field.is_null) {
      continue;
    }
    const auto slot = names.find(field.name);
    if (slot == names.end()) {
      if (extra.keeps(field.name)) {
        add_extra(field, event);
      }
    } else if (event.has(slot->second)) {
      event.duplicate_keys = true;
    } else {
      event.set(slot->second, field.value);
    }
  }
  // The envelope's own values win over data fields of the same name.
  event.set(FieldId::event_id, record.event_id);
  event.set(FieldId::computer, record.computer);
  if (!record.channel.empty()) {
    event.set(FieldId::channel, record.channel);
  }
  if (!record.provider.empty()) {
    event.set(FieldId::provider_name, record.provider);
  }
}

/// Of the content, whatever order the keys stand in: the sum of the fields' hashes.
Uid content_uid(const WindowsRecord& record, const Event& event) {
  Uid sum;
  UidBuilder field_hash;
  for (const DataField& field : record.data) {
    field_hash.clear();
    const Uid one = field_hash.add(field.name).add(field.value).finish();
    sum.high += one.high;
    sum.low += one.low;
  }
  return UidBuilder()
      .add("windows content")
      .add(event.host)
      .add(to_lower_ascii(record.channel))
      .add(record.event_id)
      .add(record.system_time)
      .add(sum.high)
      .add(sum.low)
      .finish();
}

void set_uid(const WindowsRecord& record, bool includes_time, Scratch& scratch, Event& event) {
  if (record.record_id.empty()) {
    event.uid = content_uid(record, event);
    return;
  }
  UidBuilder builder;
  builder.add("windows record")
      .add(event.host)
      .add(to_lower_ascii(record.channel))
      .add(record.event_id)
      .add(record.record_id);
  if (includes_time) {
    builder.add(static_cast<std::uint64_t>(event.time));
  }
  event.uid = builder.finish();

  // "sysmon:pc042.acme.example:184302"
  std::string name(to_string(event.source));
  name.append(":").append(to_lower_ascii(record.computer)).append(":");
  if (event.source != Source::sysmon) {
    name.append(record.channel).append(":");
  }
  event.vendor_event_uid = scratch.copy(name.append(record.record_id));
}

}  // namespace

struct ExtraFilter::Names {
  bool all = false;
  boost::unordered_flat_set<std::string, SeededTextHash, std::equal_to<>> wanted;
};

ExtraFilter::ExtraFilter(const Projection& projection) : names_(std::make_unique<Names>()) {
  names_->all = projection.all_extra_fields;
  names_->wanted.insert(projection.extra_fields.begin(), projection.extra_fields.end());
}

ExtraFilter::~ExtraFilter() = default;
ExtraFilter::ExtraFilter(ExtraFilter&&) noexcept = default;
ExtraFilter& ExtraFilter::operator=(ExtraFilter&&) noexcept = default;

bool ExtraFilter::keeps(std::string_view name) const {
  return names_->all || (!names_->wanted.empty() && names_->wanted.contains(name));
}

void fill_windows_event(const WindowsRecord& record,
                        const ExtraFilter& extra,
                        bool uid_includes_time,
                        Scratch& scratch,
                        Event& event) {
  set_fields(record, extra, event);
  event.duplicate_keys = event.duplicate_keys || record.duplicate_keys;
  event.hostname = record.computer;
  event.host = host_key(record.computer, scratch);
  set_time(record, event);
  set_uid(record, uid_includes_time, scratch, event);
}

void parse_windows_channel(const WindowsRecord& record,
                           const ExtraFilter& extra,
                           Scratch& scratch,
                           Event& event) {
  event.source = Source::windows;
  event.type = EventType::other;
  fill_windows_event(record, extra, false, scratch, event);
}

}  // namespace spoor
