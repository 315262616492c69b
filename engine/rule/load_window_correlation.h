// Correlation documents without lineage → WindowCorrelations.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/load_correlation.h"
#include "engine/rule/rule.h"

namespace spoor {

/// A document that has a `correlation`, and the desk of its file.
struct CorrelationDocument {
  const YamlNode* node = nullptr;
  DiagnosticDesk* desk = nullptr;
};

struct LoadedWindowCorrelations {
  std::vector<WindowCorrelation> rules;  ///< A rule comes behind those that it lists.
  std::vector<std::size_t> refused;      ///< Indices of documents; why was reported.
  /// Names and ids under `rules`, of refused documents too, and those of documents that say
  /// `generate: true`.
  std::set<std::string> referred;
  std::set<std::string> generating;
};

/// Is it a correlation along the process tree (load_correlation.h)? By its `group-by` alone.
[[nodiscard]] bool has_lineage_key(const YamlNode& document);

/// Reads the documents in an order in which a correlation finds those that it lists, and refuses
/// cycles. `is_new_id(meta, document)` says whether a rule's id is its own; if not, it has reported
/// why and the rule is refused.
[[nodiscard]] LoadedWindowCorrelations load_window_correlations(
    const std::vector<CorrelationDocument>& documents,
    const KnownRules& known,
    const std::function<bool(const RuleMeta&, std::size_t)>& is_new_id);

}  // namespace spoor
