#include "parsers/sentinelone/management_api.h"

#include <algorithm>
#include <string>

#include "parsers/sentinelone/events.h"
#include "parsers/sentinelone/fields.h"
#include "parsers/sentinelone/identity.h"
#include "parsers/sentinelone/processes.h"

namespace spoor {
namespace {

constexpr std::string_view kCarriage = "management_api";

struct WordRow {
  std::string_view from;
  std::string_view to;
};

/// A threat's confidence and an activity's severity, in the words of the others.
constexpr WordRow kSeverities[] = {
    {"malicious", "High"}, {"suspicious", "Medium"}, {"E_CRITICAL", "Critical"},
    {"E_HIGH", "High"},    {"E_MEDIUM", "Medium"},   {"E_LOW", "Low"},
    {"E_INFO", "Info"},
};

std::string_view severity_of(std::string_view value) {
  const auto* row = std::ranges::find(kSeverities, value, &WordRow::from);
  return row == std::ranges::end(kSeverities) ? value : row->to;
}

/// Appends `word` to a list without commas in its words, once.
void add_word(std::string_view word, std::string& list) {
  if (word.empty()) {
    return;
  }
  for (std::size_t at = list.find(word); at != std::string::npos; at = list.find(word, at + 1)) {
    const bool begins = at == 0 || list[at - 1] == ',';
    const std::size_t end = at + word.size();
    if (begins && (end == list.size() || list[end] == ',')) {
      return;
    }
  }
  list.append(list.empty() ? "" : ",").append(word);
}

/// Calls `look(index)` for each element of the array that stands under `key`.
template <typename Look>
void for_each_element(NodeIndex parent,
                      std::string_view key,
                      const Document& document,
                      const Look& look) {
  const NodeIndex array = document.find(parent, key);
  if (array != kNoNode && document.node(array).kind == NodeKind::array) {
    document.for_each_child(array, [&](const Node&, NodeIndex index) { look(index); });
  }
}

std::string_view name_of(NodeIndex object, ParseContext& context) {
  const NodeIndex name = context.document.find(object, "name");
  return name == kNoNode ? std::string_view()
                         : text_of(context.document.node(name), context.scratch);
}

/// indicators[].tactics[].name and .techniques[].name, each once.
void set_attack(S1Record& record, ParseContext& context) {
  const NodeIndex indicators = record.slots().node(S1Attribute::indicators);
  const Document& document = context.document;
  if (indicators == kNoNode || document.node(indicators).kind != NodeKind::array) {
    return;
  }
  std::string tactics;
  std::string techniques;
  document.for_each_child(indicators, [&](const Node&, NodeIndex indicator) {
    for_each_element(indicator, "tactics", document, [&](NodeIndex tactic) {
      add_word(name_of(tactic, context), tactics);
      for_each_element(tactic, "techniques", document, [&](NodeIndex technique) {
        add_word(name_of(technique, context), techniques);
      });
    });
  });
  set_s1_value(FieldId::tactic, context.scratch.copy(tactics), context);
  set_s1_value(FieldId::technique, context.scratch.copy(techniques), context);
}

void set_name(std::string_view name, ParseContext& context) {
  set_s1_value(FieldId::threat_name, name, context);
  set_s1_value(FieldId::signature, name, context);  // Sigma's word for it.
}

/// The file that was found is taken as what acted: that is what rules on alerts ask about.
void set_threat(S1Record& record, ParseContext& context) {
  Event& event = context.event;
  event.type = EventType::antivirus;
  const std::string_view name = record.text(S1Attribute::threat_name, context);
  set_name(name.empty() ? record.text(S1Attribute::threat_classification, context) : name, context);
  set_s1_field(FieldId::image, S1Attribute::threat_path, record, context);
  set_s1_field(FieldId::command_line, S1Attribute::threat_arguments, record, context);
  set_s1_field(FieldId::user, S1Attribute::threat_user, record, context);
  set_s1_field(FieldId::group_uid, S1Attribute::threat_storyline, record, context);
  set_s1_value(FieldId::severity, severity_of(record.text(S1Attribute::confidence, context)),
               context);
  set_s1_hashes({S1Attribute::threat_sha1, S1Attribute::threat_md5, S1Attribute::threat_sha256},
                record, context);
  set_attack(record, context);
  event.actor.image = event.field(FieldId::image);
  event.actor.command_line = event.field(FieldId::command_line);
  event.actor.user = event.field(FieldId::user);
}

/// A rule of the customer's (STAR) that held for an event of the sensor.
void set_alert(S1Record& record, ParseContext& context) {
  context.event.type = EventType::antivirus;
  set_s1_actor(record, context);
  const std::string_view rule = record.text(S1Attribute::rule_name, context);
  set_name(rule.empty() ? record.text(S1Attribute::indicator_name, context) : rule, context);
  set_s1_value(FieldId::severity, severity_of(record.text(S1Attribute::severity, context)),
               context);
  set_s1_hashes(image_hashes(ProcessRole::source), record, context);
}

/// What an alert without a type tells of, by the attribute that it gives.
struct EvidenceRow {
  S1Attribute attribute;
  std::string_view type;
};

constexpr EvidenceRow kEvidence[] = {
    {S1Attribute::module_path, "moduleload"},
    {S1Attribute::dns_request, "dns"},
    {S1Attribute::destination_ip, "ipconnect"},
    {S1Attribute::registry_key, "registryvaluemodified"},
    {process_attribute(ProcessRole::target, ProcessPart::uid), "processcreation"},
    {S1Attribute::file_path, "filecreation"},
};

/// The sensor's event that an alert tells of; EventType::other if none.
const S1EventRow& event_of_alert(S1Record& record, ParseContext& context) {
  const std::string_view type = record.text(S1Attribute::event_type, context);
  if (!type.empty()) {
    return find_s1_event(type);
  }
  for (const EvidenceRow& row : kEvidence) {
    if (record.says(row.attribute, context)) {
      return find_s1_event(row.type);
    }
  }
  return find_s1_event("");
}

class ManagementEvents {
 public:
  ManagementEvents(NodeIndex root, S1Record& record, ParseContext& context, EventEmitter& emitter)
      : root_(root), record_(record), context_(context), emitter_(emitter) {}

  void threat(std::string_view type) {
    envelope(type, finding_time(), text(S1Attribute::event_id), "");
    set_threat(record_, context_);
    finish();
  }

  /// An activity that tells of an alert is the same event: both have the alert's id.
  void alert(std::string_view type) {
    const std::string_view id = text(S1Attribute::alert_id);
    envelope(type, finding_time(), id, "");
    set_alert(record_, context_);
    finish();
    event_behind(id);
  }

  void activity() {
    const std::string_view type = text(S1Attribute::activity_type);
    if (says(S1Attribute::alert_id) && says(S1Attribute::rule_name)) {
      alert(type);
    } else if (says(S1Attribute::threat_classification) || says(S1Attribute::confidence)) {
      threat(type);
    } else {
      envelope(type, finding_time(), text(S1Attribute::event_id), "");
      finish();
    }
  }

  /// An agent's record is its state: each state is an event.
  void agent() {
    const std::optional<Timestamp> time =
        s1_time({S1Attribute::updated_at, S1Attribute::created_at}, record_, context_);
    envelope("agent", time, text(S1Attribute::event_id), text(S1Attribute::updated_at));
    context_.event.type = EventType::sensor;
    finish();
  }

 private:
  std::string_view text(S1Attribute attribute) { return record_.text(attribute, context_); }

  bool says(S1Attribute attribute) { return record_.says(attribute, context_); }

  std::optional<Timestamp> finding_time() {
    return s1_time({S1Attribute::identified_at, S1Attribute::detected_at, S1Attribute::created_at},
                   record_, context_);
  }

  void envelope(std::string_view type,
                std::optional<Timestamp> time,
                std::string_view id,
                std::string_view part) {
    set_s1_envelope(
        {.carriage = kCarriage, .vendor_type = type, .time = time, .id = id, .part = part}, root_,
        record_, context_);
  }

  void finish() {
    set_s1_extra(root_, management_keys(), true, record_, context_);
    emitter_.emit(context_);
  }

  /// The event that an alert is about. Its uid is the alert's own, not that of the sensor's event:
  /// an alert tells less of it, and must not take its place.
  void event_behind(std::string_view alert_id) {
    record_.forget_uses();
    const S1EventRow& row = event_of_alert(record_, context_);
    if (row.type == EventType::other || row.type == EventType::antivirus) {
      return;
    }
    std::optional<Timestamp> time = finding_time();
    if (row.type == EventType::process_creation) {
      constexpr S1Attribute kStart = process_attribute(ProcessRole::target, ProcessPart::start);
      const std::optional<Timestamp> start = s1_time({kStart}, record_, context_);
      time = start.value_or(0) != 0 ? start : time;
    }
    const std::string_view type = text(S1Attribute::event_type);
    envelope(type.empty() ? row.key : type, time, alert_id, "event");
    const std::string_view id = text(S1Attribute::deep_visibility_id);
    if (!id.empty()) {
      context_.event.vendor_event_uid = s1_event_uid(id, context_);
    }
    set_s1_event(row, record_, context_);
    finish();
  }

  NodeIndex root_;
  S1Record& record_;
  ParseContext& context_;
  EventEmitter& emitter_;
};

}  // namespace

Result<void> emit_management_events(NodeIndex root,
                                    S1Record& record,
                                    ParseContext& context,
                                    EventEmitter& emitter) {
  ManagementEvents events(root, record, context, emitter);
  const S1Slots& slots = record.slots();
  if (slots.has(S1Attribute::activity_type)) {
    events.activity();
  } else if (slots.has(S1Attribute::alert_id)) {
    events.alert("alert");
  } else if (slots.has(S1Attribute::threat_name) || slots.has(S1Attribute::threat_path) ||
             slots.has(S1Attribute::threat_classification) || slots.has(S1Attribute::confidence)) {
    events.threat("threat");
  } else if (slots.has(S1Attribute::is_decommissioned)) {
    events.agent();
  } else {
    return fail(ErrorCode::unsupported,
                "a record of SentinelOne's management API that is no threat, alert, activity or "
                "agent");
  }
  return {};
}

}  // namespace spoor
