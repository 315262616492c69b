#include "engine/finding/evidence_view.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "engine/base/text.h"

namespace spoor {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Calls `use` with each part of `text` between separators.
template <typename Use>
void for_each_part(std::string_view text, char separator, Use use) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    use(trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

struct AlgorithmRow {
  std::string_view name;
  int id;
  std::string_view caption;
};

// OCSF 1.6, object fingerprint, algorithm_id. 99 is "Other", whose caption is the source's own
// word.
constexpr auto kAlgorithms = std::to_array<AlgorithmRow>({
    {"MD5", 1, "MD5"},
    {"SHA1", 2, "SHA-1"},
    {"SHA256", 3, "SHA-256"},
    {"SHA512", 4, "SHA-512"},
    {"IMPHASH", 99, "IMPHASH"},
});

struct ArtifactRow {
  EventType type;
  FieldId field;
  ArtifactKind kind;
  std::string_view relation;
};

// The first row of a type whose field is present counts: a connection is better named by its
// address, which the sensor saw, than by the name that it looked up backwards.
constexpr auto kArtifacts = std::to_array<ArtifactRow>({
    {EventType::image_load, FieldId::image_loaded, ArtifactKind::module, "loaded"},
    {EventType::driver_load, FieldId::image_loaded, ArtifactKind::driver, "loaded"},
    {EventType::file_event, FieldId::target_filename, ArtifactKind::file, "created"},
    {EventType::file_change, FieldId::target_filename, ArtifactKind::file, "changed"},
    {EventType::file_delete, FieldId::target_filename, ArtifactKind::file, "deleted"},
    {EventType::file_delete_detected, FieldId::target_filename, ArtifactKind::file, "deleted"},
    {EventType::file_block_executable, FieldId::target_filename, ArtifactKind::file,
     "was kept from creating"},
    {EventType::file_block_shredding, FieldId::target_filename, ArtifactKind::file,
     "was kept from shredding"},
    {EventType::file_executable_detected, FieldId::target_filename, ArtifactKind::file, "created"},
    {EventType::create_stream_hash, FieldId::target_filename, ArtifactKind::file, "created"},
    {EventType::file_access, FieldId::target_filename, ArtifactKind::file, "opened"},
    {EventType::file_access, FieldId::file_name, ArtifactKind::file, "opened"},
    {EventType::file_rename, FieldId::target_filename, ArtifactKind::file, "renamed a file to"},
    {EventType::file_modify, FieldId::target_filename, ArtifactKind::file, "changed"},
    {EventType::raw_access_thread, FieldId::device, ArtifactKind::device, "read"},
    {EventType::pipe_created, FieldId::pipe_name, ArtifactKind::pipe, "created"},
    {EventType::dns_query, FieldId::query_name, ArtifactKind::domain, "resolved"},
    {EventType::network_connection, FieldId::destination_ip, ArtifactKind::ip, "connected to"},
    {EventType::network_connection, FieldId::destination_hostname, ArtifactKind::domain,
     "connected to"},
    {EventType::network_listen, FieldId::source_ip, ArtifactKind::ip, "listened on"},
    {EventType::network_close, FieldId::destination_ip, ArtifactKind::ip, "closed"},
    {EventType::network_close, FieldId::destination_hostname, ArtifactKind::domain, "closed"},
    {EventType::registry_add, FieldId::target_object, ArtifactKind::registry, "created"},
    {EventType::registry_delete, FieldId::target_object, ArtifactKind::registry, "deleted"},
    {EventType::registry_set, FieldId::target_object, ArtifactKind::registry, "set"},
    {EventType::registry_rename, FieldId::target_object, ArtifactKind::registry, "renamed"},
    {EventType::registry_event, FieldId::target_object, ArtifactKind::registry, "changed"},
    {EventType::create_remote_thread, FieldId::target_image, ArtifactKind::process,
     "injected into"},
    {EventType::process_access, FieldId::target_image, ArtifactKind::process, "opened"},
});

template <typename FieldOf>
std::optional<ArtifactView> find_artifact(EventType type, FieldOf field_of) {
  for (const ArtifactRow& row : kArtifacts) {
    if (row.type != type) {
      continue;
    }
    if (const std::string_view value = field_of(row.field); !value.empty()) {
      return ArtifactView{.kind = row.kind, .value = value, .relation = row.relation};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view field_of(const FindingEvidence& evidence, FieldId id) {
  const auto field = std::ranges::find(evidence.fields, field_name(id), &FindingField::name);
  return field == evidence.fields.end() ? std::string_view() : std::string_view(field->value);
}

std::string_view to_string(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::module: return "module";
    case ArtifactKind::driver: return "driver";
    case ArtifactKind::file: return "file";
    case ArtifactKind::pipe: return "pipe";
    case ArtifactKind::device: return "device";
    case ArtifactKind::domain: return "domain";
    case ArtifactKind::ip: return "ip";
    case ArtifactKind::registry: return "registry";
    case ArtifactKind::process: return "process";
  }
  return "file";
}

std::optional<ArtifactView> artifact_of(const FindingEvidence& evidence) {
  return find_artifact(evidence.type, [&](FieldId id) { return field_of(evidence, id); });
}

std::optional<ArtifactView> artifact_of(const Event& event) {
  return find_artifact(event.type, [&](FieldId id) { return event.field(id); });
}

bool is_file(ArtifactKind kind) {
  return kind == ArtifactKind::module || kind == ArtifactKind::driver ||
         kind == ArtifactKind::file || kind == ArtifactKind::pipe || kind == ArtifactKind::device;
}

std::string_view short_name(std::string_view path) {
  const std::string_view name = basename_of(path);
  return name.empty() ? path : name;
}

std::optional<Fingerprint> make_fingerprint(std::string_view algorithm, std::string_view value) {
  if (!is_hex(value) || value.find_first_not_of('0') == std::string_view::npos) {
    return std::nullopt;
  }
  for (const AlgorithmRow& row : kAlgorithms) {
    if (equals_ignore_case_ascii(row.name, algorithm)) {
      return Fingerprint{.algorithm_id = row.id,
                         .algorithm = std::string(row.caption),
                         .value = to_lower_ascii(value)};
    }
  }
  return std::nullopt;
}

std::vector<Fingerprint> parse_hashes(std::string_view text) {
  std::vector<Fingerprint> hashes;
  for_each_part(text, ',', [&](std::string_view part) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return;
    }
    if (auto hash = make_fingerprint(part.substr(0, equals), part.substr(equals + 1))) {
      hashes.push_back(std::move(*hash));
    }
  });
  return hashes;
}

bool is_ip_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
    return false;
  }
  const std::string address(text);
  in6_addr binary{};
  return inet_pton(AF_INET, address.c_str(), &binary) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &binary) == 1;
}

std::vector<std::string> resolved_addresses(std::string_view query_results) {
  constexpr std::string_view kMapped = "::ffff:";
  std::vector<std::string> addresses;
  for_each_part(query_results, ';', [&](std::string_view part) {
    const bool mapped = part.starts_with(kMapped) && part.find('.') != std::string_view::npos;
    part.remove_prefix(mapped ? kMapped.size() : 0);
    if (is_ip_address(part)) {
      addresses.emplace_back(part);
    }
  });
  return addresses;
}

}  // namespace spoor
