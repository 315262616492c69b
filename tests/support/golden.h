// Golden files: what the program wrote when a person last looked at it and agreed.
#pragma once

#include <string>

#include <gtest/gtest.h>

namespace spoor {

/// Compares `actual` with the file `name` below tests/golden. With SPOOR_UPDATE_GOLDEN=1 in the
/// environment the file is rewritten instead, for review as a diff.
[[nodiscard]] ::testing::AssertionResult matches_golden(const std::string& name,
                                                        const std::string& actual);

}  // namespace spoor
