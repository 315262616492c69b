#include "engine/finding/ocsf_observables.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/finding/evidence_view.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/finding/ocsf_process.h"

namespace spoor {
namespace {

struct ObservableType {
  int id;
  std::string_view name;
};

// OCSF 1.6, object observable, type_id.
constexpr ObservableType kHostname = {1, "Hostname"};
constexpr ObservableType kIpAddress = {2, "IP Address"};
constexpr ObservableType kFileName = {7, "File Name"};
constexpr ObservableType kHash = {8, "Hash"};
constexpr ObservableType kProcessName = {9, "Process Name"};

struct Observable {
  std::string name;
  ObservableType type;
  std::string value;
};

class Observables {
 public:
  void add(const ObservableType& type, std::string name, std::string_view value) {
    if (!value.empty() && seen_.emplace(type.id, value).second) {
      list_.push_back({.name = std::move(name), .type = type, .value = std::string(value)});
    }
  }

  void add_hashes(const std::string& path, const std::vector<Fingerprint>& hashes) {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      add(kHash, path + ".hashes[" + std::to_string(i) + "].value", hashes[i].value);
    }
  }

  void add_process(const std::string& path, const FindingProcess& process) {
    if (is_writable_process(process) && !process.image.empty()) {
      add(kProcessName, path + ".name", short_name(process.image));
      add_hashes(path + ".file", fingerprints_of(process));
    }
  }

  [[nodiscard]] const std::vector<Observable>& list() const { return list_; }

 private:
  std::vector<Observable> list_;
  std::set<std::pair<int, std::string>> seen_;
};

void add_endpoint(Observables& observables,
                  const std::string& path,
                  std::string_view hostname,
                  std::string_view ip) {
  observables.add(kHostname, path + ".hostname", hostname);
  if (is_ip_address(ip)) {
    observables.add(kIpAddress, path + ".ip", ip);
  }
}

void add_artifact(Observables& observables,
                  const std::string& path,
                  const FindingEvidence& evidence) {
  if (evidence.type == EventType::network_connection) {
    add_endpoint(observables, path + ".src_endpoint", field_of(evidence, FieldId::source_hostname),
                 field_of(evidence, FieldId::source_ip));
    add_endpoint(observables, path + ".dst_endpoint",
                 field_of(evidence, FieldId::destination_hostname),
                 field_of(evidence, FieldId::destination_ip));
    return;
  }
  const std::optional<ArtifactView> artifact = artifact_of(evidence);
  if (!artifact) {
    return;
  }
  if (is_file(artifact->kind)) {
    observables.add(kFileName, path + ".file.name", short_name(artifact->value));
    observables.add_hashes(path + ".file", file_fingerprints(evidence));
  } else if (artifact->kind == ArtifactKind::domain) {
    observables.add(kHostname, path + ".query.hostname", artifact->value);
    for (const std::string& address :
         resolved_addresses(field_of(evidence, FieldId::query_results))) {
      observables.add(kIpAddress, path + ".data.event.QueryResults", address);
    }
  }
}

}  // namespace

void write_observables(JsonWriter& json, const Finding& finding) {
  Observables observables;
  observables.add(kHostname, "device.hostname", finding.hostname);
  if (finding.anchor && *finding.anchor < finding.processes.size()) {
    observables.add_process("actor.process", finding.processes[*finding.anchor]);
  }
  for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
    const std::string path = "evidences[" + std::to_string(i) + "]";
    if (const std::optional<std::size_t> process = process_of(finding, finding.evidence[i])) {
      observables.add_process(path + ".process", finding.processes[*process]);
    }
    add_artifact(observables, path, finding.evidence[i]);
  }
  if (observables.list().empty()) {
    return;
  }
  json.begin_array("observables");
  for (const Observable& observable : observables.list()) {
    json.begin_object();
    json.text("name", observable.name);
    json.number("type_id", observable.type.id);
    json.text("type", observable.type.name);
    json.text("value", observable.value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace spoor
