// Rules out of YAML text, for tests: fails the test on any diagnostic.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "engine/rule/load.h"

namespace spoor::test {

inline RuleSet rules_of(const std::string& yaml) {
  LoadedRules loaded = load_rules({{.path = "test.yml", .content = yaml}});
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    ADD_FAILURE() << render(diagnostic);
  }
  return std::move(loaded.rules);
}

}  // namespace spoor::test
