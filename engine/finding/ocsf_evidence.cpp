#include "engine/finding/ocsf_evidence.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "engine/base/text.h"
#include "engine/finding/attack.h"
#include "engine/finding/ocsf_attack.h"
#include "engine/finding/ocsf_event_class.h"
#include "engine/finding/ocsf_graph.h"
#include "engine/finding/ocsf_process.h"
#include "engine/finding/terminal.h"

namespace spoor {
namespace {

constexpr std::size_t kNameColumnsMax = 120;  // Of a name inside a sentence.

int file_type(ArtifactKind kind) {
  constexpr int kRegularFile = 1;
  constexpr int kBlockDevice = 4;
  constexpr int kNamedPipe = 6;
  switch (kind) {
    case ArtifactKind::device: return kBlockDevice;
    case ArtifactKind::pipe: return kNamedPipe;
    default: return kRegularFile;
  }
}

void write_file(JsonWriter& json, const FindingEvidence& evidence, const ArtifactView& artifact) {
  begin_file(json, "file", artifact.value, file_type(artifact.kind));
  if (artifact.kind == ArtifactKind::module || artifact.kind == ArtifactKind::driver) {
    json.text("version", field_of(evidence, FieldId::file_version));
    json.text("desc", field_of(evidence, FieldId::description));
    json.text("company_name", field_of(evidence, FieldId::company));
    json.text("internal_name", field_of(evidence, FieldId::original_file_name));
  }
  write_hashes(json, file_fingerprints(evidence));
  json.end_object();
}

struct EndpointFields {
  std::string_view key;
  FieldId ip;
  FieldId hostname;
  FieldId port;
};

void write_endpoint(JsonWriter& json,
                    const FindingEvidence& evidence,
                    const EndpointFields& fields) {
  constexpr std::uint32_t kPortMax = 65'535;
  const std::string_view ip = field_of(evidence, fields.ip);
  const std::string_view hostname = field_of(evidence, fields.hostname);
  const std::string_view port_text = field_of(evidence, fields.port);
  // An endpoint without address and name would not be one in OCSF.
  if (hostname.empty() && !is_ip_address(ip)) {
    return;
  }
  json.begin_object(fields.key);
  json.text("hostname", hostname);
  if (is_ip_address(ip)) {
    json.text("ip", ip);
  }
  std::uint32_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (!port_text.empty() && error == std::errc{} && end == port_text.data() + port_text.size() &&
      port <= kPortMax) {
    json.number("port", port);
  }
  json.end_object();
}

void write_connection(JsonWriter& json, const FindingEvidence& evidence) {
  constexpr int kInbound = 1;
  constexpr int kOutbound = 2;
  constexpr int kTcp = 6;
  constexpr int kUdp = 17;
  const std::string_view initiated = field_of(evidence, FieldId::initiated);
  const std::string protocol = to_lower_ascii(field_of(evidence, FieldId::protocol));
  json.begin_object("connection_info");
  if (initiated.empty()) {
    json.number("direction_id", 0);
    json.text("direction", "Unknown");
  } else {
    const bool outbound = equals_ignore_case_ascii(initiated, "true") || initiated == "1";
    json.number("direction_id", outbound ? kOutbound : kInbound);
    json.text("direction", outbound ? "Outbound" : "Inbound");
  }
  json.text("protocol_name", protocol);
  if (protocol == "tcp" || protocol == "udp") {
    json.number("protocol_num", protocol == "tcp" ? kTcp : kUdp);
  }
  json.end_object();
  write_endpoint(
      json, evidence,
      {"src_endpoint", FieldId::source_ip, FieldId::source_hostname, FieldId::source_port});
  write_endpoint(json, evidence,
                 {"dst_endpoint", FieldId::destination_ip, FieldId::destination_hostname,
                  FieldId::destination_port});
}

/// Registry keys have an object of their own only in OCSF's Windows extension, which evidences
/// cannot hold.
void write_registry(JsonWriter& json, const ArtifactView& artifact) {
  json.begin_array("resources");
  json.begin_object();
  json.text("name", artifact.value);
  json.text("type", "Windows registry");
  json.end_object();
  json.end_array();
}

void write_artifact(JsonWriter& json, const FindingEvidence& evidence) {
  if (evidence.type == EventType::network_connection) {
    write_connection(json, evidence);
    return;
  }
  const std::optional<ArtifactView> artifact = artifact_of(evidence);
  if (!artifact) {
    return;
  }
  if (is_file(artifact->kind)) {
    write_file(json, evidence, *artifact);
  } else if (artifact->kind == ArtifactKind::domain) {
    json.begin_object("query");
    json.text("hostname", artifact->value);
    json.end_object();
  } else if (artifact->kind == ArtifactKind::registry) {
    write_registry(json, *artifact);
  }
}

/// What OCSF has no attribute for: the event in our own words, what matched, and the record.
/// `node` is the acting process in finding_info.attack_graph, which holds processes without an id
/// of their own, too.
void write_data(JsonWriter& json, const FindingEvidence& evidence, std::string_view node) {
  json.begin_object("data");
  json.begin_object("step");
  json.text("title", evidence.step_title);
  json.text("rule_id", evidence.step_rule_id);
  json.boolean("required", evidence.required);
  json.end_object();
  json.text("source", to_string(evidence.source));
  json.text("category", to_string(evidence.type));
  json.text("time", format_timestamp(evidence.order.time));
  json.text("event_uid", to_string(evidence.order.uid));
  json.text("node", node);
  if (evidence.salvaged) {
    json.boolean("salvaged", true);
  }
  if (evidence.process_ambiguous) {
    json.boolean("process_ambiguous", true);
  }
  json.begin_object("event");
  std::set<std::string_view>
      written;  // A second member of one name would make the document ambiguous.
  for (const FindingField& field : evidence.fields) {
    if (written.insert(field.name).second) {
      json.any_text(field.name, field.value);
    }
  }
  json.end_object();
  json.begin_array("matched");
  for (const FindingField& field : evidence.matched) {
    json.begin_object();
    json.text("field", field.name);
    json.any_text("value", field.value);
    json.text("test", field.test);
    if (field.form != ValueForm::as_is) {
      json.text("form", to_string(field.form));
    }
    json.end_object();
  }
  json.end_array();
  json.text("raw", evidence.record);
  json.end_object();
}

std::vector<Attack> step_attacks(const Finding& finding, const FindingEvidence& evidence) {
  const auto rule =
      std::ranges::find(finding.related_rules, evidence.step_rule_id, &FindingRule::id);
  return rule == finding.related_rules.end() ? std::vector<Attack>() : attacks_of(rule->tags);
}

std::string shown_name(std::string_view name) {
  return cut_middle(replace_invalid_utf8(name), kNameColumnsMax);
}

}  // namespace

std::string evidence_uid(const FindingEvidence& evidence) {
  return evidence.vendor_event_uid.empty() ? to_string(evidence.order.uid)
                                           : evidence.vendor_event_uid;
}

std::vector<Fingerprint> file_fingerprints(const FindingEvidence& evidence) {
  const std::optional<ArtifactView> artifact = artifact_of(evidence);
  if (!artifact || !is_file(artifact->kind)) {
    return {};
  }
  // Sysmon's event 15 names the same list "Hash".
  const std::string_view hashes = field_of(evidence, FieldId::hashes);
  return parse_hashes(hashes.empty() ? field_of(evidence, FieldId::hash) : hashes);
}

std::optional<std::size_t> process_of(const Finding& finding, const FindingEvidence& evidence) {
  const bool held = evidence.process && *evidence.process < finding.processes.size();
  return held ? evidence.process : std::nullopt;
}

std::string describe_evidence(const Finding& finding, const FindingEvidence& evidence) {
  const std::optional<std::size_t> process = process_of(finding, evidence);
  const std::string_view image =
      process ? short_name(finding.processes[*process].image) : std::string_view();
  std::string text = image.empty() ? "a process" : shown_name(image);
  if (const std::optional<ArtifactView> artifact = artifact_of(evidence)) {
    const bool path = is_file(artifact->kind) || artifact->kind == ArtifactKind::process;
    text.append(" ").append(artifact->relation).append(" ");
    text.append(shown_name(path ? short_name(artifact->value) : artifact->value));
    return text;
  }
  switch (evidence.type) {
    case EventType::process_creation: return text + " started";
    case EventType::process_termination: return text + " ended";
    default: return text.append(": ").append(to_string(evidence.type));
  }
}

void write_evidences(JsonWriter& json, const Finding& finding) {
  if (finding.evidence.empty()) {
    return;
  }
  const std::vector<std::string> nodes = process_node_uids(finding);
  json.begin_array("evidences");
  for (const FindingEvidence& evidence : finding.evidence) {
    json.begin_object();
    json.text("name", evidence.step);
    json.text("uid", evidence_uid(evidence));
    const std::optional<std::size_t> process = process_of(finding, evidence);
    if (process) {
      write_process(json, "process", finding, *process, Ancestry::brief);
    }
    write_artifact(json, evidence);
    write_data(json, evidence, process ? std::string_view(nodes[*process]) : std::string_view());
    json.end_object();
  }
  json.end_array();
}

void write_related_events(JsonWriter& json, const Finding& finding) {
  if (finding.evidence.empty()) {
    return;
  }
  json.begin_array("related_events");
  for (const FindingEvidence& evidence : finding.evidence) {
    json.begin_object();
    json.text("uid", evidence_uid(evidence));
    if (const std::optional<OcsfEventClass> event_class = ocsf_event_class(evidence)) {
      json.number("type_uid", event_class->type_uid);
      json.text("type_name", event_class->type_name);
    }
    json.text("title", evidence.step + ": " + describe_evidence(finding, evidence));
    write_time(json, "first_seen_time", evidence.order.time);
    write_attacks(json, step_attacks(finding, evidence));
    json.end_object();
  }
  json.end_array();
}

}  // namespace spoor
