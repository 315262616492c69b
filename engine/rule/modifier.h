// Sigma's value modifiers, and what a value with its modifiers comes down to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/rule/document.h"
#include "engine/rule/rule.h"
#include "engine/rule/sigma_text.h"

namespace spoor {

/// "Image|endswith|all" taken apart.
struct FieldKey {
  std::string field;
  std::vector<std::string> modifiers;
};

[[nodiscard]] FieldKey split_field_key(std::string_view key);

/// What kind of value a modifier makes of one.
enum class ValueForms : std::uint8_t {
  plain,      ///< Text, number, boolean or null, as written.
  regex,      ///< re
  network,    ///< cidr
  field_ref,  ///< fieldref
  existence,  ///< exists
  compare,    ///< gt, gte, lt, lte
  time_part,  ///< minute … year, perhaps with gt and its like
};

/// A step that changes text; in the order written.
enum class TextStep : std::uint8_t {
  run_before,
  run_behind,
  windash,
  base64,
  base64offset,
  utf16,
  utf16le,
  utf16be
};

/// What the modifiers of one field key ask for.
struct ModifierPlan {
  ValueForms form = ValueForms::plain;
  std::vector<TextStep> steps;
  bool all = false;      ///< Every listed value, not any.
  bool negated = false;  ///< neq: the whole item must fail.
  bool cased = false;
  bool expand = false;  ///< %names% are placeholders.
  bool ignore_case = false;
  bool multiline = false;
  bool dotall = false;
  Comparison comparison = Comparison::equal;
  TimePart time_part = TimePart::none;

  [[nodiscard]] bool has(TextStep step) const;
};

/// Reads modifiers left to right. Unknown or contradictory ones are reported at `position`, and
/// false is returned.
[[nodiscard]] bool read_modifiers(const FieldKey& key,
                                  SourcePosition position,
                                  DiagnosticDesk& desk,
                                  ModifierPlan& plan);

/// One value of a field under a plan: usually one test; base64offset and placeholders make several,
/// of which any may hold. False if it was reported as wrong.
[[nodiscard]] bool read_value(const YamlNode& value,
                              const ModifierPlan& plan,
                              const Placeholders& placeholders,
                              DiagnosticDesk& desk,
                              std::vector<ValueTest>& tests);

/// Does `text` have the grammar of a JSON number ("4688", "-1.5e3"; not "04688", " 4688",
/// "0x1250")?
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace spoor
