// The tables behind attack.h: tactics, techniques and revocations of one ATT&CK release.
#pragma once

#include <span>
#include <string_view>

namespace spoor {

/// The release that the tables were taken from. Findings say it, so that a reader knows whose names
/// these are.
inline constexpr std::string_view kAttackVersion = "18.1";

struct TacticRow {
  std::string_view slug;  ///< As Sigma tags write it: "initial-access".
  std::string_view uid;
  std::string_view name;
  std::string_view version;
};

struct TechniqueRow {
  std::string_view uid;  ///< "T1574" or "T1574.001".
  std::string_view name;
  std::string_view tactics;  ///< Uids separated by a blank.
};

struct RevokedRow {
  std::string_view uid;
  std::string_view successor;
};

[[nodiscard]] std::span<const TacticRow> tactic_table();
/// Sorted by uid.
[[nodiscard]] std::span<const TechniqueRow> technique_table();
/// Sorted by uid.
[[nodiscard]] std::span<const RevokedRow> revoked_table();

}  // namespace spoor
