#include "engine/finding/ocsf_process.h"

#include <array>
#include <charconv>
#include <limits>

#include "engine/base/limits.h"
#include "engine/base/text.h"

namespace spoor {
namespace {

struct IntegrityRow {
  std::string_view name;
  int id;
};

// OCSF 1.6, object process, integrity_id.
constexpr auto kIntegrity = std::to_array<IntegrityRow>(
    {{"Untrusted", 1}, {"Low", 2}, {"Medium", 3}, {"High", 4}, {"System", 5}, {"Protected", 6}});
constexpr int kIntegrityOther = 99;

struct FileTypeRow {
  int id;
  std::string_view name;
};

// OCSF 1.6, object file, type_id: the ones we write.
constexpr auto kFileTypes =
    std::to_array<FileTypeRow>({{1, "Regular File"}, {4, "Block Device"}, {6, "Named Pipe"}});
constexpr int kRegularFile = 1;

void write_integrity(JsonWriter& json, const std::string& level) {
  if (level.empty()) {
    return;
  }
  for (const IntegrityRow& row : kIntegrity) {
    if (equals_ignore_case_ascii(row.name, level)) {
      json.text("integrity", row.name);
      json.number("integrity_id", row.id);
      return;
    }
  }
  json.text("integrity", level);
  json.number("integrity_id", kIntegrityOther);
}

/// "ACME\kim", "kim" or a SID.
void write_user(JsonWriter& json, std::string_view user) {
  if (user.empty()) {
    return;
  }
  const std::size_t slash = user.find('\\');
  const std::string_view domain =
      slash == std::string_view::npos ? std::string_view() : user.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? user : user.substr(slash + 1);
  json.begin_object("user");
  if (name.empty()) {
    json.text("name", user);
  } else {
    json.text(name.starts_with("S-1-") ? "uid" : "name", name);
    json.text("domain", domain);
  }
  json.end_object();
}

/// The members that process and process_entity share.
void write_entity_members(JsonWriter& json, const FindingProcess& process, Ancestry detail) {
  json.text("uid", process.uid);
  if (const auto pid = pid_number(process)) {
    json.number("pid", *pid);
  }
  json.text("name", short_name(process.image));
  if (detail == Ancestry::full) {
    json.text("cmd_line", process.command_line);
  }
  write_time(json, "created_time", process.start);
}

void write_process_members(JsonWriter& json, const FindingProcess& process) {
  write_entity_members(json, process, Ancestry::full);
  write_time(json, "terminated_time", process.end);
  if (!process.image.empty()) {
    begin_file(json, "file", process.image, kRegularFile);
    write_hashes(json, fingerprints_of(process));
    json.end_object();
  }
  write_integrity(json, process.integrity_level);
  write_user(json, process.user);
}

/// OCSF's process_entity wants at least one of its members.
bool is_writable_entity(const FindingProcess& process) {
  return is_writable_process(process) || !process.image.empty();
}

void write_ancestry(JsonWriter& json, const Finding& finding, std::size_t index, Ancestry detail) {
  std::vector<const FindingProcess*> ancestors;
  for (auto parent = parent_of(finding, index); parent && ancestors.size() < kAncestorsMax;
       parent = parent_of(finding, *parent)) {
    if (is_writable_entity(finding.processes[*parent])) {
      ancestors.push_back(&finding.processes[*parent]);
    }
  }
  if (ancestors.empty()) {
    return;
  }
  json.begin_array("ancestry");
  for (const FindingProcess* ancestor : ancestors) {
    json.begin_object();
    write_entity_members(json, *ancestor, detail);
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::optional<std::int64_t> pid_number(const FindingProcess& process) {
  // OCSF's integer_t is read into 32 bits by many consumers.
  std::int32_t pid = 0;
  const char* end = process.pid.data() + process.pid.size();
  const auto [stop, error] = std::from_chars(process.pid.data(), end, pid);
  if (process.pid.empty() || error != std::errc{} || stop != end || pid < 0) {
    return std::nullopt;
  }
  return pid;
}

bool is_writable_process(const FindingProcess& process) {
  return !process.uid.empty() || pid_number(process).has_value();
}

std::optional<std::size_t> parent_of(const Finding& finding, std::size_t index) {
  const std::optional<std::size_t> parent = finding.processes[index].parent;
  return parent && *parent < index ? parent : std::nullopt;
}

std::vector<Fingerprint> fingerprints_of(const FindingProcess& process) {
  std::vector<Fingerprint> hashes;
  for (const auto& [algorithm, value] : process.hashes) {
    if (auto hash = make_fingerprint(algorithm, value)) {
      hashes.push_back(std::move(*hash));
    }
  }
  return hashes;
}

void write_process(JsonWriter& json,
                   std::string_view key,
                   const Finding& finding,
                   std::size_t index,
                   Ancestry ancestry) {
  const FindingProcess& process = finding.processes[index];
  if (!is_writable_process(process)) {
    return;
  }
  json.begin_object(key);
  write_process_members(json, process);
  const std::optional<std::size_t> parent = parent_of(finding, index);
  if (parent && is_writable_process(finding.processes[*parent])) {
    json.begin_object("parent_process");
    write_process_members(json, finding.processes[*parent]);
    json.end_object();
  }
  write_ancestry(json, finding, index, ancestry);
  json.end_object();
}

void write_time(JsonWriter& json, std::string_view key, Timestamp time) {
  if (time != 0) {
    json.number(key, to_epoch_ms(time));
  }
}

void begin_file(JsonWriter& json, std::string_view key, std::string_view path, int type_id) {
  json.begin_object(key);
  json.text("name", short_name(path));
  json.text("path", path);
  json.number("type_id", type_id);
  for (const FileTypeRow& row : kFileTypes) {
    if (row.id == type_id) {
      json.text("type", row.name);
    }
  }
}

void write_hashes(JsonWriter& json, const std::vector<Fingerprint>& hashes) {
  if (hashes.empty()) {
    return;
  }
  json.begin_array("hashes");
  for (const Fingerprint& hash : hashes) {
    json.begin_object();
    json.text("algorithm", hash.algorithm);
    json.number("algorithm_id", hash.algorithm_id);
    json.text("value", hash.value);
    json.end_object();
  }
  json.end_array();
}

}  // namespace spoor
