#include "parsers/crowdstrike/falcon_stream.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "engine/base/text.h"
#include "parsers/convert.h"

namespace spoor {
namespace {

using A = StreamAttribute;

/// "Event_DetectionSummaryEvent" is FDR's name of the stream's "DetectionSummaryEvent".
std::string_view without_event_prefix(std::string_view type) {
  constexpr std::string_view kPrefix = "Event_";
  return type.starts_with(kPrefix) ? type.substr(kPrefix.size()) : type;
}

bool has_separator(std::string_view path) {
  return path.find_first_of("\\/") != std::string_view::npos;
}

/// The stream seldom names the system; its paths often tell.
Platform platform_of_path(std::string_view path) {
  constexpr std::string_view kMac[] = {"/Applications/", "/Users/", "/Library/", "/System/",
                                       "/private/"};
  if (path.starts_with("\\Device\\") || (path.size() > 2 && path[1] == ':' && path[2] == '\\')) {
    return Platform::windows;
  }
  const bool is_mac =
      std::ranges::any_of(kMac, [path](std::string_view root) { return path.starts_with(root); });
  return is_mac ? Platform::macos : Platform::unknown;
}

/// The text of a key of a list's element, or an absent view.
std::string_view text_at(NodeIndex element, std::string_view key, ParseContext& context) {
  const NodeIndex found = context.document.find(element, key);
  if (found == kNoNode) {
    return {};
  }
  const std::string_view text = text_of(context.document.node(found), context.scratch);
  return text.empty() ? std::string_view() : text;
}

/// A path and a name in it. The older events have the directory, the newer ones the whole path.
std::string_view join_path(std::string_view path, std::string_view name, Scratch& scratch) {
  if (path.empty() || name.empty() || equals_ignore_case_ascii(basename_of(path), name)) {
    return path;
  }
  const bool is_windows = path.find('\\') != std::string_view::npos;
  std::string& text = scratch.text();
  text.append(path);
  if (!path.ends_with('\\') && !path.ends_with('/')) {
    text.append(is_windows ? "\\" : "/");
  }
  text.append(name);
  return scratch.copy(text);
}

// --- What a detection lists

void set_network_access(NodeIndex element, ParseContext& context) {
  set_connection(
      {.local_address = text_at(element, "LocalAddress", context),
       .local_port = text_at(element, "LocalPort", context),
       .remote_address = text_at(element, "RemoteAddress", context),
       .remote_port = text_at(element, "RemotePort", context),
       .protocol = text_at(element, "Protocol", context),
       .direction = connection_direction(text_at(element, "ConnectionDirection", context))},
      context);
}

void set_dns_request(NodeIndex element, ParseContext& context) {
  set_query_name(text_at(element, "DomainName", context), context);
  const std::string_view type = text_at(element, "RequestType", context);
  if (!type.empty()) {
    set_wanted(FieldId::record_type, convert(Convert::record_type_number, type, context.scratch),
               context);
  }
}

void set_listed_file(NodeIndex element, ParseContext& context) {
  set_wanted(FieldId::target_filename,
             join_path(text_at(element, "FilePath", context), text_at(element, "FileName", context),
                       context.scratch),
             context);
}

}  // namespace

struct StreamReader::ListRow {
  A list;
  EventType type;
  std::string_view part;      ///< Of the event's id: "<detection>/dns/0".
  std::string_view time_key;  ///< In seconds.
  void (*set)(NodeIndex element, ParseContext& context);
};

// --- Collecting
// ----------------------------------------------------------------------------------------------

Marks StreamReader::collect_stream(NodeIndex root, ParseContext& context) {
  const Marks marks = collect_flat(root, context);
  const NodeIndex metadata = slots_.node(A::metadata);
  event_node_ = slots_.node(A::event);
  slots_.clear();
  const auto is_object = [&context](NodeIndex index) {
    return index != kNoNode && context.document.node(index).kind == NodeKind::object;
  };
  if (!is_object(event_node_)) {
    event_node_ = kNoNode;
    return marks;
  }
  slots_.collect(event_node_, stream_attribute_table(), context);
  if (is_object(metadata)) {
    slots_.collect(metadata, stream_attribute_table(), context);
  }
  return marks;
}

Marks StreamReader::collect_flat(NodeIndex root, ParseContext& context) {
  slots_.clear();
  used_.reset();
  event_node_ = kNoNode;
  return slots_.collect(root, stream_attribute_table(), context);
}

std::string_view StreamReader::take(A attribute, ParseContext& context) {
  const std::string_view text = slots_.text(attribute, context);
  if (text.data() != nullptr) {
    used_.set(static_cast<std::size_t>(attribute));
  }
  return text;
}

std::string_view StreamReader::take_first(std::initializer_list<A> attributes,
                                          ParseContext& context) {
  for (const A attribute : attributes) {
    const std::string_view text = take(attribute, context);
    if (!text.empty()) {
      return text;
    }
  }
  return {};
}

/// Only a name with a directory is a path: the newer events have both, in two keys.
std::string_view StreamReader::full_path(A path, A name, ParseContext& context) {
  const std::string_view whole = take(path, context);
  if (!whole.empty()) {
    return whole;
  }
  return has_separator(slots_.text(name, context)) ? take(name, context) : std::string_view();
}

// --- The record
// ----------------------------------------------------------------------------------------------

Result<void> StreamReader::finish(std::string_view carriage,
                                  ParseContext& context,
                                  EventEmitter& emitter) {
  read_envelope(carriage, context);
  const std::string_view type = envelope_.vendor_type;
  if (type.empty()) {
    return fail(ErrorCode::unknown_source, "an event stream record without an event type");
  }
  Kind kind = Kind::other;
  if (type.ends_with("DetectionSummaryEvent")) {
    kind = Kind::detection;
  } else if (type == "FirewallMatchEvent") {
    kind = Kind::firewall;
  } else if (type == "AuthActivityAuditEvent") {
    kind = Kind::sign_in;
  }
  read_time(kind, context);
  read_uid(kind, context);
  switch (kind) {
    case Kind::detection: set_detection(context); break;
    case Kind::firewall: set_firewall(context); break;
    case Kind::sign_in:
    case Kind::other:
      begin_event(kind == Kind::sign_in ? EventType::logon : EventType::other, context);
      set_audit(context);
      break;
  }
  set_extras(context);
  emitter.emit(context);
  if (kind != Kind::detection) {
    return {};
  }
  // The samples have ExecutablesWritten only; the other lists' keys are not confirmed by one.
  constexpr ListRow kLists[] = {
      {A::network_accesses, EventType::network_connection, "network", "AccessTimestamp",
       set_network_access},
      {A::dns_requests, EventType::dns_query, "dns", "LoadTime", set_dns_request},
      {A::files_written, EventType::file_event, "file", "Timestamp", set_listed_file},
      {A::executables_written, EventType::file_event, "executable", "Timestamp", set_listed_file},
      {A::files_accessed, EventType::file_access, "access", "Timestamp", set_listed_file},
  };
  emit_process(context, emitter);
  for (const ListRow& row : kLists) {
    emit_list(row, context, emitter);
  }
  return {};
}

void StreamReader::read_envelope(std::string_view carriage, ParseContext& context) {
  envelope_ = {};
  envelope_.carriage = carriage;
  envelope_.vendor_type =
      without_event_prefix(take_first({A::metadata_event_type, A::external_api_type}, context));
  envelope_.sensor = lower(
      take_first({A::aid, A::sensor_id, A::agent_id, A::agent_id_string, A::device_id}, context),
      context.scratch);
  envelope_.hostname = take_first({A::computer_name, A::host_name}, context);
  envelope_.host = envelope_.sensor.empty() ? host_key_of(envelope_.hostname, context.scratch)
                                            : envelope_.sensor;
  envelope_.platform = crowdstrike_platform(take(A::platform, context));
  for (const A path :
       {A::file_path, A::image_file_name, A::parent_image_file_path, A::parent_image_file_name}) {
    if (envelope_.platform == Platform::unknown) {
      envelope_.platform = platform_of_path(slots_.text(path, context));
    }
  }
}

/// A detection has the time at which it was made; a firewall match that of the match; what
/// administrators did, the cloud's.
void StreamReader::read_time(Kind kind, ParseContext& context) {
  constexpr A kMade[] = {A::context_time_stamp, A::event_creation_time, A::utc_timestamp,
                         A::timestamp,          A::start_timestamp,     A::end_timestamp,
                         A::process_start_time};
  std::optional<Timestamp> time;
  if (kind == Kind::firewall) {
    time = parse_vendor_time(take(A::sensor_timestamp, context));
  }
  for (const A candidate : kMade) {
    if (!time) {
      time = parse_vendor_time(take(candidate, context));
    }
  }
  Event& event = context.event;
  set_event_time(time, event);
  envelope_.time = event.time;
  envelope_.time_suspect = event.time_suspect;
}

/// A detection is the same whether the stream or FDR brought it. Other records are known by their
/// place in the stream.
void StreamReader::read_uid(Kind kind, ParseContext& context) {
  const std::string_view customer = take_first({A::customer_id, A::cid}, context);
  const std::string_view detection = take(A::detect_id, context);
  UidBuilder& builder = context.scratch.uid_builder();
  if (kind == Kind::detection && !detection.empty()) {
    builder.add("crowdstrike detection").add(envelope_.sensor).add(detection);
    // One detection has a record for each behaviour that it consists of.
    for (const A attribute : {A::detect_name, A::tactic, A::technique, A::pattern_id, A::process_id,
                              A::file_name, A::command_line}) {
      builder.add(slots_.text(attribute, context));
    }
    envelope_.uid = builder.finish();
    envelope_.event_uid = crowdstrike_event_uid(envelope_.sensor, detection, context.scratch);
    return;
  }
  builder.add("crowdstrike stream").add(customer).add(envelope_.vendor_type).add(envelope_.sensor);
  const std::string_view offset = take(A::offset, context);
  const std::string_view id = offset.empty() ? take(A::event_uuid, context) : offset;
  builder.add(id).add(slots_.text(A::event_creation_time, context));
  if (id.empty()) {
    builder.add(static_cast<std::uint64_t>(envelope_.time));
    for (const A attribute : {A::user_id, A::user_name, A::operation_name, A::process_id,
                              A::command_line, A::remote_address, A::remote_port}) {
      builder.add(slots_.text(attribute, context));
    }
  }
  envelope_.uid = builder.finish();
  if (!id.empty()) {
    envelope_.event_uid = crowdstrike_event_uid(
        envelope_.sensor.empty() ? customer : envelope_.sensor, id, context.scratch);
  }
}

void StreamReader::begin_event(EventType type, ParseContext& context) const {
  Event& event = context.event;
  event.type = type;
  event.source = Source::crowdstrike;
  event.carriage = envelope_.carriage;
  event.vendor_type = envelope_.vendor_type;
  event.platform = envelope_.platform;
  event.host = envelope_.host;
  event.hostname = envelope_.hostname;
  event.time = envelope_.time;
  event.time_suspect = envelope_.time_suspect;
  event.uid = envelope_.uid;
  event.vendor_event_uid = envelope_.event_uid;
  event.duplicate_keys = slots_.duplicate();
  if (!envelope_.hostname.empty()) {
    set_wanted(FieldId::computer, envelope_.hostname, context);
  }
}

void StreamReader::set_text(FieldId id, std::string_view value, ParseContext& context) const {
  if (!says_nothing(value)) {
    set_wanted(id, value, context);
  }
}

// --- Detections
// ----------------------------------------------------------------------------------------------

void StreamReader::set_detection(ParseContext& context) {
  begin_event(EventType::antivirus, context);
  const std::string_view name = take(A::detect_name, context);
  set_text(FieldId::threat_name, name, context);
  set_text(FieldId::signature, name, context);
  set_text(FieldId::severity, take_first({A::severity_name, A::severity}, context), context);
  set_text(FieldId::tactic, take(A::tactic, context), context);
  set_text(FieldId::technique, take(A::technique, context), context);
  envelope_.process =
      crowdstrike_process(envelope_.sensor, take(A::process_id, context), context.scratch);
  // Whole seconds: the process's own event knows better.
  envelope_.process.start =
      parse_vendor_time(slots_.text(A::process_start_time, context)).value_or(0);
  set_process(context);
  set_parents(context);
  const Event& event = context.event;
  envelope_.process.image = event.field(FieldId::image);
  envelope_.process.user = event.field(FieldId::user);
  envelope_.process.pid = event.field(FieldId::process_id);
  envelope_.process.command_line = event.field(FieldId::command_line);
  context.event.actor = envelope_.process;
}

/// The fields of the process that a detection is about, in the detection and in its start.
void StreamReader::set_process(ParseContext& context) {
  Scratch& scratch = context.scratch;
  set_text(FieldId::process_guid, envelope_.process.vendor_uid, context);
  set_text(FieldId::process_id, take(A::local_process_id, context), context);
  const std::string_view name = take(A::file_name, context);
  const std::string_view path = take(A::file_path, context);
  set_text(FieldId::image, join_path(path, name, scratch), context);
  set_text(FieldId::command_line, take(A::command_line, context), context);
  set_text(FieldId::user, take(A::user_name, context), context);
  set_wanted(FieldId::hashes,
             compose_hashes({{"SHA1", take(A::sha1, context)},
                             {"MD5", take(A::md5, context)},
                             {"SHA256", take(A::sha256, context)}},
                            scratch),
             context);
}

void StreamReader::set_parents(ParseContext& context) {
  Event& event = context.event;
  event.parent =
      crowdstrike_process(envelope_.sensor, take(A::parent_process_id, context), context.scratch);
  set_text(FieldId::parent_process_guid, event.parent.vendor_uid, context);
  set_text(FieldId::parent_image,
           full_path(A::parent_image_file_path, A::parent_image_file_name, context), context);
  set_text(FieldId::parent_command_line, take(A::parent_command_line, context), context);
  set_text(FieldId::grand_parent_image,
           full_path(A::grandparent_image_file_path, A::grandparent_image_file_name, context),
           context);
  set_text(FieldId::grand_parent_command_line, take(A::grandparent_command_line, context), context);
  event.parent.image = event.field(FieldId::parent_image);
  event.parent.command_line = event.field(FieldId::parent_command_line);
}

/// "<detection>/dns/0".
void StreamReader::name_part(std::string_view part,
                             std::size_t number,
                             ParseContext& context) const {
  Event& event = context.event;
  event.uid = context.scratch.uid_builder()
                  .add(envelope_.uid.high)
                  .add(envelope_.uid.low)
                  .add(part)
                  .add(number)
                  .finish();
  if (envelope_.event_uid.empty()) {
    return;
  }
  std::string& name = context.scratch.text();
  constexpr std::size_t kDigits = 20;
  std::array<char, kDigits> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + kDigits, number);
  name.append(envelope_.event_uid).append("/").append(part).append("/");
  name.append(digits.data(), error == std::errc{} ? end : digits.data());
  event.vendor_event_uid = context.scratch.copy(name);
}

/// The process's start, if the detection tells of it.
void StreamReader::emit_process(ParseContext& context, EventEmitter& emitter) {
  const ProcessMention& process = envelope_.process;
  if (process.vendor_uid.empty() || process.start == 0) {
    return;
  }
  begin_event(EventType::process_creation, context);
  name_part("process", 0, context);
  set_event_time(process.start, context.event);
  set_process(context);
  set_parents(context);
  context.event.actor = process;
  emitter.emit(context);
}

void StreamReader::emit_list(const ListRow& row, ParseContext& context, EventEmitter& emitter) {
  const NodeIndex list = slots_.node(row.list);
  if (list == kNoNode || context.document.node(list).kind != NodeKind::array) {
    return;
  }
  std::size_t number = 0;
  context.document.for_each_child(list, [&](const Node& element, NodeIndex index) {
    const std::size_t this_number = number++;
    if (element.kind != NodeKind::object) {
      return;
    }
    begin_event(row.type, context);
    name_part(row.part, this_number, context);
    // Without a time of its own it happened when the detection was made, as far as is known.
    const std::optional<Timestamp> time = parse_vendor_time(text_at(index, row.time_key, context));
    if (time) {
      context.event.time_suspect = false;
      set_event_time(time, context.event);
    }
    set_text(FieldId::process_guid, envelope_.process.vendor_uid, context);
    set_text(FieldId::process_id, envelope_.process.pid, context);
    set_text(FieldId::image, envelope_.process.image, context);
    set_text(FieldId::user, envelope_.process.user, context);
    context.event.actor = envelope_.process;
    row.set(index, context);
    emitter.emit(context);
  });
}

// --- Other records
// -------------------------------------------------------------------------------------------

void StreamReader::set_firewall(ParseContext& context) {
  begin_event(EventType::network_connection, context);
  set_text(FieldId::rule_name, take(A::rule_name, context), context);
  set_text(FieldId::image, take(A::image_file_name, context), context);
  set_connection({.local_address = take(A::local_address, context),
                  .local_port = take(A::local_port, context),
                  .remote_address = take(A::remote_address, context),
                  .remote_port = take(A::remote_port, context),
                  .protocol = take(A::protocol, context),
                  .direction = connection_direction(take(A::connection_direction, context))},
                 context);
  // Its "PID" is the vendor's own id, as wide as the others.
  Event& event = context.event;
  event.actor =
      crowdstrike_process(envelope_.sensor, take(A::firewall_process_id, context), context.scratch);
  set_text(FieldId::process_guid, event.actor.vendor_uid, context);
  event.actor.image = event.field(FieldId::image);
}

/// Who did it, from where: in the console, not on a host.
void StreamReader::set_audit(ParseContext& context) {
  const std::string_view user = take_first({A::user_id, A::user_name}, context);
  set_text(FieldId::user, user, context);
  set_text(FieldId::target_user_name, user, context);
  set_text(FieldId::source_ip, take(A::user_ip, context), context);
  set_text(FieldId::operation, take(A::operation_name, context), context);
}

void StreamReader::set_extras(ParseContext& context) {
  if (!context.filter.wants_any_extra()) {
    return;
  }
  const bool keeps_all = context.filter.wants_all_extra();
  for (const StreamSlots::Named& named : slots_.named()) {
    if (named.attribute == A::count) {
      continue;
    }
    const std::string_view key = key_of(context.document.node(named.index), context.scratch);
    if (!keeps_all || !used_.test(static_cast<std::size_t>(named.attribute)) ||
        context.filter.names_extra(key)) {
      keep_extra(named.index, context);
    }
  }
  for (const StreamSlots::Named& named : slots_.named()) {
    if (!named.is_known) {
      keep_extra(named.index, context);
    }
  }
}

}  // namespace spoor
