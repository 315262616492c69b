// Sigma's value modifiers, and what a value with its modifiers comes down to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"

namespace spoor {

/// "Image|endswith|all" taken apart.
struct FieldKey {
  std::string field;
  std::vector<std::string> modifiers;
};

[[nodiscard]] FieldKey split_field_key(std::string_view key);

/// What the modifiers of one field key ask for.
struct ModifierPlan {
  bool any_before = false;  ///< contains, endswith: * in front.
  bool any_after = false;   ///< contains, startswith: * behind.
  bool all = false;         ///< Every listed value, not any.
  bool regex = false;
  bool ignore_case = false;
  bool multiline = false;
  bool dotall = false;
};

/// Reads modifiers left to right. Unknown, unsupported or contradictory ones are reported at
/// `position`, and false is returned.
[[nodiscard]] bool read_modifiers(const FieldKey& key,
                                  SourcePosition position,
                                  DiagnosticDesk& desk,
                                  ModifierPlan& plan);

/// One value of a field under a plan. False if it was reported as wrong.
[[nodiscard]] bool read_value(const YamlNode& value,
                              const ModifierPlan& plan,
                              DiagnosticDesk& desk,
                              ValueTest& test);

/// Sigma text with wildcards: * any run, ? one code point, escapes \* \? \\; any other backslash is
/// itself. Literals come out folded.
[[nodiscard]] std::vector<PatternPiece> parse_pattern(std::string_view text);

/// Does `text` have the grammar of a JSON number ("4688", "-1.5e3"; not "04688", " 4688",
/// "0x1250")?
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace spoor
