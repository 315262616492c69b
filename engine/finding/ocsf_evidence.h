// The evidence of a finding as OCSF's evidences and related_events.
#pragma once

#include <string>
#include <vector>

#include "engine/finding/evidence_view.h"
#include "engine/finding/finding.h"
#include "engine/finding/json_writer.h"

namespace spoor {

/// The vendor's id of the event, else ours.
[[nodiscard]] std::string evidence_uid(const FindingEvidence& evidence);

/// The hashes of the file that the evidence is about, in the order they are written.
[[nodiscard]] std::vector<Fingerprint> file_fingerprints(const FindingEvidence& evidence);

/// One sentence fragment: "cmd.exe started", "3CXDesktopApp.exe loaded ffmpeg.dll".
[[nodiscard]] std::string describe_evidence(const Finding& finding,
                                            const FindingEvidence& evidence);

/// The process of an evidence, if it has one that the finding holds.
[[nodiscard]] std::optional<std::size_t> process_of(const Finding& finding,
                                                    const FindingEvidence& evidence);

/// The arrays; nothing at all for a finding without evidence.
void write_evidences(JsonWriter& json, const Finding& finding);
void write_related_events(JsonWriter& json, const Finding& finding);

}  // namespace spoor
