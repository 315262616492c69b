// The check "attack-tag": is a tag of ATT&CK one that ATT&CK has?
//
// It stands here and not beside the other checks of engine/rule, because the table of techniques is
// a matter of findings.
#pragma once

#include "engine/rule/document.h"

namespace spoor {

/// Warns about tags "attack.…" that are neither a tactic, a technique, a group, software nor a
/// campaign of the release that the tables are from, and about revoked techniques. Techniques that
/// a later release may have brought pass.
void lint_attack_tags(const YamlNode& document, DiagnosticDesk& desk);

}  // namespace spoor
