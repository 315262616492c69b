// A process of the evidence tree as OCSF's process object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/finding/evidence_view.h"
#include "engine/finding/finding.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// The pid as OCSF's integer_t; nullopt if absent or not a number that fits.
[[nodiscard]] std::optional<std::int64_t> pid_number(const FindingProcess& process);

/// OCSF wants a pid or a uid. A process without either cannot be written as one.
[[nodiscard]] bool is_writable_process(const FindingProcess& process);

/// The index of the parent, never one that a malformed finding would make a cycle of.
[[nodiscard]] std::optional<std::size_t> parent_of(const Finding& finding, std::size_t index);

/// The hashes of the image, in the order they are written.
[[nodiscard]] std::vector<Fingerprint> fingerprints_of(const FindingProcess& process);

/// Command lines reach 32 KiB and chains 128 processes, and each of a hundred pieces of evidence
/// has its process: so only one of them carries the command lines of all its ancestors. The attack
/// graph has each process's once.
enum class Ancestry : std::uint8_t { brief, full };

/// Writes `process` with its parent one level up and all its ancestors as entities. Nothing if it
/// is not writable.
void write_process(JsonWriter& json,
                   std::string_view key,
                   const Finding& finding,
                   std::size_t index,
                   Ancestry ancestry);

/// Writes a timestamp_t, or nothing for 0: the time of events whose own could not be read.
void write_time(JsonWriter& json, std::string_view key, Timestamp time);

/// Writes {name, path, type, hashes, …}. `type_id` is OCSF's file type; members of `more` are the
/// caller's.
void begin_file(JsonWriter& json, std::string_view key, std::string_view path, int type_id);
void write_hashes(JsonWriter& json, const std::vector<Fingerprint>& hashes);

}  // namespace spoor
