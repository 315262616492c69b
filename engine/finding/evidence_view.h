// What an evidence or an event is about, read from its fields: the file it loaded, the name it
// asked for, the key it wrote.
//
// One place for the knowledge which field of which event type holds the thing itself, shared by the
// OCSF objects, the attack graph, the observables and the tree on the terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event/event.h"
#include "engine/event/field.h"
#include "engine/finding/finding.h"

namespace spoor {

/// The value of a named field, or empty. A view into the evidence.
[[nodiscard]] std::string_view field_of(const FindingEvidence& evidence, FieldId id);

enum class ArtifactKind : std::uint8_t {
  module,
  driver,
  file,
  pipe,
  device,
  domain,
  ip,
  registry,
  process
};

/// "module".
[[nodiscard]] std::string_view to_string(ArtifactKind kind);

/// The thing that the acting process touched. Text views into the evidence or the event.
struct ArtifactView {
  ArtifactKind kind = ArtifactKind::file;
  std::string_view value;     ///< Path, domain, address, key; never empty.
  std::string_view relation;  ///< What the process did to it: "loaded".
};

/// nullopt for an event that is about its process alone, and where the field that names the thing
/// is absent.
[[nodiscard]] std::optional<ArtifactView> artifact_of(const FindingEvidence& evidence);
[[nodiscard]] std::optional<ArtifactView> artifact_of(const Event& event);

/// True for a file's path, of whichever kind of file.
[[nodiscard]] bool is_file(ArtifactKind kind);

/// The last part of a path; the whole of anything that has no last part.
[[nodiscard]] std::string_view short_name(std::string_view path);

/// An OCSF fingerprint.
struct Fingerprint {
  int algorithm_id = 0;
  std::string algorithm;  ///< OCSF's caption for the id.
  std::string value;      ///< Hex.
};

/// Knows Sysmon's names: ("SHA256", "7986…"). nullopt for what is not hex, and for all zeros:
/// Sysmon's "absent".
[[nodiscard]] std::optional<Fingerprint> make_fingerprint(std::string_view algorithm,
                                                          std::string_view value);

/// Reads Sysmon's "SHA1=…,MD5=…,SHA256=…,IMPHASH=…".
[[nodiscard]] std::vector<Fingerprint> parse_hashes(std::string_view text);

/// An IPv4 or IPv6 address in text form, as OCSF's ip_t takes it.
[[nodiscard]] bool is_ip_address(std::string_view text);

/// The addresses in Sysmon's QueryResults: "type: 5 name;::ffff:185.199.108.133;", without the
/// ::ffff: of IPv4.
[[nodiscard]] std::vector<std::string> resolved_addresses(std::string_view query_results);

}  // namespace spoor
