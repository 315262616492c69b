#include "engine/finding/attack.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/finding/attack_table.h"

namespace spoor {
namespace {

/// "TA0001 Initial Access / T1195 Supply Chain Compromise / - (18.1)".
std::string line_of(const Attack& attack) {
  const auto part = [](const std::optional<AttackItem>& item) {
    return item ? item->uid + (item->name.empty() ? "" : " " + item->name) : std::string("-");
  };
  return part(attack.tactic) + " / " + part(attack.technique) + " / " + part(attack.sub_technique) +
         " (" + attack.version + ")";
}

std::vector<std::string> lines_of(const std::vector<std::string>& tags) {
  std::vector<std::string> lines;
  for (const Attack& attack : attacks_of(tags)) {
    lines.push_back(line_of(attack));
  }
  return lines;
}

struct Case {
  const char* name;
  std::vector<std::string> tags;
  std::vector<std::string> want;
};

const Case kCases[] = {
    {"technique",
     {"attack.t1217"},
     {"TA0007 Discovery / T1217 Browser Information Discovery / - (18.1)"}},
    {"sub_technique_without_its_tactic",
     {"attack.t1574.001"},
     {"- / T1574 Hijack Execution Flow / T1574.001 DLL (18.1)"}},
    {"technique_takes_the_tagged_tactic_it_serves",
     {"attack.execution", "attack.persistence", "attack.t1574.001"},
     {"TA0003 Persistence / T1574 Hijack Execution Flow / T1574.001 DLL (18.1)",
      "TA0002 Execution / - / - (18.1)"}},
    {"revoked_technique_is_answered_by_its_successor",
     {"attack.t1574.002"},
     {"- / T1574 Hijack Execution Flow / T1574.001 DLL (18.1)"}},
    {"revoked_and_successor_are_one",
     {"attack.t1574.002", "attack.t1574.001"},
     {"- / T1574 Hijack Execution Flow / T1574.001 DLL (18.1)"}},
    {"both_spellings_of_a_tactic",
     {"attack.initial-access", "attack.initial_access"},
     {"TA0001 Initial Access / - / - (18.1)"}},
    {"tactic_by_uid", {"attack.ta0011"}, {"TA0011 Command and Control / - / - (18.1)"}},
    {"case_does_not_matter",
     {"ATTACK.T1217"},
     {"TA0007 Discovery / T1217 Browser Information Discovery / - (18.1)"}},
    {"unknown_technique_keeps_its_uid_and_claims_no_release",
     {"attack.t1685.001"},
     {"- / T1685 / T1685.001 ()"}},
    {"tactic_of_a_later_release_says_so",
     {"attack.stealth", "attack.t1574.001"},
     {"- / T1574 Hijack Execution Flow / T1574.001 DLL (18.1)", "TA0005 Stealth / - / - (19.0)"}},
    {"groups_software_and_others_are_left_out",
     {"attack.g0032", "attack.s0154", "car.2013-05-002", "cve.2023-29059", "attack.", "t1217", ""},
     {}},
    {"malformed_techniques_are_left_out",
     {"attack.t157", "attack.t1574.01", "attack.t1574x001", "attack.tabcd"},
     {}},
};

TEST(Attack, TagsBecomeNamedEntries) {
  for (const Case& test : kCases) {
    EXPECT_EQ(lines_of(test.tags), test.want) << test.name;
  }
}

bool is_listed(std::string_view uid) {
  return std::ranges::binary_search(technique_table(), uid, {}, &TechniqueRow::uid);
}

TEST(AttackTable, TechniquesAreSortedAndWhole) {
  EXPECT_TRUE(std::ranges::is_sorted(technique_table(), {}, &TechniqueRow::uid));
  for (const TechniqueRow& row : technique_table()) {
    EXPECT_FALSE(row.name.empty() || row.tactics.empty()) << row.uid;
  }
}

TEST(AttackTable, RevokedTechniquesLeadToListedOnes) {
  EXPECT_TRUE(std::ranges::is_sorted(revoked_table(), {}, &RevokedRow::uid));
  for (const RevokedRow& row : revoked_table()) {
    EXPECT_TRUE(is_listed(row.successor) && !is_listed(row.uid)) << row.uid;
  }
}

}  // namespace
}  // namespace spoor
