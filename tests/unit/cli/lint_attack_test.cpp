#include "cli/lint_attack.h"

#include <gtest/gtest.h>

#include "engine/rule/load.h"

namespace spoor {
namespace {

/// The warnings about one tag: message and hint.
std::string warning_of(const std::string& tag) {
  const LoadedRules loaded =
      load_rules({{.path = "a.yml", .content = "title: T\ntags:\n  - " + tag + "\n"}},
                 {.placeholders = {}, .visit = lint_attack_tags});
  std::string text;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.check == "attack-tag") {
      text += diagnostic.message + " | " + diagnostic.hint;
      EXPECT_EQ(diagnostic.position.line, 3U);
    }
  }
  return text;
}

TEST(LintAttack, KnownTagsPass) {
  for (const char* tag : {"attack.execution", "attack.initial_access", "attack.t1059",
                          "attack.T1059.001", "attack.g0032", "attack.s0154", "attack.c0057",
                          "attack.ta0002", "attack.stealth", "cve.2023-1"}) {
    EXPECT_EQ(warning_of(tag), "") << tag;
  }
}

TEST(LintAttack, ATechniqueThatALaterReleaseMayHavePasses) {
  EXPECT_EQ(warning_of("attack.t1685"), "");
}

TEST(LintAttack, UnknownOnesAreTold) {
  EXPECT_EQ(warning_of("attack.t9999"), "T9999 is no technique of ATT&CK 18.1 | ");
  EXPECT_EQ(warning_of("attack.t1059.999"),
            "T1059.999 is no technique of ATT&CK 18.1 | T1059 is, but has no such sub-technique");
  EXPECT_EQ(warning_of("attack.exekution"),
            "'exekution' is no tactic, technique, group or software of ATT&CK 18.1 | did you mean "
            "'execution'?");
}

TEST(LintAttack, RevokedOnesNameTheirSuccessor) {
  EXPECT_EQ(warning_of("attack.t1086"),
            "T1086 was revoked and is now T1059.001 | attack.t1059.001");
}

}  // namespace
}  // namespace spoor
