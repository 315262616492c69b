#include "parsers/crowdstrike/fdr.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "parsers/convert.h"

namespace spoor {
namespace {

using A = FdrAttribute;

// A process starts when it started; other events have the sensor's time. The cloud's time of
// receipt comes last: it is late by half a second as a rule, by hours for a sensor that was
// offline.
constexpr A kStartTimes[] = {A::process_start_time, A::context_time_stamp, A::timestamp,
                             A::logscale_timestamp};
constexpr A kEventTimes[] = {A::context_time_stamp, A::timestamp, A::logscale_timestamp};
constexpr A kLookupTimes[] = {A::time, A::splunk_time, A::timestamp, A::first_seen,
                              A::first_discovered_date};

constexpr FdrFieldRow kUser[] = {
    {A::user_name, FieldId::user},
    {A::user_sid, FieldId::user},
};

constexpr FdrFieldRow kSourceUser[] = {
    {A::user_name, FieldId::source_user},
    {A::user_sid, FieldId::source_user},
};

constexpr FdrFieldRow kGroup[] = {
    {A::tree_id, FieldId::group_uid},
    {A::session_id, FieldId::terminal_session_id},
};

constexpr FdrFieldRow kImage[] = {{A::context_image_file_name, FieldId::image}};

constexpr FdrFieldRow kTwoImages[] = {
    {A::context_image_file_name, FieldId::source_image},
    {A::image_file_name, FieldId::source_image},
    {A::target_image_file_name, FieldId::target_image},
};

// RawProcessId is the pid of the target; ETW's, that of the process which raised the event.
constexpr FdrFieldRow kPid[] = {{A::raw_process_id, FieldId::process_id}};
constexpr FdrFieldRow kEtwPid[] = {{A::etw_raw_process_id, FieldId::process_id}};

/// The keys that tell the tables apart, surest first.
struct LookupRow {
  A key;
  std::string_view table;
};

constexpr LookupRow kLookups[] = {
    {A::discoverer_aid, "notmanaged"}, {A::last_discovered_by, "notmanaged"},
    {A::neighbor_name, "notmanaged"},  {A::user_sid_readable, "userinfo"},
    {A::account_type, "userinfo"},     {A::last_logged_on_host, "userinfo"},
    {A::agent_version, "aidmaster"},   {A::agent_load_flags, "aidmaster"},
    {A::config_id_build, "aidmaster"}, {A::gateway_ip, "managedassets"},
    {A::gateway_mac, "managedassets"}, {A::mac_prefix, "managedassets"},
};

/// RegOperationType. No sample has it. That 2 and 4 delete is in published hunting queries (deleted
/// "SD" values of scheduled tasks); 1, 3 and 7 are not confirmed.
struct RegistryRow {
  std::string_view operation;
  std::string_view verb;
  EventType type;
};

constexpr RegistryRow kRegistry[] = {
    {"1", "SetValue", EventType::registry_set},
    {"2", "DeleteValue", EventType::registry_delete},
    {"3", "CreateKey", EventType::registry_add},
    {"4", "DeleteKey", EventType::registry_delete},
    {"7", "RenameKey", EventType::registry_rename},
};

/// Keys that carriages add: LogScale's "@…" and "#…", Panther's "p_…".
bool is_carriage_key(std::string_view key) {
  return key.starts_with('@') || key.starts_with('#') || key.starts_with("p_");
}

std::string_view without_decimal_suffix(std::string_view key) {
  if (key.ends_with(kDecimalSuffix)) {
    key.remove_suffix(kDecimalSuffix.size());
  }
  return key;
}

/// A list as CrowdStrike writes it: "a;b;". Newer records have arrays in places: those too.
template <typename Look>
void for_each_item(NodeIndex index, ParseContext& context, Look look) {
  if (index == kNoNode) {
    return;
  }
  const Document& document = context.document;
  if (document.node(index).kind == NodeKind::array) {
    document.for_each_child(index, [&](const Node& item, NodeIndex) {
      const std::string_view text = text_of(item, context.scratch);
      if (!text.empty()) {
        look(text);
      }
    });
    return;
  }
  std::string_view rest = text_of(document.node(index), context.scratch);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end > 0) {
      look(rest.substr(0, end));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

/// "DWORD (0x00000001)" and "QWORD (0x00000000-0x00000001)", as Sysmon writes numbers.
std::string_view registry_number(std::string_view number, bool is_qword, Scratch& scratch) {
  std::uint64_t value = 0;
  const char* last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, value);
  constexpr std::uint64_t kDwordMax = 0xFFFFFFFFU;
  if (error != std::errc{} || end != last) {
    return number;
  }
  std::string& text = scratch.text();
  const auto add_hex = [&text](std::uint64_t half) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text.append("0x");
    for (unsigned shift = 32; shift > 0; shift -= 4) {
      text.push_back(kDigits[(half >> (shift - 4)) & 0xFU]);
    }
  };
  is_qword = is_qword || value > kDwordMax;
  text.append(is_qword ? "QWORD (" : "DWORD (");
  if (is_qword) {
    add_hex(value >> 32U);
    text.append("-");
  }
  add_hex(value & kDwordMax);
  text.append(")");
  return scratch.copy(text);
}

}  // namespace

// --- Collecting
// ----------------------------------------------------------------------------------------------

Marks FdrReader::collect(NodeIndex root, ParseContext& context) {
  slots_.clear();
  used_.reset();
  root_ = root;
  const Marks marks = slots_.collect(root, fdr_attribute_table(), context);
  const NodeIndex inner = slots_.node(A::panther_event);
  if (inner != kNoNode && context.document.node(inner).kind == NodeKind::object) {
    collect_panther(root, context);
  }
  if (!slots_.has(A::target_process_id) && !slots_.has(A::context_process_id)) {
    collect_decimals(context);
  }
  return marks;
}

/// Panther's record is the vendor's; what stands around it fills gaps.
void FdrReader::collect_panther(NodeIndex outer, ParseContext& context) {
  root_ = slots_.node(A::panther_event);
  slots_.clear();
  slots_.collect(root_, fdr_attribute_table(), context);
  const bool keep_unknown = context.filter.wants_any_extra();
  context.document.for_each_child(outer, [&](const Node& node, NodeIndex index) {
    const std::string_view key = key_of(node, context.scratch);
    const A* attribute = FdrSlots::find(fdr_attribute_table(), key);
    if (attribute != nullptr) {
      if (!slots_.has(*attribute) && *attribute != A::panther_event) {
        slots_.put(*attribute, node, index);
        slots_.put_named({.index = index, .attribute = *attribute, .is_known = true});
      }
    } else if (keep_unknown && context.document.find(root_, key) == kNoNode) {
      slots_.put_named({.index = index, .attribute = A::count, .is_known = false});
    }
  });
}

/// Old exports call the numbers "TargetProcessId_decimal".
void FdrReader::collect_decimals(ParseContext& context) {
  const std::uint64_t keys = slots_.number();
  std::uint64_t& without = without_decimals_[keys % without_decimals_.size()];
  if (keys != 0 && without == keys) {
    return;
  }
  context.document.for_each_child(root_, [&](const Node& node, NodeIndex index) {
    const std::string_view key = key_of(node, context.scratch);
    if (!key.ends_with(kDecimalSuffix)) {
      return;
    }
    const A* attribute = FdrSlots::find(fdr_attribute_table(), without_decimal_suffix(key));
    if (attribute != nullptr && !slots_.has(*attribute)) {
      slots_.put(*attribute, node, index);
    }
  });
  if (slots_.number() == keys) {
    without = keys;  // Nothing was put.
  }
}

std::string_view FdrReader::take_there(A attribute, ParseContext& context) {
  const std::string_view text = slots_.text(attribute, context);
  if (text.data() != nullptr) {
    used_.set(static_cast<std::size_t>(attribute));
  }
  return text;
}

std::string_view FdrReader::take_first(std::span<const A> attributes, ParseContext& context) {
  for (const A attribute : attributes) {
    const std::string_view text = take(attribute, context);
    if (!text.empty()) {
      return text;
    }
  }
  return {};
}

// --- The event
// -----------------------------------------------------------------------------------------------

Result<void> FdrReader::finish(ParseContext& context, EventEmitter& emitter) {
  constexpr A kNames[] = {A::event_simple_name, A::tagged_simple_name};
  const std::string_view name = take_first(kNames, context);
  if (name.empty()) {
    return finish_lookup(context, emitter);
  }
  Event& event = context.event;
  const FdrEventRow& row = find_fdr_event(name);
  event.carriage = "fdr";
  event.vendor_type = name;
  event.type = row.type;
  plan(row, context);
  start_.reset();
  set_envelope(context);
  set_time(row.roles->starts ? std::span<const A>(kStartTimes) : std::span<const A>(kEventTimes),
           context);
  set_common(row, context);
  apply(FdrStep::fields, context);
  set_detail(row, name, context);
  set_mentions(row, context);
  set_uid(context);
  set_extras(context);
  emitter.emit(context);
  return {};
}

Result<void> FdrReader::finish_lookup(ParseContext& context, EventEmitter& emitter) {
  const auto* row = std::ranges::find_if(
      kLookups, [this](const LookupRow& candidate) { return slots_.has(candidate.key); });
  if (row == std::ranges::end(kLookups)) {
    return fail(ErrorCode::unknown_source,
                "a CrowdStrike record without event_simpleName, and no row of a known table");
  }
  Event& event = context.event;
  event.carriage = "fdr_lookup";
  event.vendor_type = row->table;
  event.type = EventType::sensor;
  set_envelope(context);
  if (sensor_.empty()) {
    // A machine without a sensor: its name is all there is.
    event.host = host_key_of(event.hostname, context.scratch);
  }
  set_time(kLookupTimes, context);
  set_uid(context);
  set_extras(context);
  emitter.emit(context);
  return {};
}

void FdrReader::set_envelope(ParseContext& context) {
  Event& event = context.event;
  event.source = Source::crowdstrike;
  event.duplicate_keys = slots_.duplicate();
  event.platform = crowdstrike_platform(take(A::event_platform, context));
  sensor_ = ids_.set_sensor(take(A::aid, context));
  context.set_host(sensor_.empty() ? std::string_view("-") : sensor_);
  constexpr A kNames[] = {A::computer_name, A::aid_computer_name};
  event.hostname = take_first(kNames, context);
  if (!event.hostname.empty()) {
    set_wanted(FieldId::computer, event.hostname, context);
  }
}

void FdrReader::set_time(std::span<const A> candidates, ParseContext& context) {
  for (const A candidate : candidates) {
    const std::optional<Timestamp> time = parse_vendor_time(slots_.text(candidate, context));
    if (time) {
      used_.set(static_cast<std::size_t>(candidate));
      set_event_time(time, context.event);
      if (candidate == A::process_start_time) {
        start_ = time;
      }
      return;
    }
  }
  set_event_time(std::nullopt, context.event);
}

void FdrReader::set_uid(ParseContext& context) {
  Event& event = context.event;
  const std::string_view id = take(A::id, context);
  if (id.empty()) {
    event.uid = content_uid(context);
    return;
  }
  event.uid = ids_.event(id);
  event.vendor_event_uid = crowdstrike_event_uid(sensor_, id, context.scratch);
}

/// A sum, so that the order of the keys does not matter. When the cloud received it does not
/// either.
Uid FdrReader::content_uid(ParseContext& context) const {
  // The sensor and the name, which carriages spell in two ways, are added once.
  constexpr A kNotContent[] = {A::timestamp, A::logscale_timestamp, A::aid, A::event_simple_name,
                               A::tagged_simple_name};
  Uid sum;
  const auto add = [&](std::string_view key, const Node& node) {
    const std::string_view value = node.is_scalar() ? text_of(node, context.scratch) : "";
    if (!value.empty()) {
      const Uid one = context.scratch.uid_builder().add(key).add(value).finish();
      sum.high += one.high;
      sum.low += one.low;
    }
  };
  for (const std::uint16_t slot : slots_.used()) {
    const auto attribute = static_cast<A>(slot);
    const bool is_envelope = std::ranges::find(kNotContent, attribute) != std::end(kNotContent);
    if (!is_envelope) {
      add(fdr_key(attribute), context.document.node(slots_.node(attribute)));
    }
  }
  context.document.for_each_child(root_, [&](const Node& node, NodeIndex) {
    const std::string_view key = without_decimal_suffix(key_of(node, context.scratch));
    if (FdrSlots::find(fdr_attribute_table(), key) == nullptr && !is_carriage_key(key)) {
      add(key, node);
    }
  });
  return context.scratch.uid_builder()
      .add("crowdstrike content")
      .add(sensor_)
      .add(context.event.vendor_type)
      .add(sum.high)
      .add(sum.low)
      .finish();
}

// --- Fields
// --------------------------------------------------------------------------------------------------

/// Finds the record's plan, or makes it.
void FdrReader::plan(const FdrEventRow& row, const ParseContext& context) {
  const std::uint64_t keys = slots_.number();
  const auto name = reinterpret_cast<std::uintptr_t>(&row) / sizeof(FdrEventRow);
  plan_ = &plans_[(keys + name) % kPlans];
  if (keys == 0 || plan_->keys != keys || plan_->event != &row) [[unlikely]] {
    fill_plan(row, context);
  }
}

void FdrReader::fill_plan(const FdrEventRow& row, const ParseContext& context) {
  plan_->keys = slots_.number();
  plan_->event = &row;
  const auto keep = [&](FdrStep step, std::span<const FdrFieldRow> rows) {
    std::vector<FdrFieldRow>& kept = plan_->rows[static_cast<std::size_t>(step)];
    kept.clear();
    for (const FdrFieldRow& each : rows) {
      if (context.filter.wants(each.to) && slots_.has(each.from) &&
          context.document.node(slots_.node(each.from)).is_scalar()) {
        kept.push_back(each);
      }
    }
  };
  const bool has_target = row.roles->has_target;
  keep(FdrStep::user, has_target ? std::span<const FdrFieldRow>(kSourceUser) : kUser);
  keep(FdrStep::group, kGroup);
  keep(FdrStep::fields, row.fields);
  keep(FdrStep::images, has_target ? std::span<const FdrFieldRow>(kTwoImages) : kImage);
  keep(FdrStep::pid, kPid);
  keep(FdrStep::etw_pid, kEtwPid);
}

void FdrReader::apply(FdrStep step, ParseContext& context) {
  for (const FdrFieldRow& row : plan_->rows[static_cast<std::size_t>(step)]) {
    if (context.event.has(row.to)) {
      continue;
    }
    const std::string_view text = slots_.text(row.from, context);
    if (says_nothing(text)) {
      continue;
    }
    const std::string_view value = convert(row.how, text, context.scratch);
    if (value.data() != nullptr) {
      used_.set(static_cast<std::size_t>(row.from));
      set_field(row.to, value, context.scratch, context.event);
    }
  }
}

/// What any event may have.
void FdrReader::set_common(const FdrEventRow& row, ParseContext& context) {
  actor_id_ = A::count;
  for (const A candidate : row.roles->actor) {
    const std::string_view id =
        candidate == A::count ? std::string_view() : slots_.text(candidate, context);
    if (!id.empty() && id != "0") {
      actor_id_ = candidate;
      break;
    }
  }
  const std::string_view context_id = slots_.text(A::context_process_id, context);
  context_is_actor_ = row.roles->starts || context_id.empty() || actor_id_ == A::count ||
                      context_id == slots_.text(actor_id_, context);
  if (row.detail != FdrDetail::logon && context_is_actor_) {
    apply(FdrStep::user, context);
  }
  apply(FdrStep::group, context);
  if (context.filter.wants(FieldId::logon_id) && context.event.platform == Platform::windows) {
    const std::string_view luid = take(A::authentication_id, context);
    if (!luid.empty()) {
      set_wanted(FieldId::logon_id, hex_of_decimal(luid, context.scratch), context);
    }
  }
  if (slots_.has(A::sha256_hash_data) || slots_.has(A::md5_hash_data) ||
      slots_.has(A::sha1_hash_data)) {
    set_wanted(FieldId::hashes,
               compose_hashes({{"SHA1", take(A::sha1_hash_data, context)},
                               {"MD5", take(A::md5_hash_data, context)},
                               {"SHA256", take(A::sha256_hash_data, context)}},
                              context.scratch),
               context);
  }
  if (slots_.has(A::attacks)) {
    set_attack(context);
  }
}

void FdrReader::set_detail(const FdrEventRow& row, std::string_view name, ParseContext& context) {
  switch (row.detail) {
    case FdrDetail::connect:
    case FdrDetail::accept:
    case FdrDetail::listen:
    case FdrDetail::close: set_network(row.detail, name, context); break;
    case FdrDetail::dns:
      set_query_name(take(A::domain_name, context), context);
      set_answers(context);
      break;
    case FdrDetail::registry_value:
    case FdrDetail::registry_key: set_registry(row.detail, context); break;
    case FdrDetail::script:
      // Sigma's ps_script is PowerShell's: on other systems there is none of it.
      if (context.event.platform != Platform::windows) {
        context.event.type = EventType::script;
      }
      break;
    case FdrDetail::none:
    case FdrDetail::logon:
    case FdrDetail::arguments: break;
  }
}

void FdrReader::set_network(FdrDetail detail, std::string_view name, ParseContext& context) {
  // iOS sends both families; macOS an IPv4 address in an IPv6 event.
  constexpr A kLocal4[] = {A::local_address_ip4, A::local_address_ip6};
  constexpr A kLocal6[] = {A::local_address_ip6, A::local_address_ip4};
  constexpr A kRemote4[] = {A::remote_address_ip4, A::remote_address_ip6};
  constexpr A kRemote6[] = {A::remote_address_ip6, A::remote_address_ip4};
  const bool is_ip6 = name.ends_with("IP6");
  Connection connection;
  connection.local_address = take_first(is_ip6 ? kLocal6 : kLocal4, context);
  connection.remote_address = take_first(is_ip6 ? kRemote6 : kRemote4, context);
  connection.local_port = take(A::local_port, context);
  connection.remote_port = take(A::remote_port, context);
  connection.protocol = take(A::protocol, context);
  const std::string_view direction = take(A::connection_direction, context);
  if (detail == FdrDetail::accept) {
    connection.direction = Direction::inbound;
  } else if (detail == FdrDetail::connect && direction.empty()) {
    connection.direction = Direction::outbound;
  } else if (detail != FdrDetail::listen) {
    connection.direction = connection_direction(direction);
  }
  set_connection(connection, context);
}

/// "type:  5 name;::ffff:1.2.3.4;", as Sysmon writes them.
void FdrReader::set_answers(ParseContext& context) {
  if (!context.filter.wants(FieldId::query_results)) {
    return;
  }
  std::string& text = context.scratch.text();
  const auto add = [&](A attribute, std::string_view before) {
    for_each_item(slots_.node(attribute), context, [&](std::string_view item) {
      text.append(before).append(item).append(";");
      used_.set(static_cast<std::size_t>(attribute));
    });
  };
  add(A::cname_records, "type:  5 ");
  const std::size_t names = text.size();
  add(A::ip4_records, "::ffff:");
  if (text.size() == names) {
    add(A::first_ip4_record, "::ffff:");
  }
  add(A::ip6_records, "");
  if (!text.empty()) {
    set_wanted(FieldId::query_results, context.scratch.copy(text), context);
  }
}

void FdrReader::set_registry(FdrDetail detail, ParseContext& context) {
  Event& event = context.event;
  const std::string_view operation = take(A::reg_operation_type, context);
  const auto* row = std::ranges::find(kRegistry, operation, &RegistryRow::operation);
  if (row != std::ranges::end(kRegistry)) {
    event.type = row->type;
    set_wanted(FieldId::event_type, row->verb, context);
  } else if (detail == FdrDetail::registry_value && operation.empty()) {
    set_wanted(FieldId::event_type, "SetValue", context);
  }
  const std::string_view key = take(A::reg_object_name, context);
  if (!key.empty() && context.filter.wants(FieldId::target_object)) {
    std::string_view value = take(A::reg_value_name, context);
    if (value.empty() && detail == FdrDetail::registry_value && slots_.has(A::reg_value_name)) {
      value = "(Default)";  // A key's nameless value, as Sysmon names it.
    }
    std::string& path = context.scratch.text();
    path.append(key);
    if (!value.empty()) {
      path.append(key.ends_with('\\') ? "" : "\\").append(value);
    }
    set_field(FieldId::target_object, context.scratch.copy(path), context.scratch, event);
  }
  if (context.filter.wants(FieldId::details)) {
    set_registry_data(context);
  }
}

void FdrReader::set_registry_data(ParseContext& context) {
  constexpr std::string_view kQword = "11";  // winnt.h, REG_QWORD.
  const std::string_view text = take(A::reg_string_value, context);
  if (!text.empty()) {
    set_wanted(FieldId::details, text, context);
    return;
  }
  const std::string_view number = take(A::reg_numeric_value, context);
  if (!number.empty()) {
    const bool is_qword = slots_.text(A::reg_type, context) == kQword;
    set_represented(FieldId::details, registry_number(number, is_qword, context.scratch), number,
                    context);
    return;
  }
  const std::string_view bytes = take(A::reg_binary_value, context);
  if (!bytes.empty()) {
    set_represented(FieldId::details, "Binary Data", bytes, context);
    return;
  }
  const std::string_view data = take(A::data1, context);
  if (!data.empty()) {
    set_wanted(FieldId::details, data, context);
  }
}

/// "Attacks":[{"Tactic":…,"Technique":…}]: the first of them.
void FdrReader::set_attack(ParseContext& context) {
  const Document& document = context.document;
  const NodeIndex list = slots_.node(A::attacks);
  if (document.node(list).kind != NodeKind::array || document.node(list).end == list + 1) {
    return;
  }
  const auto set = [&](std::string_view key, FieldId id) {
    const NodeIndex found = document.find(list + 1, key);
    const std::string_view text =
        found == kNoNode ? "" : text_of(document.node(found), context.scratch);
    if (!says_nothing(text)) {
      set_wanted(id, text, context);
    }
  };
  set("Tactic", FieldId::tactic);
  set("Technique", FieldId::technique);
}

// --- Processes
// -----------------------------------------------------------------------------------------------

void FdrReader::set_mentions(const FdrEventRow& row, ParseContext& context) {
  const FdrRoles& roles = *row.roles;
  Event& event = context.event;
  if (roles.actor[0] == A::count) {
    return;
  }
  const std::string_view actor_id =
      actor_id_ == A::count ? std::string_view() : take(actor_id_, context);
  ids_.process(actor_id, event.actor);
  const std::string_view target_id = slots_.text(A::target_process_id, context);
  const bool is_target = target_id.empty() || target_id == actor_id;
  if (roles.has_target) {
    set_two_processes(context);
    return;
  }
  if (!event.actor.vendor_uid.empty()) {
    set_wanted(FieldId::process_guid, event.actor.vendor_uid, context);
  }
  if (!roles.starts && context_is_actor_) {
    apply(FdrStep::images, context);
  }
  if (is_target) {
    apply(FdrStep::pid, context);
    set_start(roles, context);
  }
  if (context_is_actor_) {
    apply(FdrStep::etw_pid, context);
  }
  event.actor.pid = event.field(FieldId::process_id);
  event.actor.image = event.field(FieldId::image);
  event.actor.user = event.field(FieldId::user);
  if (row.detail != FdrDetail::arguments) {
    event.actor.command_line = event.field(FieldId::command_line);
  }
  const std::string_view parent_id = take(A::parent_process_id, context);
  ids_.process(parent_id, event.parent);
  if (!event.parent.vendor_uid.empty()) {
    set_wanted(FieldId::parent_process_guid, event.parent.vendor_uid, context);
  }
  event.parent.image = event.field(FieldId::parent_image);
  event.parent.command_line = event.field(FieldId::parent_command_line);
  if (roles.starts) {
    const std::string_view source_id = take(A::source_process_id, context);
    if (source_id != parent_id) {
      ids_.process(source_id, event.creator);
    }
  }
}

/// Only what is said: a process that ran before the sensor did has a time of report, and no start.
void FdrReader::set_start(const FdrRoles& roles, ParseContext& context) {
  const std::optional<Timestamp> start =
      start_ ? start_ : parse_vendor_time(slots_.text(A::process_start_time, context));
  if (!start) {
    return;
  }
  used_.set(static_cast<std::size_t>(A::process_start_time));
  Event& event = context.event;
  if (roles.starts && event.time_suspect) {
    return;
  }
  event.actor.start = *start;
  event.actor.start_is_exact = true;
}

void FdrReader::set_two_processes(ParseContext& context) {
  Event& event = context.event;
  ids_.process(take(A::target_process_id, context), event.target);
  apply(FdrStep::images, context);
  const auto set_guid = [&context](FieldId id, const ProcessMention& process) {
    if (!process.vendor_uid.empty()) {
      set_wanted(id, process.vendor_uid, context);
    }
  };
  set_guid(FieldId::source_process_guid, event.actor);
  set_guid(FieldId::target_process_guid, event.target);
  event.actor.image = event.field(FieldId::source_image);
  event.actor.user = event.field(FieldId::source_user);
  event.target.image = event.field(FieldId::target_image);
  const std::string_view access =
      context.filter.wants(FieldId::granted_access) ? take(A::desired_access, context) : "";
  if (!access.empty()) {
    set_wanted(FieldId::granted_access, hex_of_decimal(access, context.scratch), context);
  }
}

// --- The rest
// ------------------------------------------------------------------------------------------------

/// Keys that the event did not use; and those that are asked for by name, used or not.
void FdrReader::set_extras(ParseContext& context) {
  if (!context.filter.wants_any_extra()) {
    return;
  }
  const bool keeps_all = context.filter.wants_all_extra();
  for (const FdrSlots::Named& named : slots_.named()) {
    if (named.attribute == A::count || named.attribute == A::panther_event) {
      continue;
    }
    const std::string_view key = key_of(context.document.node(named.index), context.scratch);
    const bool is_shown = keeps_all && used_.test(static_cast<std::size_t>(named.attribute)) &&
                          !context.filter.names_extra(key);
    if (!is_shown) {
      keep_extra(named.index, context);
    }
  }
  for (const FdrSlots::Named& named : slots_.named()) {
    if (!named.is_known) {
      keep_extra(named.index, context);
    }
  }
}

}  // namespace spoor
