#include "engine/rule/lint.h"

#include <algorithm>
#include <array>

namespace spoor {
namespace {

constexpr auto kChecks = std::to_array<LintCheck>({
    {"affix-wildcard", "contains, startswith or endswith on a value with a * where it adds one"},
    {"attack-tag", "a tag that is no tactic or technique of ATT&CK, or a revoked one"},
    {"below-threshold", "a correlation that holds for few events, and so for none"},
    {"date", "date or modified that is no day, or modified before date"},
    {"duplicate-title", "two rules of one title"},
    {"id-not-uuid", "an id that is no UUID"},
    {"missing-date", "no date"},
    {"missing-level", "no level"},
    {"missing-status", "no status"},
    {"missing-tags", "no tags"},
    {"never-fires", "a rule that no record of the --source can satisfy"},
    {"reference", "a reference that is no URL"},
    {"regex-affix", "a regular expression that begins or ends with .*"},
    {"selection-modifier", "a modifier on the name of a selection, where it does nothing"},
    {"short-contains", "contains with fewer than three characters"},
    {"status", "a status that Sigma does not know, or deprecated or unsupported"},
    {"tag", "a tag of no known namespace"},
    {"unknown-field", "a field that no event of the rule's category has"},
    {"wildcard", "* around a value, where a modifier says the same"},
    {"windash", "windash on a value without a dash"},
});

static_assert(std::ranges::is_sorted(kChecks, {}, &LintCheck::name), "by name");

}  // namespace

std::span<const LintCheck> lint_checks() {
  return kChecks;
}

void Linter::operator()(const YamlNode& document, DiagnosticDesk& desk) {
  lint_metadata(document, desk);
  check_title(document, desk);
  lint_detection(document, desk);
  lint_correlation(document, desk);
}

void Linter::check_title(const YamlNode& document, DiagnosticDesk& desk) {
  const YamlNode* title = document.find("title");
  if (title == nullptr || !title->is_scalar() || title->text.empty()) {
    return;
  }
  const auto [known, is_new] =
      titles_.try_emplace(title->text, desk.file() + ":" + std::to_string(title->position.line));
  if (!is_new) {
    desk.lint("duplicate-title", title->position, "the title is taken by " + known->second,
              "findings are read by their titles: say what is different");
  }
}

}  // namespace spoor
