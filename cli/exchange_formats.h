// Findings in the forms that other tools import, made from OCSF.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/rule_texts.h"

namespace spoor {

/// One STIX bundle of findings as render_ocsf writes them. Tells on stderr of rules whose text is
/// not among `rules`.
[[nodiscard]] std::string to_stix(const std::vector<std::string_view>& payloads,
                                  const RuleTexts& rules);

/// Timesketch's JSONL of them.
[[nodiscard]] std::string to_timesketch(const std::vector<std::string_view>& payloads);

}  // namespace spoor
