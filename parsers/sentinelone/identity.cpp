#include "parsers/sentinelone/identity.h"

#include <algorithm>
#include <string>

#include "engine/base/text.h"
#include "engine/base/uid.h"
#include "parsers/convert.h"
#include "parsers/sentinelone/fields.h"

namespace spoor {
namespace {

Platform platform_of(std::string_view name) {
  struct PlatformRow {
    std::string_view word;
    Platform platform;
  };

  constexpr PlatformRow kPlatforms[] = {
      {"windows", Platform::windows}, {"linux", Platform::linux},  {"osx", Platform::macos},
      {"macos", Platform::macos},     {"darwin", Platform::macos},
  };
  if (name.empty()) {
    return Platform::unknown;
  }
  const auto* row = std::ranges::find_if(kPlatforms, [name](const PlatformRow& candidate) {
    return equals_ignore_case_ascii(name.substr(0, candidate.word.size()), candidate.word);
  });
  return row == std::ranges::end(kPlatforms) ? Platform::other : row->platform;
}

/// What pipelines and shippers add on the way differs between two deliveries of one event.
bool is_of_delivery(std::string_view name) {
  return name.starts_with("sca:") || name.starts_with("p_") || name.starts_with('@') ||
         name.starts_with('_');
}

/// Of the content, whatever order the keys stand in: the sum of their hashes. Dotted keys and
/// nested objects are the same content.
Uid content_uid(std::string_view part, NodeIndex root, S1Record& record, ParseContext& context) {
  Uid sum;
  UidBuilder builder;
  for_each_leaf(
      root, context, record.path(), [&](std::string_view name, const Node& node, NodeIndex index) {
        if (node.kind == NodeKind::null || is_of_delivery(name)) {
          return;
        }
        builder.clear();
        const Uid one =
            builder.add(name).add(extra_text(context.document, index, context.scratch)).finish();
        sum.high += one.high;
        sum.low += one.low;
      });
  return context.scratch.uid_builder()
      .add("sentinelone content")
      .add(context.event.host)
      .add(part)
      .add(sum.high)
      .add(sum.low)
      .finish();
}

}  // namespace

void set_s1_envelope(const S1Envelope& envelope,
                     NodeIndex root,
                     S1Record& record,
                     ParseContext& context) {
  Event& event = context.event;
  event.source = Source::sentinelone;
  event.carriage = envelope.carriage;
  event.vendor_type = envelope.vendor_type;
  event.duplicate_keys = record.slots().duplicate();
  event.platform = platform_of(record.text(S1Attribute::endpoint_os, context));
  event.hostname = record.text(S1Attribute::endpoint_name, context);
  set_s1_value(FieldId::computer, event.hostname, context);
  const std::string_view agent = record.text(S1Attribute::agent_uuid, context);
  context.set_host(agent.empty() ? host_key_of(event.hostname, context.scratch)
                                 : lower(agent, context.scratch));
  set_event_time(envelope.time, event);
  if (envelope.id.empty()) {
    event.uid = content_uid(envelope.part, root, record, context);
    return;
  }
  UidBuilder& builder = context.scratch.uid_builder();
  builder.add("sentinelone").add(event.host).add(envelope.id);
  if (!envelope.part.empty()) {
    builder.add(envelope.part);
  }
  event.uid = builder.finish();
  event.vendor_event_uid = s1_event_uid(envelope.id, context);
}

std::optional<Timestamp> s1_time(std::initializer_list<S1Attribute> attributes,
                                 S1Record& record,
                                 ParseContext& context) {
  for (const S1Attribute attribute : attributes) {
    const std::optional<Timestamp> time = parse_vendor_time(record.text(attribute, context));
    if (time) {
      return time;
    }
  }
  return std::nullopt;
}

std::string_view s1_event_uid(std::string_view id, ParseContext& context) {
  std::string& uid = context.scratch.text();
  uid.append("sentinelone:").append(context.event.host).append(":").append(id);
  return context.scratch.copy(uid);
}

void set_s1_extra(NodeIndex root,
                  const S1Slots::Table& keys,
                  bool fold_case,
                  S1Record& record,
                  ParseContext& context) {
  if (!context.filter.wants_any_extra()) {
    return;
  }
  // Who wants everything gets what no field shows; who names a key gets it whatever shows it.
  const bool wants_all = context.filter.wants_all_extra();
  const auto is_shown = [&](std::string_view name, NodeIndex index) {
    const S1Attribute* known = S1Slots::find(keys, fold_case ? lower(name, context.scratch) : name);
    return known != nullptr && record.is_used(*known) && record.slots().node(*known) == index;
  };
  std::string& path = record.path();
  const auto look = [&](std::string_view name, const Node& node, NodeIndex index) {
    const bool says = node.kind != NodeKind::null && context.filter.wants_extra(name);
    if (says && (!wants_all || context.filter.names_extra(name) || !is_shown(name, index))) {
      // A path is scratch; a key of the root stands in the record.
      const bool is_path = name.data() == path.data();
      set_extra(is_path ? context.scratch.copy(name) : name,
                extra_text(context.document, index, context.scratch), context.event);
    }
  };
  if (!record.slots().is_collected()) {
    for_each_leaf(root, context, path, look);
    return;
  }
  for (const S1Slots::Named& named : record.slots().named()) {
    look_at_leaves(named.index, context, path, look);
  }
}

}  // namespace spoor
