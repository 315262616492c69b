// Rules as their files have them, loaded or not, for the commands that talk about rules.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/rule/load.h"

namespace spoor {

/// One rule document.
struct CatalogEntry {
  RuleMeta meta;  ///< As far as it could be read; logic_hash only if it loaded.
  LogSource log_source;
  SourcePosition log_source_position;  ///< Of a correlation: where it begins.
  bool is_correlation = false;
  bool in_time = false;    ///< A correlation that no process lineage groups: `rule` is one of
                           ///< RuleSet::window_correlations.
  bool is_filter = false;  ///< A Sigma filter: part of the rules it names, loaded with them.
  std::string witness;     ///< Of a detection that loaded: see witness_text().
  /// Indices into the loaded rules, valid if `loaded`.
  std::size_t rule = 0;
  bool loaded = false;
  std::string error;  ///< Why not: the first of its errors, "12:5: unknown modifier 'x'".
};

struct RuleCatalog {
  LoadedRules loaded;                 ///< With the diagnostics of RE2, too.
  std::vector<CatalogEntry> entries;  ///< By (file, line).
  std::size_t refused = 0;            ///< Entries that cannot be used.

  [[nodiscard]] const DetectionRule* detection(const CatalogEntry& entry) const {
    return entry.loaded && !entry.is_correlation && !entry.is_filter
               ? &loaded.rules.detections[entry.rule]
               : nullptr;
  }

  [[nodiscard]] const CorrelationRule* correlation(const CatalogEntry& entry) const {
    return entry.loaded && entry.is_correlation && !entry.in_time
               ? &loaded.rules.correlations[entry.rule]
               : nullptr;
  }

  [[nodiscard]] const WindowCorrelation* window_correlation(const CatalogEntry& entry) const {
    return entry.loaded && entry.in_time ? &loaded.rules.window_correlations[entry.rule] : nullptr;
  }
};

/// Loads rules below `paths` (none: the bundled ones) and compiles them, so that what RE2 refuses
/// is known, too. `visit` sees each document first. Fails only if a path cannot be read.
[[nodiscard]] Result<RuleCatalog> load_catalog(const std::vector<std::string>& paths,
                                               const DocumentVisitor& visit = {});

/// By file, line and column; lines that a diagnostic does not quote yet are read from its file.
void finish_diagnostics(std::vector<Diagnostic>& diagnostics);

/// "M" if more events can only make the rule hold, "N" if they can unmake it.
[[nodiscard]] std::string_view class_text(const RuleCatalog& catalog, const CatalogEntry& entry);

/// When a correlation fires, counted from the event that completes it: "at once", "1h + lateness".
/// Lateness is how much later than others an event may come. Empty of other rules.
[[nodiscard]] std::string latency_text(const RuleCatalog& catalog, const CatalogEntry& entry);

/// What a correlation keeps at most. Empty of other rules.
[[nodiscard]] std::string bound_text(const RuleCatalog& catalog, const CatalogEntry& entry);

/// What has to be in an event for the rule to be looked at, which the index looks for first:
/// "Image ends with \\whoami.exe". "-": none is known.
[[nodiscard]] const std::string& witness_text(const CatalogEntry& entry);

/// "windows/process_creation"; of a correlation "correlation".
[[nodiscard]] std::string log_source_text(const CatalogEntry& entry);

}  // namespace spoor
