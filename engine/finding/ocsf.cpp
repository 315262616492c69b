// The OCSF Detection Finding, top level: https://schema.ocsf.io/1.6.0/classes/detection_finding
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/finding/attack.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/ocsf_attack.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/finding/ocsf_graph.h"
#include "engine/finding/ocsf_observables.h"
#include "engine/finding/ocsf_process.h"
#include "engine/finding/render.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::string_view kOcsfVersion = "1.6.0";
constexpr int kCategoryFindings = 2;
constexpr int kClassDetectionFinding = 2004;
constexpr int kAnalyticRule = 1;
constexpr std::size_t kStepsInMessage = 8;
constexpr std::size_t kTextColumnsMax = 200;  // Of one value inside the message.

struct IdRow {
  std::string_view word;
  int id;
  std::string_view caption;
};

// Sigma's levels as severity_id.
constexpr auto kSeverities = std::to_array<IdRow>({
    {"informational", 1, "Informational"},
    {"low", 2, "Low"},
    {"medium", 3, "Medium"},
    {"high", 4, "High"},
    {"critical", 5, "Critical"},
});
constexpr IdRow kSeverityUnknown = {"", 0, "Unknown"};
constexpr int kSeverityMedium = 3;

// Operating systems as os.type_id.
constexpr auto kSystems = std::to_array<IdRow>({
    {"windows", 100, "Windows"},
    {"linux", 200, "Linux"},
    {"macos", 300, "macOS"},
});
constexpr int kSystemOther = 99;

const IdRow& severity_of(const Finding& finding) {
  const auto* row = std::ranges::find(kSeverities, to_lower_ascii(finding.level), &IdRow::word);
  return row == kSeverities.end() ? kSeverityUnknown : *row;
}

struct Activity {
  int id;
  std::string_view name;
};

Activity activity_of(const Finding& finding) {
  if (finding.status == FindingStatus::retracted) {
    return {3, "Close"};
  }
  return finding.revision <= 1 ? Activity{1, "Create"} : Activity{2, "Update"};
}

std::optional<std::size_t> anchor_of(const Finding& finding) {
  return finding.anchor && *finding.anchor < finding.processes.size() ? finding.anchor
                                                                      : std::nullopt;
}

std::string sentence_part(std::string_view text) {
  return cut_middle(replace_invalid_utf8(text), kTextColumnsMax);
}

/// Names of the steps that matched, each once, in the order of their first evidence.
std::vector<std::string_view> distinct_steps(const Finding& finding) {
  std::vector<std::string_view> steps;
  for (const FindingEvidence& evidence : finding.evidence) {
    if (!evidence.step.empty() && std::ranges::find(steps, evidence.step) == steps.end()) {
      steps.push_back(evidence.step);
    }
  }
  return steps;
}

std::string list_of_steps(const Finding& finding) {
  const std::vector<std::string_view> steps = distinct_steps(finding);
  const std::size_t shown = std::min(steps.size(), kStepsInMessage);
  std::string list;
  for (std::size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == steps.size();
    list.append(i == 0 ? "" : (last ? " and " : ", ")).append(sentence_part(steps[i]));
  }
  if (steps.size() > shown) {
    list.append(" and ").append(std::to_string(steps.size() - shown)).append(" more");
  }
  return list;
}

/// "3CX Desktop App acts as a loader: 3CXDesktopApp.exe (6712) on PC042 matched known_bad and
/// dead_drop."
std::string message_of(const Finding& finding) {
  std::string subject = finding.evidence_total > 1
                            ? std::to_string(finding.evidence_total) + " events"
                            : std::string("an event");
  for (std::size_t i = 0; i < finding.group.size(); ++i) {
    const auto& [field, value] = finding.group[i];
    subject.append(i == 0 ? " of " : ", ").append(sentence_part(field)).append(" '");
    subject.append(sentence_part(value)).append("'");
  }
  if (const std::optional<std::size_t> anchor = anchor_of(finding)) {
    const FindingProcess& process = finding.processes[*anchor];
    subject = process.image.empty() ? "a process" : sentence_part(short_name(process.image));
    if (!process.pid.empty()) {
      subject.append(" (").append(sentence_part(process.pid)).append(")");
    }
  }
  std::string message = sentence_part(title_of(finding.rule));
  message.append(message.empty() ? "" : ": ").append(subject);
  const std::string& host = finding.hostname.empty() ? finding.host_key : finding.hostname;
  if (!host.empty()) {
    message.append(" on ").append(sentence_part(host));
  }
  const std::string steps = list_of_steps(finding);
  return message.append(steps.empty() ? " matched" : " matched ").append(steps).append(".");
}

void write_class(JsonWriter& json, const Finding& finding) {
  const Activity activity = activity_of(finding);
  json.number("category_uid", kCategoryFindings);
  json.text("category_name", "Findings");
  json.number("class_uid", kClassDetectionFinding);
  json.text("class_name", "Detection Finding");
  json.number("activity_id", activity.id);
  json.text("activity_name", activity.name);
  json.number("type_uid", kClassDetectionFinding * 100 + activity.id);
  json.text("type_name", std::string("Detection Finding: ").append(activity.name));
}

void write_occurrence(JsonWriter& json, const Finding& finding) {
  const IdRow& severity = severity_of(finding);
  const bool retracted = finding.status == FindingStatus::retracted;
  // Event time throughout: the same finding says the same whenever it is rendered.
  json.number("time", to_epoch_ms(finding.last_seen));
  write_time(json, "start_time", finding.first_seen);
  write_time(json, "end_time", finding.last_seen);
  json.number("timezone_offset", 0);
  json.number("severity_id", severity.id);
  json.text("severity", severity.caption);
  json.number("status_id", retracted ? 4 : 1);
  json.text("status", retracted ? "Resolved" : "New");
  json.boolean("is_alert", !retracted && severity.id >= kSeverityMedium);
  if (finding.evidence_total > 0) {
    json.number("count", static_cast<std::int64_t>(finding.evidence_total));
  }
  json.text("message", message_of(finding));
}

void write_metadata(JsonWriter& json, const Finding& finding) {
  json.begin_object("metadata");
  json.text("version", kOcsfVersion);
  json.text("uid", to_string(finding.uid) + ":" + std::to_string(finding.revision));
  json.begin_array("profiles");
  json.element("host");
  json.end_array();
  json.begin_object("product");
  json.text("name", "Spoor");
  json.text("vendor_name", "Spoor");
  json.text("version", product_version());
  json.end_object();
  json.end_object();
}

void write_device(JsonWriter& json, const Finding& finding) {
  if (finding.hostname.empty() && finding.host_key.empty()) {
    return;
  }
  json.begin_object("device");
  json.text("hostname", finding.hostname);
  json.text("uid", finding.host_key);
  json.number("type_id", 0);
  json.text("type", "Unknown");
  if (!finding.os_type.empty()) {
    const auto* row = std::ranges::find(kSystems, to_lower_ascii(finding.os_type), &IdRow::word);
    const bool known = row != kSystems.end();
    json.begin_object("os");
    json.text("name", finding.os_type);
    json.text("type", known ? row->caption : std::string_view(finding.os_type));
    json.number("type_id", known ? row->id : kSystemOther);
    json.end_object();
  }
  json.end_object();
}

void write_actor(JsonWriter& json, const Finding& finding) {
  const std::optional<std::size_t> anchor = anchor_of(finding);
  if (!anchor || !is_writable_process(finding.processes[*anchor])) {
    return;
  }
  json.begin_object("actor");
  write_process(json, "process", finding, *anchor, Ancestry::full);
  json.end_object();
}

void write_analytic_members(JsonWriter& json, const FindingRule& rule) {
  json.text("uid", rule.id);
  json.text("name", rule.name.empty() ? rule.title : rule.name);
  json.number("type_id", kAnalyticRule);
  json.text("type", "Rule");
  json.text("category", rule.correlation ? "correlation" : "detection");
}

bool is_writable_analytic(const FindingRule& rule) {
  return !rule.id.empty() || !title_of(rule).empty();
}

void write_analytics(JsonWriter& json, const Finding& finding) {
  if (is_writable_analytic(finding.rule)) {
    json.begin_object("analytic");
    write_analytic_members(json, finding.rule);
    json.end_object();
  }
  if (std::ranges::none_of(finding.related_rules, is_writable_analytic)) {
    return;
  }
  json.begin_array("related_analytics");
  for (const FindingRule& rule : finding.related_rules) {
    if (is_writable_analytic(rule)) {
      json.begin_object();
      write_analytic_members(json, rule);
      json.end_object();
    }
  }
  json.end_array();
}

/// The rule's own tags, then those of the steps that have evidence.
std::vector<std::string> all_tags(const Finding& finding) {
  std::vector<std::string> tags = finding.rule.tags;
  for (const FindingRule& rule : finding.related_rules) {
    if (std::ranges::find(finding.evidence, rule.id, &FindingEvidence::step_rule_id) !=
        finding.evidence.end()) {
      tags.insert(tags.end(), rule.tags.begin(), rule.tags.end());
    }
  }
  return tags;
}

/// When the finding became true: the event time of its last required evidence.
std::optional<Timestamp> completion_time(const Finding& finding) {
  std::optional<Timestamp> latest;
  for (const FindingEvidence& evidence : finding.evidence) {
    if (evidence.required) {
      latest = std::max(latest.value_or(evidence.order.time), evidence.order.time);
    }
  }
  return latest;
}

/// The vendors' channels where the events name one, else the vendors.
void write_data_sources(JsonWriter& json, const Finding& finding) {
  std::vector<std::string_view> sources;
  for (const FindingEvidence& evidence : finding.evidence) {
    const std::string_view channel = field_of(evidence, FieldId::channel);
    const std::string_view source = channel.empty() ? to_string(evidence.source) : channel;
    if (std::ranges::find(sources, source) == sources.end()) {
      sources.push_back(source);
    }
  }
  if (sources.empty()) {
    return;
  }
  json.begin_array("data_sources");
  for (const std::string_view source : sources) {
    json.element(source);
  }
  json.end_array();
}

void write_group(JsonWriter& json, const Finding& finding) {
  if (finding.group.empty()) {
    return;
  }
  json.begin_array("tags");
  for (const auto& [field, value] : finding.group) {
    json.begin_object();
    json.text("name", field);
    json.any_text("value", value);
    json.end_object();
  }
  json.end_array();
}

void write_finding_info(JsonWriter& json, const Finding& finding) {
  json.begin_object("finding_info");
  json.text("uid", to_string(finding.uid));
  json.text("title", title_of(finding.rule));
  json.text("desc", finding.rule.description);
  json.begin_array("types");
  json.element(finding.rule.correlation ? "correlation" : "detection");
  json.end_array();
  write_analytics(json, finding);
  write_attacks(json, attacks_of(all_tags(finding)));
  if (const std::optional<Timestamp> completed = completion_time(finding)) {
    write_time(json, "created_time", *completed);
  }
  if (finding.revision > 1) {
    // In event time, as the creation: a finding says nothing of when it was written.
    write_time(json, "modified_time", finding.last_seen);
  }
  write_time(json, "first_seen_time", finding.first_seen);
  write_time(json, "last_seen_time", finding.last_seen);
  write_data_sources(json, finding);
  write_related_events(json, finding);
  json.number("related_events_count", static_cast<std::int64_t>(finding.evidence_total));
  write_attack_graph(json, finding);
  write_group(json, finding);
  json.end_object();
}

void write_resources(JsonWriter& json, const Finding& finding) {
  if (finding.hostname.empty() && finding.host_key.empty()) {
    return;
  }
  json.begin_array("resources");
  json.begin_object();
  json.text("uid", finding.host_key);
  json.text("name", finding.hostname);
  json.text("type", "host");
  json.end_object();
  json.end_array();
}

void write_list(JsonWriter& json, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) {
    return;
  }
  json.begin_array(key);
  for (const std::string& value : values) {
    json.element(value);
  }
  json.end_array();
}

void write_rule_provenance(JsonWriter& json, const FindingRule& rule) {
  json.begin_object();
  json.text("id", rule.id);
  json.text("name", rule.name);
  json.text("title", rule.title);
  // The Detection Rule License asks that a match names the author of the rule.
  json.text("author", rule.author);
  json.text("license", rule.license);
  json.text("logic_hash", rule.logic_hash);
  write_list(json, "references", rule.references);
  write_list(json, "tags", rule.tags);
  write_list(json, "false_positives", rule.false_positives);
  json.end_object();
}

/// How sure the tree is, process by process, under the ids that attack_graph uses for them.
void write_knowledge(JsonWriter& json, const Finding& finding) {
  constexpr auto kAll = std::to_array(
      {Knowledge::known, Knowledge::claimed, Knowledge::inferred, Knowledge::missing});
  json.begin_object("completeness");
  for (const Knowledge knowledge : kAll) {
    json.number(to_string(knowledge),
                std::ranges::count(finding.processes, knowledge, &FindingProcess::knowledge));
  }
  json.number("parent_mismatch",
              std::ranges::count(finding.processes, true, &FindingProcess::parent_mismatch));
  json.number("salvaged", std::ranges::count(finding.evidence, true, &FindingEvidence::salvaged));
  json.number("evidence_shown", static_cast<std::int64_t>(finding.evidence.size()));
  json.number("evidence_total", static_cast<std::int64_t>(finding.evidence_total));
  if (finding.evicted != 0) {
    json.number("evicted", static_cast<std::int64_t>(finding.evicted));
  }
  if (finding.late != 0) {
    json.number("late", static_cast<std::int64_t>(finding.late));
  }
  json.end_object();
}

void write_unmapped(JsonWriter& json, const Finding& finding) {
  json.begin_object("unmapped");
  json.begin_object("spoor");
  json.number("revision", finding.revision);
  json.text("status", to_string(finding.status));
  if (finding.superseded_by) {
    json.text("superseded_by", to_string(*finding.superseded_by));
  }
  json.text("level", finding.level);
  write_knowledge(json, finding);
  json.begin_array("rules");
  write_rule_provenance(json, finding.rule);
  for (const FindingRule& rule : finding.related_rules) {
    write_rule_provenance(json, rule);
  }
  json.end_array();
  json.end_object();
  json.end_object();
}

}  // namespace

std::string_view product_version() {
  return SPOOR_VERSION;
}

std::string render_ocsf(const Finding& finding) {
  JsonWriter json;
  json.begin_object();
  write_class(json, finding);
  write_occurrence(json, finding);
  write_metadata(json, finding);
  write_device(json, finding);
  write_actor(json, finding);
  write_finding_info(json, finding);
  write_evidences(json, finding);
  write_observables(json, finding);
  write_resources(json, finding);
  write_unmapped(json, finding);
  json.end_object();
  return json.finish();
}

}  // namespace spoor
