// A finding as the report shows it, read from OCSF.
//
// Texts are as they were read: untrusted. Only Html may write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/finding/finding.h"

namespace spoor {

struct ReportProcess {
  std::string uid;  ///< Of its node: the vendor's, or "process-3" for one without.
  std::string name;
  std::string path;
  std::string pid;
  std::string command_line;
  std::string user;
  std::string integrity;
  std::vector<std::pair<std::string, std::string>> hashes;  ///< ("SHA-256", hex) of its image.
  Timestamp start = 0;                                      ///< 0: unknown.
  Timestamp end = 0;                                        ///< 0: not seen to end.
  /// An event only names it as its target: nothing but its path is known.
  bool is_target = false;
  Knowledge knowledge = Knowledge::missing;
  bool anchor = false;
  bool parent_mismatch = false;
  bool parent_ambiguous = false;
  std::optional<std::size_t> parent;  ///< Parents come before children.
};

/// A field that made a step hold.
struct ReportMatch {
  std::string field;
  std::string value;
  std::string test;
  std::string form;
};

/// One step that an event is evidence of.
struct ReportStep {
  std::string name;
  std::string title;
  bool required = false;
  std::vector<ReportMatch> matched;
};

struct ReportEvent {
  std::string uid;          ///< The vendor's, where it has one.
  std::string event_uid;    ///< Ours; empty in findings of another product.
  std::string description;  ///< "cmd.exe started".
  std::string source;
  std::string category;
  std::optional<Timestamp> time;
  bool salvaged = false;
  bool process_ambiguous = false;
  std::optional<std::size_t> process;
  std::vector<ReportStep> steps;  ///< At least one.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string raw;
};

struct ReportIndicator {
  std::string type;
  std::string value;
  std::string of;  ///< The file that a hash is of.
};

struct ReportTechnique {
  std::string tactic;
  std::string id;
  std::string name;
};

struct ReportRule {
  std::string id;
  std::string title;
  std::string logic_hash;
  std::string author;
  std::string license;
  std::vector<std::string> references;
  std::vector<std::string> false_positives;
};

enum class ReportLevel : std::uint8_t { critical, high, medium, low, informational, unknown };
inline constexpr std::size_t kReportLevelCount = 6;

/// "critical".
[[nodiscard]] std::string_view to_string(ReportLevel level);

/// What lists and order need of a finding.
struct ReportHead {
  std::string uid;
  std::int64_t revision = 1;
  ReportLevel level = ReportLevel::unknown;
  std::string status;  ///< "final", "provisional", "retracted".
  std::string title;
  std::string host;
  std::string host_key;
  std::string rule_id;
  std::string process;  ///< "3CXDesktopApp.exe (6712)", or empty.
  std::vector<ReportTechnique> techniques;
  Timestamp first = 0;  ///< 0: unknown.
  Timestamp last = 0;

  [[nodiscard]] bool is_retracted() const { return status == "retracted"; }
};

struct ReportFinding {
  ReportHead head;
  std::string description;
  std::string system;  ///< Of the host: "Windows".
  std::string product_version;
  std::int64_t evidence_total = 0;
  std::size_t evidence_shown = 0;      ///< Pieces in `events`.
  std::size_t processes_left_out = 0;  ///< Beyond kReportProcessesMax.
  std::vector<ReportProcess> processes;
  std::vector<ReportEvent> events;  ///< In the order of the finding.
  std::vector<ReportIndicator> indicators;
  std::vector<ReportRule> rules;
};

/// Of one finding so much is drawn; a replay's findings stay below but for the processes.
inline constexpr std::size_t kReportProcessesMax = 2'000;
inline constexpr std::size_t kReportEvidenceMax = 1'000;
inline constexpr std::size_t kReportListMax = 2'000;  ///< Indicators, fields, rules.

/// Reads a Detection Finding of OCSF (class 2004), as render_ocsf writes it; one of another product
/// is read as far as it goes. Fails for what is not JSON, not of the class or without an uid; the
/// place of the first is then in `error_offset`.
[[nodiscard]] Result<ReportFinding> read_finding(std::string_view json, std::size_t* error_offset);

}  // namespace spoor
