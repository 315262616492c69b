// Checks of correlations.
#include "engine/rule/lint.h"

namespace spoor {

void lint_correlation(const YamlNode& document, DiagnosticDesk& desk) {
  const YamlNode* correlation = document.find("correlation");
  if (correlation == nullptr || !correlation->is_map()) {
    return;
  }
  const YamlNode* condition = correlation->find("condition");
  if (condition == nullptr || !condition->is_map()) {
    return;
  }
  const bool has_lower_bound =
      condition->find("gt") != nullptr || condition->find("gte") != nullptr;
  for (const char* key : {"lt", "lte"}) {
    if (condition->find(key) != nullptr && !has_lower_bound) {
      desk.lint(
          "below-threshold", condition->position_of(key),
          "'" + std::string(key) + "' without gt or gte: it holds where little was seen",
          "a group that no event belongs to is never looked at; and a finding has to wait for "
          "the end of the timespan");
    }
  }
}

}  // namespace spoor
