// The condition language: of detections over their selections, of correlations over their rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"

namespace spoor {

/// A named selection of a detection.
struct Selection {
  std::string name;
  SourcePosition position;
  Expr expr;
  bool used = false;
};

/// Reads "selection and not 1 of filter_*". `node` is the scalar; problems are reported inside it.
/// `selections` are marked as used. False if anything was reported.
[[nodiscard]] bool parse_condition(const YamlNode& node,
                                   std::vector<Selection>& selections,
                                   DiagnosticDesk& desk,
                                   Expr& into);

/// Reads "loader and not (dead_drop or c2)" over step names.
[[nodiscard]] bool parse_step_condition(const YamlNode& node,
                                        const std::vector<std::string>& steps,
                                        DiagnosticDesk& desk,
                                        StepExpr& into);

/// Reads "logon and not (reset or expired)" over the listed rules of a window correlation.
/// `names[i]`: by what the i-th may be named.
[[nodiscard]] bool parse_seen_condition(const YamlNode& node,
                                        const std::vector<std::vector<std::string>>& names,
                                        DiagnosticDesk& desk,
                                        SeenExpr& into);

}  // namespace spoor
