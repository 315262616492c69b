#include "engine/report/stix_observables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "engine/base/text.h"
#include "engine/finding/evidence_view.h"
#include "engine/finding/json_writer.h"
#include "engine/finding/ocsf_evidence.h"
#include "engine/report/stix_id.h"
#include "engine/report/stix_values.h"

namespace spoor {
namespace {

std::optional<std::int64_t> number_of(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool is_number = !text.empty() && error == std::errc{} && stop == end;
  return is_number && number >= 0 && number <= most ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> port_of(std::string_view text) {
  constexpr std::int64_t kPortMax = 65'535;
  return number_of(text, kPortMax);
}

std::optional<std::int64_t> pid_of(std::string_view text) {
  return number_of(text, std::numeric_limits<std::uint32_t>::max());
}

/// As the renderers of Finding know it.
FindingEvidence evidence_of(const ReportEvent& event) {
  FindingEvidence evidence;
  for (std::size_t type = 0; type < kEventTypeCount; ++type) {
    if (to_string(static_cast<EventType>(type)) == event.category) {
      evidence.type = static_cast<EventType>(type);
    }
  }
  for (const auto& [name, value] : event.fields) {
    evidence.fields.push_back({.name = name, .value = value, .test = {}});
  }
  return evidence;
}

/// Of all hashes that the specification lets stand for a file, the one that makes its id.
constexpr auto kHashesOfId =
    std::to_array<std::string_view>({"MD5", "SHA-1", "SHA-256", "SHA-512"});

/// Those that STIX has a name for, in its order.
StixObservables::Hashes known_hashes(const StixObservables::Hashes& hashes) {
  StixObservables::Hashes known;
  for (const std::string_view name : kHashesOfId) {
    const auto hash = std::ranges::find(hashes, name, &std::pair<std::string, std::string>::first);
    if (hash != hashes.end() && is_hash(hash->first, hash->second)) {
      known.push_back(*hash);
    }
  }
  return known;
}

StixObservables::Hashes hashes_of(const FindingEvidence& evidence) {
  StixObservables::Hashes hashes;
  for (const Fingerprint& hash : file_fingerprints(evidence)) {
    hashes.emplace_back(hash.algorithm, hash.value);
  }
  return hashes;
}

void begin(JsonWriter& json, std::string_view type, const std::string& id) {
  json.begin_object();
  json.text("type", type);
  json.text("spec_version", "2.1");
  json.text("id", id);
}

std::string finish(JsonWriter& json) {
  json.end_object();
  return json.finish();
}

void write_refs(JsonWriter& json, std::string_view key, const std::set<std::string>& ids) {
  if (ids.empty()) {
    return;
  }
  json.begin_array(key);
  for (const std::string& id : ids) {
    json.element(id);
  }
  json.end_array();
}

bool is_connection(EventType type) {
  return type == EventType::network_connection || type == EventType::network_listen ||
         type == EventType::network_close;
}

/// What tells a process from all others. A pid is given again, and a node without a vendor's uid
/// has a name only within its finding.
std::string process_id(const ReportFinding& finding, std::size_t index) {
  const std::string& uid = finding.processes[index].uid;
  const bool is_nameless = uid.empty() || uid == "process-" + std::to_string(index);
  return is_nameless ? stix_id("process", {"finding", finding.head.uid, std::to_string(index)})
                     : stix_id("process", {finding.head.host_key, uid});
}

}  // namespace

bool StixObservables::Process::has_property() const {
  return pid_of(pid) || !command_line.empty() || start != 0 || !image.empty() || !user.empty() ||
         !parent.empty() || !children.empty() || !connections.empty();
}

bool StixObservables::enter(const std::string& id) {
  const bool is_new = !plain_.contains(id) && !processes_.contains(id) && !domains_.contains(id);
  if (is_new) {
    order_.push_back(id);
  }
  return is_new;
}

std::string StixObservables::add_directory(std::string_view path) {
  std::string id = observable_id("directory", ContributingProperties().text("path", path));
  if (enter(id)) {
    JsonWriter json;
    begin(json, "directory", id);
    json.text("path", path);
    plain_[id] = finish(json);
  }
  return id;
}

std::string StixObservables::add_file(std::string_view path, const Hashes& hashes) {
  if (path.empty()) {
    return "";
  }
  const std::string_view name = short_name(path);
  std::string_view folder = path.substr(0, path.size() - name.size());
  if (folder.size() > 1 && !folder.ends_with(":\\")) {
    folder.remove_suffix(1);
  }
  const std::string parent = folder.empty() ? "" : add_directory(folder);
  const Hashes known = known_hashes(hashes);
  ContributingProperties properties;
  properties.text("name", name).text("parent_directory_ref", parent);
  if (!known.empty()) {
    const auto& [algorithm, value] = known.front();
    properties.json("hashes", ContributingProperties().text(algorithm, value).finish());
  }
  std::string id = observable_id("file", properties);
  if (enter(id)) {
    JsonWriter json;
    begin(json, "file", id);
    if (!known.empty()) {
      json.begin_object("hashes");
      for (const auto& [algorithm, value] : known) {
        json.text(algorithm, value);
      }
      json.end_object();
    }
    json.text("name", name);
    json.text("parent_directory_ref", parent);
    plain_[id] = finish(json);
  }
  return id;
}

/// "ACME\kim", "kim" or a SID.
std::string StixObservables::add_account(std::string_view user) {
  if (user.empty()) {
    return "";
  }
  const std::string_view login = user.find('\\') == std::string_view::npos ? "" : short_name(user);
  std::string id = observable_id(
      "user-account", ContributingProperties().text("user_id", user).text("account_login", login));
  if (enter(id)) {
    JsonWriter json;
    begin(json, "user-account", id);
    json.text("user_id", user);
    json.text("account_login", login);
    plain_[id] = finish(json);
  }
  return id;
}

/// Of a type that is nothing but its value.
std::string StixObservables::add_value(std::string_view type, std::string_view value) {
  std::string id = observable_id(type, ContributingProperties().text("value", value));
  if (enter(id)) {
    JsonWriter json;
    begin(json, type, id);
    json.text("value", value);
    plain_[id] = finish(json);
  }
  return id;
}

std::string StixObservables::add_address(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";  // An IPv4 address as a socket for both has it.
  if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos) {
    address.remove_prefix(kMapped.size());
  }
  return add_value(address.find(':') == std::string_view::npos ? "ipv4-addr" : "ipv6-addr",
                   address);
}

std::string StixObservables::add_domain(std::string_view text, std::string_view query_results) {
  const std::string name = domain_name(text);
  if (name.empty()) {
    return "";
  }
  std::string id = observable_id("domain-name", ContributingProperties().text("value", name));
  enter(id);
  Domain& domain = domains_[id];
  domain.name = name;
  for (const std::string& address : resolved_addresses(query_results)) {
    domain.addresses.insert(add_address(address));
  }
  return id;
}

std::string StixObservables::add_registry_key(std::string_view path, bool ends_with_value) {
  const std::string full = with_long_hive(path);
  if (full.empty()) {
    return "";
  }
  const std::size_t end = ends_with_value ? full.rfind('\\') : std::string::npos;
  const std::string key = full.substr(0, end);
  const std::string value = end == std::string::npos ? "" : full.substr(end + 1);
  ContributingProperties properties;
  properties.text("key", key);
  if (!value.empty()) {
    properties.json("values", "[" + ContributingProperties().text("name", value).finish() + "]");
  }
  std::string id = observable_id("windows-registry-key", properties);
  if (enter(id)) {
    JsonWriter json;
    begin(json, "windows-registry-key", id);
    json.text("key", key);
    if (!value.empty()) {
      json.begin_array("values");
      json.begin_object();
      json.text("name", value);
      json.end_object();
      json.end_array();
    }
    plain_[id] = finish(json);
  }
  return id;
}

/// The process that another one opened or injected into.
std::string StixObservables::add_target(const ReportFinding& finding,
                                        const FindingEvidence& evidence) {
  const std::string_view uid = field_of(evidence, FieldId::target_process_guid);
  const std::string_view image = field_of(evidence, FieldId::target_image);
  std::string id = uid.empty() ? stix_id("process", {"target", finding.head.uid, image})
                               : stix_id("process", {finding.head.host_key, uid});
  enter(id);
  Process& process = processes_[id];
  if (process.pid.empty()) {
    process.pid = field_of(evidence, FieldId::target_process_id);
  }
  if (process.image.empty()) {
    process.image = add_file(image, {});
  }
  return id;
}

std::string StixObservables::add_traffic(const FindingEvidence& evidence, Timestamp time) {
  bool is_v6 = false;
  bool has_address = false;
  const auto endpoint = [&](FieldId ip, FieldId hostname) -> std::string {
    const std::string_view address = field_of(evidence, ip);
    if (is_ip_address(address)) {
      has_address = true;
      std::string id = add_address(address);
      is_v6 = id.starts_with("ipv6");
      return id;
    }
    const std::string_view name = field_of(evidence, hostname);
    return name.empty() ? "" : add_domain(name, "");
  };
  const std::string source = endpoint(FieldId::source_ip, FieldId::source_hostname);
  const std::string destination = endpoint(FieldId::destination_ip, FieldId::destination_hostname);
  if (source.empty() && destination.empty()) {
    return "";
  }
  std::vector<std::string> protocols = {has_address ? (is_v6 ? "ipv6" : "ipv4") : "ip"};
  if (std::string protocol = protocol_name(field_of(evidence, FieldId::protocol));
      !protocol.empty()) {
    protocols.push_back(std::move(protocol));
  }
  const auto source_port = port_of(field_of(evidence, FieldId::source_port));
  const auto destination_port = port_of(field_of(evidence, FieldId::destination_port));
  const std::string start = shortest_timestamp(time);
  ContributingProperties properties;
  properties.text("start", start).text("src_ref", source).text("dst_ref", destination);
  properties.list("protocols", protocols);
  if (source_port) {
    properties.number("src_port", *source_port);
  }
  if (destination_port) {
    properties.number("dst_port", *destination_port);
  }
  std::string id = observable_id("network-traffic", properties);
  if (enter(id)) {
    JsonWriter json;
    begin(json, "network-traffic", id);
    json.text("start", start);
    json.text("src_ref", source);
    json.text("dst_ref", destination);
    if (source_port) {
      json.number("src_port", *source_port);
    }
    if (destination_port) {
      json.number("dst_port", *destination_port);
    }
    json.begin_array("protocols");
    for (const std::string& protocol : protocols) {
      json.element(protocol);
    }
    json.end_array();
    plain_[id] = finish(json);
  }
  return id;
}

std::vector<std::string> StixObservables::add_processes(const ReportFinding& finding) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < finding.processes.size(); ++i) {
    const ReportProcess& said = finding.processes[i];
    if (said.is_target) {
      ids.emplace_back();  // The event that names it says more.
      continue;
    }
    ids.push_back(process_id(finding, i));
    enter(ids.back());
    Process& process = processes_[ids.back()];
    process.pid = process.pid.empty() ? said.pid : process.pid;
    process.command_line = process.command_line.empty() ? said.command_line : process.command_line;
    process.start = process.start == 0 ? said.start : process.start;
    if (process.image.empty()) {
      process.image = add_file(said.path, said.hashes);
    }
    if (process.user.empty()) {
      process.user = add_account(said.user);
    }
    if (said.parent && !ids[*said.parent].empty()) {
      process.parent = process.parent.empty() ? ids[*said.parent] : process.parent;
      processes_[process.parent].children.insert(ids.back());
    }
  }
  return ids;
}

std::vector<std::string> StixObservables::add_event(const ReportFinding& finding,
                                                    const ReportEvent& event,
                                                    const std::string& process) {
  const FindingEvidence evidence = evidence_of(event);
  std::vector<std::string> ids;
  if (is_connection(evidence.type)) {
    add_connection(evidence, event.time.value_or(finding.head.first), process, ids);
  } else {
    add_artifact(finding, evidence, ids);
  }
  if (const std::string_view url = field_of(evidence, FieldId::url); is_url(url)) {
    ids.push_back(add_value("url", url));
  }
  return ids;
}

void StixObservables::add_connection(const FindingEvidence& evidence,
                                     Timestamp time,
                                     const std::string& process,
                                     std::vector<std::string>& ids) {
  const std::string traffic = add_traffic(evidence, time);
  if (!traffic.empty()) {
    ids.push_back(traffic);
    const std::string_view initiated = field_of(evidence, FieldId::initiated);
    const bool is_opened =
        initiated.empty() || initiated == "1" || equals_ignore_case_ascii(initiated, "true");
    if (evidence.type == EventType::network_connection && is_opened && !process.empty()) {
      processes_[process].connections.insert(traffic);
    }
  }
  const std::string_view name = field_of(evidence, FieldId::destination_hostname);
  if (!name.empty()) {
    ids.push_back(add_domain(name, ""));
  }
}

void StixObservables::add_artifact(const ReportFinding& finding,
                                   const FindingEvidence& evidence,
                                   std::vector<std::string>& ids) {
  const std::optional<ArtifactView> artifact = artifact_of(evidence);
  if (!artifact) {
    return;
  }
  switch (artifact->kind) {
    case ArtifactKind::module:
    case ArtifactKind::driver:
    case ArtifactKind::file: ids.push_back(add_file(artifact->value, hashes_of(evidence))); break;
    case ArtifactKind::domain:
      ids.push_back(add_domain(artifact->value, field_of(evidence, FieldId::query_results)));
      break;
    case ArtifactKind::ip: ids.push_back(add_address(artifact->value)); break;
    case ArtifactKind::registry:
      ids.push_back(add_registry_key(artifact->value, evidence.type == EventType::registry_set));
      break;
    case ArtifactKind::process: ids.push_back(add_target(finding, evidence)); break;
    case ArtifactKind::pipe:
    case ArtifactKind::device: break;  // STIX has no object for them.
  }
}

bool StixObservables::is_writable(const std::string& id) const {
  const auto process = processes_.find(id);
  return process == processes_.end() ? !id.empty() : process->second.has_property();
}

std::string StixObservables::render_process(const std::string& id, const Process& process) {
  JsonWriter json;
  begin(json, "process", id);
  if (const std::optional<std::int64_t> pid = pid_of(process.pid)) {
    json.number("pid", *pid);
  }
  if (process.start != 0) {
    json.text("created_time", format_timestamp(process.start));
  }
  json.text("command_line", process.command_line);
  write_refs(json, "opened_connection_refs", process.connections);
  json.text("creator_user_ref", process.user);
  json.text("image_ref", process.image);
  json.text("parent_ref", process.parent);
  write_refs(json, "child_refs", process.children);
  return finish(json);
}

std::string StixObservables::render_domain(const std::string& id, const Domain& domain) {
  JsonWriter json;
  begin(json, "domain-name", id);
  json.text("value", domain.name);
  write_refs(json, "resolves_to_refs", domain.addresses);
  return finish(json);
}

std::vector<std::string> StixObservables::render() const {
  std::vector<std::string> objects;
  for (const std::string& id : order_) {
    if (const auto process = processes_.find(id); process != processes_.end()) {
      if (process->second.has_property()) {
        objects.push_back(render_process(id, process->second));
      }
    } else if (const auto domain = domains_.find(id); domain != domains_.end()) {
      objects.push_back(render_domain(id, domain->second));
    } else {
      objects.push_back(plain_.at(id));
    }
  }
  return objects;
}

}  // namespace spoor
