// What is allowed in a rule and yet most likely not meant: the warnings of `spoor rules lint`.
//
// The checks look at a document as its author wrote it, whether it loads or not, and warn with the
// place. Each has a name, by which it is shown and can be switched off. Names and ids of ATT&CK are
// checked elsewhere (cli/lint_attack.h): its tables are not ours to include.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "engine/rule/document.h"

namespace spoor {

struct LintCheck {
  std::string_view name;   ///< "short-contains".
  std::string_view about;  ///< What it warns about, in a few words.
};

/// Every check there is, this folder's and others', by name ascending.
[[nodiscard]] std::span<const LintCheck> lint_checks();

/// Runs this folder's checks over the documents of one load, in the order of the load. Bind it to
/// load_rules as its visitor.
class Linter {
 public:
  void operator()(const YamlNode& document, DiagnosticDesk& desk);

 private:
  void check_title(const YamlNode& document, DiagnosticDesk& desk);

  std::map<std::string, std::string, std::less<>> titles_;  ///< Title → where it stood first.
};

/// title, id, status, level, date, tags, references: what a rule says of itself.
void lint_metadata(const YamlNode& document, DiagnosticDesk& desk);

/// Selections, field names, modifiers and values of a detection.
void lint_detection(const YamlNode& document, DiagnosticDesk& desk);

/// The condition of a correlation.
void lint_correlation(const YamlNode& document, DiagnosticDesk& desk);

}  // namespace spoor
