#include "parsers/sentinelone/sentinelone.h"

#include <string>

#include "parsers/sentinelone/attributes.h"
#include "parsers/sentinelone/events.h"
#include "parsers/sentinelone/fields.h"
#include "parsers/sentinelone/identity.h"
#include "parsers/sentinelone/management_api.h"

namespace spoor {
namespace {

const S1Slots::Table& keys_of(Form form) {
  switch (form) {
    case Form::deep_visibility: return deep_visibility_keys();
    case Form::management_api: return management_keys();
    default: return cloud_funnel_keys();
  }
}

constexpr std::string_view kCloudFunnel1 =
    "an event of SentinelOne Cloud Funnel 1.x, which is not read: its events are protobuf text and "
    "undocumented; export with Cloud Funnel 2.0 or later (NDJSON to S3 or GCS), or through the "
    "Deep "
    "Visibility API";

}  // namespace

struct SentinelOneParser::Impl {
  /// Attributes of nested objects, by their dotted path.
  void collect_nested(NodeIndex root, Form form, ParseContext& context) {
    const S1Slots::Table& keys = keys_of(form);
    const bool fold_case = form == Form::management_api;
    for_each_leaf(root, context, record.path(),
                  [&](std::string_view name, const Node& node, NodeIndex index) {
                    const S1Attribute* known =
                        S1Slots::find(keys, fold_case ? lower(name, context.scratch) : name);
                    if (known == nullptr) {
                      return;
                    }
                    // Two names of one attribute are no duplicate: activities write alertId and
                    // alertid.
                    const NodeIndex earlier = record.slots().node(*known);
                    const bool is_other_name =
                        earlier != kNoNode &&
                        context.document.node(earlier).raw_key() != node.raw_key();
                    if (!is_other_name) {
                      record.slots().put(*known, node, index);
                    }
                  });
  }

  Result<void> finish(Form form, NodeIndex root, ParseContext& context, EventEmitter& emitter) {
    const std::string_view name = record.text(S1Attribute::event_type, context);
    const std::string_view type =
        name.empty() ? record.text(S1Attribute::meta_event_name, context) : name;
    const bool is_event = !type.empty() || record.slots().has(S1Attribute::agent_uuid) ||
                          record.names(ProcessRole::source, context) ||
                          record.names(ProcessRole::target, context);
    if (!is_event) {
      return fail(ErrorCode::unknown_source,
                  "looks like SentinelOne's, but has neither event.type nor meta.event.name, and "
                  "names no agent and no process");
    }
    const bool is_deep_visibility = form == Form::deep_visibility;
    const S1Envelope envelope = {
        .carriage = is_deep_visibility ? "deep_visibility" : "cloud_funnel",
        .vendor_type = type,
        // `timestamp` may be a time of day alone, which is none.
        .time = s1_time({S1Attribute::event_time, S1Attribute::created_at, S1Attribute::timestamp},
                        record, context),
        .id = record.text(S1Attribute::event_id, context),
        .part = "",
    };
    set_s1_envelope(envelope, root, record, context);
    set_s1_event(find_s1_event(type), record, context);
    set_s1_extra(root, keys_of(form), false, record, context);
    emitter.emit(context);
    return {};
  }

  S1Record record;
};

SentinelOneParser::SentinelOneParser() : impl_(std::make_unique<Impl>()) {}

SentinelOneParser::~SentinelOneParser() = default;
SentinelOneParser::SentinelOneParser(SentinelOneParser&&) noexcept = default;
SentinelOneParser& SentinelOneParser::operator=(SentinelOneParser&&) noexcept = default;

Marks SentinelOneParser::collect(Form form, NodeIndex root, ParseContext& context) {
  impl_->record.clear();
  if (form == Form::cloud_funnel || form == Form::deep_visibility) {
    return impl_->record.slots().collect(root, keys_of(form), context);
  }
  Marks marks = 0;
  context.document.for_each_child(
      root, [&](const Node& node, NodeIndex) { marks |= marks_of(key_of(node, context.scratch)); });
  if (form != Form::cloud_funnel_1) {
    impl_->collect_nested(root, form, context);
  }
  return marks;
}

Result<void> SentinelOneParser::finish(Form form,
                                       NodeIndex root,
                                       ParseContext& context,
                                       EventEmitter& emitter) {
  switch (form) {
    case Form::cloud_funnel_1: return fail(ErrorCode::unsupported, std::string(kCloudFunnel1));
    case Form::management_api: return emit_management_events(root, impl_->record, context, emitter);
    default: return impl_->finish(form, root, context, emitter);
  }
}

}  // namespace spoor
