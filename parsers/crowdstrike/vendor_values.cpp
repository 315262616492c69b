#include "parsers/crowdstrike/vendor_values.h"

#include <algorithm>
#include <charconv>

#include "engine/base/text.h"
#include "parsers/convert.h"

namespace spoor {
namespace {

constexpr std::string_view kProcessKind = "crowdstrike process";
constexpr std::string_view kEventKind = "crowdstrike";

bool names_a_process(std::string_view process_id) {
  return !process_id.empty() && process_id != "0";
}

struct PlatformRow {
  std::string_view name;
  Platform platform;
};

constexpr PlatformRow kPlatforms[] = {
    {"Win", Platform::windows}, {"Windows", Platform::windows}, {"Mac", Platform::macos},
    {"macOS", Platform::macos}, {"Lin", Platform::linux},       {"Linux", Platform::linux},
};

bool is_ipv6(std::string_view address) {
  return address.find(':') != std::string_view::npos && !address.starts_with("::ffff:");
}

}  // namespace

ProcessMention crowdstrike_process(std::string_view sensor,
                                   std::string_view process_id,
                                   Scratch& scratch) {
  ProcessMention mention;
  if (!names_a_process(process_id)) {
    return mention;
  }
  mention.vendor_uid = process_id;
  if (!sensor.empty()) {
    mention.key = scratch.uid_builder().add(kProcessKind).add(sensor).add(process_id).finish();
  }
  return mention;
}

void CrowdStrikeIds::Hash::begin(std::string_view kind, std::string_view sensor) {
  builder.clear();
  builder.add(kind).add(sensor);
  front = builder.size();
}

Uid CrowdStrikeIds::Hash::of(std::string_view id) {
  builder.forget_behind(front);
  return builder.add(id).finish();
}

std::string_view CrowdStrikeIds::set_sensor(std::string_view sensor) {
  if (is_set_ && written_ == sensor) {
    return sensor_;
  }
  is_set_ = true;
  written_ = sensor;
  sensor_ = to_lower_ascii(sensor);
  process_.begin(kProcessKind, sensor_);
  event_.begin(kEventKind, sensor_);
  return sensor_;
}

void CrowdStrikeIds::process(std::string_view process_id, ProcessMention& mention) {
  if (!names_a_process(process_id)) {
    return;
  }
  mention.vendor_uid = process_id;
  if (!sensor_.empty()) {
    const Uid key = process_.of(process_id);
    mention.key.high = key.high;  // One by one: both at once would wait for where they were made.
    mention.key.low = key.low;
  }
}

Uid CrowdStrikeIds::event(std::string_view id) {
  return event_.of(id);
}

Platform crowdstrike_platform(std::string_view name) {
  if (name.empty()) {
    return Platform::unknown;
  }
  const auto* row = std::ranges::find(kPlatforms, name, &PlatformRow::name);
  return row == std::ranges::end(kPlatforms) ? Platform::other : row->platform;
}

std::string_view crowdstrike_event_uid(std::string_view sensor,
                                       std::string_view id,
                                       Scratch& scratch) {
  return scratch.join({"crowdstrike:", sensor, ":", id});
}

Direction connection_direction(std::string_view number) {
  if (number == "0") {
    return Direction::outbound;
  }
  return number == "1" ? Direction::inbound : Direction::unknown;
}

void set_connection(const Connection& connection, ParseContext& context) {
  const bool inbound = connection.direction == Direction::inbound;
  const std::string_view source = inbound ? connection.remote_address : connection.local_address;
  const std::string_view destination =
      inbound ? connection.local_address : connection.remote_address;
  const auto set_side = [&context](FieldId address_id, FieldId is_ipv6_id,
                                   std::string_view address) {
    if (!address.empty()) {
      set_wanted(address_id, address, context);
      set_wanted(is_ipv6_id, is_ipv6(address) ? "true" : "false", context);
    }
  };
  set_side(FieldId::source_ip, FieldId::source_is_ipv6, source);
  set_side(FieldId::destination_ip, FieldId::destination_is_ipv6, destination);
  set_wanted(FieldId::source_port, inbound ? connection.remote_port : connection.local_port,
             context);
  set_wanted(FieldId::destination_port, inbound ? connection.local_port : connection.remote_port,
             context);
  if (!connection.protocol.empty()) {
    const std::string_view word =
        convert(Convert::protocol_number, connection.protocol, context.scratch);
    set_wanted(FieldId::protocol, convert(Convert::lower_case, word, context.scratch), context);
  }
  if (connection.direction != Direction::unknown) {
    set_wanted(FieldId::initiated, inbound ? "false" : "true", context);
  }
}

void set_query_name(std::string_view name, ParseContext& context) {
  if (name.size() > 1 && name.ends_with('.')) {
    set_represented(FieldId::query_name, name.substr(0, name.size() - 1), name, context);
  } else if (!name.empty()) {
    set_wanted(FieldId::query_name, name, context);
  }
}

void set_represented(FieldId id,
                     std::string_view value,
                     std::string_view original,
                     ParseContext& context) {
  if (context.filter.wants(id) && !context.event.has(id)) {
    context.event.set(id, value);
    context.event.originals.push_back({.field = id, .value = original});
  }
}

void keep_extra(NodeIndex index, ParseContext& context) {
  const std::string_view key = key_of(context.document.node(index), context.scratch);
  if (!context.filter.wants_extra(key)) {
    return;
  }
  const std::string_view value = extra_text(context.document, index, context.scratch);
  if (!value.empty()) {
    set_extra(key, value, context.event);
  }
}

std::string_view hex_of_decimal(std::string_view number, Scratch& scratch) {
  std::uint64_t value = 0;
  const char* last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, value);
  if (error != std::errc{} || end != last || number.empty()) {
    return number;
  }
  constexpr std::size_t kDigits = 16;
  char* place = scratch.take(2 + kDigits);
  place[0] = '0';
  place[1] = 'x';
  const auto [behind, wrote] = std::to_chars(place + 2, place + 2 + kDigits, value, 16);
  return {place, wrote == std::errc{} ? static_cast<std::size_t>(behind - place) : 0};
}

}  // namespace spoor
