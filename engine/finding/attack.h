// Sigma's ATT&CK tags as ATT&CK objects: "attack.t1574.001" is T1574 "Hijack Execution Flow",
// T1574.001 "DLL".
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace spoor {

/// A tactic, technique or sub-technique. The name is empty when our table does not know the uid.
struct AttackItem {
  std::string uid;
  std::string name;
  friend bool operator==(const AttackItem&, const AttackItem&) = default;
};

/// One entry of OCSF's attacks: at least one of the three is set.
struct Attack {
  std::string version;  ///< The ATT&CK release that the names are from; empty when none is known.
  std::optional<AttackItem> tactic;
  std::optional<AttackItem> technique;
  std::optional<AttackItem> sub_technique;
  friend bool operator==(const Attack&, const Attack&) = default;
};

/// What the tags of a rule say, each thing once: the techniques in the order of their tags, then
/// the tactics that no technique took. A technique takes the first tagged tactic that it serves, or
/// its only one. A revoked technique is answered by its successor. Both spellings of a tactic are
/// read, "initial-access" and "initial_access". Tags of groups, software and other vocabularies are
/// left out.
[[nodiscard]] std::vector<Attack> attacks_of(const std::vector<std::string>& tags);

}  // namespace spoor
