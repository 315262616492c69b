// The literal texts without which a test cannot hold: what the index looks for.
#pragma once

#include <string>
#include <vector>

#include "engine/matcher/predicate.h"

namespace spoor {

/// Where a literal has to be in a folded value.
enum class LiteralPlace : std::uint8_t { whole, starts, ends, anywhere };

struct Literal {
  std::string text;  ///< Folded; not empty.
  LiteralPlace place = LiteralPlace::anywhere;
};

/// Literals of which one must be in a value that satisfies the test. Empty: none is known; all that
/// the test needs is that the field is there.
[[nodiscard]] std::vector<Literal> required_literals(const Predicate& predicate);

/// Guess: the part of the events in which a test with these literals holds. Between 0 and 1; worth
/// something only in comparison.
[[nodiscard]] double literal_rate(const Predicate& predicate, const std::vector<Literal>& literals);

}  // namespace spoor
